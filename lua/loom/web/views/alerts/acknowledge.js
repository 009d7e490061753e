/**
 * Tells that somebody looks after an alert.
 */

import { h } from "../../h.js";
import { send } from "../../writes.js";
import { untilField } from "./until.js";
import { whoField } from "./who.js";
import { subjectText } from "./words.js";

/** @param {string} id */
function pathOf(id) {
  return `v1/alerts/${encodeURIComponent(id)}/ack`;
}

/**
 * @param {{ id: string, rule: string, subject: { kind: string, id: string } }} alert
 * @returns {import("../../dialog.js").Edit}
 */
export function acknowledgement({ id, rule, subject }) {
  const [who, until] = [whoField("who"), untilField("until", "it ends")];
  const note = h("input", { "data-field": "note", maxlength: 1000, autocomplete: "off" });
  return {
    title: "Acknowledge", action: "Acknowledge",
    content: h("div", { class: "stack" },
      h("p", null, h("b", null, h("bdi", null, rule)), " of ", h("bdi", null, subjectText(subject))),
      h("p", { class: "hint" }, "There are no reminders of it then. That ends with the alert."),
      h("div", { class: "edit-fields" }, who.element, until.element, h("label", null, h("span", null, "Note"), note))),
    read: () => ({ who: who.input.value.trim() || undefined, note: note.value.trim() || undefined,
      until: until.read() ?? undefined }),
    save: (body) => send("PUT", pathOf(id), { body }),
  };
}

/** @param {string} id of an alert */
export function unacknowledge(id) {
  return send("DELETE", pathOf(id));
}
