/**
 * What is in the menu that chooses from when to when figures are. It is loaded when somebody opens that.
 */

import { instant } from "../../../clock.js";
import { h } from "../../../h.js";
import { choose } from "./span.js";

const HOUR = 3600000;
const LENGTHS = /** @type {const} */ ([[6, "6 hours"], [24, "24 hours"], [72, "3 days"], [336, "2 weeks"]]);

/** @param {string} label @param {number} ms */
function field(label, ms) {
  return h("input", { type: "datetime-local", step: 60, required: true, "aria-label": `${label}, in UTC`,
    value: new Date(ms).toISOString().slice(0, 16) });
}

/**
 * @param {URLSearchParams} query
 * @param {number} asOf milliseconds since 1970
 * @param {() => void} close
 */
export function form(query, asOf, close) {
  const from = field("From", instant(query.get("from")) ?? asOf - 24 * HOUR);
  const to = field("To", instant(query.get("to")) ?? asOf);
  const problem = h("p", { class: "problem", role: "alert" });
  return h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const [begin, end] = [from, to].map((input) => Date.parse(input.value + "Z"));
    if (begin < end) {
      close();
      choose(begin, end);
    } else {
      problem.textContent = "It ends before it begins.";
    }
  } },
  h("div", { class: "row" }, LENGTHS.map(([length, label]) => h("button", { type: "button", onclick: () => {
    close();
    choose(asOf - length * HOUR, asOf);
  } }, `Last ${label}`))),
  h("div", { class: "row" }, from, "to", to, "UTC", h("button", { class: "first" }, "Show")), problem);
}
