// The chosen moment: play it again, keep it as a clip, share it as a link.

import { finished, post } from "./api.js";
import { $, announce, el, fill } from "./dom.js";
import { linkTo } from "./address.js";
import { errorBox } from "./verdict.js";
import { bytes, span } from "./words.js";

/** What is chosen of the open film. `play(span)` hears that it shall be seen, `started(job)` that a clip is cut. */
export class Moment {
  constructor({ play, started }) {
    Object.assign(this, { play, started, film: null, span: null });
    $("moment-play").addEventListener("click", () => this.play(this.span));
    $("clip").addEventListener("click", () => this.save());
    $("link").addEventListener("click", () => this.copy());
  }

  /** Choose a span of a film, or none. */
  choose(film, chosen) {
    if (this.film?.id === film?.id && this.span?.start_s === chosen?.start_s && this.span?.end_s === chosen?.end_s) return;
    Object.assign(this, { film, span: chosen });
    $("moment").hidden = !chosen;
    if (chosen) $("moment-times").textContent = span(chosen);
    fill($("clip-state"));
  }

  async save(override) {
    const chosen = this.span;
    try {
      const job = await cut(this.film, chosen, override, this.started, () => { if (chosen === this.span) fill($("clip-state"), "Cutting…"); });
      if (chosen === this.span) this.show(job);
    } catch (error) {
      fill($("clip-state"), errorBox(error, (why) => this.save(why)));
    }
  }

  show({ state, error, files = [] }) {
    const film = files.find(({ kind }) => kind?.startsWith("video")) ?? files[0];
    if (error || !film) return fill($("clip-state"), errorBox(error ?? { message: `The clip is ${state}` }, (why) => this.save(why)));
    fill($("clip-state"), el("a", { href: film.url, download: film.name }, "Download clip"), ` ${bytes(film.bytes)}`);
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
export async function cut(film, { start_s, end_s }, override, started, begun = () => {}) {
  const { job } = await post("/api/tools/cut_clip", { arguments: { video: film.id, start_s, end_s }, override });
  started(job);
  begun();
  return finished(job.id);
}
