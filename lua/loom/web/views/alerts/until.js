/**
 * A field for when something ends: after a while, at an instant, or not by itself.
 */

import { asked } from "../../clock.js";
import { h } from "../../h.js";
import { FieldProblem } from "../../dialog.js";

const HOUR = 3600000; // milliseconds

/** @type {[label: string, hours: number][]} */
const LENGTHS = [["1 hour", 1], ["4 hours", 4], ["1 day", 24], ["7 days", 168]];

/**
 * @param {string} name of the field, as the service has it
 * @param {string | null} never what it says where it does not end by itself; null: it has to end
 */
export function untilField(name, never) {
  const at = h("input", { type: "datetime-local", "aria-label": "At", hidden: true });
  const choice = h("select", { "data-field": name, onchange: () => {
    at.hidden = choice.value !== "at";
  } }, never !== null && h("option", { value: "" }, never),
  LENGTHS.map(([label, hours]) => h("option", { value: hours }, label)), h("option", { value: "at" }, "at a time …"));
  return {
    element: h("label", null, h("span", null, "Until"), h("span", { class: "row" }, choice, at)),
    /** @returns {string | null} an instant; null: it does not end by itself */
    read() {
      if (choice.value === "at" && !at.value) {
        throw new FieldProblem(name, "Until when?");
      }
      return choice.value === "" ? null : asked(choice.value === "at" ? new Date(at.value).getTime()
        : Date.now() + Number(choice.value) * HOUR);
    },
  };
}
