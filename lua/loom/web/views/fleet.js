/**
 * The fleet: which stores are down, since when, and whether it matters.
 */

import * as address from "../address.js";
import { copy } from "../copy.js";
import * as fresh from "../fresh.js";
import { fill, h } from "../h.js";
import { figures } from "./fleet/question.js";
import { states } from "./fleet/states.js";
import { firstPage, stores } from "./fleet/stores.js";
import { windows } from "./fleet/windows.js";

export const title = "Fleet";

/**
 * Whether there are figures of the stores together that an address chooses.
 * @param {URLSearchParams} query
 */
function isOfAll(query) {
  return !copy || copy.tells(query);
}

/**
 * Asks for what is seen first.
 * @param {URLSearchParams} query
 * @param {AbortSignal} signal
 */
function first(query, signal) {
  return Promise.all([fresh.get("v1/now", address.now(query), signal), fresh.get("v1/stores", firstPage(query), signal),
    isOfAll(query) ? fresh.get("v1/summary", figures(query), signal) : null]);
}

/** @param {URLSearchParams} query @param {AbortSignal} signal */
export function ahead(query, signal) {
  first(query, signal).catch(() => {}); // the view asks for it again
}

// What is seen after the rows, or is to be scrolled to.
async function rest() {
  const [{ trend }, { groups }, { spread }] = await Promise.all([import("./fleet/trend.js"), import("./fleet/groups.js"),
    import("./fleet/spread.js")]);
  return { course: trend(), shares: groups(), fared: spread() };
}

/** @returns {import("../view.js").View} */
export function open() {
  const [now, totals, rows] = [states(), windows(), stores()];
  const place = h("div", { class: "panel fleet-trend" });
  const foot = h("div", { class: "fleet-foot" });
  const untold = h("p", { class: "hint", hidden: true }, "Of some stores this copy has the counts and the table. Figures of "
    + "stores together are there for ", h("a", { href: address.plain("fleet") }, "all of its stores"), ".");
  /** @type {Awaited<ReturnType<typeof rest>> | null} what is made when the rows are seen */
  let others = null;
  return {
    element: h("div", { class: "fleet" }, h("div", { class: "fleet-top" }, now.element, totals.element, place), untold,
      rows.element, foot),
    async update({ query }, signal) {
      const isTold = isOfAll(query);
      const [state, , summary] = await first(query, signal); // so that all of it is laid out and painted once
      untold.hidden = isTold;
      totals.element.hidden = !isTold;
      now.update(query, state);
      if (isTold) {
        totals.update(query, summary);
      }
      await rows.update(query, signal);
      return async () => {
        rows.refresh();
        if (!others) {
          const parts = await rest();
          signal.throwIfAborted();
          others = parts;
          place.replaceWith(parts.course.element);
          fill(foot, parts.shares.element, parts.fared.element);
        }
        const { course, shares, fared } = others;
        [course, shares, fared].forEach(({ element }) => element.hidden = !isTold);
        if (isTold) {
          totals.update(query, summary);
          fared.update(query, summary);
          await Promise.all([course.update(query, signal), shares.update(query, signal)]);
        }
      };
    },
    tick: () => now.tick(),
    close: () => others?.course.close(),
  };
}
