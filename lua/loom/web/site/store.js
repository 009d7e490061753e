/**
 * What is told of one store when it is opened, as the service answers.
 */

import { fleet, load } from "./files.js";
import { rows } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {{ row: Row, told: any }} Found */

/**
 * @param {string} id
 * @returns {Promise<Found | null>}
 */
export async function find(id) {
  const row = (await rows()).find((one) => one.store_id === id);
  if (!row) {
    return null;
  }
  const file = await load(`store-${Math.floor(row.place / fleet.told) + 1}`);
  return { row, told: file[row.place % fleet.told] };
}

/** @param {{ date: string }[]} days @param {URLSearchParams} query */
function between(days, query) {
  const [from, to] = [query.get("from") ?? "", query.get("to") ?? "~"];
  return days.filter(({ date }) => from <= date && date < to);
}

/**
 * What the service answers about a store, by the last part of the path; undefined: it is not in the copy.
 * @type {Record<string, (found: Found, query: URLSearchParams) => any>}
 */
export const answers = {
  "": ({ row, told }) => ({ ...row, windows: { ...told.explanation && { shown: told.explanation.windows[0].figures },
    ...Object.fromEntries(Object.entries(row.windows).filter(([name]) => !name.endsWith("_before"))) } }),
  schedule: ({ told }, query) => ({ ...told.schedule, days: between(told.schedule.days, query) }),
  explain: ({ told }) => told.explanation ?? undefined,
  timeline: ({ told }) => told.timeline ?? undefined,
  outages: ({ told }) => told.outages,
  hours: ({ told }) => told.hours,
  timezone: ({ told }) => told.timezone,
  "special-days": ({ told }, query) => ({ special_days: between(told.special_days, query) }),
};
