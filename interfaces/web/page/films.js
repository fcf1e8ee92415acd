// The films of the library.

import { remove } from "./api.js";
import { $, el, fill } from "./dom.js";
import { errorBox } from "./verdict.js";
import { compare, count, time } from "./words.js";

const SEEN = { picture: "picture", object: "object", text: "text", speech: "spoken line", caption: "caption", motion: "movement", thermal: "thermal picture", depth: "depth picture" };

/** The list of films. `open(id)` hears which one somebody wants, `onForgotten(id)` which one is gone. */
export class Films {
  constructor({ open, onForgotten }) {
    Object.assign(this, { open, onForgotten });
    this.videos = [];
  }

  /** Show the library; what did not change is left alone. */
  show({ name, policy, videos }) {
    const key = JSON.stringify([name, policy, videos]);
    if (key === this.key) return;
    this.key = key;
    this.videos = videos.toSorted((a, b) => compare(a.name, b.name));
    $("library").textContent = `${name} · ${count(videos.length, "film")}`;
    $("library").title = `Policy of the gate: ${policy}`;
    $("no-films").hidden = videos.length > 0;
    fill($("films"), this.videos.map((video) => el("li", { "data-id": video.id }, this.row(video))));
    for (const [id, all] of [["scope", "All films"], ["about", "Any film"]]) options($(id), all, this.videos);
  }

  row(video) {
    const size = video.width ? `${video.width}×${video.height}` : "sound only";
    const seen = Object.entries(video.segments ?? {}).filter(([, number]) => number).map(([channel, number]) => count(number, SEEN[channel] ?? channel).replaceAll(" ", "\u00a0"));
    const forget = el("button", { type: "button", class: "link film-forget", "aria-label": `Forget ${video.name}`, onclick: (event) => this.ask(video, event.target) }, "Forget");
    return [
      el("button", { type: "button", class: "film-open", onclick: () => this.open(video.id) },
        el("span", { class: "name", title: video.name }, video.name),
        el("span", { class: "dim" }, `${time(video.duration_s)} · ${size}`), el("span", { class: "dim seen" }, seen.join(" · "))),
      forget,
    ];
  }

  /** Forgetting asks once, in place. */
  ask(video, button) {
    const sure = el("button", { type: "button", onclick: () => this.forget(video, row) }, "Forget it");
    const keep = el("button", { type: "button", class: "quiet", onclick: () => { row.remove(); button.focus(); } }, "Keep it");
    const row = el("div", { class: "sure" }, el("p", {}, `Forget what is known of ${video.name}? A file of yours stays; a copy that was added here goes.`), el("div", { class: "row" }, sure, keep));
    button.closest("li").querySelector(".sure")?.remove();
    button.closest("li").append(row);
    keep.focus();
  }

  async forget(video, row) {
    try {
      await remove(`/api/videos/${encodeURIComponent(video.id)}`);
      this.onForgotten(video.id);
      $("films-title").tabIndex = -1;
      $("films-title").focus();
    } catch (error) {
      fill(row, errorBox(error));
    }
  }

  mark(id) {
    for (const row of $("films").children) {
      if (row.dataset.id === id) row.firstChild.setAttribute("aria-current", "true");
      else row.firstChild.removeAttribute("aria-current");
    }
  }
}

function options(select, all, videos) {
  const chosen = select.value;
  fill(select, el("option", { value: "" }, all), videos.map(({ id, name }) => el("option", { value: id }, name)));
  select.value = videos.some(({ id }) => id === chosen) ? chosen : "";
  select.hidden = videos.length < 2;
}
