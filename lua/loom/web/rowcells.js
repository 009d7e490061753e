/**
 * The rows of a table of very many: their elements, of which only those are made anew that show something else.
 */

import { h, set } from "./h.js";
import { targets } from "./rowkeys.js";

/** @typedef {import("./columns.js").Column} Column */

// Tab passes over what is in a row: see `rowkeys.js`.
/** @param {Element} cell */
function leaveOut(cell) {
  targets(cell).forEach((target) => set(target, { tabIndex: -1 }));
  return cell;
}

/**
 * @param {Column} column
 * @param {number} at its place
 * @param {any} values null: they are waited for
 */
function cell(column, at, values) {
  return leaveOut(h(at ? "td" : "th", { class: column.numeric ? "number" : null, scope: at ? null : "row" },
    values ? column.cell(values) : at ? "" : "…"));
}

/**
 * @param {Column[]} columns
 * @param {number} index of the row
 * @param {any} values
 */
export function row(columns, index, values) {
  return h("tr", { "aria-rowindex": index + 2, class: values ? null : "waiting" },
    columns.map((column, at) => cell(column, at, values)));
}

/**
 * Has a row show other values. What shows the same stays, so that it keeps what is selected, and the focus.
 * @param {HTMLTableRowElement} one
 * @param {Column[]} columns
 * @param {any} values
 * @param {string} [key] of the only column that may show something else
 */
export function update(one, columns, values, key) {
  one.classList.toggle("waiting", !values);
  columns.forEach((column, at) => {
    const old = one.cells[at];
    const fresh = key === undefined || key === column.key ? cell(column, at, values) : old;
    if (!old) {
      one.append(fresh);
    } else if (!old.isEqualNode(fresh)) {
      const focused = targets(old).findIndex((target) => target === document.activeElement);
      old.replaceWith(fresh);
      targets(fresh)[focused]?.focus({ preventScroll: true });
    }
  });
  while (one.cells.length > columns.length) {
    one.deleteCell(-1);
  }
}
