// Who holds which pieces: a row for each peer, a column for each bucket of pieces, and on
// top of them how many hold each.

import { byId, say, set } from "./dom.js";
import { rarest } from "./model.js";
import * as words from "./words.js";

const TOP = 56;
const GAP = 14;
const MOST_HEIGHT = 520;

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
    new ResizeObserver(() => this.#model && this.show(this.#model)).observe(this.#canvas.parentElement);
  }

  show(model) {
    this.#model = model;
    const rare = rarest(model);
    const buckets = model.copies.length;
    const holders = Math.round(rare.least * 10) / 10;
    say(
      byId("rarest"),
      !buckets
        ? "It is not known yet which pieces are held."
        : !rare.runs.length
          ? "Everybody holds everything."
          : `Rarest: ${words.runs(rare.runs)}, held by ${holders === 0 ? "nobody" : `${holders} of ${model.nodes.length}`}.`,
    );
    const per = Math.ceil(model.pieceCount / Math.max(1, buckets));
    say(
      byId("pieces-note"),
      `${words.many(model.pieceCount, "piece")}${per > 1 ? `, about ${Math.round(model.pieceCount / buckets)} in a column` : ""}`,
    );
    this.#paint(model, rare);
  }

  #paint(model, rare) {
    const rows = model.nodes.length;
    const buckets = model.copies.length;
    const width = this.#canvas.parentElement.clientWidth
      - parseFloat(getComputedStyle(this.#canvas.parentElement).paddingLeft) * 2;
    const each = Math.max(2, Math.min(20, Math.floor(MOST_HEIGHT / Math.max(1, rows))));
    const height = TOP + GAP + each * rows;
    const scale = window.devicePixelRatio || 1;
    const [pixelsWide, pixelsHigh] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== pixelsWide) this.#canvas.width = pixelsWide;
    if (this.#canvas.height !== pixelsHigh) this.#canvas.height = pixelsHigh;
    this.#canvas.style.height = `${height}px`;
    const c = this.#canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = "11px system-ui, sans-serif";
    const left = Math.ceil(Math.max(24, ...model.nodes.map((n) => c.measureText(n.id).width))) + 8;
    const wide = width - left;
    this.#place = { left, height: each, width: wide };
    if (!buckets) return;
    // How many hold each bucket.
    const step = wide / buckets;
    const tall = TOP - 10;
    c.fillStyle = colour("muted");
    c.textBaseline = "middle";
    c.textAlign = "right";
    c.fillText(String(rows), left - 6, 6);
    c.fillText("0", left - 6, tall);
    model.copies.forEach((copies, bucket) => {
      const high = (copies / rows) * tall;
      c.fillStyle = colour(rare.buckets.has(bucket) ? "rare" : "copies");
      c.fillRect(left + bucket * step, tall - high, Math.max(1, step - (step > 4 ? 1 : 0)), Math.max(1, high));
    });
    // Marks below the rarest, for whom colours are the same.
    c.fillStyle = colour("rare");
    let markedTo = -99;
    for (const bucket of rare.buckets) {
      const x = left + (bucket + 0.5) * step;
      if (x - markedTo < 9) continue;
      markedTo = x;
      c.beginPath();
      c.moveTo(x, tall + 4);
      c.lineTo(x - 4, tall + 11);
      c.lineTo(x + 4, tall + 11);
      c.fill();
    }
    this.#paintRows(c, model, colour, { left, wide, each });
  }

  #paintRows(c, model, colour, { left, wide, each }) {
    const rows = model.nodes.length;
    const buckets = model.copies.length;
    const shades = ramp(colour);
    this.#image.width = buckets;
    this.#image.height = rows;
    const own = this.#image.getContext("2d");
    const data = own.createImageData(buckets, rows);
    const pixels = new Uint32Array(data.data.buffer);
    model.nodes.forEach(({ map }, row) => {
      for (let b = 0; b < buckets; b += 1) pixels[row * buckets + b] = shades[map[b] ?? 0];
    });
    own.putImageData(data, 0, 0);
    c.imageSmoothingEnabled = false;
    c.drawImage(this.#image, left, TOP + GAP, wide, each * rows);
    c.fillStyle = colour("card");
    if (each >= 6) for (let row = 1; row < rows; row += 1) c.fillRect(left, TOP + GAP + row * each - 1, wide, 1.5);
    const labelStep = Math.ceil(13 / each);
    c.fillStyle = colour("muted");
    model.nodes.forEach((node, row) => {
      if (row % labelStep === 0) c.fillText(String(node.id), left - 6, TOP + GAP + (row + 0.5) * each);
    });
    const legend = byId("pieces-scale").getContext("2d");
    for (let x = 0; x < 80; x += 1) {
      const shade = shades[x < 70 ? Math.round((x / 70) * 254) : 255];
      legend.fillStyle = `rgb(${shade & 255} ${(shade >> 8) & 255} ${(shade >> 16) & 255})`;
      legend.fillRect(x, 0, 1, 12);
    }
  }

  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    const { left, height, width } = this.#place;
    this.#column = Math.floor(((event.clientX - box.left - left) / width) * (this.#model?.copies.length ?? 0));
    this.#row = Math.floor((event.clientY - box.top - TOP - GAP) / height);
    this.#tell();
  }

  #press(event) {
    const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (!(event.key in steps) || this.#model === null) return;
    event.preventDefault();
    const [down, right] = steps[event.key];
    this.#row = Math.max(0, Math.min(this.#model.nodes.length - 1, this.#row + down));
    this.#column = Math.max(0, Math.min(this.#model.copies.length - 1, this.#column + right));
    this.#tell();
  }

  #tell() {
    const model = this.#model;
    if (model === null || !(this.#column >= 0 && this.#column < model.copies.length)) return;
    const what = words.run(model.pieces(this.#column, model.copies.length));
    const copies = Math.round(model.copies[this.#column] * 10) / 10;
    const node = model.nodes[this.#row];
    const share = node === undefined ? null : (node.map[this.#column] ?? 0) / 255;
    const holds = share === 0 ? "nothing" : share === 1 ? "all" : "some";
    say(
      byId("pieces-at"),
      `${what[0].toUpperCase()}${what.slice(1)}: held by ${copies} of ${model.nodes.length}`
        + (node === undefined ? "" : `; peer ${node.id} holds ${holds}`),
    );
    set(this.#canvas, "data-at", `${this.#row},${this.#column}`);
  }
}

// From nothing over some to nearly all in shades, and all in the strongest.
function ramp(colour) {
  const [none, some, all] = ["map-none", "map-some", "map-all"].map((name) => parse(colour(name)));
  return Uint32Array.from({ length: 256 }, (_, value) => {
    if (value === 0) return pack(none);
    if (value === 255) return pack(all);
    const t = value / 254;
    return pack(some.map((from, i) => Math.round(from + (all[i] - from) * t * 0.75)));
  });
}

const parse = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
const pack = ([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
