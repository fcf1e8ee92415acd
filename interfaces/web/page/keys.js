// Keys. None is taken from a field that is being written in, nor from the browser.

import { $, el, fill } from "./dom.js";

const ROWS = [
  ["/", "Search"], ["↑ ↓", "The moment before, the next (in the transcript: the line)"], ["Enter", "Play the moment"],
  ["Space K", "Play, pause"], ["J L", "Ten seconds back, on"], ["← →", "Five seconds back, on"],
  [", .", "One picture back, on"], ["I O", "A moment begins, ends here"], ["S", "Save the moment as a clip"],
  ["M", "Mute"], ["F", "Full screen"], ["A", "Ask"], ["?", "These keys"], ["Esc", "Out of a field"],
];
const WRITING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const OFF = "playhead-keys-off";
const ROWS_OF_LISTS = ".hit, .film-open, .line";
const PRESSED_BY_SPACE = "button, a, summary, audio, video[controls], [role=slider]";

let pressed = null; // the row that was taken last

/** Do what `actions` has for a key. */
export function listen(actions) {
  document.addEventListener("click", ({ target }) => { pressed = target.closest(ROWS_OF_LISTS); });
  const written = $("written-keys");
  written.checked = !localStorage.getItem(OFF);
  written.addEventListener("change", () => (written.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "off")));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if ($("keys").open) return; // it closes itself with Esc
    if (target.matches(WRITING)) return key === "Escape" ? leave(event) : undefined;
    if (target.matches("audio, video[controls]")) return undefined;
    if ((key === " " || key === "Enter") && target.closest(PRESSED_BY_SPACE) && !again(event)) return undefined;
    if (!written.checked && key.length === 1 && key !== " ") return undefined;
    const act = actions[key.length === 1 ? key.toLowerCase() : key];
    if (act && act(event) !== false) event.preventDefault();
    return undefined;
  });
  // A browser may press a button when the key comes up again.
  document.addEventListener("keyup", (event) => { if (again(event)) event.preventDefault(); });
  fill($("key-rows"), ROWS.map(([keys, does]) => el("tr", {},
    el("th", { scope: "row" }, keys.split(" ").map((key) => [el("kbd", {}, key), " "]).flat()), el("td", {}, does))));
  $("show-keys").addEventListener("click", showKeys);
  $("close-keys").addEventListener("click", () => $("keys").close());
}

/** Out of a field; what stands in it stays. */
function leave(event) {
  event.preventDefault();
  event.target.blur();
}

/** Space on a row that was taken plays and pauses, instead of taking it again. */
const again = ({ key, target }) => key === " " && (target === pressed || target.matches(".hit[aria-current]"));

export const showKeys = () => $("keys").showModal();
