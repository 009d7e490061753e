/**
 * The figures of a store under the rules that are chosen, and beside them those under others.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { duration, hours } from "../../clock.js";
import { copy } from "../../copy.js";
import { h } from "../../h.js";
import { sheet } from "../../sheet.js";
import { count, percent, PRESETS } from "../../words.js";
import { refilling } from "../../refilling.js";

const WINDOWS = /** @type {Record<string, string>} */ ({ shown: "Days shown", last_hour: "Last hour", last_day: "Last 24 h",
  last_week: "Last 7 days" });

/** What is figured out of a window: head, what it means, and the cell. */
export const COLUMNS = /** @type {[string, string, (f: any) => string][]} */ ([
  ["Up %", "up of what was up or down", (f) => percent(f.ratio)],
  ["Up (h)", "hours", (f) => hours(f.up)],
  ["Down (h)", "hours", (f) => hours(f.down)],
  ["Unknown (h)", "hours", (f) => hours(f.unknown)],
  ["Excluded (h)", "hours", (f) => hours(f.excluded)],
  ["Outages", "how many", (f) => count(f.outages)],
  ["Longest", "the longest outage", (f) => duration(f.longest)],
  ["Mean outage", "how long one lasts on average", (f) => duration(f.mttr)],
  ["Polls", "in it", (f) => count(f.polls)],
]);

/**
 * The rules that figures are compared with.
 * @param {import("../store.js").Data} data
 */
function besideOf({ query, rules: { preset: chosen } }) {
  const wanted = query.get("beside");
  return wanted && wanted !== chosen ? wanted : chosen === "monitoring" ? "loom" : "monitoring";
}

/** @param {import("../store.js").Data} data */
function menu(data) {
  return h("label", { class: "row" }, h("span", { class: "soft" }, "beside "), h("select", { id: "beside",
    onchange: (/** @type {Event} */ event) => address.alter({ beside: /** @type {HTMLSelectElement} */ (event.target).value }) },
  PRESETS.filter(([name]) => name && name !== data.rules.preset).map(([name]) =>
    h("option", { value: name, selected: name === besideOf(data) }, name))));
}

/**
 * @param {import("../store.js").Data} data
 * @param {any} of
 * @param {any} other
 */
function table(data, of, other) {
  const names = Object.keys(of.windows).sort((one, two) => Object.keys(WINDOWS).indexOf(one) - Object.keys(WINDOWS).indexOf(two));
  const lines = [[data.rules.preset, of], ...other ? [[besideOf(data), other]] : []];
  return sheet("Table of figures", h("table", { class: "rows figures" }, h("caption", { class: "unseen" }, "Figures"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Window"), h("th", { scope: "col" }, "Rules"),
      COLUMNS.map(([name, title]) => h("th", { scope: "col", class: "number", title }, name)))),
    names.map((name) => h("tbody", null, lines.map(([preset, figures], at) => h("tr",
      { class: at ? "soft" : null }, at ? h("td") : h("th", { scope: "row" }, WINDOWS[name] ?? name), h("td", null, preset),
      COLUMNS.map(([, , cell]) => h("td", { class: "number" }, cell(figures.windows[name])))))))));
}

/** @returns {import("../store.js").Part} */
export function figures() {
  const body = h("div", { class: "stack" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "Figures" }, body),
    async show(data, signal) {
      const { id, query, asked, rules, span } = data;
      const windows = `shown:${span.first}/${span.afterLast},last_hour:1h,last_day:1d,last_week:7d`;
      /** @param {string | null} preset */
      const of = (preset) => {
        const wanted = new URLSearchParams([...asked, ["windows", windows]]);
        if (preset) {
          wanted.set("preset", preset);
        }
        return api.get(api.ofStore(id), wanted, signal);
      };
      const [chosen, other] = await Promise.all([of(null), copy ? null : of(besideOf(data))]);
      refill([chosen.windows, other?.windows, rules, query.toString()], () => [
        h("div", { class: "row" }, h("h2", null, "Figures"), !copy && menu(data)), table(data, chosen, other)]);
    },
  };
}
