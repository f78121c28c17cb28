// All that is known of one peer: its problems, rates, last choke round and neighbours.

import { byId, draw, make, say, saySentence, sayTag, set, shareBar, sync } from "./dom.js";
import { HISTORY_SECONDS } from "./history.js";
import { isShowing, kindOf, passedFor } from "./model.js";
import * as words from "./words.js";

const LEAST_SECONDS = 20;
const LEAST_RATE = 1000;
// The drawing of the rates: how wide it is, where nothing is, and where the most.
const [WIDE, LOW, HIGH] = [400, 100, 22];
const MOST_INCOMPLETE = 12;

export class Details {
  #open;

  constructor(open) {
    this.#open = open;
    byId("choose").addEventListener("change", (event) => open(Number(event.target.value), false));
  }

  show(model, selected, rates, now) {
    const node = model.byId.get(selected);
    showChoice(model, node);
    if (node === undefined) return;
    say(byId("details-title"), `Peer ${selected}`);
    // Whoever tells nothing itself is seen through the eyes of one that does.
    const about = node.status === null ? model.own[0] : node;
    const passed = passedFor(about, now);
    saySentence(byId("details-state"), stateParts(node, about, model).join(" · "));
    showProblems(node.problems, passed);
    showRates(rates.of(about.id, now), about.id);
    this.#showRound(about, passed);
    this.#showNeighbors(about, node.id);
    showFacts(about, passed, incompleteOf(model, about));
  }

  #showRound({ status, isOver }, passed) {
    const { preferred_round: round, optimistic_round: lot } = status;
    const candidates = round === null ? [] : inOrder(round);
    byId("round-scroll").hidden = !candidates.length;
    const none = isOver ? "There was none." : "None yet.";
    const ago = ({ held_seconds: held }) => words.before(held + passed, isOver);
    say(byId("round-text"), round === null ? none : roundWords(round, status, ago(round)));
    // A draw after the round has the say of who is optimistic.
    const isSince = round !== null && lot !== null && lot.held_seconds <= round.held_seconds;
    const optimistic = isSince ? lot.optimistic : round?.optimistic;
    const most = Math.max(1, ...candidates.map((one) => one.received_bytes));
    sync(
      byId("round-body"),
      candidates,
      (one) => one.peer_id,
      (one) => this.#makeCandidate(one.peer_id),
      (row, one) => showCandidate(row, one, most, becameOf(one, round, optimistic)),
    );
    say(byId("lot-text"), lot === null ? "" : lotWords(lot, ago(lot), isSince));
  }

  #makeCandidate(id) {
    const bar = make("div", { class: "bar", "aria-hidden": "true" }, make("i"));
    const gave = make("div", { class: "gave" }, bar, make("span"));
    const became = make("td", { class: "nowrap" }, make("span"));
    return make("tr", {}, make("td", {}, this.#peer(id)), make("td", {}, gave), became);
  }

  #showNeighbors({ status, isOver }, marked) {
    say(byId("neighbors-title"), isOver ? "Neighbours, at the end" : "Neighbours");
    say(byId("neighbors-none"), isOver ? "None." : "None now.");
    byId("neighbors").hidden = !status.neighbors.length;
    byId("neighbors-none").hidden = status.neighbors.length > 0;
    sync(
      byId("neighbors-body"),
      [...status.neighbors].sort((a, b) => a.peer_id - b.peer_id),
      (n) => n.peer_id,
      (n) => this.#makeNeighbor(n.peer_id),
      (row, n) => showNeighbor(row, n, status, n.peer_id === marked),
    );
  }

  #makeNeighbor(id) {
    const tag = () => make("td", { class: "nowrap" }, make("span"));
    const number = () => make("td", { class: "number" });
    const peer = make("td", {}, this.#peer(id));
    return make("tr", {}, peer, make("td", {}, shareBar()), tag(), tag(), number(), number());
  }

  #peer(id) {
    const button = make("button", { type: "button", class: "peer" }, String(id));
    button.addEventListener("click", () => this.#open(id, false));
    return button;
  }
}

function showChoice(model, node) {
  const choose = byId("choose");
  const makeOption = ({ id }) => make("option", { value: id }, `peer ${id}`);
  sync(choose, model.own, ({ id }) => id, makeOption, () => {});
  choose.parentElement.hidden = !model.isLab;
  if (node === undefined || node.status === null) return;
  if (choose.value !== String(node.id)) choose.value = String(node.id);
}

