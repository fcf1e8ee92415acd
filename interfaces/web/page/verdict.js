// What went wrong, where it went wrong: in one line, or with the verdict of the gate and a way to answer it.

import { el } from "./dom.js";

/** An error as an element. `again(why)` is offered where a person may say why something is all right. */
export function errorBox(error, again = null) {
  const verdict = error.verdict;
  if (!verdict) return el("p", { class: "error" }, error.message);
  const box = el("div", { class: "verdict" }, el("h3", {}, TITLES[verdict.decision] ?? "Stopped by the gate"), facts(verdict));
  if (again && verdict.answerable) box.append(reasonForm(again));
  return box;
}

const TITLES = { ask: "The gate asks first", block: "Stopped by the gate", warn: "Let through with a warning" };

/** Category, score, threshold, reason and remedy of a verdict. */
export function facts(verdict) {
  const rows = [
    ["Category", (verdict.category || "none").replaceAll("_", " ")],
    ["Score", `${verdict.score.toFixed(2)}, the threshold is ${verdict.threshold.toFixed(2)}`],
    ["Reason", verdict.reason],
    ["What would change it", verdict.remedy],
    ["Let through because", verdict.override],
  ];
  const shown = rows.filter(([, value]) => value);
  return el("dl", {}, ...shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function reasonForm(again) {
  const why = el("input", { type: "text", maxlength: "500", required: true, autocomplete: "off" });
  const go = el("button", { type: "submit" }, "Go on with this reason");
  const submit = (event) => {
    event.preventDefault();
    if (!why.value.trim() || go.disabled) return;
    go.disabled = true; // what comes of it takes the place of this
    again(why.value.trim());
  };
  return el("form", { class: "reason", onsubmit: submit },
    el("label", {}, el("span", {}, "Why it is all right (this is recorded)"), why),
    go);
}
