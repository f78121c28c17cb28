// All that is known of one peer: its problems, rates, last choke round and neighbours.

import { byId, draw, make, say, set, shareBar, sync } from "./dom.js";
import { HISTORY_SECONDS } from "./history.js";
import { isShowing, kindOf } from "./model.js";
import * as words from "./words.js";

const LEAST_SECONDS = 20;

export class Details {
  #open;

  constructor(open) {
    this.#open = open;
    byId("choose").addEventListener("change", (event) => open(Number(event.target.value), false));
  }

  show(model, selected, history, now) {
    const choose = byId("choose");
    sync(choose, model.own, (n) => n.id, (n) => make("option", { value: n.id }, `peer ${n.id}`), () => {});
    choose.parentElement.hidden = !model.isLab;
    const node = model.byId.get(selected);
    if (node === undefined) return;
    if (node.status !== null && choose.value !== String(selected)) choose.value = String(selected);
    say(byId("details-title"), `Peer ${selected}`);
    const about = node.status === null ? model.own[0] : node;
    const passed = (now - model.at) / 1000;
    this.#showState(node, about, passed, model);
    showRates(history.of(node.status === null ? about.id : node.id, now), about.id);
    this.#showRound(about.status, passed);
    this.#showNeighbors(about.status, node.status === null ? node.id : null);
    showFacts(about.status, passed, incompleteOf(model, about));
  }

  #showState(node, about, passed, model) {
    const parts = [
      node.isSilent && !node.isComplete ? "does not answer" : words.state(node.state),
      `${words.count(node.held)} of ${words.count(about.status.piece_count)} pieces (${words.percent(node.share)})`,
    ];
    if (!node.isComplete && node.expected !== null) parts.push(`about ${words.duration(node.expected)} to go`);
    if (node.status?.checked_share != null) parts.push(`${words.percent(node.status.checked_share)} of the disk looked at`);
    if (node.status === null && model.isLab) parts.push(`it told nothing yet; what follows is about peer ${about.id}`);
    else if (node.status === null) parts.push(`as peer ${about.id} knows it; what follows is about peer ${about.id}`);
    const text = parts.join(" · ");
    say(byId("details-state"), text[0].toUpperCase() + text.slice(1));
    sync(byId("details-problems"), node.problems, (p) => `${p.code} ${p.peer_id}`, () => make("li"), (item, p) => {
      const text = words.problem(p);
      say(item, `${text[0].toUpperCase()}${text.slice(1)}, for ${words.duration(p.since_seconds + passed)}`);
    });
  }

  #showRound(status, passed) {
    const { preferred_round: round, optimistic_round: lot } = status;
    byId("round-scroll").hidden = round === null || !round.candidates.length;
    say(byId("round-text"), round === null ? "None yet." : roundWords(round, status, passed));
    const isForAll = round !== null && round.candidates.every((one) => one.is_chosen);
    const most = round === null ? 1 : Math.max(1, ...round.candidates.map((one) => one.received_bytes));
    // A draw after the round has the say of who is optimistic.
    const isDrawnSince = round !== null && lot !== null && lot.held_seconds <= round.held_seconds;
    const optimistic = isDrawnSince ? lot.optimistic : round?.optimistic;
    const ranked = round === null ? [] : [...round.candidates].sort(
      (a, b) => (round.by_rate ? b.received_bytes - a.received_bytes : 0) || b.is_chosen - a.is_chosen || a.peer_id - b.peer_id);
    sync(
      byId("round-body"),
      ranked,
      (one) => one.peer_id,
      (one) => {
        const bar = make("i");
        const gave = make("div", { class: "gave" }, make("div", { class: "bar", "aria-hidden": "true" }, bar), make("span"));
        return make("tr", {}, make("td", {}, this.#peer(one.peer_id)), make("td", {}, gave), make("td", { class: "nowrap" }, make("span")));
      },
      (row, one) => {
        const [bar, bytes] = row.children[1].firstChild.children;
        bar.firstChild.style.width = `${(one.received_bytes / most) * 100}%`;
        say(bytes, words.size(one.received_bytes));
        const tag = row.children[2].firstChild;
        const isLot = optimistic === one.peer_id;
        say(tag, one.is_chosen ? `✓ ${isForAll ? "preferred" : round.by_rate ? "by rank" : "by lot"}` : isLot ? "◆ optimistic" : "not chosen");
        set(tag, "class", `tag${one.is_chosen ? " preferred" : isLot ? " optimistic" : ""}`);
      },
    );
    say(byId("lot-text"), lot === null ? "" : lotWords(lot, passed, isDrawnSince));
  }

  #showNeighbors(status, marked) {
    byId("neighbors").hidden = !status.neighbors.length;
    byId("neighbors-none").hidden = status.neighbors.length > 0;
    sync(
      byId("neighbors-body"),
      [...status.neighbors].sort((a, b) => a.peer_id - b.peer_id),
      (n) => n.peer_id,
      (n) => make("tr", {}, make("td", {}, this.#peer(n.peer_id)), make("td", {}, shareBar()),
        make("td", { class: "nowrap" }, make("span")), make("td", { class: "nowrap" }, make("span")),
        make("td", { class: "number" }), make("td", { class: "number" })),
      (row, n) => {
        const [, has, serves, served, gave, got] = row.children;
        const share = n.holds_all ? 1 : n.held / status.piece_count;
        set(row, "class", n.peer_id === marked ? "selected" : null);
        has.firstChild.show(share, isShowing(n, status) ? "seed" : words.percent(share));
        say(serves.firstChild, n.is_snubbed ? "no answer" : n.peer_choking ? (n.am_interested ? "chokes us" : "–") : "yes");
        set(serves.firstChild, "class", `tag${n.is_snubbed ? " trouble" : n.peer_choking ? "" : " good"}`);
        const kind = kindOf(n);
        say(served.firstChild, kind ?? (n.peer_interested ? "waits" : "–"));
        set(served.firstChild, "class", `tag ${kind ?? ""}`);
        say(gave, words.size(n.received_bytes));
        say(got, words.size(n.sent_bytes));
      },
    );
  }

  #peer(id) {
    const button = make("button", { type: "button", class: "peer" }, String(id));
    button.addEventListener("click", () => this.#open(id, false));
    return button;
  }
}

