// What the page shows, made of the pictures that it is sent.

const FULL = 255;
// Copies are sums of shares, and so not quite whole.
const SLIGHT = 1e-6;
const UNKNOWING = new Set(["starting", "joining", "checking"]);

function decode(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

const shareOf = (held, all) => (all ? Math.min(1, held / all) : 0);

const blank = (id) => ({
  id,
  status: null,
  held: 0,
  share: 0,
  isComplete: false,
  isSilent: false,
  isOver: false,
  // When it was as it is told.
  at: 0,
  state: "starting",
  map: new Uint8Array(),
  inRate: 0,
  outRate: 0,
  expected: null,
  problems: [],
  serves: [],
  servedBy: [],
});

const COMPLETE = { state: "complete", share: 1, isComplete: true, expected: 0 };

// One with a picture of its own.
function ownNode(picture, silent, ended, at) {
  const s = picture.status;
  return {
    ...blank(s.peer_id),
    status: s,
    held: s.held,
    share: shareOf(s.held, s.piece_count),
    isSilent: silent.has(s.peer_id),
    isOver: ended.has(s.peer_id),
    at: at - picture.age_seconds * 1000,
    state: s.state,
    map: decode(picture.map),
    inRate: s.receive_rate,
    outRate: s.send_rate,
    // Before it is known what is missing nothing is.
    expected: UNKNOWING.has(s.state) ? null : s.expected_seconds,
    problems: s.problems.filter((problem) => problem.is_settled),
    serves: s.neighbors.filter((n) => !n.am_choking).map((n) => n.peer_id),
    servedBy: s.neighbors.filter((n) => !n.peer_choking).map((n) => n.peer_id),
    ...(s.state === "complete" ? COMPLETE : {}),
  };
}

// One that is known by what another one tells of it.
function toldNode(neighbor, { status, neighbor_maps: maps }) {
  const id = neighbor.peer_id;
  const node = {
    ...blank(id),
    held: neighbor.held,
    share: shareOf(neighbor.held, status.piece_count),
    state: "fetching",
    map: decode(maps[id] ?? ""),
    inRate: neighbor.receive_rate,
    outRate: neighbor.send_rate,
    serves: neighbor.peer_choking ? [] : [status.peer_id],
    servedBy: neighbor.am_choking ? [] : [status.peer_id],
  };
  if (isShowing(neighbor, status)) {
    const all = { held: status.piece_count, map: node.map.fill(FULL) };
    return { ...node, ...COMPLETE, ...all, state: "showing" };
  }
  const isComplete = neighbor.holds_all && !status.incomplete.includes(id);
  return isComplete ? { ...node, ...COMPLETE } : node;
}

// One of a lab that told nothing yet.
const unheardNode = (id, isSilent, isOver) => ({ ...blank(id), isSilent, isOver });

// Does a neighbour tell of its pieces one by one, though it holds them all?
export const isShowing = (neighbor, status) =>
  neighbor.holds_all && neighbor.held < status.piece_count;

// How a neighbour is served, if it is.
export function kindOf(neighbor) {
  if (neighbor.am_choking) return null;
  if (neighbor.is_preferred) return "preferred";
  return neighbor.is_optimistic ? "optimistic" : "served";
}

const edge = (from, to, kind, rate) => ({ key: `${from}>${to}`, from, to, kind, rate });

// Whoever ended serves nobody. Once all did the lines tell how it was at the end.
function edgesOf(all, known) {
  const edges = [];
  const running = all.filter((node) => !node.isOver);
  const nodes = running.length ? running : all;
  for (const { id, status } of nodes) {
    for (const n of status.neighbors) {
      const kind = kindOf(n);
      if (kind !== null) edges.push(edge(id, n.peer_id, kind, n.send_rate));
      // How it came to be served only its server knows.
      if (!n.peer_choking && !known.has(n.peer_id)) {
        edges.push(edge(n.peer_id, id, "served", n.receive_rate));
      }
    }
  }
  return edges;
}

// How many hold each bucket, a part of one counted as such.
function copiesOf(nodes) {
  const buckets = Math.max(0, ...nodes.map((node) => node.map.length));
  const copies = new Float64Array(buckets);
  for (const { map } of nodes) {
    for (let b = 0; b < map.length; b += 1) copies[b] += map[b] / FULL;
  }
  return copies;
}

// How many seconds went by since a peer was as it is told; at the end they stop.
export const passedFor = (node, now) => (node.isOver ? 0 : (now - node.at) / 1000);

export function build(data, at) {
  const silent = new Set(data.silent ?? []);
  const ended = new Set(data.ended ?? []);
  const pictures = data.peers;
  const own = pictures.map((picture) => ownNode(picture, silent, ended, at));
  const members = data.members ?? null;
  const isLab = members !== null;
  const nodes = [...own];
  const known = new Set(own.map((node) => node.id));
  if (isLab) {
    for (const id of members) {
      if (!known.has(id)) nodes.push(unheardNode(id, silent.has(id), ended.has(id)));
    }
  } else if (own.length === 1) {
    for (const n of pictures[0].status.neighbors) nodes.push(toldNode(n, pictures[0]));
  }
  nodes.sort((a, b) => a.id - b.id);
  const shown = new Set(nodes.map((node) => node.id));
  const edges = edgesOf(own, known).filter((e) => shown.has(e.from) && shown.has(e.to));
  const pieceCount = Math.max(0, ...own.map((node) => node.status.piece_count));
  return {
    at,
    isLab,
    isOver: nodes.every((node) => node.isOver),
    nodes,
    own,
    byId: new Map(nodes.map((node) => [node.id, node])),
    edges,
    copies: copiesOf(nodes),
    pieceCount,
    pieces: (bucket, buckets) => [
      Math.floor((bucket * pieceCount) / buckets),
      Math.floor(((bucket + 1) * pieceCount) / buckets) - 1,
    ],
  };
}

// The buckets that the fewest hold; none if everybody holds everything.
export function rarest(model) {
  const least = Math.min(...model.copies);
  const runs = [];
  const buckets = new Set();
  if (!model.copies.length || least > model.nodes.length - SLIGHT) return { least, runs, buckets };
  model.copies.forEach((copies, bucket) => {
    if (copies > least + SLIGHT) return;
    buckets.add(bucket);
    const [first, last] = model.pieces(bucket, model.copies.length);
    const before = runs.at(-1);
    if (before !== undefined && before[1] === first - 1) before[1] = last;
    else runs.push([first, last]);
  });
  return { least, runs, buckets };
}
