/**
 * The trend as a table, for those who cannot see its picture. It is loaded when somebody opens it.
 */

import { hours, show } from "../../../clock.js";
import { h } from "../../../h.js";
import { sheet } from "../../../sheet.js";
import { count, percent } from "../../../words.js";
import { ratio } from "./series.js";

/**
 * @param {import("./series.js").Series} series
 * @param {string | undefined} zone
 */
export function table(series, zone) {
  const names = ["Up", "Down (h)", "Stores down", "Unknown (h)", "Excluded (h)"];
  return sheet("Trend as a table",
    h("table", { class: "rows" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "From"),
        names.map((name) => h("th", { scope: "col", class: "number" }, name)))),
      h("tbody", null, series.t.map((ms, at) => h("tr", null, h("th", { scope: "row" }, show(ms, zone)),
        [percent(ratio(series, at)), hours(series.down[at]), count(series.stores_down[at]), hours(series.unknown[at]),
          hours(series.excluded[at])].map((text) => h("td", { class: "number" }, text)))))));
}
