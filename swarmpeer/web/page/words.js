// Sizes, times and states as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes) {
  let power = 0;
  while (bytes >= 999.5 && power < UNITS.length - 1) {
    bytes /= 1000;
    power += 1;
  }
  const digits = power === 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return `${bytes.toFixed(digits)} ${UNITS[power]}`;
}

export const rate = (bytes) => `${size(bytes)}/s`;

// Rounded down: 100 % is all.
export const percent = (share) => `${Math.floor(share * 100)} %`;

export const count = (number) => number.toLocaleString("en");

export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ""}`;
  const h = Math.floor(s / 3600);
  if (h < 48) return `${h} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(h / 24)} days ${h % 24} h`;
}

export const expected = (seconds) => (seconds === null ? "unknown" : seconds === 0 ? "done" : duration(seconds));

export function run([first, last]) {
  return first === last ? `piece ${count(first)}` : `pieces ${count(first)} to ${count(last)}`;
}

export function runs(all, most = 4) {
  const shown = all.slice(0, most).map(([first, last]) => (first === last ? count(first) : `${count(first)} to ${count(last)}`));
  const more = all.length > most ? ` and ${count(all.length - most)} more runs` : "";
  return `${all.length === 1 && all[0][0] === all[0][1] ? "piece" : "pieces"} ${shown.join(", ")}${more}`;
}

export function list(ids, most = 8) {
  if (!ids.length) return "nobody";
  const shown = ids.slice(0, most).join(", ");
  return ids.length > most ? `${shown} and ${ids.length - most} more` : shown;
}

export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

const STATES = {
  starting: "starting",
  joining: "asks for the manifest",
  checking: "checks its disk",
  fetching: "fetching",
  placing: "puts files in place",
  complete: "complete",
  // A seed that tells of its pieces one by one.
  showing: "seed, tells bit by bit",
};

export const state = (name) => STATES[name] ?? name;

// What the peer says is a whole sentence already.  A time comes behind it, so it ends
// without a stop.
export const problem = (p) => p.text.replace(/\.$/, "");
