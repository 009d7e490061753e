/**
 * The outages of the days that are shown, as a list that can be saved.
 */

import * as api from "../../api.js";
import { duration, instant, show } from "../../clock.js";
import { save, text } from "../../csv.js";
import { h } from "../../h.js";
import * as session from "../../session.js";
import { sheet } from "../../sheet.js";
import { counted } from "../../words.js";
import { open } from "./edits.js";
import { refilling } from "../../refilling.js";

/** @typedef {{ from: string, to: string, seconds: number }} Outage its ends to the microsecond */

/** @param {string} id @param {Outage[]} outages */
function rows(id, outages) {
  return [["store_id", "from_utc", "to_utc", "seconds"], ...outages.map(({ from, to, seconds }) => [id, from, to, seconds])];
}

/** @returns {import("../store.js").Part} */
export function outages() {
  const body = h("div", { class: "stack" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "Outages" }, body),
    async show(data, signal) {
      const { id, asked, span, query, zone } = data;
      const dates = new URLSearchParams([...asked, ["from", span.first], ["to", span.afterLast]]);
      dates.set("time", "rfc3339");
      /** @type {Outage[]} */
      const list = (await api.get(api.ofStore(id, "outages"), dates, signal)).outages;
      refill([list, query.toString()], () => [
        h("div", { class: "row" }, h("h2", null, list.length ? counted(list.length, "outage") : "No outages in these days"),
          list.length > 0 && h("button", { type: "button", id: "outages-csv",
            onclick: () => save("outages.csv", text(rows(id, list))) }, "CSV")),
        list.length > 0 && sheet("Table of outages", h("table", { class: "rows" },
          h("caption", { class: "unseen" }, "Outages"),
          h("thead", null, h("tr", null, h("th", { scope: "col" }, "From"), h("th", { scope: "col" }, "To"),
            h("th", { scope: "col", class: "number" }, "For"), session.mayWrite() && h("td"))),
          h("tbody", null, list.map((one) => h("tr", null, h("th", { scope: "row" }, show(one.from, zone)),
            h("td", null, show(one.to, zone)), h("td", { class: "number" }, duration(one.seconds)),
            session.mayWrite() && h("td", null, h("button", { type: "button", id: `exclude-${instant(one.from)}`,
              "aria-label": `Exclude the outage from ${show(one.from, zone)}`,
              onclick: () => open(data, "outage", one) }, "Exclude this…")))))))]);
    },
  };
}
