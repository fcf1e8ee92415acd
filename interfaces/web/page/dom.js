// Elements of the page. All text goes in as text: nothing that came out of footage is ever read as HTML.

export const $ = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children; strings become text, null is left out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Put children in place of what is there. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(words) {
  const region = $("said");
  region.textContent = "";
  setTimeout(() => { region.textContent = words; }, 50); // the same words twice are said twice
}

/** What is at work is shown at once, without an animation for those who want none. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Bring an element into the part of the page that scrolls, if it is out of sight. */
export function reveal(element, block = "nearest") {
  element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
}

/** A bar that shows how much of a stage is done, or that nobody knows. */
export function setProgress(bar, progress) {
  if (progress?.total > 0) Object.assign(bar, { max: progress.total, value: Math.min(progress.done, progress.total) });
  else bar.removeAttribute("value");
}
