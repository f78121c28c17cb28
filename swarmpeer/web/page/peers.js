// The peers as a table that can be sorted.

import { byId, make, say, sayTag, set, shareBar, sync } from "./dom.js";
import * as words from "./words.js";

const timeLeft = (node) => node.expected ?? Infinity;

// What each is sorted by, one after the other; isUp: from the least on at first.
const COLUMNS = [
  { key: "id", name: () => "Peer", by: (n) => [n.id], isUp: true },
  { key: "state", name: () => "State", by: (n) => [!n.problems.length, n.state], isUp: true },
  { key: "share", name: () => "Done", by: (n) => [n.share] },
  { key: "held", name: () => "Pieces", by: (n) => [n.held], number: true },
  { key: "in", name: (lab) => (lab ? "In" : "Gives us"), by: (n) => [n.inRate], number: true },
  { key: "out", name: (lab) => (lab ? "Out" : "Gets"), by: (n) => [n.outRate], number: true },
  { key: "left", name: () => "Time left", by: (n) => [timeLeft(n)], number: true, isUp: true },
  { key: "serves", name: () => "Serves", by: (n) => [n.serves.length] },
];

export class PeersTable {
  #head = byId("peers").tHead.rows[0];
  #body = byId("peers").tBodies[0];
  #sort = { key: "id", isUp: true };
  #open;
  #changed;

  constructor(open, changed) {
    this.#open = open;
    this.#changed = changed;
  }

  show(model, selected) {
    sync(
      this.#head,
      COLUMNS,
      (column) => column.key,
      (column) => this.#makeHead(column),
      (cell, column) => {
        say(cell.firstChild, column.name(model.isLab));
        const direction = this.#sort.isUp ? "ascending" : "descending";
        set(cell, "aria-sort", column.key === this.#sort.key ? direction : null);
      },
    );
    const { by } = COLUMNS.find((column) => column.key === this.#sort.key);
    const sign = this.#sort.isUp ? 1 : -1;
    sync(
      this.#body,
      [...model.nodes].sort((a, b) => sign * compare(by(a), by(b)) || a.id - b.id),
      (node) => node.id,
      (node) => this.#makeRow(node.id),
      (row, node) => showRow(row, node, node.id === selected, model),
    );
  }

  #makeHead(column) {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => {
      const isAgain = this.#sort.key === column.key;
      this.#sort = { key: column.key, isUp: isAgain ? !this.#sort.isUp : column.isUp === true };
      this.#changed();
    });
    return make("th", { scope: "col", class: column.number ? "number" : null }, button);
  }

  #makeRow(id) {
    const button = make("button", { type: "button", class: "peer", "data-peer": id }, String(id));
    button.addEventListener("click", (event) => this.#open(id, event.detail === 0));
    const number = () => make("td", { class: "number" });
    const state = make("td", { class: "nowrap" }, make("span"));
    const share = make("td", {}, shareBar());
    const serves = make("td", { class: "ids" });
    const numbers = [number(), number(), number(), number()];
    return make("tr", {}, make("td", {}, button), state, share, ...numbers, serves);
  }
}

function compare(some, others) {
  const at = some.findIndex((value, place) => value !== others[place]);
  if (at === -1) return 0;
  return some[at] < others[at] ? -1 : 1;
}

// What a peer is at, in words and as a kind of tag.
function stateOf(node) {
  if (node.isSilent && !node.isComplete) {
    return [node.isOver ? "ended" : "does not answer", "trouble"];
  }
  const state = words.state(node.state);
  const said = node.isComplete ? `✓ ${state}` : state;
  const count = node.problems.length;
  if (count) return [`${said} · ${words.many(count, "problem")}`, "trouble"];
  return [said, node.isComplete ? "good" : ""];
}

function showRow(row, node, isSelected, model) {
  const [, state, share, held, inRate, outRate, expected, serves] = row.children;
  const isOther = !model.isLab && node.status === null;
  set(row, "class", isSelected ? "selected" : null);
  sayTag(state.firstChild, ...stateOf(node));
  share.firstChild.show(node.share, words.percent(node.share));
  say(held, words.count(node.held));
  // On a peer's own page its own row has the sums, which stand above already.
  say(inRate, model.isLab || isOther ? words.rate(node.inRate) : "–");
  say(outRate, model.isLab || isOther ? words.rate(node.outRate) : "–");
  say(expected, isOther && !node.isComplete ? "–" : words.expected(node.expected));
  say(serves, words.list(node.serves, 4));
}
