/**
 * What the table of stores shows as a file of CSV, with all of its rows: figures as the API tells them, times in seconds.
 */

import * as api from "../../api.js";
import { asked as rfc3339 } from "../../clock.js";
import { attributeOf, KINDS } from "./columns.js";

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
    const [now, before] = [row.windows[window]?.ratio, row.windows[window + "_before"]?.ratio];
    return now == null || before == null ? null : (now - before).toFixed(6);
  }
  return row.windows[window]?.[name];
}

/** @param {unknown} text quoted where it has to be; what a spreadsheet would compute is text to it */
function field(text) {
  const plain = text === null || text === undefined ? "" : String(text);
  const safe = typeof text === "string" && /^[=+\-@\t\r]/.test(plain) && Number.isNaN(Number(plain)) ? "'" + plain : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * The file.
 * @param {URLSearchParams} question for the rows, as `/v1/stores` takes it
 * @param {string[]} names the columns'
 * @param {string} window
 * @param {(done: number, total: number) => void} progress
 */
export async function csv(question, names, window, progress) {
  const asked = new URLSearchParams(question);
  const heads = names.map((name) => KINDS[name]?.field === "windows" ? `${name}_${window}` : KINDS[name] ? name : attributeOf(name));
  const lines = [["store_id", ...heads].map(field).join(",")];
  asked.set("limit", String(PAGE));
  if (names.includes("strip")) {
    asked.set("fields", `${asked.get("fields")},strip`);
  }
  let total = 1;
  for (let offset = 0; offset < total; offset += PAGE) {
    asked.set("offset", String(offset));
    const found = await api.get("v1/stores", asked);
    total = found.total;
    lines.push(...found.stores.map((/** @type {any} */ row) =>
      [row.store_id, ...names.map((name) => value(row, name, window))].map(field).join(",")));
    progress(Math.min(total, offset + PAGE), total);
  }
  return new Blob([lines.join("\n") + "\n"], { type: "text/csv;charset=utf-8" });
}

/**
 * Has the browser keep a file.
 * @param {Blob} file
 * @param {string} name
 */
export function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
