/**
 * The wall: every store as a row of cells over a stretch of time, so that causes can be told by their shape. What stands upright
 * hit many stores at once, what lies is a store that is dead, and a comb is hours that are wrong.
 */

import * as address from "../address.js";
import { zoneOf } from "../clock.js";
import { fill, h, set, svg } from "../h.js";
import { counted } from "../words.js";
import { alerts } from "./wall/alerts.js";
import { controls, spanOf } from "./wall/controls.js";
import { cursor } from "./wall/cursor.js";
import { gutterOf, heightOf, rowsOf } from "./wall/layout.js";
import { axis as dates, ids, marks, names } from "./wall/overlay.js";
import { paint, palette } from "./wall/paint.js";
import { readout } from "./wall/readout.js";
import { source } from "./wall/source.js";
import { table } from "./wall/table.js";

export const title = "Wall";

const SCHEMES = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]; // on which colours depend

/** @returns {import("../view.js").View} */
export function open() {
  const strips = source(() => {
    tell(false);
    later();
    list();
  });
  /** @type {import("./wall/cursor.js").Cursor | null} */
  let at = null;
  let query = new URLSearchParams();
  let colours = palette();
  let frame = 0;
  const fired = alerts();
  /** @type {unknown[]} what the canvas shows: it is painted when that changes, not whenever the pointer moves */
  let shown = [];

  const tools = h("div", { class: "row wall-tools" });
  const words = h("p", { class: "hint" });
  const remark = h("span");
  const told = readout();
  const canvas = h("canvas", { role: "img" });
  const over = svg("svg", { class: "wall-over", "aria-hidden": "true" });
  const spacer = svg("svg", { width: 1, height: 0 });
  const sheet = h("div", { class: "wall-sheet", tabIndex: 0, role: "application", "aria-roledescription": "wall of stores",
    "aria-label": "Stores over time: arrow keys move, Enter opens the store, Shift chooses several", onscroll: later },
  h("div", { class: "wall-view" }, canvas, over), spacer);
  const axis = svg("svg", { class: "wall-axis", "aria-hidden": "true", height: 22 });
  const listed = h("div");
  const rows = h("details", { ontoggle: list }, h("summary", null, "As a table"), listed);
  const element = h("div", { class: "stack wall" }, h("h1", { class: "unseen" }, title), tools, words,
    h("div", null, axis, sheet), told.element, rows);

  function layout() {
    const room = sheet.clientHeight;
    const stores = strips.grid()?.ids.length ?? 0;
    const { each, height, total } = rowsOf(stores, heightOf(query), room);
    const top = Math.floor(sheet.scrollTop / height);
    return { each, height, total, room, first: top * each, rows: Math.min(total - top, Math.ceil(room / height)) };
  }

  /** Whether the ids of stores are shown beside them. @param {URLSearchParams} query */
  function areNamed(query) {
    return !query.has("by") && gutterOf(query, layout().height) > 0;
  }

  /** @param {{ height: number }} layout */
  function size({ height }) {
    const gutter = gutterOf(query, height);
    return { gutter, width: Math.max(100, sheet.clientWidth - gutter), room: sheet.clientHeight };
  }

  function draw() {
    const grid = strips.grid();
    frame = 0;
    if (!grid) {
      return;
    }
    const [now, scale] = [layout(), devicePixelRatio];
    const sizes = size(now);
    const { gutter, width, room } = sizes;
    set(element, { class: gutter ? "stack wall named" : "stack wall" });
    const [wide, high] = [Math.round(width * scale), Math.round(room * scale)];
    if (canvas.width !== wide || canvas.height !== high) {
      set(canvas, { width: wide, height: high });
    }
    set(spacer, { height: Math.max(0, now.total * now.height - room) });
    const wanted = [grid, colours, wide, high, ...Object.values(now)];
    if (wanted.some((value, place) => value !== shown[place])) {
      shown = wanted;
      paint(canvas, grid, now, colours);
    }
    fill(over, fired.drawn(grid, now, sizes), query.has("by") ? names(grid, now, sizes) : gutter > 0 && ids(grid, now, sizes),
      at && marks(grid, now, sizes, at));
    fill(axis, dates(grid, zoneOf(query), sizes));
  }

  function later() {
    frame = frame || requestAnimationFrame(draw);
  }

  function list() {
    const grid = strips.grid();
    if (rows.open && grid) {
      strips.name();
      fill(listed, strips.isNamed() && table(grid));
    }
  }

  /** @param {boolean} aloud */
  function tell(aloud) {
    if (at) {
      strips.name();
    }
    told.tell(strips.grid(), at, zoneOf(query), aloud, fired);
  }

  const pointer = cursor(sheet, {
    cellAt(event) {
      const grid = strips.grid();
      const box = canvas.getBoundingClientRect();
      const now = layout();
      const store = now.first + Math.floor((event.clientY - box.top) / now.height) * now.each;
      const bin = Math.floor((event.clientX - box.left) / box.width * (grid?.bins ?? 0));
      return grid && bin >= 0 && bin < grid.bins && store >= 0 && store < grid.ids.length ? { store, bin } : null;
    },
    size: () => ({ stores: strips.grid()?.ids.length ?? 0, bins: strips.grid()?.bins ?? 0, each: layout().each }),
    moved(cell, byKey) {
      at = cell;
      if (cell && byKey) {
        const now = layout();
        const y = Math.floor(cell.store / now.each) * now.height;
        sheet.scrollTop = Math.min(Math.max(sheet.scrollTop, y + now.height - now.room), y);
      }
      tell(byKey);
      later();
    },
    open: (store) => strips.isNamed() && address.go(address.href("store", { id: strips.grid()?.ids[store] })),
  });

  function repaint() {
    colours = palette();
    draw(); // at once: what is printed is not waited for
  }
  const resized = new ResizeObserver(later);
  resized.observe(sheet);
  document.addEventListener("loom-theme", repaint);
  const schemes = SCHEMES.map((query) => matchMedia(query));
  schemes.forEach((scheme) => scheme.addEventListener("change", repaint));

  return {
    element,
    async update(now, signal, { as_of: seen }) {
      const span = spanOf(now.query);
      const isSame = query.toString() === now.query.toString();
      const wantsIds = isSame && strips.isNamed() && (at !== null || areNamed(query) || fired.some());
      await strips.load(now.query, span, seen, wantsIds, signal);
      const count = strips.grid()?.ids.length ?? 0;
      if (!isSame || at && at.store >= count) { // it may have been removed
        pointer.reset();
      }
      query = now.query;
      const stores = counted(count, "store");
      controls(tools, query);
      fill(words, `Each row is one of ${stores}, each cell ${span.cell}. Red that stands upright has `
        + "one cause for many stores, red that lies is a store that is dead, a comb is hours that are wrong.", remark);
      set(canvas, { "aria-label": `${stores} over ${span.label}` });
      draw();
      list();
      tell(false);
      if (areNamed(query)) {
        strips.name();
      }
      return async () => { // marks can wait until the rest is painted
        await fired.load(strips.grid(), signal);
        fill(remark, fired.some() && " A line at the top of a row is an alert.",
          fired.problem() && ` Alerts cannot be shown: ${fired.problem()}`);
        draw();
        if (fired.some()) {
          strips.name();
        }
      };
    },
    close() {
      strips.close();
      resized.disconnect();
      document.removeEventListener("loom-theme", repaint);
      schemes.forEach((scheme) => scheme.removeEventListener("change", repaint));
    },
  };
}
