/**
 * What the parts of the view ask the service: the same stores, instants and rules, and windows that are the same for all of them,
 * so that the service computes them once.
 */

import * as address from "../../address.js";

/** The windows that are always there: what the address calls them, the API does, and people do. */
export const WINDOWS = /** @type {const} */ ([
  ["hour", "last_hour", "Hour"], ["day", "last_day", "Day"], ["week", "last_week", "Week"],
]);

const STANDARD = "last_hour:1h,last_day:1d,last_week:7d";
const SPAN = "span"; // the name of the window that was chosen by hand

/**
 * Whether a stretch of time was chosen by hand.
 * @param {URLSearchParams} query
 */
export function hasSpan(query) {
  return query.has("from") && query.has("to");
}

/**
 * The API's name of the window whose figures are shown.
 * @param {URLSearchParams} query
 */
export function windowOf(query) {
  const wanted = query.get("w") ?? "week";
  return hasSpan(query) && !query.has("w") ? SPAN : WINDOWS.find(([name]) => name === wanted)?.[1] ?? "last_week";
}

/**
 * What people call a window.
 * @param {string} name the API's
 */
export function labelOf(name) {
  return WINDOWS.find(([, other]) => other === name)?.[2] ?? "Chosen";
}

/**
 * The same within a sentence, after "the".
 * @param {string} name the API's
 */
export function wordOf(name) {
  return name === SPAN ? "chosen span" : labelOf(name).toLowerCase();
}

/**
 * Changes of the address that show another window, and sort by its figures if figures are sorted by.
 * @param {URLSearchParams} query
 * @param {string} name the API's
 * @returns {address.Changes}
 */
export function towards(query, name) {
  const [short] = WINDOWS.find(([, other]) => other === name) ?? [null];
  return { w: short === "week" && !hasSpan(query) ? null : short,
    sort: query.get("sort")?.replace(new RegExp(`_${windowOf(query)}$`), `_${name}`) };
}

/**
 * A question about stores that says nothing of windows.
 * @param {URLSearchParams} query
 */
export function about(query) {
  const asked = address.question(query);
  asked.set("time", "ms");
  return asked;
}

/**
 * A question about figures, each window beside the one before.
 * @param {URLSearchParams} query
 */
export function figures(query) {
  const asked = about(query);
  if (hasSpan(query)) {
    asked.set("windows", `${STANDARD},${SPAN}:${query.get("from")}/${query.get("to")}`);
  }
  asked.set("compare", "true");
  return asked;
}

/**
 * What of an address decides what is shown beside the table of stores: all but the table's order and columns.
 * @param {URLSearchParams} query
 */
export function unsorted(query) {
  const rest = new URLSearchParams(query);
  ["sort", "order", "cols"].forEach((name) => rest.delete(name));
  return rest.toString();
}
