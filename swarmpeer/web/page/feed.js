// What happens, as it happens; the newest on top.

import { byId, make, say, set } from "./dom.js";

const MOST = 300;

export class Feed {
  #list = byId("feed");
  #pause = byId("feed-pause");
  #only = byId("feed-only");
  #interest = byId("feed-interest");
  #open;
  #waiting = [];
  #selected = null;
  #isPaused = false;

  constructor(open) {
    this.#open = open;
    this.#pause.addEventListener("click", () => this.#toggle());
    this.#only.addEventListener("change", () => this.#filter());
    this.#interest.addEventListener("change", () => this.#filter());
  }

  clear() {
    this.#list.replaceChildren();
    this.#waiting = [];
    this.#tell();
  }

  // Those of a picture that were not told before.
  add(pictures, at) {
    const news = pictures.flatMap(({ status, happenings, age_seconds: age }) => {
      const began = at - (age + status.up_seconds) * 1000;
      const told = (one) => ({ ...one, by: status.peer_id, at: began + one.at_seconds * 1000 });
      return happenings.map(told);
    });
    news.sort((a, b) => a.at - b.at || a.by - b.by || a.number - b.number);
    this.#waiting.push(...news);
    this.#waiting.splice(0, this.#waiting.length - MOST);
    if (!this.#isPaused) this.#flush();
    this.#tell();
  }

  show(selected) {
    if (selected === this.#selected) return;
    this.#selected = selected;
    say(byId("feed-only-text"), `only ${selected}`);
    this.#filter();
  }

  #flush() {
    for (const one of this.#waiting.splice(0)) this.#list.prepend(this.#makeItem(one));
    while (this.#list.children.length > MOST) this.#list.lastChild.remove();
  }

  #makeItem(one) {
    const peer = make("button", { type: "button", class: "peer" }, String(one.by));
    peer.addEventListener("click", () => this.#open(one.by, false));
    const time = new Date(one.at);
    const item = make("li", { "data-by": one.by, "data-group": one.group },
      make("time", { datetime: time.toISOString() }, time.toLocaleTimeString("en-GB")),
      make("div", {}, peer, " ", make("small", { class: `tag ${one.group}` }, one.group)),
      make("span", {}, one.text));
    item.hidden = this.#isHidden(item);
    return item;
  }

  #toggle() {
    this.#isPaused = !this.#isPaused;
    set(this.#pause, "aria-pressed", this.#isPaused);
    set(this.#list, "aria-live", this.#isPaused ? "off" : "polite");
    if (!this.#isPaused) this.#flush();
    this.#tell();
  }

  #tell() {
    const count = this.#waiting.length;
    const goOn = count ? `Go on (${count} new)` : "Go on";
    say(this.#pause, this.#isPaused ? goOn : "Pause");
  }

  #filter() {
    for (const item of this.#list.children) {
      item.hidden = this.#isHidden(item);
    }
  }

  // Interest comes and goes with every other piece.
  #isHidden({ dataset }) {
    return (dataset.group === "interest" && !this.#interest.checked)
      || (this.#only.checked && dataset.by !== String(this.#selected));
  }
}
