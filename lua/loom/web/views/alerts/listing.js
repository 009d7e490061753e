/**
 * Tables of what is not very much.
 */

import { h } from "../../h.js";
import { sheet } from "../../sheet.js";

/**
 * A head: its text; what is a `number` stands right, what is `unseen` is for those who hear the table.
 * @typedef {string | { text: string, number?: boolean, unseen?: boolean }} Head
 */

/**
 * @param {string} label what is in it
 * @param {Head[]} heads
 * @param {import("../../h.js").Child[][]} rows their cells, of which the first one names the row
 */
export function listing(label, heads, rows) {
  const columns = heads.map((head) => typeof head === "string" ? { text: head } : head);
  /** @param {number} at */
  const kind = (at) => columns[at]?.number ? "number" : null;
  return sheet(`Table: ${label}`, h("table", { class: "rows" }, h("caption", { class: "unseen" }, label),
    h("thead", null, h("tr", null, columns.map(({ text, unseen }, at) => h("th", { scope: "col", class: kind(at) },
      unseen ? h("span", { class: "unseen" }, text) : text)))),
    h("tbody", null, rows.map(([first, ...cells]) => h("tr", null, h("th", { scope: "row" }, first),
      cells.map((cell, at) => h("td", { class: kind(at + 1) }, cell)))))));
}

/**
 * A text that may be long, in a cell.
 * @param {...import("../../h.js").Child} children
 */
export function long(...children) {
  return h("div", { class: "long" }, children);
}
