/**
 * The first rows of the wall as a table, for those who cannot see it.
 */

import { h } from "../../h.js";
import * as address from "../../address.js";
import { sheet } from "../../sheet.js";
import { words } from "../../strip.js";
import { count } from "../../words.js";
import { RANKS } from "./grid.js";

const MOST = 50;

/** @param {import("./grid.js").Grid} grid */
export function table(grid) {
  const { ids, bins, ranks } = grid;
  const shown = ids.slice(0, MOST);
  return sheet("Wall as a table", h("table", { class: "rows" },
    h("caption", { class: "hint" }, ids.length > MOST ? `The first ${MOST} of ${count(ids.length)} stores` : "All stores"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Store"), h("th", { scope: "col" }, "Cells"))),
    h("tbody", null, shown.map((id, row) => h("tr", null,
      h("th", { scope: "row" }, h("a", { class: "id", href: address.href("store", { id }) }, h("bdi", null, id))),
      h("td", null, words([...ranks.subarray(row * bins, (row + 1) * bins)].map((rank) => RANKS[rank]).join(""))))))));
}
