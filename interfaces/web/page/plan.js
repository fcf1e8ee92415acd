// A plan before it runs: its steps in words, and the same as YAML to be edited, with its faults at their lines.

import { ApiError, post } from "./api.js";
import { announce, el, fill, reveal } from "./dom.js";
import { about, count, plainly } from "./words.js";

const UNITS = { _s: "s", _hz: "a second" };
const PAUSE_MS = 400;
const TOLD = {
  waiting: "waits", started: "at work", progress: "at work", running: "at work", done: "done", cached: "done before",
  failed: "failed", skipped: "left out", nothing: "found nothing", blocked: "stopped by the gate",
};

/** A plan that somebody reads, edits, and then runs or drops. */
export class PlanView {
  constructor(place, { run, drop }) {
    Object.assign(this, { place, run, drop, timer: 0, turn: 0, running: false });
  }

  /** Show what `/api/plan` gave. */
  show({ plan, yaml, notes = [], checked }) {
    this.steps = el("ol", { class: "steps" });
    this.estimate = el("p", { class: "dim" });
    this.faults = el("ul", { class: "faults" });
    this.gutter = el("div", { class: "gutter", "aria-hidden": "true" });
    this.yaml = el("textarea", { id: "yaml", spellcheck: "false", wrap: "off", autocapitalize: "off", "aria-describedby": "faults" });
    this.yaml.value = yaml;
    this.editor = el("div", { class: "editor", hidden: true },
      el("label", { class: "editor-label", for: "yaml" }, "The plan as YAML"), el("div", { class: "code" }, this.gutter, this.yaml));
    this.faults.id = "faults";
    this.go = el("button", { type: "button", class: "main", onclick: () => this.start() }, "Run");
    this.edit = el("button", { type: "button", "aria-expanded": "false", onclick: () => this.toggle() }, "Edit");
    const cancel = el("button", { type: "button", class: "quiet", onclick: this.drop }, "Cancel");
    fill(this.place,
      el("h3", { id: "planned-title", tabindex: "-1" }, "The plan"), notes.map((note) => el("p", { class: "note" }, note)),
      this.steps, this.estimate, this.editor, this.faults, el("div", { class: "row" }, this.go, this.edit, cancel));
    this.place.hidden = false;
    this.yaml.addEventListener("input", () => this.edited());
    this.yaml.addEventListener("scroll", () => { this.gutter.scrollTop = this.yaml.scrollTop; });
    this.showSteps(plan);
    this.showChecked(checked);
    if (!checked.ok) this.toggle();
    this.place.querySelector("h3").focus({ preventScroll: true });
    reveal(this.place);
  }

  hide() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.place.hidden = true;
    fill(this.place);
  }

  toggle() {
    this.editor.hidden = !this.editor.hidden;
    this.edit.setAttribute("aria-expanded", String(!this.editor.hidden));
    this.number();
    if (!this.editor.hidden) this.yaml.focus({ preventScroll: true });
  }

  async start() {
    this.running = true;
    this.arm();
    await this.run(this.yaml.value);
    this.running = false;
    this.arm();
  }

  /** Let it be run, unless it has faults or is being run. */
  arm(ok = this.ok) {
    this.ok = ok;
    this.go.disabled = !ok || this.running;
  }

  edited() {
    this.arm(false); // until what is written now was checked
    this.number();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), PAUSE_MS);
  }

  async check() {
    const turn = ++this.turn;
    let found;
    try {
      found = await post("/api/check", { yaml: this.yaml.value });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      found = { ok: false, problems: [{ what: error.message }] };
    }
    if (turn !== this.turn) return;
    if (found.plan) this.showSteps(found.plan);
    this.showChecked(found);
  }

  showSteps({ steps = {}, inputs = {} }) {
    const names = Object.keys(steps);
    fill(this.steps, names.map((name) => stepRow(name, steps[name], names, inputs)));
  }

  showChecked({ ok, problems = [], estimates_s = {} }) {
    const seconds = Object.values(estimates_s).reduce((sum, each) => sum + each, 0);
    this.estimate.textContent = ok ? `It takes about ${about(seconds)}.` : "";
    this.arm(ok);
    const placed = problems.map((problem) => ({ problem, line: lineOf(problem, this.yaml.value) }));
    fill(this.faults, placed.map(({ problem, line }) => el("li", {}, this.fault(problem, line))));
    this.marked = new Set(placed.map(({ line }) => line));
    this.number();
    if (!ok) announce(`The plan cannot run: ${count(problems.length, "fault")}`);
  }

  fault(problem, line) {
    const place = [problem.step, problem.argument].filter(Boolean).join(".");
    const parts = [place ? `${place}: ${problem.what}` : problem.what];
    if (problem.expected) parts.push(`expected ${problem.expected}`);
    const words = parts.join("; ") + (problem.suggestion ? `. ${problem.suggestion}` : "");
    if (!line) return words;
    return el("button", { type: "button", class: "link", onclick: () => this.toLine(line) }, `Line ${line}: ${words}`);
  }

  toLine(line) {
    if (this.editor.hidden) this.toggle();
    const lines = this.yaml.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.yaml.focus();
    this.yaml.setSelectionRange(start, start + lines[line - 1].length);
  }

  number() {
    const lines = this.yaml.value.split("\n");
    this.yaml.rows = Math.min(Math.max(lines.length, 4), 18);
    const row = (_, index) => el("span", { class: this.marked?.has(index + 1) ? "faulty" : null }, String(index + 1));
    fill(this.gutter, lines.map(row));
  }
}

