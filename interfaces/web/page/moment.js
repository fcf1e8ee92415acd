// The chosen moment: play it again, keep it as a clip, share it as a link.

import { post } from "./api.js";
import { $, announce, el, fill } from "./dom.js";
import { linkTo } from "./address.js";
import { errorBox } from "./verdict.js";
import { bytes, clipOf, span } from "./words.js";

/** What is chosen of the open film. `play(span)` hears that it shall be seen; `finished(id, name)` gives a job when it has ended. */
export class Moment {
  constructor({ play, finished }) {
    Object.assign(this, { play, finished, film: null, span: null });
    this.clips = new Map(); // what became of those that were asked for
    $("moment-play").addEventListener("click", () => this.play(this.span));
    $("clip").addEventListener("click", () => this.save());
    $("link").addEventListener("click", () => this.copy());
  }

  /** Choose a span of a film, or none. */
  choose(film, chosen) {
    Object.assign(this, { film, span: chosen });
    $("moment").hidden = !chosen;
    if (chosen) $("moment-times").textContent = span(chosen);
    this.show();
  }

  get key() {
    return this.span && clipOf(this.film, this.span) + this.film.id;
  }

  /** Cut the moment, once. */
  async save(override) {
    const { film, key } = this;
    if ($("clip").disabled) return;
    this.keep(key, { state: "running" });
    this.keep(key, await cut(film, this.span, override, this.finished).catch((error) => ({ error })));
  }

  keep(key, job) {
    this.clips.set(key, job);
    if (key === this.key) this.show();
  }

  /** What became of the clip of the chosen moment. */
  show() {
    const { state, error, files = [] } = this.clips.get(this.key) ?? {};
    const [film] = files;
    $("clip").disabled = state === "running" || Boolean(film);
    if (film) fill($("clip-state"), el("a", { href: film.url, download: film.name }, "Download clip"), ` ${bytes(film.bytes)}`);
    else if (state === "running") fill($("clip-state"), "Cutting…");
    else if (state || error) fill($("clip-state"), errorBox(error ?? { message: `The clip is ${state}` }, (why) => this.save(why)));
    else fill($("clip-state"));
  }

  async copy() {
    const link = linkTo(this.film.id, this.span.start_s);
    try {
      await navigator.clipboard.writeText(link);
      announce("The link is copied");
      $("link").textContent = "Copied";
      setTimeout(() => { $("link").textContent = "Copy link"; }, 1500);
    } catch (error) {
      fill($("clip-state"), errorBox({ message: `The browser did not let it be copied (${error.message}). It stands in the address` }));
    }
  }
}

/** Cut a span out of a film; the job when it has ended. */
export async function cut(film, { start_s, end_s }, override, finished) {
  const { job } = await post("/api/tools/cut_clip", { arguments: { video: film.id, start_s, end_s }, override });
  return finished(job.id, clipOf(film, { start_s, end_s }));
}
