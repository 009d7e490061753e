/**
 * Who changed what of a store by hand, with a button that undoes it.
 */

import * as api from "../../api.js";
import { show } from "../../clock.js";
import { h } from "../../h.js";
import * as session from "../../session.js";
import { sheet } from "../../sheet.js";
import { open } from "./edits.js";
import { refilling } from "../../refilling.js";
import { exclusionText, spansText, weekText } from "./texts.js";

const MOST = 30; // entries

/**
 * @typedef {{ number: number, at: string | number, by: string, store_id: string, kind: string, before: any, after: any,
 *   reason: string | null }} Entry
 */

/** @type {Record<string, string>} */
const KINDS = { hours: "weekly hours", special_day: "special day", exclusion: "exclusion", timezone: "zone",
  attributes: "attributes", store: "store removed", polls: "polls removed" };

/** @param {{ effective_from: string }} change */
function from({ effective_from: date }) {
  return date === "always" ? date : `from ${date}`;
}

/** @type {Record<string, (value: any, zone: string | undefined) => string>} */
const LINES = {
  hours: ({ changes }) => changes.map((/** @type {any} */ one) => `${from(one)}: ${one.removed ? "no change"
    : one.reverts ? "the file's" : weekText(one.week)}`).join("; "),
  special_day: ({ date, spans, note }) => `${date} ${spansText(spans)} ${note ?? ""}`,
  exclusion: (value, zone) => exclusionText(value, zone),
  timezone: (value) => value.timezone_str,
  attributes: ({ attributes }) => Object.entries(attributes).map(([name, value]) => `${name}: ${value ?? "none"}`).join(", "),
};

/**
 * What was there, or is, as a line.
 * @param {string} kind
 * @param {any} value
 * @param {string | undefined} zone
 */
function line(kind, value, zone) {
  return value === null ? "nothing" : (LINES[kind] ?? JSON.stringify)(value, zone);
}

/**
 * Whether what was there can be set again.
 * @param {Entry} entry
 */
function undoable({ kind, before }) {
  return kind === "timezone" || kind === "special_day" || kind === "exclusion"
    || (kind === "hours" || kind === "attributes") && before !== null;
}

/** @returns {import("../store.js").Part} */
export function audit() {
  const body = h("div", { class: "stack" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "Changes by hand" }, body),
    async show(data, signal) {
      const { id, query, zone } = data;
      /** @type {Entry[]} */
      let entries;
      try {
        entries = (await api.get("v1/audit", { store_id: id, limit: MOST, time: "ms" }, signal)).entries;
      } catch (error) {
        if (!(error instanceof api.ApiError) || error.status !== 403) {
          throw error;
        }
        return false; // it is not for this token
      }
      const may = session.mayWrite();
      refill([entries, may, query.toString()], () => [h("h2", null, "Changes by hand"),
        entries.length ? sheet("Table of changes", h("table", { class: "rows" },
          h("caption", { class: "unseen" }, "Changes by hand"),
          h("thead", null, h("tr", null, ["When", "Who", "What", "Before", "After", "Reason"].map((name) =>
            h("th", { scope: "col" }, name)), may && h("td"))),
          h("tbody", null, entries.map((entry) => {
            const before = line(entry.kind, entry.before, zone);
            const told = [before, line(entry.kind, entry.after, zone), entry.reason];
            return h("tr", null, h("th", { scope: "row" }, show(entry.at, zone)),
              h("td", null, h("bdi", null, entry.by || "–")), h("td", null, KINDS[entry.kind] ?? entry.kind),
              told.map((text) => h("td", { class: "change" }, h("bdi", null, text))),
              may && h("td", null, undoable(entry) && h("button", { type: "button", id: `undo-${entry.number}`,
                "aria-label": `Undo the change of ${KINDS[entry.kind]} of ${show(entry.at, zone)}`,
                onclick: () => open(data, "undo", entry, before) }, "Undo…")));
          })))) : h("p", { class: "hint" }, "Nothing of this store has been changed by hand.")]);
    },
  };
}
