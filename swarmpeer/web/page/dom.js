// Small helpers for elements.  Whatever is told comes from others, so it is put in as
// text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children);
  return element;
}

// Both touch the page only if something changes.
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

export function say(element, text) {
  const said = String(text);
  if (element.textContent !== said) element.textContent = said;
}

// With a capital letter in front.
export function saySentence(element, text) {
  say(element, text[0].toUpperCase() + text.slice(1));
}

// Says it as a tag, of a kind if there is one.
export function sayTag(element, text, kind = "") {
  say(element, text);
  set(element, "class", kind ? `tag ${kind}` : "tag");
}

// The children of an element, one for each item and in their order.  Those that stay are
// kept, so that the focus and a selection of text are, too.
export function sync(parent, items, keyOf, create, update) {
  const kept = (parent._kept ??= new Map());
  const wanted = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    wanted.add(key);
    let child = kept.get(key);
    if (child === undefined) kept.set(key, (child = create(item)));
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const [key, child] of kept) {
    if (!wanted.has(key)) {
      child.remove();
      kept.delete(key);
    }
  }
}

export function shareBar() {
  const bar = make("i");
  const text = make("span");
  const frame = make("div", { class: "bar", "aria-hidden": "true" }, bar);
  const cell = make("div", { class: "share" }, frame, text);
  cell.show = (share, words) => {
    bar.style.width = `${Math.min(100, share * 100)}%`;
    set(bar, "class", share >= 1 ? "full" : null);
    say(text, words);
  };
  return cell;
}
