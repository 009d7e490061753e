/**
 * Takes a stretch of time out of the schedule, or back in.
 */

import { show } from "../../../clock.js";
import { fill, h } from "../../../h.js";
import { exclusionText } from "../texts.js";
import { FieldProblem } from "../../../dialog.js";
import { send } from "../../../writes.js";

/**
 * @param {(value: any) => Record<string, unknown>} added the exclusion, without its store and reason
 * @param {string} id
 */
function addition(added, id) {
  return {
    preview: (/** @type {any} */ value) => ({ exclusions: { add: [{ store_id: id, ...added(value) }] } }),
    save: (/** @type {any} */ value, /** @type {string} */ reason) => send("POST", "v1/exclusions",
      { body: { store_id: id, ...added(value), reason } }),
  };
}

/**
 * An outage that is to be excluded, to the microsecond.
 * @param {import("../../store.js").Data} data
 * @param {{ from: string, to: string }} outage
 * @returns {import("./index.js").Edit}
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
 * Fields of an exclusion, and what they say of it.
 * @typedef {{ element: HTMLElement, read: () => Record<string, string> }} Fields
 */

/**
 * @param {string} date
 * @returns {Fields}
 */
function onceFields(date) {
  const [from, to] = ["from", "to"].map((name) => h("input", { type: "datetime-local", step: 60,
    "data-field": `${name}_local ${name}_utc ${name}`, value: `${date}T${name === "from" ? "00:00" : "23:59"}` }));
  return {
    element: h("div", { class: "edit-fields" },
      h("label", null, h("span", null, "From"), from), h("label", null, h("span", null, "To"), to)),
    read() {
      if (!from.value || !to.value) {
        throw new FieldProblem(from.value ? "to_local" : "from_local", "Both ends are needed.");
      }
      return { from_local: from.value.replace("T", " "), to_local: to.value.replace("T", " ") };
    },
  };
}

/**
 * @param {string} today
 * @returns {Fields}
 */
function weeklyFields(today) {
  const spans = h("input", { "data-field": "weekly", autocomplete: "off", spellcheck: "false", value: "sun 02:00-04:00" });
  const from = h("input", { type: "date", "data-field": "from_local from", value: today });
  const to = h("input", { type: "date", "data-field": "to_local to" });
  return {
    element: h("div", { class: "edit-fields" },
      h("label", null, h("span", null, "Times"), spans,
        h("small", { class: "hint" }, "such as mon-fri 01:00-02:00; sat,sun 22:00-06:00")),
      h("label", null, h("span", null, "From"), from, h("small", { class: "hint" }, "empty: as if it had always been so")),
      h("label", null, h("span", null, "Until before"), to, h("small", { class: "hint" }, "empty: for good"))),
    read() {
      if (!spans.value.trim()) {
        throw new FieldProblem("weekly", "At which times of the week?");
      }
      return { weekly: spans.value.trim(), ...(from.value ? { from_local: from.value } : {}),
        ...(to.value ? { to_local: to.value } : {}) };
    },
  };
}

/**
 * An exclusion between two times of the store's clock, or one that comes every week.
 * @param {import("../../store.js").Data} data
 * @returns {import("./index.js").Edit}
 */
export function exclusionEdit({ id, span, schedule }) {
  const [once, weekly] = [onceFields(span.date), weeklyFields(span.today)];
  const place = h("div", null, once.element);
  const isWeekly = h("select", { id: "exclusion-kind", onchange: () => fill(place, now().element) },
    h("option", { value: "once" }, "once"), h("option", { value: "weekly" }, "every week"));
  const now = () => isWeekly.value === "weekly" ? weekly : once;
  return {
    title: "New exclusion", action: "Exclude",
    content: h("div", { class: "stack" }, h("div", { class: "edit-fields" },
      h("p", { class: "hint" }, `By the clock in ${schedule.timezone_str}.`),
      h("label", null, h("span", null, "It comes"), isWeekly)), place),
    read: () => now().read(),
    ...addition((value) => ({ zone: "store", ...value }), id),
  };
}

/**
 * @param {import("../../store.js").Data} data
 * @param {import("../texts.js").Exclusion} one
 * @returns {import("./index.js").Edit}
 */
export function exclusionRemoval({ zone }, one) {
  return {
    title: "Remove the exclusion", action: "Remove",
    content: h("p", null, exclusionText(one, zone), ": ", h("bdi", null, one.reason),
      ". It counts again."),
    read: () => null,
    preview: () => ({ exclusions: { remove: [one.number] } }),
    save: (_, reason) => send("DELETE", `v1/exclusions/${one.number}`, { query: { reason } }),
  };
}