function stateWords(node) {
  if (node.isOver) return node.isComplete ? [words.state(node.state), "ended"] : ["ended"];
  return [node.isSilent && !node.isComplete ? "does not answer" : words.state(node.state)];
}

function stateParts(node, about, model) {
  const all = words.count(about.status.piece_count);
  const checked = node.status?.checked_share ?? null;
  const parts = [
    ...stateWords(node),
    `${words.count(node.held)} of ${all} pieces (${words.percent(node.share)})`,
  ];
  if (!node.isComplete && node.expected !== null) {
    parts.push(`about ${words.duration(node.expected)} left`);
  }
  if (checked !== null) parts.push(`${words.percent(checked)} of the disk looked at`);
  if (node.status === null) {
    const nothing = node.isOver ? "it told nothing" : "it told nothing yet";
    const why = model.isLab ? nothing : `as peer ${about.id} knows it`;
    parts.push(`${why}; what follows is about peer ${about.id}`);
  }
  return parts;
}

function showProblems(problems, passed) {
  sync(
    byId("details-problems"),
    problems,
    (p) => `${p.code} ${p.peer_id}`,
    () => make("li"),
    (item, p) =>
      saySentence(item, `${words.problem(p)}, for ${words.duration(p.since_seconds + passed)}`),
  );
}

// Whoever gave most is first if that counted, and whoever was chosen.
function inOrder(round) {
  const byRate = (a, b) => (round.by_rate ? b.received_bytes - a.received_bytes : 0);
  const byChoice = (a, b) => b.is_chosen - a.is_chosen;
  return [...round.candidates].sort(
    (a, b) => byRate(a, b) || byChoice(a, b) || a.peer_id - b.peer_id,
  );
}

const isForAll = (round) => round.candidates.every((one) => one.is_chosen);

// What a candidate of a round became, in words and as a kind of tag.
function becameOf(one, round, optimistic) {
  if (!one.is_chosen) {
    return one.peer_id === optimistic ? ["◆ optimistic", "optimistic"] : ["not chosen"];
  }
  if (isForAll(round)) return ["✓ preferred", "preferred"];
  return [round.by_rate ? "✓ by rank" : "✓ by lot", "preferred"];
}

function showCandidate(row, one, most, became) {
  const [, gave, tag] = row.children;
  const [bar, bytes] = gave.firstChild.children;
  bar.firstChild.style.width = `${(one.received_bytes / most) * 100}%`;
  say(bytes, words.size(one.received_bytes));
  sayTag(tag.firstChild, ...became);
}

function roundWords(round, status, ago) {
  const all = round.candidates.length;
  const chosen = round.candidates.filter((one) => one.is_chosen).map((one) => one.peer_id);
  const when = `Round ${words.count(round.number)}, ${ago}: `;
  if (!all) return `${when}no neighbour was interested, so nobody is preferred.`;
  const interested = words.many(all, "neighbour was", "neighbours were");
  const who = `${when}${interested} interested, ${words.list(chosen)} chosen `;
  if (isForAll(round)) return `${who}– there was a place for everybody.`;
  if (round.by_rate) return `${who}by rank: those that gave most since the round before.`;
  if (status.held < status.piece_count) return `${who}by lot, since nobody was ranked.`;
  return `${who}by lot, since a peer that holds everything has nothing to rank by.`;
}

function lotWords(lot, ago, isSince) {
  const when = `${ago}${isSince ? ", after that round" : ""}`;
  const draw = `Optimistic draw ${words.count(lot.number)}, ${when}: `;
  if (lot.optimistic === null) return `${draw}nobody was left to draw from.`;
  const count = lot.candidates.length;
  const among = count === 1 ? "itself alone" : `${count} (${words.list(lot.candidates)})`;
  return `${draw}${lot.optimistic}, by lot among ${among}.`;
}

function showNeighbor(row, n, status, isMarked) {
  const [, has, serves, served, gave, got] = row.children;
  const share = n.holds_all ? 1 : n.held / status.piece_count;
  set(row, "class", isMarked ? "selected" : null);
  has.firstChild.show(share, isShowing(n, status) ? "seed" : words.percent(share));
  sayTag(serves.firstChild, ...servesAs(n));
  sayTag(served.firstChild, ...servedAs(n));
  say(gave, words.size(n.received_bytes));
  say(got, words.size(n.sent_bytes));
}

