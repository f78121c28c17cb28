// Who holds which pieces: a row for each peer, a column for each bucket of pieces, and on
// top of them how many hold each.

import { byId, say, saySentence } from "./dom.js";
import { rarest } from "./model.js";
import * as words from "./words.js";

// From the top down: how many hold each, marks below the rarest, and a row for each peer.
const COPIES = 46;
const TOP = 70;
const MOST_HEIGHT = 520;
const [LEAST_ROW, MOST_ROW] = [2, 20];
const LEAST_SEPARATED_ROW = 6;
const LEAST_SEPARATED_COLUMN = 4;
const LETTER_HEIGHT = 13;
const MARKS_APART = 9;
// The strongest shade is only for what is whole.
const [WHOLE, NEARLY] = [255, 254];
const NEARLY_STRENGTH = 0.75;
const OPAQUE = 255;
const [SCALE_WIDTH, SCALE_SHADES, SCALE_HEIGHT] = [80, 70, 12];
const STEPS = {
  ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0],
};

export class PieceMap {
  #canvas = byId("pieces");
  #image = document.createElement("canvas");
  #model = null;
  #row = 0;
  #column = 0;
  #place = { left: 0, height: 1, width: 1 };

  constructor() {
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("keydown", (event) => this.#press(event));
    const again = () => this.#model && this.show(this.#model);
    new ResizeObserver(again).observe(this.#canvas.parentElement);
  }

  show(model) {
    this.#model = model;
    const rare = rarest(model);
    say(byId("rarest"), rarestWords(model, rare));
    say(byId("pieces-note"), pieceWords(model));
    this.#paint(model, rare);
  }

  #paint(model, rare) {
    const rows = model.nodes.length;
    const each = Math.floor(MOST_HEIGHT / Math.max(1, rows));
    const height = Math.max(LEAST_ROW, Math.min(MOST_ROW, each));
    const style = getComputedStyle(this.#canvas.parentElement);
    const wide = this.#canvas.parentElement.clientWidth - 2 * parseFloat(style.paddingLeft);
    const pen = this.#clear(wide, TOP + height * rows);
    const names = model.nodes.map((node) => pen.measureText(node.id).width);
    const left = Math.ceil(Math.max(24, ...names)) + 8;
    const place = { left, height, width: wide - left };
    this.#place = place;
    if (!model.copies.length) return;
    const colour = colours();
    const shades = ramp(colour);
    paintCopies(pen, model, rare, colour, place);
    this.#paintRows(pen, model, shades, place);
    paintNames(pen, model, colour, place);
    paintScale(shades);
  }

  // A clean canvas, as fine as the screen.
  #clear(width, height) {
    const scale = window.devicePixelRatio || 1;
    const [pixelsWide, pixelsHigh] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== pixelsWide) this.#canvas.width = pixelsWide;
    if (this.#canvas.height !== pixelsHigh) this.#canvas.height = pixelsHigh;
    this.#canvas.style.height = `${height}px`;
    const pen = this.#canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    return pen;
  }

  // Painted one pixel for each bucket first.
  #paintRows(pen, model, shades, { left, height, width }) {
    const rows = model.nodes.length;
    const buckets = model.copies.length;
    this.#image.width = buckets;
    this.#image.height = rows;
    const own = this.#image.getContext("2d");
    const image = own.createImageData(buckets, rows);
    model.nodes.forEach(({ map }, row) => {
      for (let bucket = 0; bucket < buckets; bucket += 1) {
        image.data.set(shades[map[bucket] ?? 0], 4 * (row * buckets + bucket));
      }
    });
    own.putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.#image, left, TOP, width, height * rows);
  }

  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    const { left, height, width } = this.#place;
    const buckets = this.#model?.copies.length ?? 0;
    this.#column = Math.floor(((event.clientX - box.left - left) / width) * buckets);
    this.#row = Math.floor((event.clientY - box.top - TOP) / height);
    this.#tell();
  }

  #press(event) {
    if (!(event.key in STEPS) || this.#model === null) return;
    event.preventDefault();
    const [down, right] = STEPS[event.key];
    const { nodes, copies } = this.#model;
    this.#row = Math.max(0, Math.min(nodes.length - 1, this.#row + down));
    this.#column = Math.max(0, Math.min(copies.length - 1, this.#column + right));
    this.#tell();
  }

  #tell() {
    const model = this.#model;
    const at = this.#column;
    if (model === null || !(at >= 0 && at < model.copies.length)) return;
    const what = words.run(model.pieces(at, model.copies.length));
    const holders = `${what}: held by ${rounded(model.copies[at])} of ${model.nodes.length}`;
    const node = model.nodes[this.#row];
    const one = node === undefined ? "" : `; peer ${node.id} holds ${holdsWords(node.map[at])}`;
    saySentence(byId("pieces-at"), holders + one);
  }
}

