// Which moment the address names: `#v=ID&t=12.3`, on the clock of the film.

/** `{video, at_s}` of the address; nothing where it names no film. */
export function named() {
  const said = new URLSearchParams(location.hash.slice(1));
  const at_s = Number(said.get("t") ?? NaN);
  return said.get("v") ? { video: said.get("v"), at_s: Number.isFinite(at_s) ? at_s : null } : null;
}

const hash = (video, at_s) => `#v=${encodeURIComponent(video)}&t=${Math.round(at_s * 1000) / 1000}`;

/** The whole address of a moment. It opens it where a tab of this page is open already. */
export const linkTo = (video, at_s) => location.origin + location.pathname + hash(video, at_s);

/** A jump is a step that the back button undoes. */
export function jumped(video, at_s) {
  const next = hash(video, at_s);
  if (next !== location.hash) history.pushState(null, "", next);
}

/** Resting somewhere is none. */
export function rested(video, at_s) {
  history.replaceState(null, "", hash(video, at_s));
}
