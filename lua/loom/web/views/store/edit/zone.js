/**
 * Changes the zone whose clocks a store goes by.
 */

import * as api from "../../../api.js";
import { h } from "../../../h.js";
import { send } from "../../../writes.js";

/**
 * @param {import("../../store.js").Data} data
 * @param {{ body: any, tag: string | null }} found
 * @returns {import("./index.js").Edit}
 */
export function zoneEdit({ id }, found) {
  let { tag } = found;
  const { timezone_str: now, origin } = found.body;
  const input = h("input", { "data-field": "timezone_str", list: "edit-zones", autocomplete: "off", spellcheck: "false",
    value: origin === "default" ? "" : now });
  return {
    title: "Zone",
    content: h("div", { class: "edit-fields" }, h("label", null, h("span", null, "Zone"), input,
      h("small", { class: "hint" }, "such as Europe/Berlin; empty: what the file says, or else the default zone")),
    h("datalist", { id: "edit-zones" }, Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })))),
    read: () => input.value.trim() || null,
    preview: (timezone_str) => ({ timezone_str }),
    save: (timezone_str, reason) => send(timezone_str ? "PUT" : "DELETE", api.ofStore(id, "timezone"),
      { query: { reason }, match: tag, ...(timezone_str ? { body: { timezone_str } } : {}) }),
    differs(current) {
      tag = null;
      return current.timezone_str;
    },
  };
}
