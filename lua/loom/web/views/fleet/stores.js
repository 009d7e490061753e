/**
 * The stores, a row each, in the order that is asked for.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { copy } from "../../copy.js";
import * as fresh from "../../fresh.js";
import { fill, h, set } from "../../h.js";
import { loaded, menu } from "../../menu.js";
import { PAGE } from "../../paged.js";
import { refilling } from "../../refilling.js";
import { table } from "../../table.js";
import { counted } from "../../words.js";
import { chosen, columnOf, columns, fields } from "./columns.js";
import { figures, towards, windowOf, WINDOWS, wordOf } from "./question.js";

const SORT = "state"; // what is down comes first
const [ID_LEAST, ID_MOST, LETTER, AROUND] = [96, 296, 7.3, 22]; // pixels of the column of ids, a letter, around it

/**
 * The question for the rows.
 * @param {URLSearchParams} query
 */
function question(query) {
  const asked = figures(query);
  if (!query.has("state") && !query.has("dormant")) {
    asked.set("dormant", "false"); // they are told of apart
  }
  asked.set("fields", fields(chosen(query)));
  asked.set("sort", query.get("sort") ?? SORT);
  if (query.has("order")) {
    asked.set("order", /** @type {string} */ (query.get("order")));
  }
  return asked;
}

/**
 * The question for the first rows.
 * @param {URLSearchParams} query
 */
export function firstPage(query) {
  const asked = question(query);
  asked.set("limit", String(PAGE));
  return asked;
}

/**
 * Puts strips to rows that are there: nothing where it fails, since the rest is what matters.
 * @param {URLSearchParams} asked for these rows
 * @param {any[]} rows
 * @param {AbortSignal} signal
 */
async function addStrips(asked, rows, signal) {
  const question = new URLSearchParams(asked);
  question.set("fields", "strip");
  const found = await fresh.get("v1/stores", question, signal);
  const strips = new Map(found.stores.map((/** @type {any} */ row) => [row.store_id, row.strip]));
  rows.forEach((row) => row.strip = strips.get(row.store_id));
  return strips;
}

/**
 * The question for all rows as a file, in the columns that are shown.
 * @param {URLSearchParams} query
 */
function file(query) {
  const asked = question(query);
  asked.delete("fields");
  asked.set("format", "csv");
  asked.set("time", "rfc3339");
  asked.set("columns", chosen(query).map((name) => columnOf(name, windowOf(query))).join(","));
  return asked;
}

/** What has that file kept: a link, or of a copy a button. */
function csvLink() {
  const properties = { title: "All rows, in the columns that are shown" };
  return copy ? h("button", { type: "button", onclick: () => copy?.save(file(address.read().query)), ...properties }, "CSV")
    : h("a", { class: "button", download: "", ...properties }, "CSV");
}

/**
 * The length that nine of ten ids have at most: few that are long are cut rather than take the room of all.
 * @param {number[]} lengths
 */
function usual(lengths) {
  return lengths.sort((a, b) => a - b)[Math.ceil(lengths.length * 0.9) - 1] ?? 1;
}

/** @param {URLSearchParams} query */
function windowChoice(query) {
  return WINDOWS.map(([, name, label]) => h("button", { type: "button", "aria-pressed": String(windowOf(query) === name),
    onclick: () => address.alter(towards(query, name)) }, label));
}

/** The panel. */
export function stores() {
  let [letters, total, asOf] = [8, 0, 0];
  const csv = csvLink();
  /** @type {Map<string, string>} those of the page that came last */
  let strips = new Map();
  /** @type {string | null} the question */
  let shown = null;
  const heading = h("h2");
  const window = h("div", { class: "switch", role: "group", "aria-label": "Window of the figures" });
  const refill = refilling(window);
  const tools = h("div", { class: "row" }, window, menu("Columns", loaded(() => import("./picker.js"))), csv);
  const rows = table({
    label: "Table of stores: arrow keys go from one to the next",
    sort: (sort, order) => address.alter({ sort: sort === SORT && order === "asc" ? null : sort,
      order: sort === SORT && order === "asc" ? null : order }),
    fail: (error) => fill(heading, h("span", { class: "problem" }, error.message)),
    async load(offset, limit, signal) {
      const asked = question(address.read().query);
      asked.set("limit", String(limit));
      if (offset) {
        asked.set("offset", String(offset));
      }
      const found = await fresh.get("v1/stores", asked, signal);
      if (!offset) {
        letters = usual(found.stores.map((/** @type {{ store_id: string }} */ row) => [...row.store_id].length));
      }
      [total, asOf] = [found.total, found.as_of];
      if (chosen(address.read().query).includes("strip")) {
        found.stores.forEach((/** @type {any} */ row) => row.strip ??= strips.get(row.store_id)); // until the new ones are there
        addStrips(asked, found.stores, signal).then((some) => {
          strips = some;
          rows.refresh("strip");
        }, () => {});
      }
      return { total, rows: found.stores };
    },
  });
  const element = h("section", { class: "stack fleet-stores", "aria-label": "Stores" },
    h("div", { class: "row" }, heading, tools), rows.element);
  return {
    element,
    /** Shows when things were, where that was not ready: see `clock.js`. */
    refresh() {
      rows.refresh("since");
      rows.refresh("last_poll");
    },
    /**
     * @param {URLSearchParams} query
     * @param {AbortSignal} signal
     */
    async update(query, signal) {
      const asked = question(query).toString();
      const name = windowOf(query);
      if (asked !== shown) {
        strips = new Map();
      }
      await rows.show(columns(chosen(query), { query, window: name, asOf: () => asOf,
        idWidth: () => Math.min(ID_MOST, Math.max(ID_LEAST, letters * LETTER + AROUND)) }),
      query.get("sort") ?? SORT, query.get("order") === "desc" ? "desc" : "asc", asked === shown, signal);
      shown = asked;
      set(csv, { href: copy ? null : api.link("v1/stores", file(query)) });
      fill(heading, counted(total, "store"), h("small", null, total > 0
        ? ` figures of the ${wordOf(name)}` : " No store is like this."));
      refill(query.toString(), () => windowChoice(query));
    },
  };
}
