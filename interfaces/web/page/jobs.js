// What the server is at work on, for every tab: indexing, runs, clips; and files on their way to it.

import { get, remove, trouble, upload } from "./api.js";
import { $, announce, el, fill, setProgress } from "./dom.js";
import { fileList } from "./answer.js";
import { errorBox } from "./verdict.js";
import { bytes, clipOf, count, plainly } from "./words.js";

const BUSY_MS = 700, IDLE_MS = 4000;
const MOST = 12;
const UNSENT = "playhead-unsent";
const FINAL = new Set(["done", "partial", "failed", "blocked", "cancelled"]);
const STATES = { waiting: "waits", running: "at work", done: "done", partial: "done in part", failed: "failed", blocked: "stopped by the gate", cancelled: "cancelled" };

export const ended = (job) => FINAL.has(job.state);

/**
 * The list of jobs, asked for again and again. `onEnded()` hears that something ended, `onShow(job)` that somebody wants
 * to see a run, `onKnown(id)` which film was sent that was there already; `shown()` is the job that is shown elsewhere.
 */
export class Jobs {
  constructor({ onEnded, onShow, onKnown, shown }) {
    Object.assign(this, { onEnded, onShow, onKnown, shown, turn: 0, most: MOST });
    this.rows = new Map();
    this.states = new Map();
    this.names = new Map();
    this.watchers = new Map();
    this.sending = new Set();
    this.unsent = new Set();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    addEventListener("beforeunload", (event) => { if (this.unsent.size) event.preventDefault(); });
    $("more-jobs").addEventListener("click", () => { this.most = Infinity; this.look(); });
  }

  /** Ask for the jobs now, and then again, more often while something is at work. */
  async look() {
    clearTimeout(this.timer);
    const turn = ++this.turn;
    let busy = false;
    try {
      const { jobs } = await get("/api/jobs");
      if (turn !== this.turn) return; // it was asked for again meanwhile
      busy = jobs.some((job) => !ended(job));
      this.lost(null);
      this.show(jobs);
    } catch (error) {
      if (turn !== this.turn) return;
      this.lost(error);
    }
    if (!document.hidden) this.timer = setTimeout(() => this.look(), busy ? BUSY_MS : IDLE_MS);
  }

  /** Hear of a job until it has ended; what you get back stops listening. */
  watch(id, hear) {
    this.watchers.set(hear, id);
    this.look();
    return () => this.watchers.delete(hear);
  }

  /** The job when it has ended; `name` is what it is called here. */
  finished(id, name = "") {
    if (name) this.names.set(id, name);
    return new Promise((resolve) => { this.watch(id, (job) => { if (ended(job)) resolve(job); }); });
  }

  lost(error) {
    const words = error ? trouble(error) : "";
    document.body.classList.toggle("lost", error?.status === 0);
    $("trouble").hidden = !words;
    if ($("trouble").textContent !== words) $("trouble").textContent = words;
  }

  show(jobs) {
    const indexing = jobs.filter((job) => job.kind === "index" && job.state !== "done");
    const others = jobs.filter((job) => job.kind !== "index" && job.id !== this.shown());
    const shown = others.slice(0, this.most);
    place($("indexing"), [...this.sending, ...indexing.map((job) => this.row(job))]);
    place($("jobs"), shown.map((job) => this.row(job)));
    $("work").hidden = !others.length;
    $("more-jobs").hidden = shown.length === others.length;
    $("more-jobs").textContent = `Show ${others.length - shown.length} more`;
    this.queue(indexing.filter((job) => !ended(job)));
    const over = jobs.filter((job) => this.changed(job));
    this.tell(jobs);
    if (over.length) this.onEnded();
    const known = new Set(jobs.map(({ id }) => id));
    for (const id of this.rows.keys()) if (!known.has(id)) this.rows.delete(id);
  }

  /** Which of several films is being watched, and how many are to come. */
  queue(unfinished) {
    const now = unfinished.find(({ state }) => state === "running");
    const all = unfinished.length + this.unsent.size;
    $("queue").hidden = all < 2;
    $("queue").textContent = now ? `${now.progress?.name || now.title} is being watched, ${count(all - 1, "film")} to come` : `${count(all, "film")} to come`;
  }

