/**
 * Elements by DOM calls: text stays text, and nothing is ever parsed as markup.
 */

/** @typedef {Node | string | number | null | undefined | false | Children} Child */
/** @typedef {{ [Symbol.iterator](): Iterator<Child> }} Children a list, which is laid flat */

/**
 * Functions listen (`onclick`), `value`, `checked` and the like are set as what they are on the element, everything else is an
 * attribute: true is an empty one, and false, null and undefined leave it out.
 * @typedef {Record<string, unknown>} Properties
 */

const SVG = "http://www.w3.org/2000/svg";
const LIVE = new Set(["value", "checked", "disabled", "selected", "indeterminate", "htmlFor", "tabIndex"]);

/**
 * @param {Element} element
 * @param {Properties | null} properties
 */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (LIVE.has(name)) {
      Reflect.set(element, name, value);
    } else if (value === false || value === null || value === undefined) {
      element.removeAttribute(name);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => Array.isArray(child) ? nodes(child)
    : child === null || child === undefined || child === false ? [] : [child instanceof Node ? child : String(child)]);
}

/**
 * An element of HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties | null} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  set(element, properties ?? null);
  element.append(...nodes(children));
  return element;
}

/**
 * An element of SVG.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties | null} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, properties, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, properties ?? null);
  element.append(...nodes(children));
  return element;
}

/**
 * Puts children in the place of those that an element has.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** Waits until what was made is painted, where the page is seen. */
export function painted() {
  return new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    document.hidden ? done(undefined) : requestAnimationFrame(() => channel.port2.postMessage(undefined));
  });
}

const FOCUSED = "a[href], button, input, select, summary";

/**
 * The same, where the focus goes to what has the id of what had it, or else stands in its place.
 * @param {Element} element
 * @param {...Child} children
 */
export function refill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const at = [...element.querySelectorAll(FOCUSED)].findIndex((one) => one === focused);
  fill(element, ...children);
  const heir = focused?.id ? document.getElementById(focused.id) : element.querySelectorAll(FOCUSED)[at];
  /** @type {HTMLElement | null | undefined} */ (heir)?.focus({ preventScroll: true });
}
