/**
 * Sets a special day: a date whose hours replace the weekly ones, of the store or of all.
 */

import * as api from "../../../api.js";
import { h } from "../../../h.js";
import { spansText } from "../texts.js";
import { FieldProblem } from "../../../dialog.js";
import { spansOf } from "./hours.js";
import { send } from "../../../writes.js";

/**
 * @param {string} id of the store, or * for all
 * @param {string} date
 */
export function pathOf(id, date) {
  const what = `special-days/${date}`;
  return id === "*" ? `v1/${what}` : api.ofStore(id, what);
}

/**
 * @param {import("../../store.js").Data} data
 * @param {import("../texts.js").SpecialDay | null} day null: a new one
 * @returns {import("./index.js").Edit}
 */
export function specialEdit({ id, span }, day) {
  const date = h("input", { type: "date", "data-field": "date", value: day?.date ?? span.date, disabled: day !== null });
  const spans = h("input", { "data-field": "spans", autocomplete: "off", value: day ? spansText(day.spans) : "closed" });
  const note = h("input", { "data-field": "note", maxlength: 200, autocomplete: "off", value: day?.note ?? "" });
  return {
    title: day ? `Special day ${day.date}` : "New special day",
    content: h("div", { class: "edit-fields" }, h("label", null, h("span", null, "Date"), date),
      h("label", null, h("span", null, "Hours"), spans, h("small", { class: "hint" }, "such as 10:00-14:00, or closed")),
      h("label", null, h("span", null, "Name"), note)),
    read() {
      if (!date.value) {
        throw new FieldProblem("date", "Which date?");
      }
      return { date: date.value, spans: spansOf(spans.value), note: note.value };
    },
    preview: (value) => ({ special_days: [{ date: value.date, spans: value.spans }] }),
    save: (value, reason) => send("PUT", pathOf(id, value.date), { body: { spans: value.spans, note: value.note },
      query: { reason } }),
  };
}

/**
 * @param {import("../../store.js").Data} _
 * @param {import("../texts.js").SpecialDay} day
 * @returns {import("./index.js").Edit}
 */
export function specialRemoval(_, day) {
  return {
    title: `Remove the special day ${day.date}`, action: "Remove",
    content: h("p", null, h("bdi", null, day.note), ` ${spansText(day.spans)}. The weekly hours hold again on this date.`),
    read: () => null,
    preview: () => ({ special_days: [{ date: day.date, spans: null }] }),
    save: (_value, reason) => send("DELETE", pathOf(day.store_id, day.date), { query: { reason } }),
  };
}