const rounded = (copies) => Math.round(copies * 10) / 10;

function holdsWords(share = 0) {
  if (share === 0) return "nothing";
  return share === WHOLE ? "all" : "some";
}

function rarestWords(model, rare) {
  if (!model.copies.length) return "It is not known yet which pieces are held.";
  if (!rare.runs.length) return "Everybody holds everything.";
  const holders = rounded(rare.least);
  const who = holders === 0 ? "nobody" : `${holders} of ${model.nodes.length}`;
  return `Rarest: ${words.runs(rare.runs)}, held by ${who}.`;
}

function pieceWords(model) {
  const all = words.many(model.pieceCount, "piece");
  const each = model.copies.length ? model.pieceCount / model.copies.length : 1;
  return each > 1 ? `${all}, about ${Math.round(each)} in a column` : all;
}

// How many hold each bucket.
function paintCopies(pen, model, rare, colour, { left, width }) {
  const rows = model.nodes.length;
  const step = width / model.copies.length;
  const gap = step > LEAST_SEPARATED_COLUMN ? 1 : 0;
  pen.fillStyle = colour("muted");
  pen.fillText(String(rows), left - 6, 6);
  pen.fillText("0", left - 6, COPIES);
  model.copies.forEach((copies, bucket) => {
    const high = Math.max(1, (copies / rows) * COPIES);
    pen.fillStyle = colour(rare.buckets.has(bucket) ? "rare" : "copies");
    pen.fillRect(left + bucket * step, COPIES - high, Math.max(1, step - gap), high);
  });
  paintMarks(pen, rare, colour, (bucket) => left + (bucket + 0.5) * step);
}

// Marks below the rarest, for whom colours are the same.
function paintMarks(pen, rare, colour, middleOf) {
  pen.fillStyle = colour("rare");
  let markedTo = -Infinity;
  for (const x of [...rare.buckets].map(middleOf)) {
    if (x - markedTo < MARKS_APART) continue;
    markedTo = x;
    pen.beginPath();
    pen.moveTo(x, COPIES + 4);
    pen.lineTo(x - 4, COPIES + 11);
    pen.lineTo(x + 4, COPIES + 11);
    pen.fill();
  }
}

function paintNames(pen, model, colour, { left, height, width }) {
  const step = Math.ceil(LETTER_HEIGHT / height);
  model.nodes.forEach((node, row) => {
    const top = TOP + row * height;
    if (row && height >= LEAST_SEPARATED_ROW) {
      pen.fillStyle = colour("card");
      pen.fillRect(left, top - 1, width, 1.5);
    }
    pen.fillStyle = colour("muted");
    if (row % step === 0) pen.fillText(String(node.id), left - 6, top + height / 2);
  });
}

function paintScale(shades) {
  const pen = byId("pieces-scale").getContext("2d");
  for (let x = 0; x < SCALE_WIDTH; x += 1) {
    const value = x < SCALE_SHADES ? Math.round((x / SCALE_SHADES) * NEARLY) : WHOLE;
    const [red, green, blue] = shades[value];
    pen.fillStyle = `rgb(${red} ${green} ${blue})`;
    pen.fillRect(x, 0, 1, SCALE_HEIGHT);
  }
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

// A pixel for each share of 255: from nothing over some to nearly all in shades, and all in
// the strongest.
function ramp(colour) {
  const partOf = (name, at) => parseInt(colour(name).slice(at, at + 2), 16);
  const partsOf = (name) => [...[1, 3, 5].map((at) => partOf(name, at)), OPAQUE];
  const [none, some, all] = ["map-none", "map-some", "map-all"].map(partsOf);
  const between = (share) => some.map((from, i) => Math.round(from + (all[i] - from) * share));
  return Array.from({ length: WHOLE + 1 }, (_, value) => {
    if (value === 0) return none;
    return value === WHOLE ? all : between((value / NEARLY) * NEARLY_STRENGTH);
  });
}
