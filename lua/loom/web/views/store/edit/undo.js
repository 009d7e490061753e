/**
 * Undoes a change of the audit: what was there before is set again, by the same means.
 */

import * as api from "../../../api.js";
import { h } from "../../../h.js";
import { pathOf } from "./special.js";
import { send } from "../../../writes.js";

/**
 * @typedef {object} Way
 * @property {Record<string, unknown> | null} preview
 * @property {(reason: string) => Promise<unknown>} save
 */

/** @type {Record<string, (entry: import("../audit.js").Entry, path: string) => Way>} those that `undoable` of the audit tells */
const WAYS = {
  hours: ({ before }, path) => ({ preview: { hours: before },
    save: (reason) => send("PUT", `${path}/hours`, { body: before, query: { reason } }) }),
  timezone: ({ before }, path) => ({ preview: { timezone_str: before?.timezone_str ?? null },
    save: (reason) => send(before ? "PUT" : "DELETE", `${path}/timezone`,
      { query: { reason }, body: before ?? undefined }) }),
  attributes: ({ before }, path) => ({ preview: null,
    save: (reason) => send("PATCH", `${path}/attributes`, { body: before, query: { reason } }) }),
  special_day({ before, after, store_id: id }) {
    const { date } = before ?? after;
    return { preview: { special_days: [{ date, spans: before ? before.spans : null }] },
      save: (reason) => send(before ? "PUT" : "DELETE", pathOf(id, date), { query: { reason },
        body: before ? { spans: before.spans, note: before.note } : undefined }) };
  },
  exclusion({ before, after }) {
    if (!before) {
      return { preview: { exclusions: { remove: [after.number] } },
        save: (reason) => send("DELETE", `v1/exclusions/${after.number}`, { query: { reason } }) };
    }
    const { number, ...exclusion } = before;
    return { preview: { exclusions: { add: [exclusion] } },
      save: (reason) => send("POST", "v1/exclusions", { body: exclusion, query: { reason } }) };
  },
};

/**
 * @param {import("../../store.js").Data} data
 * @param {import("../audit.js").Entry} entry
 * @param {string} before what was there, in words
 * @returns {import("./index.js").Edit}
 */
export function undo({ id }, entry, before) {
  const way = WAYS[entry.kind](entry, api.ofStore(id));
  return {
    title: "Undo", action: "Undo", content: h("p", null, "What was there before is set again: ",
      h("bdi", null, before)),
    read: () => null,
    preview: () => way.preview,
    save: (_, reason) => way.save(reason),
  };
}
