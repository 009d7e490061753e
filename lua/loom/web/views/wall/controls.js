/**
 * How the wall is ordered, grouped, how far it goes back, and how high its rows are.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { copy } from "../../copy.js";
import { h, refill } from "../../h.js";
import { HEIGHTS } from "./layout.js";

/**
 * Stretches of time, with cells that divide them.
 * @type {Record<string, { label: string, seconds: number, bins: number, cell: string }>}
 */
const SPANS = {
  day: { label: "a day", seconds: 86400, bins: 96, cell: "15 minutes" },
  week: { label: "a week", seconds: 604800, bins: 168, cell: "an hour" },
  month: { label: "four weeks", seconds: 2419200, bins: 672, cell: "an hour" },
};

/**
 * The stretch that an address asks for.
 * @param {URLSearchParams} query
 */
export function spanOf(query) {
  const name = query.get("span") ?? "";
  return Object.hasOwn(SPANS, name) ? SPANS[name] : SPANS.week;
}

const ORDERS = [["down", "Most down time first"], ["store_id", "Id"], ["first_outage", "First outage"]];

/**
 * @param {string} label
 * @param {string} name parameter
 * @param {string} usual value, which the address leaves out
 * @param {string[][]} options
 * @param {URLSearchParams} query
 */
function select(label, name, usual, options, query) {
  const chosen = query.get(name) ?? usual;
  return h("label", { class: "row" }, label, h("select", {
    onchange: (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLSelectElement} */ (event.target);
      address.alter({ [name]: value === usual ? null : value });
    },
  }, options.map(([value, text]) => h("option", { value, selected: value === chosen }, text))));
}

/** @type {string[] | null} */
let names = null;
let shown = "";

/**
 * Fills a place with the controls, unless they are there already.
 * @param {HTMLElement} place
 * @param {URLSearchParams} query
 */
export function controls(place, query) {
  const key = `${query} ${names}`;
  if (key === shown && place.childElementCount) {
    return;
  }
  shown = key;
  const by = [["", "Nothing"], ["timezone_str", "Zone"], ...(names ?? []).map((name) => [name, name])];
  refill(place,
    select("Order", "order", "down", ORDERS, query),
    select("Group by", "by", "", by, query),
    !copy && select("Over", "span", "week", Object.entries(SPANS).map(([name, { label }]) => [name, label]), query),
    select("Rows", "rows", "0", HEIGHTS.map((height) => [String(height), height ? `${height} px` : "All at once"]), query),
    h("ul", { class: "legend", "aria-label": "Colours" },
      ["down", "partly", "unknown", "excluded", "up", "closed"].map((state) =>
        h("li", null, h("i", { class: `key ${state}` }), state === "partly" ? "partly down" : state))));
  if (!names) {
    api.get("v1/groups").then((found) => {
      names = found.names.map((/** @type {{ name: string }} */ one) => one.name);
      controls(place, query);
    }, () => {}); // there is nothing to group by then
  }
}
