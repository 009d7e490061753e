/**
 * The fleet: which stores are down, since when, and whether it matters.
 */

import * as address from "../address.js";
import * as api from "../api.js";
import { duration, hours, instant, show, zoneOf } from "../clock.js";
import { h } from "../h.js";
import { table } from "../table.js";
import { percent } from "../words.js";

export const title = "Fleet";

/** @returns {import("./index.js").View} */
export function open() {
  let shown = "";
  const stores = table({
    label: "Stores",
    sort: (sort, order) => address.alter({ sort, order }),
    fail: () => {},
    async load(offset, limit, signal) {
      const asked = address.question(address.read().query);
      for (const name of ["sort", "order"]) {
        const value = address.read().query.get(name);
        if (value) {
          asked.set(name, value);
        }
      }
      asked.set("limit", String(limit));
      if (offset) {
        asked.set("offset", String(offset));
      }
      const found = await api.get("v1/stores", asked, signal);
      return { total: found.total, rows: found.stores };
    },
  });
  return {
    element: h("div", { class: "stack" }, stores.element),
    async update({ query }, signal) {
      const same = shown === query.toString();
      shown = query.toString();
      const zone = zoneOf(query);
      await stores.show([
        { key: "store_id", label: "Store", cell: (row) => h("a", { class: "id", href: address.href("store", { id: row.store_id }) },
          h("bdi", null, row.store_id)) },
        { key: "state", label: "State", cell: (row) => [h("i", { class: `key ${row.state}` }), " ", row.state] },
        { key: "since", label: "Since", cell: (row) => row.since ? show(row.since, zone) : "" },
        { key: "ratio_last_week", label: "Week", numeric: true, descends: false,
          cell: (row) => percent(row.windows.last_week.ratio) },
        { key: "down_last_week", label: "Down (h)", numeric: true, descends: true,
          cell: (row) => hours(row.windows.last_week.down) },
        { key: "longest_last_week", label: "Longest", numeric: true, descends: true,
          cell: (row) => duration(row.windows.last_week.longest) },
        { key: "last_poll", label: "Last poll", cell: (row) => show(instant(row.last_poll), zone) },
      ], query.get("sort") ?? "store_id", query.get("order") === "desc" ? "desc" : "asc", same, signal);
    },
  };
}
