const svgTags = new Set(['svg', 'g', 'path', 'rect', 'circle', 'text', 'title', 'polyline', 'line']);

/**
 * An element. Properties: `on<Event>` listeners, `class`, `data-*`, everything else an attribute; null and false are
 * left out. Text is always text: nothing here parses markup. No `style` attribute either: the content policy forbids it.
 */
export function h(tag, properties = {}, ...children) {
  const node = svgTags.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2).toLowerCase(), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Sets text only where it differs: an untouched node keeps selection and is not announced again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const keyed = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, one per key, in order. Children that stay are updated in place and
 * not moved unless they must be, so focus, hover and running animations survive.
 */
export function sync(parent, items, { key, make, update }) {
  let known = keyed.get(parent);
  if (!known) {
    known = new Map();
    keyed.set(parent, known);
    parent.replaceChildren();
  }
  const left = new Set(known.keys());
  let before = parent.firstChild;
  for (const item of items) {
    const id = key(item);
    left.delete(id);
    let node = known.get(id);
    if (!node) {
      node = make(item);
      known.set(id, node);
    }
    update?.(node, item);
    if (node === before) before = before.nextSibling;
    else parent.insertBefore(node, before);
  }
  for (const id of left) {
    known.get(id).remove();
    known.delete(id);
  }
}
