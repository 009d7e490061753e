/**
 * A table of very many rows, of which only those that are seen are elements: two empty rows stand for what is above and below.
 * Rows come from the service in pages, sorted there.
 */

import { fill, h, refill, set, svg } from "./h.js";
import { paged } from "./paged.js";
import { listen, targets } from "./rowkeys.js";

/**
 * @typedef {object} Column
 * @property {string} key by which rows are sorted, and which tells columns apart
 * @property {string} label
 * @property {string} [title] what it means
 * @property {boolean} [numeric]
 * @property {boolean} [fixed] it cannot be sorted by
 * @property {boolean} [descends] the order in which it is sorted first
 * @property {number | (() => number)} [width] in pixels; a function is asked when rows are there. Where the columns have widths,
 *   they keep them while the rows change
 * @property {(row: any) => import("./h.js").Child} cell
 */

/**
 * @typedef {object} Source
 * @property {string} label what the rows are
 * @property {import("./paged.js").Load} load
 * @property {(key: string, order: "asc" | "desc") => void} sort asks for another order
 * @property {(error: Error) => void} fail
 */

const SPARE = 8; // rows above and below those that are seen
const REST = 80; // milliseconds without scrolling after which rows are asked for

/** @param {Source} source */
export function table(source) {
  /** @type {Column[]} */
  let columns = [];
  const rows = paged(source.load);
  /** @type {Map<number, { one: HTMLTableRowElement, values: any }>} those that are elements, and what they show */
  const made = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  let height = 32;
  let frame = 0;

  const head = h("tr");
  const above = svg("svg", { width: 1, height: 0 });
  const below = svg("svg", { width: 1, height: 0 });
  const first = h("tr", { class: "pad", "aria-hidden": "true" }, h("td", null, above));
  const last = h("tr", { class: "pad", "aria-hidden": "true" }, h("td", null, below));
  const body = h("tbody", null, first, last);
  const widths = h("colgroup");
  const grid = h("table", { class: "rows" },
    h("caption", { class: "unseen" }, source.label), widths, h("thead", null, head), body);
  const element = h("div", { class: "sheet", tabIndex: 0, role: "region", "aria-label": source.label, onscroll: scrolled }, grid);
  listen(element, () => Math.ceil(element.scrollTop / height), (index) => made.get(index)?.one);

  /** @returns {[from: number, to: number]} the rows that are seen, and some more; an empty table has no height yet */
  function seen() {
    const { scrollTop, clientHeight } = element;
    return [Math.max(0, Math.floor(scrollTop / height) - SPARE),
      Math.min(rows.total(), Math.ceil((scrollTop + (made.size ? clientHeight : innerHeight)) / height) + SPARE)];
  }

  /** @param {number} index @param {any} values */
  function row(index, values) {
    const one = h("tr", { "aria-rowindex": index + 2, class: values ? null : "waiting" }, columns.map((column, at) =>
      h(at ? "td" : "th", { class: column.numeric ? "number" : null, scope: at ? null : "row" },
        values ? column.cell(values) : at ? "" : "…")));
    targets(one).forEach((target) => set(target, { tabIndex: -1 }));
    return one;
  }

  // The element of a row: the one that is there, if it shows the same, so that what is selected stays, and the focus.
  /** @param {number} index */
  function rowAt(index) {
    const values = rows.at(index);
    const old = made.get(index);
    if (old && old.values === values) {
      return old.one;
    }
    const one = row(index, values);
    if (old?.one.isEqualNode(one)) {
      made.set(index, { one: old.one, values });
      return old.one;
    }
    made.set(index, { one, values });
    if (old) {
      const at = targets(old.one).findIndex((other) => other === document.activeElement);
      old.one.replaceWith(one);
      targets(one)[at]?.focus({ preventScroll: true });
    }
    return one;
  }

  /** Makes the elements of the rows that are seen. */
  function render() {
    frame = 0;
    const [from, to] = seen();
    for (const [index, { one }] of made) {
      if (index < from || index >= to) {
        if (one.contains(document.activeElement)) {
          element.focus({ preventScroll: true });
        }
        one.remove();
        made.delete(index);
      }
    }
    let before = /** @type {Element} */ (first);
    for (let index = from; index < to; index++) {
      const one = rowAt(index);
      if (before.nextElementSibling !== one) {
        before.after(one);
      }
      before = one;
    }
    above.setAttribute("height", String(from * height));
    below.setAttribute("height", String((rows.total() - to) * height));
    measure();
  }

  // Rows are higher than they are meant to be where letters are larger.
  function measure() {
    const real = made.values().next().value?.one.getBoundingClientRect().height;
    if (real && Math.abs(real - height) > 0.5) {
      height = real;
      later();
    }
  }

  function later() {
    frame = frame || requestAnimationFrame(render);
  }

  async function complete() {
    if (await rows.complete(...seen())) {
      render();
    }
  }

  function scrolled() {
    later();
    clearTimeout(resting);
    resting = setTimeout(() => complete().catch(source.fail), REST);
  }

  /**
   * @param {string} key
   * @param {"asc" | "desc"} order
   */
  function heads(key, order) {
    refill(head, columns.map((column) => {
      const sorted = column.key === key;
      const next = sorted ? (order === "asc" ? "desc" : "asc") : column.descends ? "desc" : "asc";
      return h("th", { scope: "col", class: column.numeric ? "number" : null, title: column.title ?? null,
        "aria-sort": sorted ? (order === "asc" ? "ascending" : "descending") : null },
      column.fixed ? column.label : h("button", { type: "button", onclick: () => source.sort(column.key, next) }, column.label));
    }));
    fill(widths, columns.map(({ width }) => h("col", { width: typeof width === "function" ? width() : width })));
    grid.classList.toggle("even", columns.every(({ width }) => width));
    [first, last].forEach((pad) => set(pad.cells[0], { colspan: columns.length }));
  }

  return {
    element,

    /** Shows what has been added to rows that are there. */
    refresh() {
      made.forEach((row) => row.values = null);
      later();
    },

    /**
     * Shows other rows, columns or another order, or the same anew.
     * @param {Column[]} wanted
     * @param {string} key
     * @param {"asc" | "desc"} order
     * @param {boolean} same whether the rows are in the same order as before, so that the place stays
     * @param {AbortSignal} signal
     */
    async show(wanted, key, order, same, signal) {
      const [from, to] = same ? seen() : [0, 0];
      await rows.renew(from, to, signal);
      columns = wanted;
      if (!same) {
        element.scrollTop = 0;
      }
      made.forEach((row) => row.values = null);
      heads(key, order);
      grid.setAttribute("aria-rowcount", String(rows.total() + 1));
      render();
      await complete();
    },
  };
}
