/**
 * The fleet: which stores are down, since when, and whether it matters.
 */

import * as address from "../address.js";
import * as api from "../api.js";
import { copy } from "../copy.js";
import { h } from "../h.js";
import { groups } from "./fleet/groups.js";
import { figures } from "./fleet/question.js";
import { spread } from "./fleet/spread.js";
import { states } from "./fleet/states.js";
import { stores } from "./fleet/stores.js";
import { trend } from "./fleet/trend.js";
import { windows } from "./fleet/windows.js";

export const title = "Fleet";

/** @returns {import("./index.js").View} */
export function open() {
  const [now, totals, course, rows, shares, fared] = [states(), windows(), trend(), stores(), groups(), spread()];
  const ofAll = [totals, course, shares, fared];
  const untold = h("p", { class: "hint", hidden: true }, "Of some stores this copy has the counts and the table. Figures of "
    + "stores together are there for ", h("a", { href: address.plain("fleet") }, "all of its stores"), ".");
  return {
    element: h("div", { class: "fleet" }, h("div", { class: "fleet-top" }, now.element, totals.element, course.element), untold,
      rows.element, h("div", { class: "fleet-foot" }, shares.element, fared.element)),
    async update({ query }, signal) {
      const isTold = !copy || copy.tells(query);
      untold.hidden = isTold;
      ofAll.forEach(({ element }) => element.hidden = !isTold);
      await Promise.all(!isTold ? [now.update(query, signal), rows.update(query, signal)] : [
        now.update(query, signal),
        api.get("v1/summary", figures(query), signal).then((summary) => {
          totals.update(query, summary);
          fared.update(query, summary);
        }),
        course.update(query, signal),
        rows.update(query, signal),
        shares.update(query, signal),
      ]);
    },
    close: () => course.close(),
  };
}
