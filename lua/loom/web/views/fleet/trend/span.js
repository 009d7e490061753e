/**
 * The menu that chooses from when to when figures are: what a drag over the trend does, without one.
 */

import * as address from "../../../address.js";
import { asked, instant } from "../../../clock.js";
import { h } from "../../../h.js";
import { menu } from "../../../menu.js";
import { hasSpan } from "../question.js";

const HOUR = 3600000;
const MINUTE = 60000;
const LENGTHS = /** @type {const} */ ([[6, "6 hours"], [24, "24 hours"], [72, "3 days"], [336, "2 weeks"]]);

/**
 * Has figures of a span shown; of the usual windows, without one.
 * @param {number | null} from milliseconds since 1970
 * @param {number} [to]
 */
export function choose(from, to) {
  const sort = address.read().query.get("sort");
  if (from === null || to === undefined) {
    address.alter({ from: null, to: null, sort: sort?.replace(/_span$/, "_last_week") });
  } else {
    address.alter({ from: asked(Math.floor(from / MINUTE) * MINUTE), to: asked(Math.floor(to / MINUTE) * MINUTE), w: null,
      sort: sort?.replace(/_last_(hour|day|week)$/, "_span") });
  }
}

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
function panel(query, asOf, close) {
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

/**
 * The buttons.
 * @param {URLSearchParams} query
 * @param {number} asOf
 */
export function buttons(query, asOf) {
  return [menu("From … to …", (close) => panel(query, asOf, close), { class: hasSpan(query) ? "set" : null }),
    hasSpan(query) && h("button", { type: "button", onclick: () => choose(null) }, "Whole week")];
}
