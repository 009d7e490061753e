/**
 * Changes the weekly hours of a store, from a date on.
 */

import * as api from "../../../api.js";
import { h } from "../../../h.js";
import { DAYS, spansText, weekText } from "../texts.js";
import { FieldProblem } from "../../../dialog.js";
import { send } from "../../../writes.js";

/**
 * The spans of a day as the service takes them.
 * @param {string} text
 */
export function spansOf(text) {
  const spans = text.split(",").map((span) => span.trim().replace(/\s*[-–]\s*/, "-")).filter(Boolean);
  return spans.length && spans[0].toLowerCase() !== "closed" ? spans : "closed";
}

/**
 * @param {import("../../store.js").Data} data
 * @param {{ body: any, tag: string | null }} found what is in force, and its entity tag
 * @returns {import("./index.js").Edit}
 */
export function hoursEdit({ id, span }, found) {
  const { week } = found.body;
  let { tag } = found;
  const inputs = DAYS.map(([day]) => h("input", { id: `hours-${day}`, "data-field": day, autocomplete: "off", spellcheck: "false",
    value: week ? spansText(week[day]) : "00:00-24:00" }));
  const from = h("input", { type: "date", "data-field": "effective_from from", value: span.today });
  const always = h("input", { type: "checkbox", onchange: () => {
    from.disabled = always.checked;
  } });
  const to = h("input", { type: "date", "data-field": "to" });
  return {
    title: "Weekly hours",
    content: h("div", { class: "stack" }, h("fieldset", { class: "edit-fields" },
      h("legend", null, "Local times, such as 09:00-17:00, 18:00-22:00, or closed"),
      DAYS.map(([, name], at) => h("label", null, h("span", null, name), inputs[at])),
      h("button", { type: "button", onclick: () => {
        inputs.slice(1, 5).forEach((input) => {
          input.value = inputs[0].value;
        });
        inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
      } }, "Monday's for all weekdays")),
    h("div", { class: "edit-fields" }, h("label", null, h("span", null, "From"), from),
      h("label", { class: "row" }, always, "as if it had always been so"),
      h("label", null, h("span", null, "Until before"), to, h("small", { class: "hint" }, "empty: for good")))),
    read() {
      if (!always.checked && !from.value) {
        throw new FieldProblem("effective_from", "From which date on?");
      }
      /** @type {Record<string, string[] | string>} */
      const wanted = {};
      DAYS.forEach(([day], at) => {
        wanted[day] = spansOf(inputs[at].value);
      });
      return { week: wanted, effective_from: always.checked ? "always" : from.value, ...(to.value ? { to: to.value } : {}) };
    },
    preview: (hours) => ({ hours }),
    save: (body, reason) => send("PUT", api.ofStore(id, "hours"), { body, query: { reason }, match: tag }),
    fieldOf: (message) => DAYS.find(([day]) => message.includes(` for ${day} `))?.[0] ?? "",
    differs(current) {
      tag = null;
      return weekText(current.week ?? null);
    },
  };
}
