// Asking: a request becomes a plan, the plan is approved, and its run is watched until it answers.

import { post, remove } from "./api.js";
import { $, announce, el, fill, reveal, setProgress } from "./dom.js";
import { answered, fileList } from "./answer.js";
import { ended } from "./jobs.js";
import { PlanView, liveSteps } from "./plan.js";
import { errorBox } from "./verdict.js";
import { count } from "./words.js";

/** The box that is asked. `cite(video, span)` plays a citation, `watch(id, hear)` follows a run, `several()` is whether films are to be named. */
export class Ask {
  constructor({ cite, watch, several }) {
    Object.assign(this, { cite, watch, several, shown: "", unwatch: () => {} });
    this.plan = new PlanView($("planned"), { run: (yaml) => this.run(yaml), drop: () => this.dropped() });
    $("ask").addEventListener("submit", (event) => { event.preventDefault(); this.propose(); });
    $("request").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.propose();
    });
  }

  say(...children) {
    fill($("ask-state"), children);
  }

  async propose(override) {
    const request = $("request").value.trim();
    if ($("plan").disabled) return; // one plan after the other
    if (!request) {
      this.say(el("p", {}, "Write what you want to know or have."));
      $("request").focus();
      return;
    }
    this.override = override;
    this.plan.hide();
    this.hideAnswer();
    this.busy("Planning…");
    try {
      const made = await post("/api/plan", { request, video: $("about").value || undefined, override });
      this.say();
      if (made.questions?.length) this.say(el("p", {}, "Say it in the request, and plan again:"), el("ul", { class: "notes" }, made.questions.map((each) => el("li", {}, each))));
      else this.plan.show(made);
    } catch (error) {
      this.say(errorBox(error, (why) => this.propose(why)));
    } finally {
      $("plan").disabled = false;
    }
  }

  busy(words) {
    $("plan").disabled = true;
    this.say(el("p", { class: "dim" }, words));
  }

  dropped() {
    this.plan.hide();
    $("request").focus();
  }

  /** Run exactly the plan that is shown. */
  async run(yaml, override = this.override) {
    this.say();
    try {
      const { job } = await post("/api/runs", { yaml, override });
      this.plan.hide();
      this.follow(job, (why) => this.run(yaml, why));
    } catch (error) {
      this.say(errorBox(error, (why) => this.run(yaml, why)));
    }
  }

  /** Show a run, also one that was begun in another tab, and go on until it has ended. */
  follow(job, again = null) {
    this.unwatch();
    this.shown = job.id;
    this.title = job.title || "Answer";
    this.progress(job);
    $("answer").querySelector("h3").focus({ preventScroll: true });
    reveal($("answer"));
    const hear = (news) => (ended(news) ? this.show(news, again) : this.progress(news));
    if (ended(job)) this.show(job, again);
    else this.unwatch = this.watch(job.id, hear);
  }

  hideAnswer() {
    this.unwatch();
    this.shown = "";
    $("answer").hidden = true;
    fill($("answer"));
  }

  frame(...children) {
    const title = el("h3", { id: "answer-title", tabindex: "-1" }, this.title);
    const focused = $("answer").contains(document.activeElement);
    fill($("answer"), title, ...children);
    $("answer").hidden = false;
    if (focused) title.focus({ preventScroll: true });
  }

  progress({ id, steps = {}, progress }) {
    if (!this.stop || this.stop.dataset.id !== id || !this.stop.isConnected) {
      this.live = el("ol", { class: "steps live" });
      this.bar = el("progress", { "aria-label": "How far the step at work is" });
      this.stop = el("button", { type: "button", class: "quiet", "data-id": id, onclick: () => this.cancel(id) }, "Cancel the run");
      this.frame(this.live, this.bar, el("div", { class: "row" }, this.stop));
    }
    fill(this.live, liveSteps(steps));
    setProgress(this.bar, progress);
  }

  async cancel(id) {
    try {
      await remove(`/api/jobs/${id}`);
    } catch (error) {
      this.say(errorBox(error));
    }
  }

  show(job, again) {
    const { result, error, state } = job;
    const parts = result?.answer ? answered(result, this.cite, this.several()) : [];
    if (error) parts.push(errorBox(error, again));
    if (state === "cancelled") parts.push(el("p", { class: "note" }, "The run was cancelled. What was done is kept and is not done again."));
    if (result?.questions?.length) parts.push(...result.questions.map((each) => el("p", { class: "note" }, each)));
    const results = (file) => file.kind === "data"; // what a step gave, as JSON: it is in the answer already
    const files = job.files ?? [];
    this.frame(...parts, fileList(files.filter((file) => !results(file))), how(job.steps, files.filter(results)));
    this.tell(job);
    reveal($("answer"));
  }

  tell({ state, result }) {
    const sentences = (result?.answer?.claims ?? []).map(({ text }) => text).join(" ");
    const notes = (result?.answer?.notes ?? []).join(" ");
    announce(["done", "partial"].includes(state) ? `Answer: ${sentences || notes}` : `The run ended: ${state}`);
  }
}

/** How it was done: the steps, and what each gave. */
function how(steps = {}, results) {
  const number = Object.keys(steps).length;
  if (!number) return null;
  return el("details", { class: "how" }, el("summary", {}, `How: ${count(number, "step")}`), el("ol", { class: "steps live" }, liveSteps(steps)), fileList(results));
}
