// An answer, sentence by sentence, each with the times it rests on; what was made; what the gate said.

import { el } from "./dom.js";
import { facts } from "./verdict.js";
import { bytes, span } from "./words.js";

const MOST = 12;

/** The answer of a run as elements. `cite(video, span)` hears which times somebody wants to see; with `several` films each is named. */
export function answered({ answer, verdicts = [], steps = {} }, cite, several) {
  const videos = new Set(answer.claims.flatMap(({ evidence }) => evidence.map(({ video }) => video.id)));
  const failed = Object.entries(steps).filter(([, { error }]) => error);
  return [
    answer.claims.length ? el("ol", { class: "claims" }, answer.claims.map((claim) => sentence(claim, several || videos.size > 1, cite))) : null,
    ...answer.notes.map((note) => el("p", { class: "note" }, note)),
    ...failed.map(([name, { error }]) => el("p", { class: "error" }, `${name}: ${error}`)),
    ...verdicts.map((verdict) => el("details", { class: "verdict small" }, el("summary", {}, verdict.override ? "The gate let it through for the reason given" : `The gate: ${verdict.decision}`), facts(verdict))),
  ];
}

function sentence(claim, named, cite) {
  const cited = stretches(claim.evidence);
  const shown = (few) => few.flatMap((each) => [citation(each, named, cite), " "]);
  const rest = cited.slice(MOST);
  const more = el("button", { type: "button", class: "link", onclick: () => {
    const fresh = shown(rest);
    more.replaceWith(...fresh);
    fresh[0].focus();
  } }, `… ${rest.length} more`);
  return el("li", {},
    claim.title ? el("h4", {}, claim.title) : null, el("span", { dir: "auto" }, claim.text), " ",
    shown(cited.slice(0, MOST)), rest.length ? more : null);
}

function citation(cited, named, cite) {
  const times = span(cited);
  const label = `Play ${times.replace("–", " to ")} of ${cited.video.name}`;
  return el("button", { type: "button", class: "cite", "aria-label": `${label} [${times}]`, onclick: () => cite(cited.video, cited) },
    `[${named ? `${cited.video.name} ` : ""}${times}]`);
}

/** Evidence that overlaps or touches in one video is one citation, as everywhere in Playhead. */
function stretches(evidence) {
  let joined = [];
  for (const { video, start_s, end_s } of evidence) {
    const whole = { video, start_s, end_s };
    const apart = joined.filter((other) => {
      if (other.video.id !== video.id || whole.start_s > other.end_s || other.start_s > whole.end_s) return true;
      whole.start_s = Math.min(whole.start_s, other.start_s);
      whole.end_s = Math.max(whole.end_s, other.end_s);
      return false;
    });
    joined = [...apart, whole];
  }
  return joined;
}

/** Files that a job made, to look at and to keep. */
export function fileList(files = []) {
  if (!files.length) return null;
  return el("ul", { class: "files", "aria-label": "Files" }, files.map((file) => el("li", {},
    file.bytes ? kept(file) : `${file.name} is empty: there was nothing to write`)));
}

const kept = (file) => [preview(file), el("a", { href: file.url, download: file.name }, `Download ${file.name}`), el("span", { class: "dim" }, ` ${bytes(file.bytes)}`)];

function preview({ kind = "", url, name }) {
  const source = `${url}?inline=1`;
  if (kind.startsWith("image")) return el("img", { src: source, alt: name, loading: "lazy" });
  if (kind.startsWith("video") || kind.startsWith("audio")) {
    const tag = kind.startsWith("video") ? "video" : "audio";
    return el(tag, { src: source, controls: true, preload: "metadata", playsinline: true, "aria-label": name });
  }
  return null;
}
