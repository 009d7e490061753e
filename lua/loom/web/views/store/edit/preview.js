/**
 * What a change would make of a store's figures, as the service tells it without changing anything.
 */

import * as api from "../../../api.js";
import { hours, show } from "../../../clock.js";
import { h } from "../../../h.js";
import { sheet } from "../../../sheet.js";
import { counted, percent } from "../../../words.js";
import { send } from "../../../writes.js";

const STRETCHES = 8; // that change, and are shown

/** @typedef {{ before: any, after: any, changed: { from: string, to: string, before: string, after: string }[] }} Preview */

/** @type {Record<string, string>} */
const NAMES = { shown: "Days shown", last_day: "Last 24 h", last_week: "Last 7 days" };

/** @type {[string, (figures: any) => string][]} */
const COLUMNS = [["Up %", (f) => percent(f.ratio)], ["Down (h)", (f) => hours(f.down)],
  ["Scheduled (h)", (f) => hours(f.scheduled)], ["Excluded (h)", (f) => hours(f.excluded)]];

/**
 * @param {import("../../store.js").Data} data
 * @param {Record<string, unknown>} body
 * @param {AbortSignal} signal
 * @returns {Promise<Preview | null>} null: the service cannot tell
 */
export async function ask({ id, asked, span }, body, signal) {
  const query = new URLSearchParams([...asked, ["windows", `shown:${span.first}/${span.afterLast},last_day:1d,last_week:7d`]]);
  query.delete("time");
  try {
    return await send("POST", "v1/preview", { query, body: { store_id: id, ...body }, signal, onlyAsks: true });
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 404) {
      return null;
    }
    throw error;
  }
}

/**
 * @param {any} before
 * @param {any} after
 * @param {(figures: any) => string} cell
 */
function change(before, after, cell) {
  const [was, is] = [cell(before), cell(after)];
  return h("td", { class: "number" }, was === is ? h("span", { class: "soft" }, is)
    : [h("s", { class: "soft" }, was), " ", h("b", null, is)]);
}

/**
 * @param {import("../../store.js").Data} data
 * @param {Preview} found
 */
export function shown({ zone }, { before, after, changed }) {
  if (!changed.length) {
    return h("p", { class: "hint" }, "Nothing of these days changes.");
  }
  return [sheet("Figures before and after", h("table", { class: "rows" },
    h("caption", { class: "unseen" }, "Figures before and after"),
    h("thead", null, h("tr", null, h("td"), COLUMNS.map(([name]) => h("th", { scope: "col", class: "number" }, name)))),
    h("tbody", null, Object.keys(NAMES).filter((name) => before.windows[name] && after.windows[name]).map((name) => h("tr", null,
      h("th", { scope: "row" }, NAMES[name]),
      COLUMNS.map(([, cell]) => change(before.windows[name], after.windows[name], cell))))))),
  h("p", { class: "hint" }, `${counted(changed.length, "stretch", "stretches")} would become another:`),
  h("ul", { class: "stretches" }, changed.slice(0, STRETCHES).map((one) => h("li", null,
    `${show(one.from, zone)} – ${show(one.to, zone)} `, h("i", { class: `key ${one.before}` }), ` ${one.before} → `,
    h("i", { class: `key ${one.after}` }), ` ${one.after}`)),
  changed.length > STRETCHES && h("li", { class: "soft" }, `and ${changed.length - STRETCHES} more`))];
}
