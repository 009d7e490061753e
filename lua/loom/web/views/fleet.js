/**
 * The fleet: which stores are down, since when, and whether it matters.
 */

import * as api from "../api.js";
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
  return {
    element: h("div", { class: "fleet" }, h("div", { class: "fleet-top" }, now.element, totals.element, course.element),
      rows.element, h("div", { class: "fleet-foot" }, shares.element, fared.element)),
    async update({ query }, signal) {
      await Promise.all([
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
