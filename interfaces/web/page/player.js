// The player: one film, times of its container, spans that stop at their end.

import { $ } from "./dom.js";
import { time } from "./words.js";

const A_LITTLE_S = 0.001; // a cut lies exactly between two frames: this is the later one

/** Plays one film at a time. `onTime(seconds)` hears where it is, `onRest(seconds)` where it stops, `onUnplayable()` that it cannot. */
export class Player {
  constructor({ onTime, onRest, onUnplayable }) {
    Object.assign(this, { onTime, onRest, onUnplayable });
    this.video = $("video");
    this.film = null;
    this.stop_s = null;
    this.offset_s = 0;
    this.wanted_s = null;
    this.listen();
  }

  listen() {
    const { video } = this;
    video.addEventListener("loadedmetadata", () => {
      // A picture in a codec that the browser lacks is left out in silence where it can play the sound.
      if (this.film?.width && !video.videoWidth) this.onUnplayable();
      this.seekWanted();
    });
    video.addEventListener("timeupdate", () => this.tick());
    video.addEventListener("seeked", () => this.tick());
    video.addEventListener("play", () => { this.showState(); this.follow(); });
    for (const event of ["pause", "ended"]) {
      video.addEventListener(event, () => { this.showState(); this.onRest(this.time); });
    }
    video.addEventListener("error", () => { if (this.film) this.onUnplayable(); });
    video.addEventListener("click", () => this.toggle());
    $("toggle").addEventListener("click", () => this.toggle());
    $("rate").addEventListener("change", () => { video.playbackRate = Number($("rate").value); });
    $("mute").addEventListener("click", () => this.mute());
    $("full").addEventListener("click", () => this.fullScreen());
  }

  /** Open a film, at a time of its own; `instead` is a file that stands in for a stretch of it, from `start_s` on. */
  open(film, at_s = film.start_s, instead = null) {
    const same = this.film?.id === film.id && !instead && !this.instead && !this.video.error;
    this.film = film;
    this.instead = instead;
    this.offset_s = instead ? instead.start_s : film.start_s;
    this.stop_s = null;
    if (same) { this.seek(at_s); return; }
    this.wanted_s = at_s;
    this.video.src = this.url = instead ? instead.url : `/api/videos/${encodeURIComponent(film.id)}/media`;
    this.video.playbackRate = this.video.defaultPlaybackRate = Number($("rate").value);
    $("toggle").disabled = false;
    $("length").textContent = time(film.start_s + film.duration_s);
    this.showTime(at_s);
  }

  close() {
    this.film = this.instead = this.wanted_s = this.stop_s = null;
    this.video.removeAttribute("src");
    this.video.load();
    $("toggle").disabled = true;
  }

  /** Where it is, on the clock of the film. */
  get time() {
    return this.wanted_s ?? this.video.currentTime + this.offset_s;
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Whether what is loaded has that time: a file that stands in has its own stretch alone. */
  has(at_s) {
    return !this.instead || (at_s >= this.instead.start_s && at_s < this.instead.end_s);
  }

  seek(at_s) {
    if (!this.film) return;
    const last_s = this.film.start_s + this.film.duration_s;
    this.wanted_s = Math.min(Math.max(at_s, this.film.start_s), last_s);
    if (this.stop_s !== null && this.wanted_s >= this.stop_s) this.stop_s = null;
    this.showTime(this.wanted_s);
    if (this.video.readyState >= HTMLMediaElement.HAVE_METADATA) this.seekWanted();
  }

  seekWanted() {
    if (this.wanted_s === null) return;
    const at_s = Math.max(0, this.wanted_s - this.offset_s + A_LITTLE_S);
    this.wanted_s = null;
    this.video.currentTime = Number.isFinite(this.video.duration) ? Math.min(at_s, this.video.duration) : at_s;
  }

  /** Play a span, and stop at its end. */
  play(span) {
    this.stop_s = null;
    this.seek(span.start_s);
    this.stop_s = span.end_s;
    this.start();
  }

  start() {
    this.video.play().catch((error) => {
      // AbortError: another film was opened meanwhile. NotSupportedError is heard of through `error`.
      if (!["AbortError", "NotSupportedError", "NotAllowedError"].includes(error.name)) throw error;
    });
  }

  toggle() {
    if (!this.film) return;
    if (this.playing) this.video.pause();
    else this.start();
  }

  mute() {
    this.video.muted = !this.video.muted;
    $("mute").setAttribute("aria-pressed", String(this.video.muted));
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.video.requestFullscreen();
  }

  follow() {
    this.tick();
    if (this.playing) requestAnimationFrame(() => this.follow());
  }

  tick() {
    if (!this.film || this.wanted_s !== null) return;
    const now_s = this.time;
    if (this.stop_s !== null && now_s >= this.stop_s) return this.rest(this.stop_s);
    this.showTime(now_s);
  }

  /** Stop there, however late it was noticed: at the last picture of the span, since its end belongs to the next. */
  rest(at_s) {
    this.video.pause();
    this.seek(at_s - 2 * A_LITTLE_S);
    this.stop_s = null;
  }

  showTime(now_s) {
    $("now").textContent = time(now_s);
    this.onTime(now_s);
  }

  showState() {
    $("toggle").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    $("toggle").dataset.playing = String(this.playing);
  }
}
