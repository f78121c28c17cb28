// Reads the events of a peer, or of a lab, and shows the last picture.

import { byId, make, say, set, sync } from "./dom.js";
import { Details } from "./details.js";
import { Feed } from "./feed.js";
import { Graph } from "./graph.js";
import { RateHistory } from "./history.js";
import { build, passedFor } from "./model.js";
import { PeersTable } from "./peers.js";
import { PieceMap } from "./pieces.js";
import { startTheme } from "./theme.js";
import * as words from "./words.js";

const AGAIN_MILLISECONDS = 3000;
const MOST_PROBLEMS = 30;

const rates = new RateHistory();
const graph = new Graph(openPeer);
const table = new PeersTable(openPeer, render);
const pieces = new PieceMap();
const details = new Details(openPeer);
const feed = new Feed(openPeer);

let connection = ["waiting", "connecting"];
let model = null;
let selected = null;
// Is a repaint under way?
let isAsked = false;
// Is the next picture the first one of a conversation?
let isFresh = true;
// How many pictures came; for tests alone, which wait for one.
let pictures = 0;

// Shows what is known of a peer; whoever came by the keyboard is taken there.
function openPeer(id, isByKeyboard) {
  if (!model?.byId.has(id)) return;
  selected = id;
  render();
  const title = byId("details-title");
  const isNarrow = matchMedia("(max-width: 1000px)").matches;
  if (isByKeyboard) title.focus();
  else if (isNarrow) title.scrollIntoView({ block: "start", behavior: "smooth" });
}

byId("details").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && selected !== null) graph.focus(selected);
});
byId("edges").addEventListener("toggle", render);

function render() {
  if (isAsked || model === null) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    const now = Date.now();
    if (!model.byId.has(selected)) selected = model.own[0]?.id ?? null;
    showHead();
    showProblems(now);
    showConnection();
    showFigures();
    graph.show(model, selected);
    table.show(model, selected);
    pieces.show(model);
    details.show(model, selected, rates, now);
    feed.show(selected);
    set(document.body, "data-pictures", pictures);
  });
}

function showHead() {
  const status = model.own.find((node) => node.status.name)?.status ?? model.own[0]?.status;
  if (status === undefined) return;
  const name = status.name || "a name not known yet";
  const kind = status.kind === "verified" ? "verified swarm" : "classic swarm";
  const peer = `peer ${status.peer_id}`;
  const who = model.isLab ? words.many(model.nodes.length, "peer") : peer;
  const size = `${words.size(status.size_bytes)}, ${words.many(status.piece_count, "piece")}`;
  say(byId("title"), name);
  say(byId("subtitle"), `${who} · ${kind} · ${size}`);
  const whose = model.isLab ? [] : [peer];
  document.title = [words.percent(overall()), ...whose, name, "swarmpeer"].join(" · ");
  byId("for-programs").hidden = model.isLab;
}

const sumOf = (nodes, value) => nodes.reduce((sum, node) => sum + value(node), 0);

function overall() {
  if (!model.isLab) return model.own[0]?.share ?? 0;
  return sumOf(model.nodes, (node) => node.share) / model.nodes.length;
}

function problemsOf(node) {
  const text = node.isOver ? "it ended before it was complete" : "it does not answer any more";
  const silence = { code: "silent", text };
  const isGone = node.isSilent && !node.isComplete;
  const all = isGone ? [silence, ...node.problems] : node.problems;
  return all.map((problem) => ({ ...problem, by: node }));
}

function problemWords(problem, now) {
  const said = words.problem(problem);
  if (problem.since_seconds === undefined) return said;
  return `${said}, for ${words.duration(problem.since_seconds + passedFor(problem.by, now))}`;
}

function showProblems(now) {
  const all = model.nodes.flatMap(problemsOf);
  byId("problems").hidden = !all.length;
  say(byId("problems-title"), `Not as it should be (${all.length})`);
  sync(
    byId("problems-list"),
    all.slice(0, MOST_PROBLEMS),
    (p) => `${p.by.id} ${p.code} ${p.peer_id}`,
    (p) => {
      const button = make("button", { type: "button", class: "peer" }, `Peer ${p.by.id}`);
      button.addEventListener("click", () => openPeer(p.by.id, false));
      return make("li", {}, button, make("span"));
    },
    (item, p) => say(item.lastChild, `: ${problemWords(p, now)}`),
  );
}

function showFigures() {
  const all = model.nodes.length;
  const complete = model.nodes.filter((node) => node.isComplete).length;
  const more = complete === all ? "everybody holds everything" : `${all - complete} not yet`;
  say(byId("figure-done-name"), model.isLab ? "Complete" : "Complete, of those it knows");
  say(byId("figure-done"), `${complete} of ${all}`);
  say(byId("figure-done-more"), more);
  const share = overall();
  say(byId("figure-share"), words.percent(share));
  byId("figure-share-bar").style.width = `${share * 100}%`;
  set(byId("figure-share-bar"), "class", share >= 1 ? "full" : null);
  const into = words.rate(sumOf(model.own, (node) => node.inRate));
  const out = words.rate(sumOf(model.own, (node) => node.outRate));
  say(byId("figure-rate"), into);
  say(byId("figure-rate-more"), model.isLab ? "all peers together" : `and sending ${out}`);
  const [left, why] = timeLeft();
  say(byId("figure-expected"), left);
  say(byId("figure-expected-more"), why);
}

// Until the last one is done, and how that is known.
function timeLeft() {
  const lacking = (model.isLab ? model.nodes : model.own).filter((node) => !node.isComplete);
  if (!lacking.length) return ["done", ""];
  const known = lacking.map((node) => node.expected).filter((time) => time !== null);
  const last = known.length ? words.duration(Math.max(...known)) : "unknown";
  const unknown = lacking.length - known.length;
  return [last, unknown ? `${words.many(unknown, "peer")} cannot tell` : "at the rate of now"];
}

// Of a swarm that is over there is nothing new, however well the page is connected.
function showConnection() {
  const isOver = connection[0] === "live" && model?.isOver;
  const [state, text] = isOver ? ["ended", "ended"] : connection;
  set(byId("connection"), "data-state", state);
  say(byId("connection"), text);
}

function tellConnection(...said) {
  connection = said;
  showConnection();
}

function listen() {
  const events = new EventSource("events");
  events.addEventListener("open", () => {
    isFresh = true;
    tellConnection("live", "live");
  });
  events.addEventListener("picture", (event) => {
    const data = JSON.parse(event.data);
    const at = Date.now();
    // A new conversation begins with all that is remembered there.
    if (isFresh) feed.clear();
    isFresh = false;
    if (!data.peers.length) return;
    model = build(data, at);
    pictures += 1;
    rates.note(model);
    feed.add(data.peers, at);
    render();
  });
  events.addEventListener("error", () => {
    tellConnection("lost", "lost, trying again");
    // The browser tries again by itself, unless it was turned away.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MILLISECONDS);
  });
}

startTheme(render);
setInterval(render, 1000);
listen();
