// What the server is at work on, for every tab: indexing, runs, clips; and files on their way to it.

import { ended, get, remove, upload } from "./api.js";
import { $, announce, el, fill, setProgress } from "./dom.js";
import { fileList } from "./answer.js";
import { errorBox } from "./verdict.js";
import { bytes, plainly } from "./words.js";

const BUSY_MS = 700, IDLE_MS = 4000;
const MOST = 12;
const STATES = { waiting: "waits", running: "at work", done: "done", partial: "done in part", failed: "failed", blocked: "stopped by the gate", cancelled: "cancelled" };

/**
 * The list of jobs. `onIndexed()` hears that the library changed, `onShow(job)` that somebody wants to see a run;
 * `shown()` is the id of the one that is shown elsewhere.
 */
export class Jobs {
  constructor({ onIndexed, onShow, shown }) {
    Object.assign(this, { onIndexed, onShow, shown });
    this.rows = new Map();
    this.states = new Map();
    this.sending = new Map();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
  }

  /** Ask for the jobs now, and then again, more often while something is at work. */
  async look() {
    clearTimeout(this.timer);
    let busy = false;
    try {
      const { jobs } = await get("/api/jobs");
      busy = jobs.some((job) => !ended(job));
      this.show(jobs);
      this.lost(null);
    } catch (error) {
      this.lost(error);
    }
    if (!document.hidden) this.timer = setTimeout(() => this.look(), busy ? BUSY_MS : IDLE_MS);
  }

  lost(error) {
    $("trouble").hidden = !error;
    if ($("trouble").textContent !== (error?.message ?? "")) $("trouble").textContent = error?.message ?? "";
  }

  show(jobs) {
    const indexing = jobs.filter((job) => job.kind === "index" && job.state !== "done");
    const others = jobs.filter((job) => job.kind !== "index" && job.id !== this.shown()).slice(0, MOST);
    place($("indexing"), [...this.sending.values(), ...indexing.map((job) => this.row(job))]);
    place($("jobs"), others.map((job) => this.row(job)));
    $("work").hidden = !others.length;
    for (const job of jobs) this.changed(job);
    const known = new Set(jobs.map(({ id }) => id));
    for (const id of this.rows.keys()) if (!known.has(id)) this.rows.delete(id);
  }

  changed(job) {
    const before = this.states.get(job.id);
    this.states.set(job.id, job.state);
    if (!before || before === job.state) return;
    if (job.kind === "index" && ended(job)) this.onIndexed();
    if (job.kind === "index" || ended(job)) announce(`${job.title}: ${STATES[job.state]}`);
  }

  row(job) {
    const key = JSON.stringify([job.state, job.files?.length, job.error?.message]);
    let row = this.rows.get(job.id);
    if (row?.key !== key) this.rows.set(job.id, (row = { ...this.build(job), key }));
    if (!ended(job)) {
      setProgress(row.bar, job.progress);
      const { stage = "", message = "" } = job.progress ?? {};
      row.state.textContent = [STATES[job.state], stage, message].filter(Boolean).join(" · ");
    }
    return row.item;
  }

  build(job) {
    const title = job.kind === "tool" ? plainly(job.title) : job.title;
    const bar = el("progress", { "aria-label": title });
    const state = el("span", { class: "job-state" }, STATES[job.state]);
    const drop = el("button", { type: "button", class: "link", "aria-label": `${ended(job) ? "Forget" : "Cancel"} ${title}`, onclick: () => this.drop(job) }, ended(job) ? "Forget" : "Cancel");
    const see = job.kind === "run" ? el("button", { type: "button", class: "link", "aria-label": `Show ${title}`, onclick: () => this.onShow(job) }, "Show") : null;
    const item = el("li", { "data-state": job.state },
      el("div", { class: "job-head" }, el("span", { class: "job-title", title }, title), ended(job) ? state : null, see, drop),
      ended(job) ? null : [state, bar],
      ...troubles(job), job.kind === "tool" ? fileList(job.files) : null);
    return { item, bar, state };
  }

  async drop(job) {
    try {
      await remove(`/api/jobs/${job.id}`);
    } catch (error) {
      if (error.status !== 404) return this.rows.get(job.id)?.item.append(errorBox(error)); // else another tab was quicker
    }
    return this.look();
  }

  /** Send files to be indexed, one after the other. */
  async add(files) {
    for (const file of files) await this.send(file);
  }

  async send(file) {
    const stop = new AbortController();
    const { item, bar, state, say } = sendingRow(file, () => stop.abort());
    this.sending.set(item, item);
    $("indexing").prepend(item);
    announce(`Sending ${file.name}`);
    try {
      await upload(file, (sent) => {
        setProgress(bar, { done: sent, total: file.size });
        state.textContent = `sending · ${bytes(sent)} of ${bytes(file.size)}`;
      }, stop.signal);
      this.forget(item);
    } catch (error) {
      if (error.kind === "AbortError") this.forget(item);
      else say(error, () => this.forget(item));
      announce(error.message);
    }
    await this.look();
  }

  forget(item) {
    this.sending.delete(item);
    item.remove();
  }
}

function sendingRow(file, cancel) {
  const bar = el("progress", { "aria-label": `Sending ${file.name}` });
  const state = el("span", { class: "job-state" }, "sending");
  const stop = el("button", { type: "button", class: "link", "aria-label": `Cancel sending ${file.name}`, onclick: cancel }, "Cancel");
  const head = el("div", { class: "job-head" }, el("span", { class: "job-title" }, file.name), stop);
  const item = el("li", { "data-state": "running" }, head, state, bar);
  const say = (error, forget) => {
    item.dataset.state = "failed";
    fill(item, el("div", { class: "job-head" }, el("span", { class: "job-title" }, file.name), el("button", { type: "button", class: "link", onclick: forget }, "Forget")), errorBox(error));
  };
  return { item, bar, state, say };
}

/** Why it failed; of indexing, each file that could not be used. */
function troubles({ error, result }) {
  if (result?.failed?.length) return result.failed.map((file) => el("p", { class: "error" }, file.error));
  return error ? [errorBox(error)] : [];
}

/** Put rows in place without touching those that are there already, so that focus stays. */
function place(list, rows) {
  for (const child of [...list.children]) if (!rows.includes(child)) child.remove();
  rows.forEach((row, index) => { if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null); });
}
