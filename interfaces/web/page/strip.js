// The strip under the film: its shots, what is said, what was found, and where it is. A slider for every hand.

import { $ } from "./dom.js";
import { time } from "./words.js";

const LINES = { said: [0.62, 0.2], hits: [0.16, 0.34], shots: [0, 1] }; // top and height, in parts of the strip

/** Draws the film from end to end. `seek(seconds)` hears where somebody wants to be. */
export class Strip {
  constructor(seek) {
    this.seek = seek;
    this.box = $("strip");
    this.canvas = $("canvas");
    this.film = null;
    Object.assign(this, { shots: [], speech: [], hits: [], nearest: false, moment: null, now_s: 0, told_s: NaN, hover_s: null });
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.listen();
  }

  listen() {
    const { box } = this;
    box.addEventListener("pointerdown", (event) => {
      if (!this.film || event.button !== 0) return;
      box.setPointerCapture(event.pointerId);
      this.seek(this.at(event));
    });
    box.addEventListener("pointermove", (event) => {
      if (!this.film) return;
      this.hover(this.at(event));
      if (box.hasPointerCapture(event.pointerId)) this.seek(this.at(event));
    });
    box.addEventListener("pointerleave", () => this.hover(null));
    box.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (!this.film || event.ctrlKey || event.metaKey || event.altKey) return;
    const { start_s, duration_s } = this.film;
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    const ends = { Home: start_s, End: start_s + duration_s };
    const to_s = event.key in ends ? ends[event.key] : event.key in steps ? this.now_s + steps[event.key] : null;
    if (to_s === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.seek(to_s);
  }

  at(event) {
    const { left, width } = this.box.getBoundingClientRect();
    const part = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    return this.film.start_s + part * this.film.duration_s;
  }

  hover(at_s) {
    this.hover_s = at_s;
    const under = $("under");
    under.hidden = at_s === null;
    if (at_s !== null) {
      under.textContent = time(at_s);
      const half = under.offsetWidth / 2;
      const x = Math.min(Math.max(this.x(at_s, this.box.clientWidth), half), this.box.clientWidth - half);
      under.style.setProperty("--x", `${x}px`);
    }
    this.draw();
  }

  /** Show another film, or none. */
  show(film) {
    Object.assign(this, { film, shots: film?.shots ?? [], speech: film?.speech ?? [], moment: null });
    this.box.setAttribute("aria-disabled", String(!film));
    this.box.setAttribute("aria-valuemin", String(film?.start_s ?? 0));
    this.box.setAttribute("aria-valuemax", String(film ? film.start_s + film.duration_s : 0));
    this.explain();
    this.move(film?.start_s ?? 0);
  }

  /** Mark what was found, or what is `nearest` to it, and the chosen moment. */
  mark({ hits = this.hits, nearest = this.nearest, moment = this.moment }) {
    Object.assign(this, { hits, nearest, moment });
    this.explain();
    this.draw();
  }

  /** The legend: what stands on this strip. */
  explain() {
    const shown = { found: this.hits.length && !this.nearest, nearest: this.hits.length && this.nearest, speech: this.speech.length, cuts: this.shots.length > 1 };
    for (const key of $("legend").children) key.hidden = !this.film || !shown[key.dataset.key];
  }

  /** While it plays, the slider tells its place once a second. */
  move(now_s, playing = false) {
    this.now_s = now_s;
    if (this.film && !(playing && Math.abs(now_s - this.told_s) < 1)) {
      this.told_s = now_s;
      this.box.setAttribute("aria-valuenow", now_s.toFixed(1));
      this.box.setAttribute("aria-valuetext", `${time(now_s)} of ${time(this.film.start_s + this.film.duration_s)}`);
    }
    this.draw();
  }

  x(at_s, width) {
    return ((at_s - this.film.start_s) / (this.film.duration_s || 1)) * width;
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const scale = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!this.film || !width) return;
    const look = getComputedStyle(this.box);
    const colour = (name) => look.getPropertyValue(`--strip-${name}`);
    const box = (spans, [top, tall], least, hollow = false) => {
      for (const { start_s, end_s } of spans) {
        const left = this.x(start_s, width);
        const wide = Math.max(this.x(end_s, width) - left - 1, least); // neighbours stay apart
        if (hollow) pen.strokeRect(left + 0.5, top * height + 0.5, Math.max(wide - 1, 2), tall * height - 1);
        else pen.fillRect(left, top * height, wide, tall * height);
      }
    };
    if (this.moment) { pen.fillStyle = colour("moment"); box([this.moment], [0, 1], 2); }
    pen.fillStyle = colour("shot");
    for (const { start_s } of this.shots.slice(1)) pen.fillRect(Math.round(this.x(start_s, width)), 0, 1, height);
    pen.fillStyle = colour("speech");
    box(this.speech, LINES.said, 1);
    pen.fillStyle = pen.strokeStyle = colour("hit");
    pen.setLineDash([3, 2]);
    box(this.hits, LINES.hits, 3, this.nearest);
    if (this.hover_s !== null) { pen.fillStyle = colour("hover"); pen.fillRect(this.x(this.hover_s, width), 0, 1, height); }
    pen.fillStyle = colour("now");
    pen.fillRect(Math.min(Math.max(this.x(this.now_s, width) - 1, 0), width - 2), 0, 2, height);
  }
}
