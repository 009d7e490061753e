/**
 * What the table of stores shows as a file of CSV, with all of its rows: figures as the API tells them, times in seconds.
 */

import * as api from "../../api.js";
import { asked as rfc3339 } from "../../clock.js";
import { text } from "../../csv.js";
import { attributeOf, change, KINDS } from "./columns.js";

const PAGE = 1000; // rows at a time
const INSTANTS = new Set(["since", "last_poll"]);

/**
 * What a row has in a column.
 * @param {any} row
 * @param {string} name the column's
 * @param {string} window
 */
function value(row, name, window) {
  if (!KINDS[name]) {
    return row.attributes?.[attributeOf(name)];
  } else if (KINDS[name].field !== "windows") {
    return INSTANTS.has(name) && row[name] !== null ? rfc3339(row[name]) : row[name];
  } else if (name === "change") {
    return change(row.windows, window)?.toFixed(6);
  }
  return row.windows[window]?.[name];
}

/**
 * The text of the file.
 * @param {URLSearchParams} question for the rows, as `/v1/stores` takes it
 * @param {string[]} names the columns'
 * @param {string} window
 * @param {(done: number, total: number) => void} progress
 */
export async function csv(question, names, window, progress) {
  const asked = new URLSearchParams(question);
  const heads = names.map((name) =>
    KINDS[name]?.field === "windows" ? `${name}_${window}` : KINDS[name] ? name : attributeOf(name));
  /** @type {unknown[][]} */
  const rows = [["store_id", ...heads]];
  asked.set("limit", String(PAGE));
  if (names.includes("strip")) {
    asked.set("fields", `${asked.get("fields")},strip`);
  }
  let total = 1;
  for (let offset = 0; offset < total; offset += PAGE) {
    asked.set("offset", String(offset));
    const found = await api.get("v1/stores", asked);
    total = found.total;
    rows.push(...found.stores.map((/** @type {any} */ row) => [row.store_id, ...names.map((name) => value(row, name, window))]));
    progress(Math.min(total, offset + PAGE), total);
  }
  return text(rows);
}
