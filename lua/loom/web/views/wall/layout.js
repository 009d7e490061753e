/**
 * Where stores and hours are on the wall: from pixels to cells and back.
 */

/** Those that can be chosen: see `heightOf`. */
export const HEIGHTS = [0, 1, 2, 4, 8, 16];

/** Pixels of a date. */
export const DATE = 70;

const NAMED = 16; // the height from which on the names of stores have room
const HIGHEST = 28; // of rows where all are seen at once
const GUTTERS = { wide: 120, narrow: 84 }; // pixels at the left for names, as the style has them, too
const NARROW = matchMedia("(max-width: 700px)");

/**
 * The height of a row that an address asks for, in pixels; 0: as many stores share one as have to for all to be seen.
 * @param {URLSearchParams} query
 */
export function heightOf(query) {
  const height = Number(query.get("rows"));
  return HEIGHTS.includes(height) ? height : 0;
}

/**
 * The room for names: of groups, or of stores.
 * @param {URLSearchParams} query
 * @param {number} height of a row
 */
export function gutterOf(query, height) {
  return query.has("by") || height >= NAMED ? NARROW.matches ? GUTTERS.narrow : GUTTERS.wide : 0;
}

/**
 * @param {number} stores
 * @param {number} wanted height of a row; 0: all are to be seen
 * @param {number} room pixels from the top to the bottom
 * @returns {{ each: number, height: number, total: number }} stores to a row, its height, and how many rows there are
 */
export function rowsOf(stores, wanted, room) {
  if (wanted) {
    return { each: 1, height: wanted, total: stores };
  }
  const each = Math.max(1, Math.ceil(stores / room));
  const total = Math.ceil(stores / each);
  return { each, height: Math.min(HIGHEST, room / Math.max(1, total)), total };
}

/**
 * Instants at which days begin by the clocks of a zone, at most one for every 70 pixels, which is what a date needs.
 * @param {{ from: number, to: number }} grid
 * @param {string | undefined} zone
 * @param {number} width
 */
export function days({ from, to }, zone, width) {
  const clock = new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", hour: "numeric", minute: "numeric", timeZone: zone });
  const list = [];
  for (let at = Math.ceil(from / 900000) * 900000; at < to; at += 900000) {
    const text = clock.format(at);
    if (text === "00:00") {
      list.push(at);
    }
  }
  const every = Math.max(1, Math.ceil(list.length * DATE / Math.max(1, width)));
  return list.filter((_, place) => place % every === 0);
}
