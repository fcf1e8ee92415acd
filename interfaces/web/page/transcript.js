// What is said, line by line. It follows the film until the reader scrolls, and again when they ask for it.

import { get } from "./api.js";
import { $, el, fill, reveal } from "./dom.js";
import { errorBox } from "./verdict.js";
import { time } from "./words.js";

const SCROLLING = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"]);

const LINGER_S = 0.5;

/** The transcript of the open film. `seek(line)` hears which line somebody wants to hear. */
export class Transcript {
  constructor(seek) {
    this.seek = seek;
    this.lines = [];
    this.current = -1;
    this.following = true;
    const away = () => this.setFollowing(false);
    $("transcript").addEventListener("wheel", away, { passive: true });
    $("transcript").addEventListener("touchmove", away, { passive: true });
    $("transcript").addEventListener("keydown", ({ key }) => { if (SCROLLING.has(key)) away(); });
    $("transcript").addEventListener("pointerdown", ({ target }) => { if (!target.closest("button")) away(); });
    $("follow").addEventListener("click", () => { this.setFollowing(true); this.reveal(); });
  }

  async open(film) {
    Object.assign(this, { film: film?.id, lines: [], current: -1 });
    this.setFollowing(true);
    fill($("lines"));
    this.say(film ? "" : "What is said in a film stands here.");
    if (!film) return;
    try {
      const { utterances } = await get(`/api/videos/${encodeURIComponent(film.id)}/transcript`);
      if (this.film === film.id) this.show(utterances);
    } catch (error) {
      if (this.film === film.id) fill($("lines"), el("li", {}, errorBox(error)));
    }
  }

  show(utterances) {
    this.say(utterances.length ? "" : "Nothing is said in this film.");
    this.lines = utterances.map((line) => ({ ...line, row: this.row(line) }));
    fill($("lines"), this.lines.map(({ row }) => row));
    this.move(this.now_s ?? 0);
  }

  row(line) {
    const go = () => { this.setFollowing(true); this.seek(line); };
    return el("li", {}, el("button", { type: "button", class: "line", onclick: go },
      el("span", { class: "at" }, time(line.start_s)), " ", el("span", { dir: "auto" }, line.text)));
  }

  say(words) {
    $("no-lines").textContent = words;
    $("no-lines").hidden = !words;
  }

  /** Mark the line that is being said, or was last. */
  move(now_s) {
    this.now_s = now_s;
    let current = -1;
    while (current + 1 < this.lines.length && this.lines[current + 1].start_s <= now_s + 0.05) current += 1;
    const line = this.lines[current];
    const now = line && now_s < line.end_s + LINGER_S ? "true" : "false"; // after it, the line is where the film is
    if (line) line.row.firstChild.setAttribute("aria-current", now);
    if (current === this.current) return;
    this.lines[this.current]?.row.firstChild.removeAttribute("aria-current");
    this.current = current;
    if (this.following) this.reveal();
  }

  reveal() {
    const row = this.lines[this.current]?.row;
    if (row?.offsetParent) reveal(row); // hidden on a phone while another part is shown
  }

  setFollowing(following) {
    this.following = following;
    $("follow").hidden = following || !this.lines.length;
  }
}
