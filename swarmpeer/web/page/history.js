// Rates over time, kept here as long as the page is open.

const SECONDS = 120;
const LEAST_STEP_SECONDS = 0.4;

export class History {
  #samples = new Map();

  note(model) {
    let inAll = 0;
    let outAll = 0;
    for (const node of model.own) {
      inAll += node.inRate;
      outAll += node.outRate;
      this.#add(node.id, model.at, node.inRate, node.outRate);
    }
    this.#add("all", model.at, inAll, outAll);
  }

  // Those of the last minutes, the oldest first, with how long ago each was.
  of(key, now) {
    const samples = this.#samples.get(key) ?? [];
    return samples.filter((s) => now - s.at < SECONDS * 1000).map((s) => ({ ...s, ago: (now - s.at) / 1000 }));
  }

  #add(key, at, inRate, outRate) {
    let samples = this.#samples.get(key);
    if (samples === undefined) this.#samples.set(key, (samples = []));
    if (samples.length && at - samples.at(-1).at < LEAST_STEP_SECONDS * 1000) samples.pop();
    samples.push({ at, inRate, outRate });
    while (at - samples[0].at > SECONDS * 1000) samples.shift();
  }
}

export { SECONDS as HISTORY_SECONDS };
