/**
 * The alerts of a store in the days that are shown: brackets over them, and a list.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { asked, duration, instant, show } from "../../clock.js";
import { copy } from "../../copy.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import { sheet } from "../../sheet.js";
import { spare } from "../../spare.js";
import { counted } from "../../words.js";

const MOST = 100; // that are listed

/**
 * An alert as a bracket. Its ends are milliseconds; what has not ended by then ends where the data do.
 * @typedef {{ id: string, rule: string, severity: string, state: string, from: number, to: number, isOpen: boolean }} Bracket
 */

const DAY = 86400000; // milliseconds: on no clock a date begins farther from where it does in UTC

/**
 * What fired at any time in some days, or close to them.
 * @param {string} id
 * @param {import("./span.js").Span} span
 * @param {number} asOf
 * @param {AbortSignal} signal
 * @returns {Promise<{ brackets: Bracket[], problem: string }>} `problem`: why they could not be had, or ""
 */
export async function bracketsOf(id, { first, afterLast }, asOf, signal) {
  if (copy) {
    return { brackets: [], problem: "" };
  }
  const from = Date.parse(first) - DAY;
  const to = Math.max(from, Math.min(Date.parse(afterLast) + DAY, asOf + 1));
  const asking = { store_id: id, from: asked(from), to: asked(to), limit: MOST, time: "ms" };
  const { found, problem } = await spare(api.get("v1/alerts", asking, signal));
  const brackets = (found?.alerts ?? []).map((/** @type {any} */ alert) => {
    const ended = instant(alert.ended);
    const isOpen = ended === null || ended > asOf;
    return { id: alert.id, rule: alert.rule, severity: alert.severity, state: alert.state, from: instant(alert.since) ?? 0,
      to: isOpen ? asOf : ended, isOpen };
  });
  return { brackets, problem };
}

/**
 * Those of the days that are shown.
 * @param {Bracket[]} brackets
 * @param {import("./span.js").Day[]} days
 * @param {import("./span.js").Span} span
 */
export function shownOf(brackets, days, { first }) {
  const shown = days.filter(({ date }) => date >= first);
  return shown.length ? brackets.filter(({ from, to }) => to > shown[0].from && from < shown[shown.length - 1].to) : [];
}

/** @returns {import("../store.js").Part} */
export function alerts() {
  const body = h("div", { class: "stack" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "Alerts" }, body),
    async show({ brackets, problem, query, zone }) {
      refill([brackets, problem, query.toString()], () => problem ? [h("h2", null, "Alerts"),
        h("p", { class: "hint" }, "They cannot be shown: ", h("bdi", null, problem))]
        : [h("h2", null, counted(brackets.length, "alert")), sheet("Table of alerts", h("table", { class: "rows" },
          h("caption", { class: "unseen" }, "Alerts"),
          h("thead", null, h("tr", null, h("th", { scope: "col" }, "Rule"), h("th", { scope: "col" }, "Severity"),
            h("th", { scope: "col" }, "Since"), h("th", { scope: "col" }, "Until"),
            h("th", { scope: "col", class: "number" }, "For"))),
          h("tbody", null, brackets.map((one) => h("tr", null,
            h("th", { scope: "row" }, h("a", { href: address.href("alerts", { alert: one.id }) }, h("bdi", null, one.rule),
              h("span", { class: "unseen" }, ": why"))),
            h("td", null, one.severity), h("td", null, show(one.from, zone)),
            h("td", null, one.isOpen ? h("b", null, one.state) : show(one.to, zone)),
            h("td", { class: "number" }, duration((one.to - one.from) / 1000)))))))]);
      return brackets.length > 0 || problem ? undefined : false;
    },
  };
}
