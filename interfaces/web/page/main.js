// The page: what happens in one part is told to the others here.

import { get, openSession, refused } from "./api.js";
import { jumped, named, rested } from "./address.js";
import { Ask } from "./ask.js";
import { $, announce, el, fill, reveal } from "./dom.js";
import { Films } from "./films.js";
import { Jobs } from "./jobs.js";
import { listen, showKeys } from "./keys.js";
import { Moment, cut } from "./moment.js";
import { Player } from "./player.js";
import { Results } from "./results.js";
import { Strip } from "./strip.js";
import { Transcript } from "./transcript.js";
import { time } from "./words.js";

const FRAME_S = 1 / 25; // a browser does not tell the rate of a film
const SUBSTITUTE_S = 30;

const player = new Player({ onTime, onRest, onUnplayable });
const strip = new Strip(goTo);
const transcript = new Transcript((line) => { jump(player.film, line.start_s); goTo(line.start_s); player.start(); });
const results = new Results({
  choose: (moment, play) => choose(moment.video.id, moment, play), onHits: markHits,
  onSearch: () => { show("finds"); reveal($("results-title")); },
});
const moment = new Moment({ play: (span) => choose(player.film.id, span, true), finished: (...job) => jobs.finished(...job) });
const films = new Films({ open: (id) => openFilm(id), onForgotten: refresh });
const jobs = new Jobs({
  onEnded: refresh, onKnown: (id) => openFilm(id), shown: () => ask.shown,
  onShow: (job) => { show("asking"); ask.follow(job); jobs.look(); },
});
const ask = new Ask({
  cite: (video, span) => choose(video.id, span, true), watch: (...job) => jobs.watch(...job),
  several: () => films.videos.length > 1 && !$("about").value,
});
const columns = matchMedia("(min-width: 780px) and (min-height: 680px)"); // what was found stands beside the rest
let opening = 0, refreshing = 0;

function onTime(now_s) {
  strip.move(now_s, player.playing);
  transcript.move(now_s);
}

function onRest(now_s) {
  strip.move(now_s);
  if (player.film) rested(player.film.id, now_s);
}

function jump(film, at_s) {
  jumped(film.id, at_s);
}

/** To another time of the open film, also where a clip stands in for another stretch of it. */
function goTo(at_s) {
  player.stop_s = null;
  if (player.film && !player.has(at_s)) openFilm(player.film.id, at_s, { step: false });
  else player.seek(at_s);
}

/** Open a film at a time of its own. Gives back whether it is the one that is open now. */
async function openFilm(id, at_s = null, { step = true } = {}) {
  const turn = ++opening;
  let film = player.film?.id === id ? player.film : null;
  try {
    film ??= await get(`/api/videos/${encodeURIComponent(id)}`);
  } catch (error) {
    if (turn === opening) note(error.message);
    return false;
  }
  if (turn !== opening) return false;
  const to_s = at_s ?? film.start_s;
  if (film !== player.film) showFilm(film);
  if (player.instead && player.has(to_s)) player.seek(to_s);
  else { note(film.width ? "" : `${film.name} · sound only`); player.open(film, to_s); }
  if (step) jump(film, to_s);
  return true;
}

function showFilm(film) {
  $("film").textContent = film.name;
  document.title = `${film.name} · Playhead`;
  films.mark(film.id);
  const odd = film.warnings ?? [];
  fill($("warnings"), odd.map((words) => el("li", {}, words)));
  $("warnings").hidden = !odd.length;
  strip.show(film);
  moment.choose(film, null);
  transcript.open(film);
  player.film = null; // until it is opened: its own times are not those of the film before
  player.instead = null;
  document.body.dataset.film = film.width ? "picture" : "sound";
  markHits(film.id);
}

function markHits(id = player.film?.id) {
  strip.mark({ hits: results.hits.filter(({ video }) => video.id === id), nearest: results.nearest });
}

/** Show a span of a film, or play it to its end. */
async function choose(id, { start_s, end_s }, play) {
  const span = { start_s, end_s: Math.max(end_s, start_s + FRAME_S) };
  if (!(await openFilm(id, start_s))) return;
  strip.mark({ moment: span });
  moment.choose(player.film, span);
  reveal($("stage"));
  if (play) player.play(span);
  else announce(`At ${time(start_s)}`);
}

function note(words, act = "", onclick = null) {
  $("screen-note").hidden = !words;
  $("screen-words").textContent = words;
  const fresh = el("button", { id: "screen-act", type: "button", hidden: !act, onclick }, act);
  $("screen-act").replaceWith(fresh);
}

/** The server does not give the film, and says why; or the browser cannot play it, and then it can be cut into what it can. */
async function onUnplayable() {
  const { film, url } = player;
  const why = await refused(url);
  if (player.film !== film || player.url !== url) return;
  if (why) note(why);
  else note(`This browser cannot play ${film.name}. A clip of it can be made that it plays.`, "Make a clip of this moment", () => substitute(film));
}

