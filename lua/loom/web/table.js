/**
 * A table of very many rows, of which only those that are seen are elements: two empty rows stand for what is above and below.
 * Rows come from the service in pages, sorted there.
 */

import { fill, h, set, svg } from "./h.js";
import { paged } from "./paged.js";

/**
 * @typedef {object} Column
 * @property {string} key by which rows are sorted, and which tells columns apart
 * @property {string} label
 * @property {string} [title] what it means
 * @property {boolean} [numeric]
 * @property {boolean} [fixed] it cannot be sorted by
 * @property {boolean} [descends] the order in which it is sorted first
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
  /** @type {Map<number, HTMLTableRowElement>} */
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
  const grid = h("table", { class: "rows" }, h("caption", { class: "unseen" }, source.label), h("thead", null, head), body);
  const element = h("div", { class: "sheet", tabIndex: 0, role: "region", "aria-label": source.label, onscroll: scrolled }, grid);

  /** @returns {[from: number, to: number]} the rows that are seen, and some more; an empty table has no height yet */
  function seen() {
    const { scrollTop, clientHeight } = element;
    return [Math.max(0, Math.floor(scrollTop / height) - SPARE),
      Math.min(rows.total(), Math.ceil((scrollTop + (made.size ? clientHeight : innerHeight)) / height) + SPARE)];
  }

  /** @param {number} index */
  function row(index) {
    const values = rows.at(index);
    return h("tr", { "aria-rowindex": index + 2, class: values ? null : "waiting" }, columns.map((column, at) =>
      h(at ? "td" : "th", { class: column.numeric ? "number" : null, scope: at ? null : "row" },
        values ? column.cell(values) : at ? "" : "…")));
  }

  /** Makes the elements of the rows that are seen. */
  function render() {
    frame = 0;
    const [from, to] = seen();
    for (const [index, old] of made) {
      if (index < from || index >= to) {
        old.remove();
        made.delete(index);
      }
    }
    let before = /** @type {Element} */ (first);
    for (let index = from; index < to; index++) {
      const one = made.get(index) ?? row(index);
      if (!made.has(index)) {
        made.set(index, one);
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
    const real = made.values().next().value?.getBoundingClientRect().height;
    if (real && Math.abs(real - height) > 0.5) {
      height = real;
      later();
    }
  }

  function later() {
    frame = frame || requestAnimationFrame(render);
  }

  function forget() {
    made.forEach((one) => one.remove());
    made.clear();
  }

  async function complete() {
    if (await rows.complete(...seen())) {
      forget();
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
    fill(head, columns.map((column) => {
      const sorted = column.key === key;
      const next = sorted ? (order === "asc" ? "desc" : "asc") : column.descends ? "desc" : "asc";
      return h("th", { scope: "col", class: column.numeric ? "number" : null, title: column.title ?? null,
        "aria-sort": sorted ? (order === "asc" ? "ascending" : "descending") : null },
      column.fixed ? column.label : h("button", { type: "button", onclick: () => source.sort(column.key, next) }, column.label));
    }));
    [first, last].forEach((pad) => set(pad.cells[0], { colspan: columns.length }));
  }

  return {
    element,

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
      forget();
      heads(key, order);
      grid.setAttribute("aria-rowcount", String(rows.total() + 1));
      render();
      await complete();
    },
  };
}
