/**
 * The stores that are chosen as a file of CSV, as the service sends it: `store_id`, and the columns that are asked for.
 */

import { text } from "../csv.js";
import { chosen } from "./choice.js";
import { change, ordered } from "./order.js";

/** @typedef {import("./rows.js").Row} Row */

const DIGITS = 1e6; // of decimals

/**
 * An instant by RFC 3339, with all of its microseconds.
 * @param {number} ms with a fraction
 */
function rfc3339(ms) {
  const text = new Date(Math.floor(ms)).toISOString().replace("Z", "");
  const micro = String(Math.round((ms - Math.floor(ms)) * 1000)).padStart(3, "0");
  return (text + micro).replace(/\.?0+$/, "") + "Z";
}

/** @param {Row} row @param {string} name the column's */
function figure(row, name) {
  const [, changed, of, window] = name.match(/^(change_)?([a-z]+)_(.+)$/) ?? [];
  if (!changed) {
    return row.windows[window]?.[of];
  }
  const value = change(row, of, window);
  return value === null || of === "ratio" ? value && value / DIGITS : Math.round(value * DIGITS) / DIGITS;
}

/**
 * What a row has in a column.
 * @param {Row} row
 * @param {string} name
 */
function cell(row, name) {
  if (name === "since" || name === "last_poll") {
    const instant = row.exact[name];
    return instant === null ? null : rfc3339(instant);
  } else if (name === "state" || name === "timezone_str" || name === "strip") {
    return row[name];
  }
  const attribute = name.match(/^attribute\.(.*)$/s)?.[1];
  return attribute === undefined ? figure(row, name)
    : Object.hasOwn(row.attributes, attribute) ? row.attributes[attribute] : null;
}

/**
 * The text of the file.
 * @param {URLSearchParams} query as of `/v1/stores`
 */
export async function csv(query) {
  const names = (query.get("columns") ?? "").split(",").map(decodeURIComponent);
  const rows = ordered(await chosen(query), query);
  return text([["store_id", ...names], ...rows.map((row) => [row.store_id, ...names.map((name) => cell(row, name))])]);
}
