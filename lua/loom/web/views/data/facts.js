/**
 * What the database holds, in numbers.
 */

import { show } from "../../clock.js";
import { h } from "../../h.js";
import { count } from "../../words.js";

/** @type {[name: string, label: string][]} */
const LINES = [
  ["stores", "Stores"], ["polled_stores", "Stores with polls"], ["polls", "Polls"], ["days", "Days with polls"],
  ["first_poll", "First poll"], ["newest_poll", "Newest poll"], ["hours", "Openings of weeks"],
  ["stores_with_hours", "Stores with hours"], ["timezones", "Zones"], ["stores_with_timezone", "Stores with a zone"],
  ["special_days", "Special days"], ["exclusions", "Exclusions"], ["overrides", "Set by hand"], ["attributes", "Attributes"],
  ["size", "Bytes"], ["schema_version", "Version of the schema"],
];

/** @param {Record<string, number | string | null>} info */
export function facts(info) {
  return h("dl", { class: "facts-list" }, LINES.map(([name, label]) => {
    const value = info[name];
    return h("div", null, h("dt", null, label),
      h("dd", null, typeof value === "number" ? count(value) : show(value, "UTC", "full")));
  }));
}
