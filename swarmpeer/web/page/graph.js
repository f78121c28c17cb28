// The swarm as a graph: the peers in a circle, in the order of their ids, so that each
// stays where it is; on a peer's own page that peer is in the middle.

import { byId, draw, make, say, sayTag, set, sync } from "./dom.js";
import * as words from "./words.js";

const [LEAST_SIDE, MOST_SIDE] = [300, 640];
const MOST_EDGES = 300;
const MOST_ROWS = 500;
// How visible a line is: alone, among very many, of the peer that is looked at, beside it.
const [CLEAR, FAINT, LOOKED_AT, ASIDE] = [0.9, 0.28, 0.95, 0.45];
const FEW_LINES = 70;
const FEW_PEERS = 4;
const MOST_LABELS = 90;
const TURN = 2 * Math.PI;
// How large a peer is, and how small one whose name has to stand beside it.
const [LEAST_RADIUS, MOST_RADIUS] = [18, 30];
const [LEAST_SMALL_RADIUS, MOST_SMALL_RADIUS] = [3, 9];
// So much of the circle is peers, and the rest is between them.
const TAKEN = 0.72;
// From the circle to the border: about, and with names in the peers or outside of them.
const [MARGIN, MARGIN_WITHIN, MARGIN_ASIDE] = [40, 12, 46];
// From a peer to its ring, which lines do not touch.
const RING = 5;
const [LEAST_WIDTH, MOST_WIDTH] = [1.2, 6.5];
// How far lines are bent to their own right, and towards the middle.
const [BENT_ASIDE, BENT_INWARDS] = [0.11, 0.22];
// The tip of each kind of line, for whom colours are the same: an arrow, a diamond and a
// bar, as points along the line and aside of it.
const TIPS = {
  preferred: [[-0.1, 1], [1, 0], [-0.1, -1]],
  optimistic: [[0, 0], [0.5, 1], [1, 0], [0.5, -1]],
  served: [[0.5, 1], [1, 1], [1, -1], [0.5, -1]],
};

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const MOVES = new Set([...Object.keys(STEPS), "Home", "End"]);

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
    const side = within(LEAST_SIDE, this.#svg.clientWidth || MOST_SIDE, MOST_SIDE);
    set(this.#svg, "viewBox", `0 0 ${side} ${side}`);
    const places = layout(model, side / 2);
    const { edges, isThinned } = thinned(model.edges, selected);
    const most = Math.max(1, ...edges.map((edge) => edge.rate));
    const plain = within(FAINT, FEW_LINES / edges.length, CLEAR);
    const isCrowd = selected !== null && model.nodes.length >= FEW_PEERS;
    const unlike = isCrowd ? plain * ASIDE : plain;
    sync(
      this.#edges,
      edges,
      (edge) => edge.key,
      () => draw("g", {}, draw("path"), draw("path")),
      (group, edge) => {
        group.style.opacity = (isOf(edge, selected) ? LOOKED_AT : unlike).toFixed(2);
        drawEdge(group, edge, curve(edge, places, most, side / 2));
      },
    );
    this.#order = model.nodes.map((node) => node.id);
    if (!this.#order.includes(this.#current)) this.#current = selected ?? this.#order[0] ?? null;
    const labelStep = Math.ceil((model.nodes.length / MOST_LABELS) * (MOST_SIDE / side));
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
    const when = model.isOver ? " at the end" : "";
    const lines = `${words.many(model.edges.length, "line")}${when}`;
    const note = isThinned ? `the ${edges.length} that carry most, of ${lines}` : lines;
    say(byId("graph-note"), note);
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
    if (event.key === "Enter" || event.key === " ") this.#open(this.#current, true);
    else if (MOVES.has(event.key)) this.focus(this.#order.at(this.#reached(event.key)));
    else return;
    event.preventDefault();
  }

  // Behind the last comes the first again.
  #reached(key) {
    if (key === "Home") return 0;
    if (key === "End") return -1;
    return (this.#order.indexOf(this.#current) + STEPS[key]) % this.#order.length;
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
    const rows = [...model.edges].sort((a, b) => a.from - b.from || a.to - b.to);
    sync(byId("edges-body"), rows.slice(0, MOST_ROWS), (edge) => edge.key, makeRow, showRow);
  }
}

function makeRow(edge) {
  const ends = [edge.from, edge.to].map((id) => make("td", {}, String(id)));
  return make("tr", {}, ...ends, make("td", {}, make("span")), make("td", { class: "number" }));
}

function showRow(row, edge) {
  const [, , kind, rate] = row.children;
  sayTag(kind.firstChild, edge.kind, edge.kind);
  say(rate, words.rate(edge.rate));
}

const within = (least, value, most) => Math.max(least, Math.min(most, value));
const fontAside = (count) => (count <= 64 ? 12 : 10);
const fontWithin = (radius) => (radius >= 26 ? 14 : 11);
const isOf = (edge, id) => edge.from === id || edge.to === id;
const middleOf = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
const pair = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function layout(model, middle) {
  const centre = model.isLab || model.own.length !== 1 ? null : model.own[0].id;
  const places = circle(model.nodes.filter((node) => node.id !== centre), middle);
  if (centre !== null) {
    places.set(centre, {
      number: 0, turn: 0, isAside: false,
      x: middle, y: middle, radius: middle / 7.5, font: middle / 18,
    });
  }
  return places;
}

// From the top on and clockwise.
function circle(nodes, middle) {
  const count = Math.max(1, nodes.length);
  const room = Math.min(MOST_RADIUS, (TAKEN * Math.PI * (middle - MARGIN)) / count);
  const isAside = room < LEAST_RADIUS;
  const radius = isAside ? within(LEAST_SMALL_RADIUS, room, MOST_SMALL_RADIUS) : room;
  const far = middle - radius - (isAside ? MARGIN_ASIDE : MARGIN_WITHIN);
  const font = isAside ? fontAside(count) : fontWithin(radius);
  const placeOf = (number) => {
    const turn = (number / count - 1 / 4) * TURN;
    const [x, y] = [middle + far * Math.cos(turn), middle + far * Math.sin(turn)];
    return { number, turn, isAside, x, y, radius, font };
  };
  return new Map(nodes.map((node, number) => [node.id, placeOf(number)]));
}

// Of too many only those that carry most, and all of the peer that is looked at.
function thinned(edges, selected) {
  if (edges.length <= MOST_EDGES) return { edges, isThinned: false };
  const byRate = [...edges].sort((a, b) => b.rate - a.rate);
  const isKept = (edge, rank) => rank < MOST_EDGES || isOf(edge, selected);
  return { edges: byRate.filter(isKept), isThinned: true };
}

// The way of a line.  It is bent to its own right, so that the two ways between two peers
// lie side by side; and towards the middle, so that neighbours in the circle do not hide
// each other.
function curve(edge, places, most, middle) {
  const [from, to] = [places.get(edge.from), places.get(edge.to)];
  const width = LEAST_WIDTH + (MOST_WIDTH - LEAST_WIDTH) * Math.sqrt(edge.rate / most);
  const tipLength = Math.min(16, 7 + width * 1.3);
  const half = middleOf(from, to);
  const bend = {
    x: half.x - (to.y - from.y) * BENT_ASIDE + (middle - half.x) * BENT_INWARDS,
    y: half.y + (to.x - from.x) * BENT_ASIDE + (middle - half.y) * BENT_INWARDS,
  };
  const start = towards(from, bend, from.radius + RING);
  const tip = towards(to, bend, to.radius + RING);
  const neck = towards(to, bend, to.radius + RING + tipLength);
  return { width, start, bend, neck, tip };
}

// So far from a place on the way to another one.
function towards(place, other, distance) {
  const [dx, dy] = [other.x - place.x, other.y - place.y];
  const share = distance / (Math.hypot(dx, dy) || 1);
  return { x: place.x + dx * share, y: place.y + dy * share };
}

function drawEdge(group, edge, { width, start, bend, neck, tip }) {
  const [line, end] = group.children;
  set(line, "class", `edge ${edge.kind}`);
  set(line, "d", `M${pair(start)}Q${pair(bend)} ${pair(neck)}`);
  line.style.strokeWidth = width.toFixed(1);
  const [dx, dy] = [tip.x - neck.x, tip.y - neck.y];
  const broad = (2.5 + width * 0.85) / (Math.hypot(dx, dy) || 1);
  const points = TIPS[edge.kind].map(([along, aside]) => pair({
    x: neck.x + dx * along - dy * aside * broad,
    y: neck.y + dy * along + dx * aside * broad,
  }));
  set(end, "class", `tip ${edge.kind}`);
  set(end, "d", `M${points.join("L")}Z`);
}

function drawNode(group, node, place, isLabelled) {
  const [title, ring, face, done, name, small, mark, markText] = group.children;
  group.classList.toggle("complete", node.isComplete);
  group.classList.toggle("silent", node.isSilent);
  drawCircles([ring, face, done], node.share, place);
  if (place.isAside) {
    drawNameAside(name, isLabelled ? node.id : "", place);
    say(small, "");
  } else {
    drawNameWithin(name, small, node, place);
  }
  drawMark(mark, markText, node.problems.length > 0, place);
  const told = nodeWords(node);
  say(title, told);
  set(group, "aria-label", told);
}

function drawCircles([ring, face, done], share, { x, y, radius, isAside }) {
  for (const circle of [ring, face, done]) {
    set(circle, "cx", x);
    set(circle, "cy", y);
  }
  const thick = isAside ? 3 : 5;
  set(ring, "r", radius + RING);
  set(face, "r", radius);
  set(done, "r", radius - thick / 2);
  done.style.strokeWidth = thick;
  done.style.strokeDasharray = `${share * 100} 100`;
  set(done, "transform", `rotate(-90 ${x} ${y})`);
}

// Along the line from the middle, but never upside down.
function drawNameAside(name, id, { x, y, radius, turn, font }) {
  const isLeft = Math.cos(turn) < -1e-9;
  const degrees = (turn / TURN) * 360 + (isLeft ? 180 : 0);
  name.style.fontSize = `${font}px`;
  set(name, "class", isLeft ? "aside flipped" : "aside");
  set(name, "x", x + (isLeft ? -1 : 1) * (radius + 8));
  set(name, "y", y);
  set(name, "transform", `rotate(${degrees.toFixed(2)} ${x} ${y})`);
  say(name, id);
}

function drawNameWithin(name, small, node, { x, y, font }) {
  name.style.fontSize = `${font}px`;
  small.style.fontSize = `${font - 2.5}px`;
  set(name, "class", "name");
  set(name, "transform", null);
  set(name, "x", x);
  set(name, "y", y - font * 0.42);
  set(small, "x", x);
  set(small, "y", y + font * 0.68);
  say(name, node.id);
  say(small, node.isComplete ? "✓" : words.percent(node.share));
}

function drawMark(mark, markText, hasProblems, { x, y, radius, isAside }) {
  const isMarked = hasProblems && !isAside;
  const [right, up] = [x + radius * 0.75, y - radius * 0.75];
  set(mark, "r", isMarked ? 9 : 0);
  set(mark, "cx", right);
  set(mark, "cy", up);
  set(markText, "x", right);
  set(markText, "y", up);
  markText.style.fontSize = "13px";
  say(markText, isMarked ? "!" : "");
}

function stateWords(node) {
  const state = words.state(node.state);
  if (node.isOver) return node.isComplete ? [state, "ended"] : ["ended"];
  return [node.isSilent ? "does not answer" : state];
}

function nodeWords(node) {
  return [
    `Peer ${node.id}`,
    ...stateWords(node),
    words.percent(node.share),
    `serves ${words.list(node.serves)}`,
    ...node.problems.slice(0, 3).map((p) => words.problem(p)),
  ].join(", ");
}
