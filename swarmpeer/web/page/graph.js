// The swarm as a graph: the peers in a circle, in the order of their ids, so that each
// stays where it is; on a peer's own page that peer is in the middle.

import { byId, draw, make, say, set, sync } from "./dom.js";
import * as words from "./words.js";

const [LEAST_SIDE, MOST_SIDE] = [300, 640];
const MOST_EDGES = 300;
const MOST_ROWS = 500;

export class Graph {
  #svg = byId("graph");
  #edges = draw("g");
  #nodes = draw("g");
  #open;
  #current = null;
  #order = [];

  constructor(open) {
    this.#open = open;
    this.#svg.append(this.#edges, this.#nodes);
    this.#svg.addEventListener("keydown", (event) => this.#press(event));
  }

  show(model, selected) {
    // As many units as there is room, so that letters are as large as all others.
    const side = Math.max(LEAST_SIDE, Math.min(MOST_SIDE, this.#svg.clientWidth || MOST_SIDE));
    set(this.#svg, "viewBox", `0 0 ${side} ${side}`);
    const places = layout(model, side / 2);
    const { edges, isThinned } = thinned(model.edges, selected);
    const most = Math.max(1, ...edges.map((edge) => edge.rate));
    const faint = Math.max(0.28, Math.min(0.9, 70 / edges.length));
    sync(
      this.#edges,
      edges,
      (edge) => edge.key,
      () => draw("g", {}, draw("path"), draw("path")),
      (group, edge) => {
        const isOfSelected = edge.from === selected || edge.to === selected;
        const opacity = isOfSelected ? 0.95 : selected === null || model.nodes.length < 4 ? faint : faint * 0.45;
        drawEdge(group, edge, places, most, opacity, side / 2);
      },
    );
    this.#order = model.nodes.map((node) => node.id);
    if (!this.#order.includes(this.#current)) this.#current = selected ?? this.#order[0] ?? null;
    const labelStep = Math.ceil((model.nodes.length / 90) * (MOST_SIDE / side));
    sync(
      this.#nodes,
      model.nodes,
      (node) => node.id,
      (node) => this.#makeNode(node.id),
      (group, node) => {
        const isLabelled = places.get(node.id).number % labelStep === 0 || node.id === selected;
        drawNode(group, node, places.get(node.id), isLabelled);
        set(group, "tabindex", node.id === this.#current ? 0 : -1);
        set(group, "aria-pressed", node.id === selected);
        group.classList.toggle("selected", node.id === selected);
      },
    );
    const served = words.many(model.edges.length, "line");
    say(byId("graph-note"), isThinned ? `the ${edges.length} that carry most, of ${served}` : served);
    this.#showTable(model);
  }

  #makeNode(id) {
    const group = draw(
      "g",
      { class: "node", role: "button", "data-peer": id },
      draw("title"),
      draw("circle", { class: "ring" }),
      draw("circle", { class: "face" }),
      draw("circle", { class: "done", pathLength: 100 }),
      draw("text", { class: "name" }),
      draw("text", { class: "small" }),
      draw("circle", { class: "mark" }),
      draw("text", { class: "mark-text" }),
    );
    group.addEventListener("click", () => {
      this.#current = id;
      this.#open(id, false);
    });
    return group;
  }

  #press(event) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const at = this.#order.indexOf(this.#current);
    let next = at;
    if (event.key in steps) next = (at + steps[event.key] + this.#order.length) % this.#order.length;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = this.#order.length - 1;
    else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#open(this.#current, true);
      return;
    } else return;
    event.preventDefault();
    this.focus(this.#order[next]);
  }

  focus(id) {
    for (const node of this.#nodes.children) {
      const isIt = node.dataset.peer === String(id);
      set(node, "tabindex", isIt ? 0 : -1);
      if (isIt) {
        this.#current = id;
        node.focus();
      }
    }
  }

  #showTable(model) {
    if (!byId("edges").open) return;
    const rows = [...model.edges].sort((a, b) => a.from - b.from || a.to - b.to).slice(0, MOST_ROWS);
    sync(
      byId("edges-body"),
      rows,
      (edge) => edge.key,
      (edge) => make("tr", {}, make("td", {}, String(edge.from)), make("td", {}, String(edge.to)),
        make("td", {}, make("span")), make("td", { class: "number" })),
      (row, edge) => {
        const [, , kind, at] = row.children;
        say(kind.firstChild, edge.kind);
        set(kind.firstChild, "class", `tag ${edge.kind}`);
        say(at, words.rate(edge.rate));
      },
    );
  }
}

function layout(model, middle) {
  const places = new Map();
  const centre = model.isLab || model.own.length !== 1 ? null : model.own[0].id;
  const around = model.nodes.filter((node) => node.id !== centre);
  const n = Math.max(1, around.length);
  const room = Math.min(30, (0.36 * 2 * Math.PI * (middle - 40)) / n);
  const isAside = room < 18;
  const r = isAside ? Math.max(3, Math.min(9, room)) : room;
  const R = middle - r - (isAside ? 46 : 12);
  around.forEach((node, number) => {
    const turn = (number / n) * 2 * Math.PI - Math.PI / 2;
    places.set(node.id, {
      number, turn, r, isAside,
      x: middle + R * Math.cos(turn),
      y: middle + R * Math.sin(turn),
      font: isAside ? (n <= 64 ? 12 : 10) : r >= 26 ? 14 : 11,
    });
  });
  if (centre !== null) places.set(centre, { number: 0, turn: 0, r: middle / 7.5, isAside: false, x: middle, y: middle, font: middle / 18 });
  return places;
}

// Of too many only those that carry most, and all of the peer that is looked at.
function thinned(edges, selected) {
  if (edges.length <= MOST_EDGES) return { edges, isThinned: false };
  const kept = [...edges].sort((a, b) => b.rate - a.rate).slice(0, MOST_EDGES);
  const keys = new Set(kept.map((edge) => edge.key));
  for (const edge of edges) {
    if ((edge.from === selected || edge.to === selected) && !keys.has(edge.key)) kept.push(edge);
  }
  return { edges: kept, isThinned: true };
}

function drawEdge(group, edge, places, most, opacity, middle) {
  const a = places.get(edge.from);
  const b = places.get(edge.to);
  const [line, tip] = group.children;
  const width = 1.2 + 5.3 * Math.sqrt(edge.rate / most);
  // Bent to its own right, so that the two ways between two peers lie side by side; and
  // towards the middle, so that neighbours in the circle do not hide each other.
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const far = Math.hypot(dx, dy) || 1;
  const bend = 0.11 * far;
  const cx = (a.x + b.x) / 2 + (-dy / far) * bend + ((middle - (a.x + b.x) / 2) * 0.22);
  const cy = (a.y + b.y) / 2 + (dx / far) * bend + ((middle - (a.y + b.y) / 2) * 0.22);
  const start = towards(a, cx, cy, a.r + 5);
  const tipLength = Math.min(16, 7 + width * 1.3);
  const end = towards(b, cx, cy, b.r + 5);
  const neck = towards(b, cx, cy, b.r + 5 + tipLength);
  set(line, "class", `edge ${edge.kind}`);
  set(line, "d", `M${start.x} ${start.y}Q${cx.toFixed(1)} ${cy.toFixed(1)} ${neck.x} ${neck.y}`);
  line.style.strokeWidth = width.toFixed(1);
  const ux = (end.x - neck.x) / tipLength;
  const uy = (end.y - neck.y) / tipLength;
  const h = 2.5 + width * 0.85;
  const p = (along, aside) => `${(+neck.x + ux * along - uy * aside).toFixed(1)} ${(+neck.y + uy * along + ux * aside).toFixed(1)}`;
  const half = tipLength / 2;
  const shapes = {
    preferred: `M${p(-1, h)}L${p(tipLength, 0)}L${p(-1, -h)}Z`,
    optimistic: `M${p(0, 0)}L${p(half, h)}L${p(tipLength, 0)}L${p(half, -h)}Z`,
    served: `M${p(half, h)}L${p(tipLength, h)}L${p(tipLength, -h)}L${p(half, -h)}Z`,
  };
  set(tip, "class", `tip ${edge.kind}`);
  set(tip, "d", shapes[edge.kind]);
  group.style.opacity = opacity.toFixed(2);
}

function towards(place, x, y, distance) {
  const dx = x - place.x;
  const dy = y - place.y;
  const far = Math.hypot(dx, dy) || 1;
  return { x: (place.x + (dx / far) * distance).toFixed(1), y: (place.y + (dy / far) * distance).toFixed(1) };
}

function drawNode(group, node, place, isLabelled) {
  const [title, ring, face, done, name, small, mark, markText] = group.children;
  const { x, y, r, isAside, font } = place;
  for (const circle of [ring, face, done]) {
    set(circle, "cx", x);
    set(circle, "cy", y);
  }
  const thick = isAside ? 3 : 5;
  set(ring, "r", r + 5);
  set(face, "r", r);
  set(done, "r", r - thick / 2);
  done.style.strokeWidth = thick;
  done.style.strokeDasharray = `${node.share * 100} 100`;
  set(done, "transform", `rotate(-90 ${x} ${y})`);
  group.classList.toggle("complete", node.isComplete);
  group.classList.toggle("silent", node.isSilent);
  name.style.fontSize = `${font}px`;
  small.style.fontSize = `${font - 2.5}px`;
  if (isAside) {
    const isLeft = Math.cos(place.turn) < -1e-9;
    const degrees = (place.turn * 180) / Math.PI + (isLeft ? 180 : 0);
    set(name, "class", `aside${isLeft ? " flipped" : ""}`);
    set(name, "x", x + (isLeft ? -1 : 1) * (r + 8));
    set(name, "y", y);
    set(name, "transform", `rotate(${degrees.toFixed(2)} ${x} ${y})`);
    say(name, isLabelled ? node.id : "");
    say(small, "");
  } else {
    set(name, "class", "name");
    set(name, "transform", null);
    set(name, "x", x);
    set(name, "y", y - font * 0.42);
    set(small, "x", x);
    set(small, "y", y + font * 0.68);
    say(name, node.id);
    say(small, node.isComplete ? "✓" : words.percent(node.share));
  }
  const hasMark = node.problems.length > 0 && !isAside;
  set(mark, "r", hasMark ? 9 : 0);
  set(mark, "cx", x + r * 0.75);
  set(mark, "cy", y - r * 0.75);
  set(markText, "x", x + r * 0.75);
  set(markText, "y", y - r * 0.75);
  markText.style.fontSize = "13px";
  say(markText, hasMark ? "!" : "");
  const told = [
    `Peer ${node.id}`,
    node.isSilent ? "does not answer" : words.state(node.state),
    words.percent(node.share),
    `serves ${words.list(node.serves)}`,
    ...node.problems.slice(0, 3).map((p) => words.problem(p)),
  ].join(", ");
  say(title, told);
  set(group, "aria-label", told);
}
