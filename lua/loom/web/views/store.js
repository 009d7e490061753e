/**
 * One store: what it is, what its hours are and why, how its week went, and what its figures are made of.
 */

import * as address from "../address.js";
import * as api from "../api.js";
import { instant, zoneOf } from "../clock.js";
import { copy } from "../copy.js";
import { h } from "../h.js";
import { alerts, bracketsOf, shownOf } from "./store/alerts.js";
import { audit } from "./store/audit.js";
import { explanation } from "./store/explain.js";
import { figures } from "./store/figures.js";
import { search } from "./store/find.js";
import { head } from "./store/head.js";
import { days } from "./store/days.js";
import { outages } from "./store/outages.js";
import { settings } from "./store/settings.js";
import { dateAfter, spanOf, today } from "./store/span.js";

export const title = "Store";

/**
 * @param {string} id
 * @param {URLSearchParams} asked
 * @param {import("./store/span.js").Span} span
 * @param {AbortSignal} signal
 */
async function momentsOf(id, asked, span, signal) {
  const [line, { rules }] = await Promise.all([
    api.get(api.ofStore(id, "timeline"), new URLSearchParams([...asked, ["from", span.first], ["to", span.afterLast]]), signal),
    copy ? { rules: { preset: copy.preset || "loom" } } // of a store of which it has no explanation
      : api.get(api.ofStore(id, "explain"), new URLSearchParams([...asked, ["windows", "last_hour:1h"]]), signal),
  ]);
  return { window: null, rules, segments: line.segments };
}

/**
 * What a store was in a span of days, with what it is made of; in a month, or where that is more than the service explains at
 * once, moment by moment alone.
 * @param {string} id
 * @param {URLSearchParams} asked
 * @param {import("./store/span.js").Span} span
 * @param {AbortSignal} signal
 */
async function lookAt(id, asked, span, signal) {
  const query = new URLSearchParams([...asked, ["windows", `shown:${span.first}/${span.afterLast}`]]);
  if (span.kind === "month") {
    return momentsOf(id, asked, span, signal);
  }
  try {
    const found = await api.get(api.ofStore(id, "explain"), query, signal);
    return { window: found.windows[0], rules: found.rules, segments: null };
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 400 || error.field !== "windows") {
      throw error;
    }
    return momentsOf(id, asked, span, signal);
  }
}

/** @returns {import("../view.js").View} */
export function open() {
  const parts = [head(), days(), figures(), alerts(), outages(), explanation(), settings(), audit()];
  const page = h("div", { class: "stack store", hidden: true }, parts.map((part) => part.element));
  const finder = search();
  const element = h("div", null, finder.element, page);
  let shown = "";

  /**
   * @param {string} id
   * @param {URLSearchParams} query
   * @param {AbortSignal} signal
   */
  async function load(id, query, signal) {
    const asked = new URLSearchParams({ time: "ms" });
    for (const name of ["as_of", "preset"]) {
      const value = query.get(name);
      if (value) {
        asked.set(name, value);
      }
    }
    const [store, near] = await Promise.all([api.get(api.ofStore(id), asked, signal),
      api.get(api.ofStore(id, "schedule"), asked, signal)]);
    const span = spanOf(query, today(near));
    const dates = new URLSearchParams([...asked, ["from", dateAfter(span.first, -1)], ["to", span.afterLast]]);
    const asOf = instant(near.as_of) ?? 0;
    const [schedule, seen, { brackets, problem }] = await Promise.all([api.get(api.ofStore(id, "schedule"), dates, signal),
      lookAt(id, asked, span, signal), bracketsOf(id, span, asOf, signal)]);
    return { id, query, asked, store, near, span, schedule, ...seen, brackets: shownOf(brackets, schedule.days, span), problem,
      asOf, zone: zoneOf(query, near.timezone_str), again: address.renew };
  }

  /**
   * @param {string} id
   * @param {URLSearchParams} query
   * @param {AbortSignal} signal
   */
  async function show(id, query, signal) {
    try {
      const data = await load(id, query, signal);
      const isOther = id !== shown;
      shown = id;
      page.hidden = false;
      await Promise.all(parts.map(async (part) => {
        part.element.hidden = part.element.hidden || isOther; // until it is about this one
        part.element.hidden = await part.show(data, signal) === false;
      }));
    } catch (error) {
      if (error instanceof api.ApiError && error.status === 404) { // it has been removed
        page.hidden = true;
      }
      throw error;
    }
  }

  return {
    element,
    async update({ query }, signal) {
      const id = query.get("id");
      page.hidden = page.hidden || id !== shown; // what is shown is never taken for what is asked for
      finder.show(id);
      document.title = `${id || title} – ${copy?.title ?? "Loom"}`;
      if (id) {
        await show(id, query, signal);
      }
    },
    close() {
      parts.forEach((part) => part.close?.());
    },
  };
}

/**
 * What the parts of the view show: the answers of the service about one store. Instants are milliseconds.
 * @typedef {object} Data
 * @property {string} id
 * @property {URLSearchParams} query of the address
 * @property {URLSearchParams} asked as of when, and by which rules
 * @property {any} store
 * @property {any} near its schedule around `asOf`
 * @property {import("./store/span.js").Span} span the days that are shown
 * @property {any} schedule their hours, and those of the day before them
 * @property {import("./store/alerts.js").Bracket[]} brackets its alerts in them
 * @property {string} problem why alerts could not be had, or ""
 * @property {any} window what is explained of them, or null
 * @property {any} rules that it is judged by
 * @property {import("./store/row.js").Segment[] | null} segments in the place of `window`
 * @property {number} asOf
 * @property {string | undefined} zone by whose clocks times are shown
 * @property {() => void} again loads all of it anew, after a change
 */

/**
 * @typedef {object} Part
 * @property {HTMLElement} element
 * @property {(data: Data, signal: AbortSignal) => void | Promise<void | false>} show false: there is nothing to show
 * @property {() => void} [close]
 */