function roundWords(round, status, passed) {
  const n = round.candidates.length;
  const chosen = round.candidates.filter((one) => one.is_chosen).map((one) => one.peer_id);
  const when = `Round ${words.count(round.number)}, ${words.duration(round.held_seconds + passed)} ago: `;
  if (!n) return `${when}no neighbour was interested, so nobody is preferred.`;
  const who = `${words.many(n, "neighbour was", "neighbours were")} interested, ${words.list(chosen)} chosen `;
  if (n === chosen.length) return `${when}${who}– there was a place for everybody.`;
  if (round.by_rate) return `${when}${who}by rank: those that gave most since the round before.`;
  const why = status.held >= status.piece_count ? "a peer that holds everything has nothing to rank by" : "nobody was ranked";
  return `${when}${who}by lot, since ${why}.`;
}

function lotWords(lot, passed, isSince) {
  const when = `${words.duration(lot.held_seconds + passed)} ago${isSince ? ", after that round" : ""}`;
  if (lot.optimistic === null) return `Optimistic draw ${words.count(lot.number)}, ${when}: nobody was left to draw from.`;
  const among = lot.candidates.length;
  return `Optimistic draw ${words.count(lot.number)}, ${when}: ${lot.optimistic}, by lot among `
    + (among === 1 ? "itself alone." : `${among} (${words.list(lot.candidates)}).`);
}

function showRates(samples, id) {
  const svg = byId("rates");
  if (!svg.children.length) {
    svg.append(
      draw("path", { class: "axis", d: "M0 100H400M0 14H400" }), draw("path", { class: "under" }),
      draw("path", { class: "in" }), draw("path", { class: "out" }),
      draw("text", { x: 2, y: 10 }), draw("text", { x: 2, y: 115 }), draw("text", { x: 398, y: 115, "text-anchor": "end" }),
    );
  }
  const [, under, into, out, top, then, now] = svg.children;
  const most = Math.max(1000, ...samples.map((s) => Math.max(s.inRate, s.outRate)));
  const seconds = Math.max(LEAST_SECONDS, Math.min(HISTORY_SECONDS, Math.ceil(samples[0]?.ago ?? 0)));
  const points = (value) => samples.map((s) =>
    `${(400 - (s.ago / seconds) * 400).toFixed(1)} ${(100 - (value(s) / most) * 86).toFixed(1)}`);
  const line = (at) => (at.length ? `M${at.join("L")}H400` : "M0 100");
  const ins = points((s) => s.inRate);
  set(into, "d", line(ins));
  set(under, "d", ins.length ? `${line(ins)}V100H${ins[0].split(" ")[0]}Z` : "M0 100");
  set(out, "d", line(points((s) => s.outRate)));
  say(top, words.rate(most));
  say(then, `${words.duration(seconds)} ago`);
  say(now, "now");
  const last = samples.at(-1);
  say(byId("rates-text"), last === undefined ? "" :
    `Peer ${id} receives ${words.rate(last.inRate)} (solid line) and sends ${words.rate(last.outRate)} (dashed).`);
}

// In a lab everybody tells for itself.
function incompleteOf(model, about) {
  if (!model.isLab) return about.status.incomplete;
  return model.nodes.filter((node) => !node.isComplete && node !== about).map((node) => node.id);
}

function showFacts(status, passed, incomplete) {
  const facts = [
    ["Received", words.size(status.received_bytes) + (status.duplicate_bytes ? `, of which for nothing ${words.size(status.duplicate_bytes)}` : "")],
    ["Sent", words.size(status.sent_bytes)],
    ["Last piece", status.last_piece_seconds === null ? "none in this run" : `${words.duration(status.last_piece_seconds + passed)} ago`],
    ["Up for", words.duration(status.up_seconds + passed)],
    ["Not known to be complete", words.list(incomplete, 12)],
  ];
  if (status.missing.nowhere) facts.push(["At no neighbour", words.many(status.missing.nowhere, "piece")]);
  if (status.infohash) facts.push(["Infohash", status.infohash]);
  sync(byId("details-facts"), facts.flatMap(([name, value]) => [["dt", name, name], ["dd", name, value]]),
    ([kind, name]) => `${kind} ${name}`, ([kind]) => make(kind), (element, [, , text]) => say(element, text));
}