async function substitute(film) {
  const at_s = player.time;
  const end_s = film.start_s + film.duration_s;
  const within = moment.span && at_s >= moment.span.start_s && at_s < moment.span.end_s;
  const span = within ? moment.span : { start_s: Math.max(film.start_s, Math.min(at_s, end_s - 1)), end_s: Math.min(at_s + SUBSTITUTE_S, end_s) };
  note("Cutting…");
  const job = await cut(film, span, undefined, moment.finished).catch((error) => ({ error }));
  if (player.film !== film) return;
  const made = job.files?.[0];
  if (!made) { note(job.error?.message ?? `The clip is ${job.state}`); return; }
  note("");
  player.open(film, Math.max(span.start_s, at_s), { ...span, url: `${made.url}?inline=1` });
  player.start();
}

function closeFilm() {
  note(`${player.film.name} is no longer in the library. Choose a film, or search.`);
  player.close();
  strip.show(null);
  transcript.open(null);
  moment.choose(null, null);
  $("film").textContent = "No film is open";
  document.title = "Playhead";
  document.body.dataset.film = "none";
  history.replaceState(null, "", location.pathname);
}

/** See what is in the library now: it may have changed in another tab. */
async function refresh() {
  const turn = ++refreshing;
  const library = await get("/api/library").catch((error) => jobs.lost(error));
  if (!library || turn !== refreshing) return;
  const { videos } = library;
  films.show(library);
  if (player.film && !videos.some(({ id }) => id === player.film.id)) closeFilm();
  films.mark(player.film?.id);
  if (!player.film && !videos.length) note("No film yet. Drop one here.");
  else if (!opening && videos.length === 1) await openFilm(videos[0].id, null, { step: false });
}

function fit() {
  $("words").placeholder = columns.matches ? "Search what is shown, said or written" : "Search";
  show();
}

/** On a phone one part is shown at a time; in two columns the transcript or what was asked. */
function show(part = document.body.dataset.part) {
  const shown = document.body.dataset;
  shown.part = part;
  if (part !== "finds") shown.below = part;
  const current = columns.matches ? shown.below : part;
  for (const button of document.querySelectorAll(".parts button")) {
    if (button.dataset.to === current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  transcript.reveal();
}

async function restore() {
  if (location.hash.includes("token=")) return location.reload(); // the address of a server that was started anew
  const there = named();
  if (there) await openFilm(there.video, there.at_s, { step: false });
}

function step(by) {
  const focused = document.activeElement;
  if (!$("lines").contains(focused)) return results.step(by);
  const row = focused.closest("li");
  (by > 0 ? row.nextElementSibling : row.previousElementSibling)?.firstChild.focus();
  return true;
}

function mark(edge) {
  if (!player.film) return;
  const now_s = player.time;
  const before = moment.span ?? { start_s: player.film.start_s, end_s: player.film.start_s + player.film.duration_s };
  const span = edge === "in" ? { start_s: now_s, end_s: before.end_s } : { start_s: before.start_s, end_s: now_s };
  if (span.end_s <= span.start_s) Object.assign(span, edge === "in" ? { end_s: player.film.start_s + player.film.duration_s } : { start_s: player.film.start_s });
  strip.mark({ moment: span });
  moment.choose(player.film, span);
  announce(`The moment is ${time(span.start_s)} to ${time(span.end_s)}`);
}

const skip = (by_s) => goTo(player.time + by_s);

function dropFiles() {
  let depth = 0;
  const over = (by) => { depth = Math.max(0, depth + by); $("drop").hidden = depth === 0; };
  const films = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (films(event)) { event.preventDefault(); over(1); } });
  addEventListener("dragleave", (event) => { if (films(event)) over(-1); });
  addEventListener("dragover", (event) => { if (films(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!films(event)) return;
    event.preventDefault();
    over(-depth);
    jobs.add([...event.dataTransfer.files]);
  });
}

function wire() {
  // What the film covers on a phone is no place to scroll to.
  new ResizeObserver(() => document.documentElement.style.setProperty("--stage", `${$("stage").offsetHeight}px`)).observe($("stage"));
  $("add").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => { jobs.add([...$("files").files]); $("files").value = ""; });
  $("search").addEventListener("submit", () => {
    if (matchMedia("(pointer: coarse)").matches) $("words").blur(); // the keyboard on the screen covers what was found
  });
  for (const button of document.querySelectorAll(".parts button")) button.addEventListener("click", () => show(button.dataset.to));
  columns.addEventListener("change", fit);
  fit();
  addEventListener("popstate", restore);
  dropFiles();
  listen({
    "/": () => { $("words").focus(); $("words").select(); },
    "?": showKeys,
    a: () => { show("asking"); $("request").focus(); },
    k: () => player.toggle(), " ": () => player.toggle(),
    j: () => skip(-10), l: () => skip(10),
    ArrowLeft: () => skip(-5), ArrowRight: () => skip(5),
    ",": () => skip(-FRAME_S), ".": () => skip(FRAME_S),
    ArrowUp: () => step(-1), ArrowDown: () => step(1),
    Enter: () => (moment.span ? moment.play(moment.span) : false),
    i: () => mark("in"), o: () => mark("out"), s: () => (moment.span ? moment.save() : false),
    m: () => player.mute(), f: () => player.fullScreen(),
  });
}

async function begin() {
  wire();
  try {
    await openSession();
  } catch (error) {
    jobs.lost(error);
    return;
  }
  jobs.tellBroken();
  addEventListener("focus", refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  try {
    await restore();
    await refresh();
    await jobs.look();
  } catch (error) {
    jobs.lost(error);
  }
}

begin();
