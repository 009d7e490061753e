/**
 * Which stores are chosen, as the service chooses them.
 */

import { fleet } from "./files.js";
import { rows } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */

const UNITS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86400 });

/** @param {string} text ASCII letters alone are the same as small ones */
function small(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** @param {string | undefined} text such as 15m @param {number} otherwise */
function seconds(text, otherwise) {
  const [, count, unit] = text?.match(/^(\d+)([smhd])$/) ?? [];
  return count ? Number(count) * UNITS[unit] : otherwise;
}

/**
 * @param {URLSearchParams} query
 * @returns {((row: Row) => boolean)[]}
 */
function byState(query) {
  const [states, dormant, lasted] = [query.get("state"), query.get("dormant"), query.get("lasted")];
  const tests = [];
  if (states) {
    const wanted = new Set(states.split(","));
    tests.push((/** @type {Row} */ { state }) => state !== null && wanted.has(state));
  }
  if (dormant === "true" || (dormant !== "any" && (states || dormant === "false"))) {
    tests.push((/** @type {Row} */ row) => row.dormant === (dormant === "true"));
  }
  if (lasted) {
    const [from, to] = lasted.split("..");
    const [least, most] = [seconds(from, 0), seconds(to, Infinity)];
    tests.push((/** @type {Row} */ { since }) => {
      const age = since === null ? Number.MAX_VALUE : (fleet.as_of - since) / 1000;
      return age >= least && age < most;
    });
  }
  return tests;
}

/**
 * The stores that a question is about, in order of their ids.
 * @param {URLSearchParams} query
 */
export async function chosen(query) {
  const tests = byState(query);
  const [text, zones, ids] = [small(query.get("q") ?? ""), query.getAll("timezone_str"), new Set(query.getAll("store"))];
  if (text) {
    tests.push(({ store_id: id, attributes }) => [id, ...Object.values(attributes)].some((one) => small(one).includes(text)));
  }
  if (zones.length) {
    tests.push((row) => zones.includes(row.timezone_str));
  }
  if (ids.size) {
    tests.push((row) => ids.has(row.store_id));
  }
  for (const name of new Set([...query.keys()].filter((key) => key.startsWith("where.")))) {
    const [attribute, values] = [name.slice("where.".length), query.getAll(name)];
    tests.push(({ attributes }) => Object.hasOwn(attributes, attribute) && values.includes(attributes[attribute]));
  }
  return (await rows()).filter((row) => tests.every((test) => test(row)));
}
