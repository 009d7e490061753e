/**
 * The lines of the wall, as the service gives them.
 */

import { fleet } from "./files.js";
import { by } from "./order.js";

/** @typedef {import("./rows.js").Row} Row */

const WEEK = "last_week"; // the window that strips are of
const BINS = 168;

/** @param {Row} row */
function firstOutage({ strip }) {
  const at = strip.search(/[dp]/);
  return at < 0 ? null : at;
}

/**
 * @param {Row[]} rows
 * @param {string} order
 */
function sorted(rows, order) {
  return order === "store_id" ? rows : order === "first_outage" ? by(rows, firstOutage)
    : by(rows, (row) => row.windows[WEEK].down, true);
}

/**
 * @param {Row[]} rows in order of their ids
 * @param {URLSearchParams} query
 */
export function lines(rows, query) {
  const name = query.get("by");
  const week = fleet.summary.windows.find((/** @type {{ name: string }} */ one) => one.name === WEEK);
  /** @param {Row} row */
  const valueOf = (row) => name === "timezone_str" ? row.timezone_str
    : name !== null && Object.hasOwn(row.attributes, name) ? row.attributes[name] : null;
  let list = sorted(rows, query.get("order") ?? "down");
  if (name) {
    const places = new Map(list.map((row, at) => [row, at]));
    list = by(list.map((row) => ({ ...row, place: places.get(row) ?? 0 })), valueOf);
  }
  const head = { as_of: fleet.as_of, from: week.from, to: week.to, bins: BINS, stores: list.length };
  return [JSON.stringify(head), ...list.map((row) => {
    const value = valueOf(row);
    return `${row.runs}\t${encodeURIComponent(row.store_id)}${value === null ? "" : `\t${encodeURIComponent(value)}`}`;
  })].join("\n");
}
