/**
 * The last hour, day and week of all stores that are chosen, and what has changed since the one before each.
 */

import * as address from "../../address.js";
import { duration, hours, isReady, show, zoneOf } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import { sheet } from "../../sheet.js";
import { count, percent, points } from "../../words.js";
import { labelOf, towards, unsorted, windowOf } from "./question.js";

/**
 * A change, and whether it is for the worse.
 * @param {number | null} change
 * @param {string} text
 * @param {boolean} worse
 */
function delta(change, text, worse) {
  return h("td", { class: `number delta${worse ? " worse" : ""}` }, change === null || change === undefined ? "–" : text);
}

/** @param {number} seconds */
const signed = (seconds) => (seconds > 0 ? "+" : seconds < 0 ? "−" : "±") + hours(Math.abs(seconds));

/**
 * @param {{ name: string, from: number | null, to: number | null }} window
 * @param {any} figures
 * @param {URLSearchParams} query
 */
function row(window, { totals, change }, query) {
  const chosen = window.name === windowOf(query);
  const zone = zoneOf(query);
  return h("tr", { class: chosen ? "chosen" : null },
    h("th", { scope: "row" }, h("button", { type: "button", class: "plain", "aria-pressed": String(chosen),
      title: isReady() && window.from !== null ? `${show(window.from, zone, "full")} to ${show(window.to, zone, "full")}` : null,
      onclick: () => address.alter(towards(address.read().query, window.name)) }, labelOf(window.name))),
    h("td", { class: "number" }, h("b", null, percent(totals.ratio))),
    delta(change?.ratio, points(change?.ratio), change?.ratio < -0.00005),
    h("td", { class: "number" }, hours(totals.down)),
    delta(change?.down, signed(change?.down), false),
    h("td", { class: "number" }, count(totals.outages)),
    h("td", { class: "number" }, duration(totals.mttr)),
    h("td", { class: "number" }, totals.unknown ? hours(totals.unknown) : h("span", { class: "soft" }, "0")));
}

/** The panel. */
export function windows() {
  const body = h("tbody");
  const refill = refilling(body);
  const element = h("section", { class: "panel fleet-windows" }, sheet("Figures of all stores that are chosen", h("table", null,
    h("caption", { class: "unseen" }, "Figures of all stores that are chosen, and their change since the window before"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Last"),
      ["Up", "change", "Down (h)", "change", "Outages", "Mean outage", "Unknown (h)"].map((label, at) =>
        h("th", { scope: "col", class: label === "change" ? "number soft" : "number",
          title: at === 5 ? "How long an outage lasts on average" : null }, label)))), body)));
  return {
    element,
    /**
     * @param {URLSearchParams} query
     * @param {any} summary
     */
    update(query, summary) {
      const list = summary.windows.filter((/** @type {any} */ { before_of: of }) => !of);
      refill([isReady(), list, list.map((/** @type {any} */ { name }) => summary.figures[name]), unsorted(query)],
        () => list.map((/** @type {any} */ one) => row(one, summary.figures[one.name], query)));
    },
  };
}