// What a neighbour does for us, in words and as a kind of tag.
function servesAs(n) {
  if (n.is_snubbed) return ["no answer", "trouble"];
  if (!n.peer_choking) return ["yes", "good"];
  return [n.am_interested ? "chokes us" : "–"];
}

// And what we do for it.
function servedAs(n) {
  const kind = kindOf(n);
  if (kind !== null) return [kind, kind];
  return [n.peer_interested ? "waits" : "–"];
}

function showRates(samples, id) {
  const svg = byId("rates");
  if (!svg.children.length) svg.append(...makeRates());
  const [, under, into, out, top, then, now] = svg.children;
  const most = Math.max(LEAST_RATE, ...samples.map((one) => Math.max(one.inRate, one.outRate)));
  const oldest = Math.ceil(samples[0]?.ago ?? 0);
  const seconds = Math.max(LEAST_SECONDS, Math.min(HISTORY_SECONDS, oldest));
  const x = (one) => (WIDE - (one.ago / seconds) * WIDE).toFixed(1);
  const y = (rate) => (LOW - (rate / most) * (LOW - HIGH)).toFixed(1);
  const line = (rateOf) => {
    if (!samples.length) return `M0 ${LOW}`;
    return `M${samples.map((one) => `${x(one)} ${y(rateOf(one))}`).join("L")}H${WIDE}`;
  };
  const received = line((one) => one.inRate);
  set(into, "d", received);
  set(under, "d", samples.length ? `${received}V${LOW}H${x(samples[0])}Z` : received);
  set(out, "d", line((one) => one.outRate));
  say(top, words.rate(most));
  say(then, `${words.duration(seconds)} ago`);
  say(now, "now");
  say(byId("rates-text"), samples.length ? ratesWords(samples.at(-1), id) : "");
}

function makeRates() {
  const below = LOW + 15;
  return [
    draw("path", { class: "axis", d: `M0 ${LOW}H${WIDE}M0 ${HIGH}H${WIDE}` }),
    draw("path", { class: "under" }),
    draw("path", { class: "in" }),
    draw("path", { class: "out" }),
    draw("text", { x: 2, y: HIGH - 6 }),
    draw("text", { x: 2, y: below }),
    draw("text", { x: WIDE - 2, y: below, "text-anchor": "end" }),
  ];
}

function ratesWords({ inRate, outRate }, id) {
  return `Peer ${id} receives ${words.rate(inRate)} (solid line)`
    + ` and sends ${words.rate(outRate)} (dashed).`;
}

// In a lab everybody tells for itself.
function incompleteOf(model, about) {
  if (!model.isLab) return about.status.incomplete;
  return model.nodes.filter((node) => !node.isComplete && node !== about).map((node) => node.id);
}

function showFacts({ status, isOver }, passed, incomplete) {
  const facts = [
    ["Received", receivedWords(status)],
    ["Sent", words.size(status.sent_bytes)],
    ["Last piece", lastPieceWords(status.last_piece_seconds, passed, isOver)],
    [isOver ? "Ran for" : "Up for", words.duration(status.up_seconds + passed)],
    ["Not known to be complete", words.list(incomplete, MOST_INCOMPLETE)],
  ];
  const { nowhere } = status.missing;
  if (nowhere) facts.push(["At no neighbour", words.many(nowhere, "piece")]);
  if (status.infohash) facts.push(["Infohash", status.infohash]);
  sync(
    byId("details-facts"),
    facts.flatMap(([name, value]) => [["dt", name, name], ["dd", name, value]]),
    ([kind, name]) => `${kind} ${name}`,
    ([kind]) => make(kind),
    (element, [, , text]) => say(element, text),
  );
}

function receivedWords(status) {
  const received = words.size(status.received_bytes);
  if (!status.duplicate_bytes) return received;
  return `${received}, of which for nothing ${words.size(status.duplicate_bytes)}`;
}

function lastPieceWords(seconds, passed, isOver) {
  return seconds === null ? "none in this run" : words.before(seconds + passed, isOver);
}
