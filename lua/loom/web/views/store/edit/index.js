/**
 * What can be changed of a store, by name; what may be changed by others, too, is asked for anew.
 */

import * as api from "../../../api.js";
import { attributesEdit } from "./attributes.js";
import { exclusionEdit, exclusionRemoval, outageExclusion } from "./exclusion.js";
import { hoursEdit } from "./hours.js";
import { ask, shown } from "./preview.js";
import { specialEdit, specialRemoval } from "./special.js";
import { undo } from "./undo.js";
import { zoneEdit } from "./zone.js";
import { tagged } from "../../../writes.js";

/** @typedef {import("../../store.js").Data} Data */

/**
 * What is changed of a store, and what to ask `/v1/preview` of it; null: nothing.
 * @typedef {import("../../../dialog.js").Edit & { preview: (value: any) => Record<string, unknown> | null }} Edit
 */

/**
 * An edit as a dialog takes it.
 * @param {Data} data
 * @param {Edit} edit
 * @returns {import("../../../dialog.js").Edit}
 */
export function of(data, edit) {
  return { ...edit, reasoned: true, async look(value, signal) {
    const body = edit.preview(value);
    const found = body && await ask(data, body, signal);
    return { shown: found && shown(data, found), past: Boolean(found && found.changed.length) };
  } };
}

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
