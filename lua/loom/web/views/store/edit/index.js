/**
 * What can be changed of a store, by name; what may be changed by others, too, is asked for anew.
 */

import * as api from "../../../api.js";
import { attributesEdit } from "./attributes.js";
import { exclusionEdit, exclusionRemoval, outageExclusion } from "./exclusion.js";
import { hoursEdit } from "./hours.js";
import { specialEdit, specialRemoval } from "./special.js";
import { undo } from "./undo.js";
import { zoneEdit } from "./zone.js";
import { tagged } from "../../../writes.js";

/** @typedef {import("../../store.js").Data} Data */

/**
 * @param {Data} data
 * @param {string} what
 * @param {Record<string, string>} [asked]
 */
function current({ id }, what, asked) {
  return tagged(api.ofStore(id, what), asked);
}

export const edits = {
  hours: async (/** @type {Data} */ data) => hoursEdit(data, await current(data, "hours", { on: data.span.today })),
  zone: async (/** @type {Data} */ data) => zoneEdit(data, await current(data, "timezone")),
  attributes: async (/** @type {Data} */ data) => attributesEdit(data, await current(data, "attributes")),
  special: specialEdit, unspecial: specialRemoval, outage: outageExclusion, exclusion: exclusionEdit,
  unexclusion: exclusionRemoval, undo,
};
