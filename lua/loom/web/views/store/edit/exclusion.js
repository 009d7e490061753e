/**
 * Takes a stretch of time out of the schedule, or back in.
 */

import * as api from "../../../api.js";
import { show } from "../../../clock.js";
import { h } from "../../../h.js";
import { exclusionText } from "../texts.js";
import { FieldProblem } from "./dialog.js";

/**
 * @param {(value: any) => Record<string, unknown>} added the exclusion, without its store and reason
 * @param {string} id
 */
function addition(added, id) {
  return {
    preview: (/** @type {any} */ value) => ({ exclusions: { add: [{ store_id: id, ...added(value) }] } }),
    save: (/** @type {any} */ value, /** @type {string} */ reason) => api.send("POST", "v1/exclusions",
      { body: { store_id: id, ...added(value), reason } }),
  };
}

/**
 * An outage that is to be excluded, to the microsecond.
 * @param {import("../../store.js").Data} data
 * @param {{ from: string, to: string }} outage
 * @returns {import("./dialog.js").Edit}
 */
export function outageExclusion({ id, zone }, outage) {
  return {
    title: "Exclude this outage", action: "Exclude",
    content: h("p", null, `${show(outage.from, zone, "full")} – ${show(outage.to, zone, "full")}`,
      " is taken out of what the store is judged by."),
    read: () => null, ...addition(() => ({ from_utc: outage.from, to_utc: outage.to }), id),
  };
}

/**
 * @param {import("../../store.js").Data} data
 * @returns {import("./dialog.js").Edit}
 */
export function exclusionEdit({ id, span, schedule }) {
  const [from, to] = ["from", "to"].map((name) => h("input", { type: "datetime-local", step: 60,
    "data-field": `${name}_local ${name}_utc ${name}`, value: `${span.date}T${name === "from" ? "00:00" : "23:59"}` }));
  return {
    title: "New exclusion", action: "Exclude",
    content: h("div", { class: "edit-fields" }, h("p", { class: "hint" }, `By the clock in ${schedule.timezone_str}.`),
      h("label", null, h("span", null, "From"), from), h("label", null, h("span", null, "To"), to)),
    read() {
      if (!from.value || !to.value) {
        throw new FieldProblem(from.value ? "to_local" : "from_local", "Both ends are needed.");
      }
      return { from: from.value.replace("T", " "), to: to.value.replace("T", " ") };
    },
    ...addition((value) => ({ zone: "store", from_local: value.from, to_local: value.to }), id),
  };
}

/**
 * @param {import("../../store.js").Data} data
 * @param {import("../texts.js").Exclusion} one
 * @returns {import("./dialog.js").Edit}
 */
export function exclusionRemoval({ zone }, one) {
  return {
    title: "Remove the exclusion", action: "Remove",
    content: h("p", null, exclusionText(one, zone), ": ", h("bdi", null, one.reason),
      ". It counts again."),
    read: () => null,
    preview: () => ({ exclusions: { remove: [one.number] } }),
    save: (_, reason) => api.send("DELETE", `v1/exclusions/${one.number}`, { query: { reason } }),
  };
}
