// Sizes, shares, times and states as people read them.  What text.py has too is the same
// here: sizes, shares and times.

const UNITS = ["B", "kB", "MB", "GB", "TB"];
// So many seconds are one of the first, which has so many of the second.
const SPANS = [[86400, "d", 24, "h"], [3600, "h", 60, "min"], [60, "min", 60, "s"]];

export function size(bytes) {
  let power = 0;
  while (bytes >= 999.5 && power < UNITS.length - 1) {
    bytes /= 1000;
    power += 1;
  }
  const isWhole = power === 0 || bytes >= 99.95;
  return `${isWhole ? bytes.toFixed(0) : bytes.toPrecision(3)} ${UNITS[power]}`;
}

export const rate = (bytes) => `${size(bytes)}/s`;

// Rounded down: 100% is all.  What is a whole percent may be a hair less, as 0.29 is.
export const percent = (share) => `${Math.floor(share * 100 + 1e-9)}%`;

export const count = (number) => number.toLocaleString("en");

// Rounded down too.
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const span = SPANS.find(([length]) => whole >= length);
  if (span === undefined) return `${whole} s`;
  const [length, big, parts, small] = span;
  const rest = Math.floor(((whole % length) * parts) / length);
  return `${Math.floor(whole / length)} ${big}${rest ? ` ${rest} ${small}` : ""}`;
}

// When something was; of a peer that ended, counted from there.
export const before = (seconds, isOver) =>
  `${duration(seconds)} ${isOver ? "before the end" : "ago"}`;

export function expected(seconds) {
  if (seconds === null) return "unknown";
  return seconds === 0 ? "done" : duration(seconds);
}

const pieces = ([first, last]) => (first === last ? "piece" : "pieces");
const ends = ([first, last]) => count(first) + (first === last ? "" : ` to ${count(last)}`);

export const run = (one) => `${pieces(one)} ${ends(one)}`;

export function runs(all, most = 4) {
  const shown = all.slice(0, most).map(ends).join(", ");
  const more = all.length > most ? ` and ${count(all.length - most)} more runs` : "";
  return `${all.length === 1 ? pieces(all[0]) : "pieces"} ${shown}${more}`;
}

export function list(ids, most = 8) {
  if (!ids.length) return "nobody";
  const shown = ids.slice(0, most).join(", ");
  return ids.length > most ? `${shown} and ${ids.length - most} more` : shown;
}

export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

const STATES = {
  starting: "starting",
  joining: "asks for the manifest",
  checking: "checks its disk",
  fetching: "fetching",
  placing: "puts files in place",
  complete: "complete",
  // A seed that tells of its pieces one by one.
  showing: "seed, tells piece by piece",
};

export const state = (name) => STATES[name] ?? name;

// What the peer says is a whole sentence already.  A time comes behind it, so it ends
// without a stop.
export const problem = (p) => p.text.replace(/\.$/, "");
