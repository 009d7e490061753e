/**
 * What a table of very many rows (`table.js`) is made of: types alone, so that browsers never load this.
 */

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

export {};
