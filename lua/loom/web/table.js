/**
 * A table of very many rows, of which only those that are seen are elements: two empty rows stand for what is above and below.
 * Rows come from the service in pages, sorted there.
 */

import { fill, h, set, svg } from "./h.js";
import { holding } from "./holding.js";
import { paged } from "./paged.js";
import { refilling } from "./refilling.js";
import { listen } from "./rowkeys.js";
import { row, update } from "./rowcells.js";

/** @typedef {import("./columns.js").Column} Column */

const SPARE = 8; // rows above and below those that are seen
const FIRST = 16; // rows that are made before the height that there is for them is known
const REST = 80; // milliseconds without scrolling after which rows are asked for

/** @param {import("./columns.js").Source} source */
export function table(source) {
  /** @type {Column[]} */
  let columns = [];
  const rows = paged(source.load);
  /** @type {Map<number, { one: HTMLTableRowElement, values: any }>} those that are elements, and what they show */
  const made = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  // What is laid out is looked at when that has been done (by an observer, or when it is scrolled), so that it is done but once.
  let [height, top, room] = [32, 0, 0];
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
  const refill = refilling(head);
  const held = holding(body);
  const resized = new ResizeObserver(measure);
  [element, body].forEach((one) => resized.observe(one));
  listen(element, () => Math.ceil(element.scrollTop / height), (index) => made.get(index)?.one);

  /** @returns {[from: number, to: number]} the rows that are seen, and some more */
  function seen() {
    return [Math.max(0, Math.floor(top / height) - SPARE),
      Math.min(rows.total(), room ? Math.ceil((top + room) / height) + SPARE : FIRST)];
  }

  // The element of a row: the one that is there, if there is one.
  /** @param {number} index */
  function rowAt(index) {
    const values = rows.at(index);
    const old = made.get(index);
    if (!old) {
      const one = row(columns, index, values);
      made.set(index, { one, values });
      return one;
    }
    if (old.values !== values && held.isPressed()) {
      held.run(later);
    } else if (old.values !== values) {
      update(old.one, columns, values);
      old.values = values;
    }
    return old.one;
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
  }

  // Rows are higher than they are meant to be where letters are larger.
  function measure() {
    const real = made.values().next().value?.one.getBoundingClientRect().height;
    if (real) {
      room = element.clientHeight;
      height = Math.abs(real - height) > 0.5 ? real : height;
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
    top = element.scrollTop;
    later();
    clearTimeout(resting);
    resting = setTimeout(() => complete().catch(source.fail), REST);
  }

  /**
   * @param {string} key
   * @param {"asc" | "desc"} order
   */
  function heads(key, order) {
    refill([key, order, columns], () => columns.map((column) => {
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

    /**
     * Shows what has been added to rows that are there.
     * @param {string} key the column that shows it
     */
    refresh(key) {
      held.run(() => made.forEach(({ one, values }) => values && update(one, columns, values, key)));
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
      if (!same && top) {
        element.scrollTop = top = 0;
      }
      held.run(() => {
        columns = wanted;
        made.forEach((row) => row.values = null);
        heads(key, order);
        grid.setAttribute("aria-rowcount", String(rows.total() + 1));
        render();
      });
      if (same) { // it may have been scrolled meanwhile
        await complete();
      }
    },
  };
}
