// What the page shows, made of the pictures that it is sent.

const FULL = 255;
const GRACE_SECONDS = 5;
const UNKNOWING = new Set(["starting", "joining", "checking"]);

function decode(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

const shareOf = (held, all, isDone) => (all ? Math.min(1, held / all) : isDone ? 1 : 0);

// One with a picture of its own.
function ownNode(picture, silent) {
  const s = picture.status;
  return {
    id: s.peer_id,
    status: s,
    held: s.held,
    share: shareOf(s.held, s.piece_count, s.is_placed),
    isComplete: s.state === "complete",
    isSilent: silent.has(s.peer_id),
    state: s.state,
    map: decode(picture.map),
    // A rate is the mean of some seconds, in which it may have become complete.
    inRate: s.state === "complete" ? 0 : s.receive_rate,
    outRate: s.send_rate,
    // Before it is known what is missing nothing is.
    expected: UNKNOWING.has(s.state) ? null : s.expected_seconds,
    problems: [],
    serves: s.neighbors.filter((n) => !n.am_choking).map((n) => n.peer_id),
    servedBy: s.neighbors.filter((n) => !n.peer_choking).map((n) => n.peer_id),
  };
}

// One that is known by what another one tells of it.
function toldNode(neighbor, picture) {
  const all = picture.status.piece_count;
  // A seed may tell of its pieces one by one; it holds them all.
  const isShowing = neighbor.is_seed === true && neighbor.held < all;
  const isComplete = isShowing || (neighbor.held >= all && !picture.status.incomplete.includes(neighbor.peer_id));
  const map = picture.neighbor_maps[neighbor.peer_id];
  const own = picture.status.peer_id;
  return {
    id: neighbor.peer_id,
    status: null,
    held: isShowing ? all : neighbor.held,
    share: isShowing ? 1 : shareOf(neighbor.held, all, isComplete),
    isComplete,
    isSilent: false,
    state: isShowing ? "showing" : isComplete ? "complete" : "fetching",
    map: map === undefined ? new Uint8Array() : isShowing ? decode(map).fill(FULL) : decode(map),
    inRate: neighbor.receive_rate,
    outRate: neighbor.send_rate,
    expected: isComplete ? 0 : null,
    problems: [],
    serves: neighbor.peer_choking ? [] : [own],
    servedBy: neighbor.am_choking ? [] : [own],
  };
}

function edgesOf(nodes, known) {
  const edges = [];
  for (const { id, status } of nodes) {
    if (status === null) continue;
    for (const n of status.neighbors) {
      if (!n.am_choking) {
        const kind = n.is_preferred ? "preferred" : n.is_optimistic ? "optimistic" : "other";
        edges.push({ key: `${id}>${n.peer_id}`, from: id, to: n.peer_id, kind, rate: n.send_rate });
      }
      if (!n.peer_choking && !known.has(n.peer_id)) {
        edges.push({ key: `${n.peer_id}>${id}`, from: n.peer_id, to: id, kind: "other", rate: n.receive_rate });
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

// One of a lab that told nothing yet.
function silentNode(id, isSilent) {
  return {
    id,
    status: null,
    held: 0,
    share: 0,
    isComplete: false,
    isSilent,
    state: "starting",
    map: new Uint8Array(),
    inRate: 0,
    outRate: 0,
    expected: null,
    problems: [],
    serves: [],
    servedBy: [],
  };
}

// What has just begun may be over at once: at every start peers call others that do not
// listen yet.
export function settle(model, now) {
  const passed = (now - model.at) / 1000;
  for (const node of model.own) {
    node.problems = node.status.problems.filter((p) => p.since_seconds + passed >= GRACE_SECONDS);
  }
}

export function build(data, at) {
  const silent = new Set(data.silent ?? []);
  const pictures = data.peers;
  const own = pictures.map((picture) => ownNode(picture, silent));
  const members = data.members ?? null;
  const isLab = members !== null;
  const nodes = [...own];
  const known = new Set(own.map((node) => node.id));
  if (isLab) {
    for (const id of members) if (!known.has(id)) nodes.push(silentNode(id, silent.has(id)));
  } else if (own.length === 1) {
    for (const n of pictures[0].status.neighbors) nodes.push(toldNode(n, pictures[0]));
  }
  if (nodes.every((node) => node.isComplete)) for (const node of nodes) node.inRate = node.outRate = 0;
  nodes.sort((a, b) => a.id - b.id);
  const shown = new Set(nodes.map((node) => node.id));
  const edges = edgesOf(own, known).filter((e) => shown.has(e.from) && shown.has(e.to));
  const pieceCount = Math.max(0, ...own.map((node) => node.status.piece_count));
  return {
    at,
    isLab,
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
  if (!model.copies.length || least > model.nodes.length - 1e-6) return { least, runs: [], buckets: new Set() };
  const runs = [];
  const buckets = new Set();
  model.copies.forEach((copies, bucket) => {
    if (copies > least + 1e-6) return;
    buckets.add(bucket);
    const [first, last] = model.pieces(bucket, model.copies.length);
    const before = runs.at(-1);
    if (before !== undefined && before[1] === first - 1) before[1] = last;
    else runs.push([first, last]);
  });
  return { least, runs, buckets };
}
