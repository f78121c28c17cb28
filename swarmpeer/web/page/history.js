// Rates over time, kept here as long as the page is open.

export const HISTORY_SECONDS = 120;
const MILLISECONDS = 1000 * HISTORY_SECONDS;
const LEAST_STEP_SECONDS = 0.4;

export class RateHistory {
  #samples = new Map();

  note(model) {
    for (const { id, inRate, outRate } of model.own) this.#add(id, model.at, inRate, outRate);
  }

  // Those of the last minutes, the oldest first, with how long ago each was.
  of(id, now) {
    const samples = this.#samples.get(id) ?? [];
    return samples
      .filter((one) => now - one.at < MILLISECONDS)
      .map((one) => ({ ...one, ago: (now - one.at) / 1000 }));
  }

  #add(id, at, inRate, outRate) {
    let samples = this.#samples.get(id);
    if (samples === undefined) this.#samples.set(id, (samples = []));
    if (samples.length && at - samples.at(-1).at < LEAST_STEP_SECONDS * 1000) samples.pop();
    samples.push({ at, inRate, outRate });
    while (at - samples[0].at > MILLISECONDS) samples.shift();
  }
}
