/**
 * A table that may have more columns or rows than there is room for: it scrolls by itself, by keys too.
 */

import { h } from "./h.js";

/**
 * @param {string} label what is in it
 * @param {...import("./h.js").Child} children
 */
export function sheet(label, ...children) {
  return h("div", { class: "sheet", tabIndex: 0, role: "region", "aria-label": label }, children);
}
