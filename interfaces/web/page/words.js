// Times, sizes and counts as people read them. Times look as they do everywhere else in Playhead.

/** `m:ss.s`, or `h:mm:ss.s` from one hour on. */
export function time(seconds) {
  const tenths = Math.round(Math.abs(seconds) * 10);
  const hours = Math.floor(tenths / 36000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const clock = hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  return seconds < 0 && tenths ? `-${clock}` : clock;
}

export const span = ({ start_s, end_s }) => (end_s - start_s < 0.05 ? time(start_s) : `${time(start_s)}–${time(end_s)}`);

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** In the order of people: film_2 comes before film_10. */
export const { compare } = new Intl.Collator(undefined, { numeric: true });

export function bytes(size) {
  if (size < 1000) return count(size, "byte");
  return size < 999_500 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(size < 1e7 ? 1 : 0)} MB`;
}

export const about = (seconds) => (seconds < 120 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`);

export const clipOf = (video, stretch) => `Clip of ${video.name} ${span(stretch)}`;

/** `cut_clip` as a person says it. */
export function plainly(name) {
  const said = name.replaceAll("_", " ");
  return said[0].toUpperCase() + said.slice(1);
}