  /** Whether it has ended since it was last looked at. */
  changed(job) {
    const before = this.states.get(job.id);
    this.states.set(job.id, job.state);
    if (before === job.state) return false;
    if (before && (job.kind === "index" || ended(job))) announce(`${this.title(job)}: ${STATES[job.state]}`);
    return ended(job);
  }

  tell(jobs) {
    for (const [hear, id] of [...this.watchers]) {
      const job = jobs.find((each) => each.id === id) ?? { id, state: "failed", error: { message: "The server no longer knows of this" } };
      if (ended(job)) this.watchers.delete(hear);
      hear(job);
    }
  }

  title(job) {
    const [cut] = job.result?.result?.clips?.[0]?.origin?.parts ?? [];
    if (job.kind !== "tool") return job.title;
    return this.names.get(job.id) ?? (cut ? clipOf(cut.video, cut) : plainly(job.title));
  }

  row(job) {
    const key = JSON.stringify([job.state, job.files?.length, job.error?.message]);
    let row = this.rows.get(job.id);
    if (row?.key !== key) this.rows.set(job.id, (row = { ...this.build(job), key }));
    if (!ended(job)) {
      setProgress(row.bar, job.progress);
      const { stage = "", name = "", message = "" } = job.progress ?? {};
      row.state.textContent = [STATES[job.state], stage, name === job.title ? "" : name, message].filter(Boolean).join(" · ");
    }
    return row.item;
  }

  build(job) {
    const title = this.title(job);
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
    for (const file of files) this.keep(file, true);
    for (const file of files) await this.send(file, files.length === 1);
  }

  /** What was not sent yet is remembered, in case the page goes away. */
  keep(file, unsent) {
    if (unsent) this.unsent.add(file);
    else this.unsent.delete(file);
    sessionStorage.setItem(UNSENT, JSON.stringify([...this.unsent].map(({ name }) => name)));
  }

  /** Tell which files the page was sending when it went away. */
  tellBroken() {
    for (const name of JSON.parse(sessionStorage.getItem(UNSENT) ?? "[]")) {
      this.say(name, "failed", errorBox({ message: `${name} was not sent to its end: the page was closed. Add it again` }));
    }
    sessionStorage.removeItem(UNSENT);
  }

  async send(file, alone) {
    const stop = new AbortController();
    const { item, bar, state } = sendingRow(file, () => stop.abort());
    this.sending.add(item);
    $("indexing").prepend(item);
    announce(`Sending ${file.name}`);
    try {
      const job = await upload(file, (sent) => {
        setProgress(bar, { done: sent, total: file.size });
        state.textContent = `sending · ${bytes(sent)} of ${bytes(file.size)}`;
      }, stop.signal);
      this.keep(file, false);
      this.forget(item);
      this.finished(job.id).then((done) => this.known(file, done, alone));
    } catch (error) {
      this.keep(file, false);
      this.forget(item);
      if (error.kind !== "AbortError") this.say(file.name, "failed", errorBox(error));
      announce(error.message);
    }
  }

  /** Where a film was there already, perhaps under another name, say so; and open it where it came `alone`. */
  known(file, { result }, alone) {
    const [video] = result?.unchanged ?? [];
    if (!video) return;
    this.say(file.name, "done", el("p", {}, `This film is in the library already, as ${video.name}.`));
    if (alone) this.onKnown(video.id);
  }

  /** A word about a file, until somebody has read it. */
  say(name, state, words) {
    const read = el("button", { type: "button", class: "link", "aria-label": `Forget ${name}`, onclick: () => this.forget(item) }, "Forget");
    const item = el("li", { "data-state": state }, el("div", { class: "job-head" }, el("span", { class: "job-title", title: name }, name), read), words);
    this.sending.add(item);
    $("indexing").prepend(item);
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
  return { item: el("li", { "data-state": "running" }, head, state, bar), bar, state };
}

/** Why it failed; of indexing, each file that could not be used. */
function troubles({ error, result }) {
  const words = (file) => (file.error.includes(file.name) ? file.error : `${file.name}: ${file.error}`);
  if (result?.failed?.length) return result.failed.map((file) => el("p", { class: "error" }, words(file)));
  return error ? [errorBox(error)] : [];
}

/** Put rows in place without touching those that are there already, so that focus stays. */
function place(list, rows) {
  for (const child of [...list.children]) if (!rows.includes(child)) child.remove();
  rows.forEach((row, index) => { if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null); });
}
