/**
 * The files that were loaded last, and what became of their rows.
 */

import { show } from "../../clock.js";
import { h } from "../../h.js";
import { sheet } from "../../sheet.js";
import { count } from "../../words.js";

const COUNTS = ["rows", "new", "duplicates", "conflicts", "rejected"];

/** @param {any[]} list of `/v1/audit` */
export function entries(list) {
  if (!list.length) {
    return h("p", { class: "hint" }, "None were loaded since the log was begun.");
  }
  return sheet("Files that were loaded", h("table", { class: "rows" },
    h("caption", { class: "unseen" }, "Files that were loaded, the newest first"),
    h("thead", null, h("tr", null, ["When", "File", "Kind", "By"].map((name) => h("th", { scope: "col" }, name)),
      COUNTS.map((name) => h("th", { scope: "col", class: "number" }, name)))),
    h("tbody", null, list.map(({ at, by, after, reason }) => h("tr", null,
      h("th", { scope: "row" }, show(at, undefined, "full")),
      h("td", { title: reason }, h("bdi", null, after.source)), h("td", null, after.kind.replace("_", " ")),
      h("td", null, h("bdi", null, by)), COUNTS.map((name) => h("td", { class: "number" }, count(after[name]))))))));
}
