/**
 * The reports that there are, the newest first.
 */

import * as api from "../../api.js";
import { show } from "../../clock.js";
import { h } from "../../h.js";
import * as notice from "../../notice.js";
import * as session from "../../session.js";
import { sheet } from "../../sheet.js";
import { send } from "../../writes.js";

/**
 * @param {any} report
 * @param {string[]} formats
 */
function result({ report_id: id, status, progress, error }, formats) {
  if (status === "failed") {
    return h("span", { class: "problem" }, h("bdi", null, error));
  } else if (status !== "complete") {
    return h("progress", { value: progress, max: 1, "aria-label": "Progress" });
  }
  const link = (/** @type {string} */ format) => api.link("get_report", { report_id: id, format });
  return h("span", { class: "row" }, h("a", { href: link("csv"), download: `report_${id}.csv` }, "CSV"),
    h("a", { href: link("html"), target: "_blank", rel: "noopener" }, "page"),
    formats.filter((format) => format !== "csv" && format !== "html")
      .map((format) => h("a", { href: link(format), download: "" }, format)));
}

/** @param {Record<string, unknown>} options */
function words(options) {
  const names = Object.keys(options).sort();
  return names.length ? names.map((name) => `${name} ${typeof options[name] === "string" ? options[name]
    : JSON.stringify(options[name])}`).join(", ") : "the usual one";
}

/** @param {string} id */
async function remove(id) {
  try {
    await send("DELETE", `v1/reports/${id}`);
  } catch (error) {
    notice.tell(`The report was not deleted: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {any[]} reports
 * @param {string[]} formats
 * @param {{ changed: () => Promise<void>, more: (() => void) | null }} on
 */
export function list(reports, formats, { changed, more }) {
  if (!reports.length) {
    return h("p", { class: "hint" }, "There are no reports yet.");
  }
  return h("div", { class: "stack" }, sheet("Table of reports", h("table", { class: "rows" },
    h("caption", { class: "unseen" }, "Reports"),
    h("thead", null, h("tr", null, ["Asked for", "Status", "Options", "Result", ""].map((name) =>
      h("th", { scope: "col" }, name || h("span", { class: "unseen" }, "Delete"))))),
    h("tbody", null, reports.map((report) => h("tr", null,
      h("th", { scope: "row" }, show(report.created, undefined, "full")),
      h("td", null, report.status),
      h("td", { class: "options" }, h("bdi", { title: words(report.options) }, words(report.options))),
      h("td", null, result(report, formats)),
      h("td", null, session.mayWrite() && h("button", { type: "button", class: "plain", id: `delete-${report.report_id}`,
        "aria-label": `Delete the report of ${show(report.created, undefined, "full")}`,
        onclick: () => remove(report.report_id).then(changed) }, "Delete"))))))),
  more && h("p", null, h("button", { type: "button", onclick: more }, "Older ones")));
}
