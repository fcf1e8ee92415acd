// Searching: moments as pictures with times and what speaks for them.

import { post } from "./api.js";
import { $, el, fill } from "./dom.js";
import { errorBox } from "./verdict.js";
import { count, span } from "./words.js";

const MOST = 30;

/** The search box and what it found. `choose(moment, play)` hears which moment somebody wants to see, `onSearch()` that there is something to look at. */
export class Results {
  constructor({ choose, onHits, onSearch }) {
    Object.assign(this, { choose, onHits, onSearch });
    this.hits = [];
    this.turn = 0;
    $("search").addEventListener("submit", (event) => { event.preventDefault(); this.search(); });
    $("clear").addEventListener("click", () => { this.clear(); $("words").focus(); });
    $("words").addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && this.hits.length) { event.preventDefault(); this.step(1); }
    });
  }

  clear() {
    this.turn += 1;
    $("words").value = "";
    $("results").hidden = true;
    this.set([]);
  }

  async search(override) {
    const query = $("words").value.trim();
    if (!query) return this.clear();
    const turn = ++this.turn;
    this.begin();
    try {
      const video = $("scope").value || undefined;
      const found = await post("/api/search", { query, video, limit: MOST, override });
      if (turn === this.turn) this.show(found, query);
    } catch (error) {
      if (turn !== this.turn) return;
      $("found").textContent = error.verdict ? "The search was stopped." : "The search failed.";
      fill($("found-notes"), errorBox(error, (why) => this.search(why)));
    }
  }

  begin() {
    $("results").hidden = false;
    $("found").textContent = "Searching…";
    fill($("found-notes"));
    this.set([]);
    this.onSearch();
  }

  show(found, query) {
    const moments = found.no_match ? found.nearest : found.moments;
    const nearest = moments.length ? " The nearest:" : "";
    $("found").textContent = found.no_match ? `Nothing shows or says that.${nearest}` : count(moments.length, "moment");
    const notes = [...(found.query !== query ? [`Read as: ${found.query}`] : []), ...found.notes];
    fill($("found-notes"), notes.map((note) => el("p", {}, note)));
    this.set(moments, found.no_match);
  }

  set(moments, nearest = false) {
    this.hits = moments;
    this.nearest = nearest;
    this.chosen = -1;
    $("hits").classList.toggle("nearest", nearest);
    fill($("hits"), moments.map((moment, index) => el("li", {}, this.card(moment, index))));
    this.onHits();
  }

  card(moment, index) {
    // A key gives a click without a number: it plays. A pointer shows the picture first, and plays the second time.
    const act = ({ detail }) => this.take(index, detail === 0 || this.chosen === index);
    const thumbnail = moment.evidence.find((seen) => seen.thumbnail)?.thumbnail;
    return el("button", { type: "button", class: "hit", onclick: act },
      thumbnail ? el("span", { class: "thumb" }, el("img", { src: thumbnail, alt: "", loading: "lazy" })) : el("span", { class: "thumb words", "aria-hidden": "true", dir: "auto" }, firstWords(moment.evidence)),
      el("span", { class: "hit-words" },
        el("span", { class: "hit-head" },
          el("span", { class: "times" }, span(moment)),
          el("span", { class: "score", title: "How likely this is what you asked for" },
            el("span", { class: "unseen" }, "likely "), moment.score.toFixed(2))),
        el("span", { class: "name" }, moment.video.name),
        told(moment.evidence)));
  }

  /** Choose a hit by its number. */
  take(index, play) {
    if (!this.hits[index]) return;
    this.mark(index);
    this.choose(this.hits[index], play);
  }

  mark(index) {
    this.chosen = index;
    for (const [n, row] of [...$("hits").children].entries()) {
      if (n === index) row.firstChild.setAttribute("aria-current", "true");
      else row.firstChild.removeAttribute("aria-current");
    }
  }

  /** To the next hit, or the one before; false where there is none. */
  step(by) {
    if (!this.hits.length) return false;
    const index = Math.min(Math.max(this.chosen + by, 0), this.hits.length - 1);
    const row = $("hits").children[index];
    if (row.offsetParent) row.firstChild.focus();
    if (index !== this.chosen) this.take(index, false);
    return true;
  }
}

/** What stands in the place of a picture. */
const firstWords = (evidence) => evidence.find(({ text }) => text)?.text.slice(0, 80) ?? evidence[0]?.channel ?? "";

/** What speaks for a moment: each channel once, with the words that were said or seen. */
function told(evidence) {
  const channels = new Map();
  for (const { channel, text } of evidence) if (!channels.get(channel)) channels.set(channel, text);
  return [...channels].map(([channel, text]) => el("span", { class: "told" },
    el("span", { class: "channel" }, channel), text ? [" ", el("q", { dir: "auto" }, text)] : " looks like it"));
}
