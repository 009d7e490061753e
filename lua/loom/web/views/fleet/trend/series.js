/**
 * What stores were together, step by step: the question, and its answer as steps.
 */

import { instant } from "../../../clock.js";
import { about, hasSpan } from "../question.js";

/**
 * @typedef {object} Series columns of the same length, times in seconds
 * @property {number} step in seconds
 * @property {number} to milliseconds since 1970
 * @property {number} stores
 * @property {number[]} t milliseconds since 1970
 * @property {number[]} up
 * @property {number[]} down
 * @property {number[]} unknown
 * @property {number[]} excluded
 * @property {number[]} stores_down
 */

const MOST = 200; // steps that can be told apart
const LENGTHS = [60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]; // seconds

/**
 * How long steps are, so that a span has a whole number of them.
 * @param {number} seconds of the span
 */
function stepOf(seconds) {
  return LENGTHS.find((step) => seconds % step === 0 && seconds / step <= MOST)
    ?? LENGTHS.findLast((step) => seconds % step === 0) ?? seconds;
}

/**
 * The question for an address.
 * @param {URLSearchParams} query
 */
export function question(query) {
  const asked = about(query);
  if (hasSpan(query)) {
    const [from, to] = ["from", "to"].map((name) => query.get(name) ?? "");
    const length = Number(instant(to)) - Number(instant(from));
    asked.set("from", from);
    asked.set("to", to);
    asked.set("step", String(stepOf(Math.round(length / 1000))));
  }
  return asked;
}

/**
 * The share of what was judged that was up, in a step; null: nothing was.
 * @param {Series} series
 * @param {number} at
 */
export function ratio({ up, down }, at) {
  return up[at] + down[at] > 0 ? up[at] / (up[at] + down[at]) : null;
}

/**
 * Where a step ends.
 * @param {Series} series
 * @param {number} at
 */
export function end(series, at) {
  return series.t[at + 1] ?? series.to;
}
