/**
 * The share of time that stores are meant to be up, from which groups have a budget of down time.
 */

import * as address from "../../../address.js";
import { h } from "../../../h.js";

/** @param {URLSearchParams} query */
export function target(query) {
  const input = h("input", { type: "number", min: 0, max: 100, step: "any", value: query.get("target") ?? "", placeholder: "–",
    class: "fleet-target", "aria-label": "Target, in percent of the time",
    onchange: () => input.validity.valid && address.alter({ target: input.value || null }) });
  return h("label", { class: "row" }, "target", input, "%");
}
