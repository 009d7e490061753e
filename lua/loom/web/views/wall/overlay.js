/**
 * What is drawn over the wall: names of groups, the cell that somebody looks at, the stores that they choose; and its axis.
 */

import { show } from "../../clock.js";
import { svg } from "../../h.js";
import { groups } from "./grid.js";
import { DATE, days } from "./layout.js";

/** @typedef {{ gutter: number, width: number, room: number }} Size of the place for names, and of the wall, in pixels */

const LINE = 13; // pixels that a name needs
const BASE = 3.5; // from the middle of its letters to their foot
const LETTER = 6.6; // pixels

/**
 * A name, cut where there is no room for all of it.
 * @param {string} name
 * @param {number} gutter pixels that there are
 */
function cut(name, gutter) {
  const most = Math.floor((gutter - 6) / LETTER);
  return name.length > most ? name.slice(0, most - 1) + "…" : name;
}

/**
 * Where a store is, in pixels from the top.
 * @param {number} store
 * @param {import("./paint.js").Layout} layout
 */
function top(store, { first, each, height }) {
  return Math.floor((store - first) / each) * height;
}

/**
 * The names of groups and lines between them.
 * @param {import("./grid.js").Grid} grid
 * @param {import("./paint.js").Layout} layout
 * @param {Size} size
 */
export function names(grid, layout, { gutter, width, room }) {
  return groups(grid).map(({ value, from, to }) => {
    const y = Math.max(0, top(from, layout));
    const end = Math.min(room, top(to, layout));
    return end > y && [svg("line", { x1: 0, x2: gutter + width, y1: y, y2: y }),
      end - y >= LINE && svg("text", { x: 4, y: y + LINE - 1 }, value === null ? "without" : cut(value, gutter))];
  });
}

/**
 * The ids of stores, where rows are high enough for them.
 * @param {import("./grid.js").Grid} grid
 * @param {import("./paint.js").Layout} layout
 * @param {Size} size
 */
export function ids(grid, layout, { gutter }) {
  return grid.ids.slice(layout.first, layout.first + layout.rows).map((id, row) =>
    svg("text", { class: "id", x: 4, y: (row + 0.5) * layout.height + BASE }, cut(id, gutter)));
}

/**
 * The cell that somebody looks at, and what they choose.
 * @param {import("./grid.js").Grid} grid
 * @param {import("./paint.js").Layout} layout
 * @param {Size} size
 * @param {import("./cursor.js").Cursor} at
 */
export function marks(grid, layout, { gutter, width, room }, { store, bin, anchor }) {
  const cell = width / grid.bins;
  const x = gutter + bin * cell;
  const from = top(Math.min(anchor ?? store, store), layout);
  const to = top(Math.max(anchor ?? store, store), layout) + layout.height;
  return [
    anchor !== null && svg("rect", { class: "chosen", x: gutter, y: from, width, height: to - from }),
    svg("line", { class: "hair", x1: x + cell / 2, x2: x + cell / 2, y1: 0, y2: room }),
    svg("rect", { class: "cell", x, y: top(store, layout), width: cell, height: Math.max(2, layout.height) }),
  ];
}

/**
 * Where days begin.
 * @param {import("./grid.js").Grid} grid
 * @param {string | undefined} zone
 * @param {Size} size
 */
export function axis({ from, to }, zone, { gutter, width }) {
  return days({ from, to }, zone, width).map((day) => {
    const x = gutter + (day - from) / (to - from) * width;
    return [svg("line", { x1: x, x2: x, y1: 14, y2: 22 }),
      x + DATE <= gutter + width && svg("text", { x: x + 3, y: 14 }, show(day, zone, "day"))];
  });
}