/** The steps of a run as they go: `{name: {tool, state, message}}`. */
export function liveSteps(steps) {
  return Object.entries(steps).map(([name, { tool, state, message }]) => el("li", { "data-state": state },
    el("span", { class: "step-head" }, el("span", { class: "step-tool" }, plainly(tool || name)), el("span", { class: "step-state" }, TOLD[state] ?? state)),
    message ? el("span", { class: "step-message" }, message) : null));
}

function stepRow(name, { tool, args }, names, inputs) {
  const said = Object.entries(args).map(([key, value]) => {
    const [, label, unit] = /^(.+?)(_s|_hz)?$/.exec(key);
    const told = valueOf(value, names, inputs).replace(`${label} of step`, "from step");
    const measured = typeof value === "number" && unit ? `${told} ${UNITS[unit]}` : told;
    return el("span", { class: "arg" }, el("span", { class: "arg-name" }, label.replaceAll("_", " ")), " ", measured);
  });
  return el("li", {}, el("span", { class: "step-head" }, el("span", { class: "step-tool" }, plainly(tool)), el("span", { class: "dim" }, name)), el("span", { class: "args" }, said));
}

/** A value as a person reads it: `$find.moments` is what step 1 found. */
function valueOf(value, names, inputs) {
  const reference = typeof value === "string" && /^\$([a-z][a-z0-9_]*)(?:[.[](.+))?$/.exec(value);
  if (reference) {
    const [, name, part] = reference;
    const step = names.indexOf(name);
    if (step >= 0) return `${part ? `${partOf(part)} ` : ""}of step ${step + 1}`;
    if (name in inputs) return valueOf(inputs[name], names, {});
  }
  if (Array.isArray(value)) return value.map((each) => valueOf(each, names, inputs)).join(", ");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([key, each]) => `${key} ${valueOf(each, names, inputs)}`).join(", ");
  return typeof value === "string" ? `“${value}”` : String(value);
}

/** `moments[0].video` as a person says it. */
const partOf = (path) => path.replace(/s\[(\d+)\]/g, (_, index) => ` ${Number(index) + 1}`).replaceAll(/[._]/g, " ");

/** The line of the YAML that a fault is in, or 0: named by the parser, or where its step and argument stand. */
function lineOf({ step = "", argument = "", what = "" }, yaml) {
  const lines = yaml.split("\n");
  const named = /line (\d+)/.exec(what);
  if (named) return Math.min(Number(named[1]), lines.length);
  const opens = (key) => (line) => new RegExp(`^\\s+["']?${key}["']?:`).test(line);
  const at = /^[a-z][a-z0-9_]*$/.test(step) ? lines.findIndex(opens(step)) : -1;
  if (at < 0) return 0;
  const key = /^[a-z][a-z0-9_]*/.exec(argument)?.[0];
  const inside = key ? lines.findIndex((line, index) => index > at && opens(key)(line)) : -1;
  return (inside < 0 ? at : inside) + 1;
}
