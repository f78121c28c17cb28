// Reads the events of a peer, or of a lab, and shows the last picture.

import { byId, make, say, set, sync } from "./dom.js";
import { Details } from "./details.js";
import { Feed } from "./feed.js";
import { Graph } from "./graph.js";
import { History } from "./history.js";
import { build } from "./model.js";
import { PeersTable } from "./peers.js";
import { PieceMap } from "./pieces.js";
import { startTheme } from "./theme.js";
import * as words from "./words.js";

const AGAIN_MILLISECONDS = 3000;
const MOST_PROBLEMS = 30;

const history = new History();
const graph = new Graph(open);
const table = new PeersTable(open, render);
const pieces = new PieceMap();
const details = new Details(open);
const feed = new Feed(open);

let model = null;
let selected = null;
let isAsked = false;

// Shows what is known of a peer; whoever came by the keyboard is taken there.
function open(id, isByKeyboard) {
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
    showProblems((now - model.at) / 1000);
    showFigures();
    graph.show(model, selected);
    table.show(model, selected);
    pieces.show(model);
    details.show(model, selected, history, now);
    feed.show(selected);
    set(document.body, "data-pictures", shown);
  });
}

function showHead() {
  const status = model.own.find((node) => node.status.name)?.status ?? model.own[0]?.status;
  if (status === undefined) return;
  const name = status.name || "a name not known yet";
  const kind = status.kind === "verified" ? "verified swarm" : "classic swarm";
  const who = model.isLab ? words.many(model.nodes.length, "peer") : `peer ${status.peer_id}`;
  say(byId("title"), name);
  say(byId("subtitle"), `${who} · ${kind} · ${words.size(status.size_bytes)}, ${words.many(status.piece_count, "piece")}`);
  document.title = `${words.percent(overall())} · ${model.isLab ? "" : `peer ${status.peer_id} · `}${name} · swarmpeer`;
  byId("for-programs").hidden = model.isLab;
}

const overall = () =>
  model.isLab ? model.nodes.reduce((sum, node) => sum + node.share, 0) / model.nodes.length : model.own[0]?.share ?? 0;

function showProblems(passed) {
  const all = model.nodes.flatMap((node) => [
    ...(node.isSilent && !node.isComplete ? [{ by: node.id, code: "silent", text: "it does not answer any more" }] : []),
    ...node.problems.map((problem) => ({ ...problem, by: node.id })),
  ]);
  byId("problems").hidden = !all.length;
  say(byId("problems-title"), `Not as it should be (${all.length})`);
  sync(
    byId("problems-list"),
    all.slice(0, MOST_PROBLEMS),
    (p) => `${p.by} ${p.code} ${p.peer_id}`,
    (p) => {
      const button = make("button", { type: "button", class: "peer" }, `Peer ${p.by}`);
      button.addEventListener("click", () => open(p.by, false));
      return make("li", {}, button, make("span"));
    },
    (item, p) => say(item.lastChild,
      `: ${words.problem(p)}${p.since_seconds === undefined ? "" : `, for ${words.duration(p.since_seconds + passed)}`}`),
  );
}

function showFigures() {
  const complete = model.nodes.filter((node) => node.isComplete).length;
  const open = (model.isLab ? model.nodes : model.own).filter((node) => !node.isComplete);
  say(byId("figure-done-name"), model.isLab ? "Complete" : "Complete, of those it knows");
  say(byId("figure-done"), `${complete} of ${model.nodes.length}`);
  say(byId("figure-done-more"), complete === model.nodes.length ? "everybody holds everything" : `${model.nodes.length - complete} not yet`);
  const share = overall();
  say(byId("figure-share"), words.percent(share));
  byId("figure-share-bar").style.width = `${share * 100}%`;
  set(byId("figure-share-bar"), "class", share >= 1 ? "full" : null);
  const into = model.own.reduce((sum, node) => sum + node.inRate, 0);
  const out = model.own.reduce((sum, node) => sum + node.outRate, 0);
  say(byId("figure-rate"), words.rate(into));
  say(byId("figure-rate-more"), model.isLab ? "all peers together" : `and sending ${words.rate(out)}`);
  const times = open.map((node) => node.expected);
  const known = times.filter((time) => time !== null);
  const last = known.length ? Math.max(...known) : null;
  say(byId("figure-expected"), !open.length ? "done" : last === null ? "unknown" : words.duration(last));
  const lacking = times.length - known.length;
  say(byId("figure-expected-more"), !open.length ? "" : lacking ? `${words.many(lacking, "peer")} cannot tell` : "at the rate of now");
}

let shown = 0;
let isFresh = true;

function tellConnection(state, text) {
  set(byId("connection"), "data-state", state);
  say(byId("connection"), text);
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
    shown += 1;
    history.note(model);
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
