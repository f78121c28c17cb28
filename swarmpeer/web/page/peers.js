// The peers as a table that can be sorted.

import { byId, make, say, set, shareBar, sync } from "./dom.js";
import * as words from "./words.js";

const far = (value) => (value === null ? Infinity : value);

const COLUMNS = [
  { key: "id", name: () => "Peer", value: (n) => n.id },
  { key: "state", name: () => "State", value: (n) => (n.problems.length ? ` ${n.state}` : n.state) },
  { key: "share", name: () => "Done", value: (n) => n.share },
  { key: "held", name: () => "Pieces", value: (n) => n.held, number: true },
  { key: "in", name: (lab) => (lab ? "In" : "Gives us"), value: (n) => n.inRate, number: true },
  { key: "out", name: (lab) => (lab ? "Out" : "Gets"), value: (n) => n.outRate, number: true },
  { key: "expected", name: () => "Expected", value: (n) => far(n.expected), number: true },
  { key: "serves", name: () => "Serves", value: (n) => n.serves.length },
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
        const isIt = column.key === this.#sort.key;
        set(cell, "aria-sort", isIt ? (this.#sort.isUp ? "ascending" : "descending") : null);
      },
    );
    const { value } = COLUMNS.find((column) => column.key === this.#sort.key);
    const sign = this.#sort.isUp ? 1 : -1;
    const rows = [...model.nodes].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return (x < y ? -sign : x > y ? sign : 0) || a.id - b.id;
    });
    sync(
      this.#body,
      rows,
      (node) => node.id,
      (node) => this.#makeRow(node.id),
      (row, node) => showRow(row, node, node.id === selected, model),
    );
  }

  #makeHead(column) {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => {
      const isUp = this.#sort.key === column.key ? !this.#sort.isUp : ["id", "state", "expected"].includes(column.key);
      this.#sort = { key: column.key, isUp };
      this.#changed();
    });
    return make("th", { scope: "col", class: column.number ? "number" : null }, button);
  }

  #makeRow(id) {
    const button = make("button", { type: "button", class: "peer", "data-peer": id }, String(id));
    button.addEventListener("click", (event) => this.#open(id, event.detail === 0));
    const number = () => make("td", { class: "number" });
    return make("tr", {},
      make("td", {}, button), make("td", { class: "nowrap" }, make("span")), make("td", {}, shareBar()),
      number(), number(), number(), number(), make("td", { class: "ids" }));
  }
}

function showRow(row, node, isSelected, model) {
  const [, state, share, held, inRate, outRate, expected, serves] = row.children;
  const isOther = !model.isLab && node.status === null;
  set(row, "class", isSelected ? "selected" : null);
  const trouble = node.problems.length ? ` · ${words.many(node.problems.length, "problem")}` : "";
  const quiet = node.isSilent && !node.isComplete;
  say(state.firstChild, quiet ? "does not answer" : `${node.isComplete ? "✓ " : ""}${words.state(node.state)}${trouble}`);
  set(state.firstChild, "class", `tag${trouble || quiet ? " trouble" : node.isComplete ? " good" : ""}`);
  share.firstChild.show(node.share, words.percent(node.share));
  say(held, words.count(node.held));
  // On a peer's own page its own row has the sums, which stand above already.
  say(inRate, model.isLab || isOther ? words.rate(node.inRate) : "–");
  say(outRate, model.isLab || isOther ? words.rate(node.outRate) : "–");
  say(expected, isOther && !node.isComplete ? "–" : words.expected(node.expected));
  say(serves, words.list(node.serves, 4));
}
