/**
 * Loading files: each is sent as it is, and taken as a whole or not at all.
 */

import * as api from "../../api.js";
import { fill, h } from "../../h.js";
import { sheet } from "../../sheet.js";
import { counted } from "../../words.js";
import { guess, KINDS } from "./kinds.js";
import { send } from "./send.js";

/** @param {any[]} errors */
function rejects(errors) {
  return sheet("Rows that were not taken", h("table", { class: "rows" },
    h("caption", { class: "hint" }, "Rows that were not taken, the first of them"),
    h("thead", null, h("tr", null, ["Line", "Column", "Value", "Reason"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, errors.map((error) => h("tr", null, h("th", { scope: "row", class: "number" }, error.line ?? error.index),
      h("td", null, error.column), h("td", null, h("bdi", null, error.value)), h("td", null, error.reason))))));
}

/**
 * @param {any} counts
 */
function outcome(counts) {
  return [h("p", null, `${counted(counts.rows, "row")}: ${counts.new} new, ${counts.duplicates} duplicates, `
    + `${counts.conflicts} conflicts, ${counts.rejected} rejected.`), counts.errors && rejects(counts.errors)];
}

/**
 * @param {File} file
 * @param {() => void} loaded
 */
function item(file, loaded) {
  const kind = h("select", { "aria-label": `What is in ${file.name}` },
    Object.entries(KINDS).map(([name, { label }]) => h("option", { value: name }, label)));
  const lenient = h("input", { type: "checkbox" });
  const progress = h("progress", { value: 0, max: 1, hidden: true, "aria-label": `Progress of ${file.name}` });
  const result = h("div", { role: "status" });
  const button = h("button", { type: "button", class: "first", onclick: load }, "Load");

  async function load() {
    button.disabled = true;
    progress.hidden = false;
    fill(result);
    try {
      const query = { source: file.name, max_rejects: lenient.checked ? "all" : "0" };
      const counts = await send(`v1/ingest/${kind.value}`, file, query, (share) => {
        progress.value = share;
      });
      fill(result, outcome(counts));
      loaded();
    } catch (error) {
      const failed = /** @type {api.ApiError} */ (error);
      fill(result, h("p", { class: "problem" }, failed.status ? failed.message : "The service does not answer."),
        failed.problem.errors && rejects(failed.problem.errors));
      button.disabled = false;
    }
    progress.hidden = true;
  }
  guess(file).then((name) => {
    kind.value = name;
  }, () => {}); // a file that cannot be read fails when it is sent
  return h("li", { class: "stack" }, h("div", { class: "row" }, h("bdi", null, file.name), kind,
    h("label", null, lenient, " leave bad rows out"), button, progress), result);
}

/**
 * The place where files are dropped or chosen, and what becomes of them.
 * @param {() => void} loaded called when a file has been taken
 */
export function upload(loaded) {
  const files = h("ul", { class: "uploads" });

  /** @param {FileList | null | undefined} list */
  function take(list) {
    files.append(...[...list ?? []].map((file) => item(file, loaded)));
  }
  const input = h("input", { type: "file", multiple: true, accept: ".csv,.gz,text/csv,application/gzip", id: "files",
    onchange: () => {
      take(input.files);
      input.value = "";
    } });
  const drop = h("div", { class: "drop",
    ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
    ondrop: (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      take(event.dataTransfer?.files);
    } }, h("label", { htmlFor: "files" }, "Drop CSV files here, or choose them:"), input,
  h("p", { class: "hint" }, "store_status.csv, menu_hours.csv, timezones.csv and the like; gzip is fine."));
  return h("div", { class: "stack" }, drop, files);
}
