/** Numbers and names as people read them: as themis_jupyter/render/format.py writes them. */

const digits = (value: number): string => value.toFixed(value > 0 && value < 9.95 ? 1 : 0);

/** `812 B`, `1.2 kB`, `340 MB` (powers of 1000). */
export function size(count: number): string {
  if (count < 1000) return `${count.toFixed(0)} B`;
  for (const unit of ['kB', 'MB', 'GB']) {
    count /= 1000;
    if (Math.round(count) < 1000) return `${digits(count)} ${unit}`;
  }
  return `${digits(count / 1000)} TB`;
}

/** `45 µs`, `3.2 ms`, `1.5 s`, `2 min 5 s`, `1 h 4 min`; what is negative counts as 0. */
export function seconds(duration: number): string {
  duration = Math.max(duration, 0);
  if (Math.round(duration * 1e6) < 1000) return `${digits(duration * 1e6)} µs`;
  if (Math.round(duration * 1e3) < 1000) return `${digits(duration * 1e3)} ms`;
  if (Math.round(duration) < 60) return `${digits(duration)} s`;
  const whole = Math.round(duration);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Made once: to make one takes longer than to use it a hundred times.
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** The time of day where the reader is; with the date where it is another day. */
export function clock(epoch: number, now: Date = new Date()): string {
  const then = new Date(epoch * 1000);
  if (Number.isNaN(then.getTime())) return '?';
  return (then.toDateString() === now.toDateString() ? TIME : DAY_AND_TIME).format(then);
}

// Controls but tab and newline; marks that turn the writing direction; lone surrogates.
const UNSHOWABLE =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Text in which what would harm a display is written as an escape. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSHOWABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Text of any origin in one line, cut at `most` characters. */
export function oneLine(text: string, most = 300): string {
  // Cut first: a text may be huge, and its end is not shown.
  const line = printable(
    text
      .slice(0, most * 2)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return line.length <= most && text.length <= most * 2
    ? line
    : `${line.slice(0, most - 1).trimEnd()}…`;
}
