/**
 * The stores of the copy, a row each, as the service gives them.
 */

import { fleet, load } from "./files.js";

/**
 * @typedef {object} Row
 * @property {number} place among all, in order of their ids
 * @property {string} store_id
 * @property {import("../words.js").State | null} state
 * @property {number | null} since milliseconds since 1970
 * @property {{since: number | null, last_poll: number | null}} exact the same with microseconds behind the point
 * @property {boolean} dormant
 * @property {number | null} last_poll
 * @property {string} timezone_str
 * @property {Record<string, string>} attributes
 * @property {Record<string, Record<string, number | null>>} windows
 * @property {string} runs its strip, as runs of letters
 * @property {string} strip
 */

/** @type {Promise<Row[]> | null} */
let all = null;

/** @param {string} runs such as 12u3d */
function letters(runs) {
  return runs.replace(/(\d+)(\D)/g, (_, count, letter) => letter.repeat(Number(count)));
}

/**
 * An object of names and values.
 * @param {string[]} names
 * @param {any[]} values
 */
function object(names, values) {
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

/** @param {number | null} instant */
function whole(instant) {
  return instant === null ? null : Math.floor(instant);
}

/**
 * @param {any[]} values
 * @param {number} place
 * @returns {Row}
 */
function row(values, place) {
  const members = object(fleet.members, values);
  const windows = members.windows.map((/** @type {any[]} */ one) => object(fleet.figures, one));
  const { since, last_poll } = members;
  return /** @type {any} */ ({ ...members, since: whole(since), last_poll: whole(last_poll), exact: { since, last_poll }, place,
    windows: object(fleet.windows, windows), runs: members.strip,
    strip: letters(members.strip) });
}

/** All of them. */
export function rows() {
  all ??= (async () => {
    const files = Array.from({ length: Math.ceil(fleet.stores / fleet.rows) }, (_, at) => load(`stores-${at + 1}`));
    return (await Promise.all(files)).flat().map(row);
  })().catch((error) => {
    all = null;
    throw error;
  });
  return all;
}
