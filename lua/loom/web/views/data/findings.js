/**
 * What is likely wrong with the data, what it makes of the figures, and what mends it.
 */

import * as address from "../../address.js";
import { h } from "../../h.js";

/** @param {Record<string, string | number>} example */
function exampleOf(example) {
  const rest = Object.entries(example).filter(([name]) => name !== "store_id");
  return h("li", null,
    example.store_id !== undefined && h("a", { class: "id", href: address.href("store", { id: String(example.store_id) }) },
      h("bdi", null, example.store_id)),
    rest.map(([name, value]) => h("span", { class: "soft" }, ` ${name} `, h("bdi", null, value))));
}

/**
 * A text whose options of commands are not broken into lines.
 * @param {string} text
 */
function whole(text) {
  return text.split(/(--\w[\w-]*)/).map((part, at) => at % 2 ? h("span", { class: "option" }, part) : part);
}

/** @param {any} finding */
function entry({ code, severity, text, effect, command, examples }) {
  return h("li", { class: `finding ${severity}` },
    h("h3", null, h("span", { class: "severity" }, severity), " ", text),
    h("p", null, whole(effect)),
    h("pre", { tabIndex: 0 }, h("code", null, command)),
    examples.length > 0 && h("details", { id: `finding-${code}` }, h("summary", null, "Examples"),
      h("ul", null, examples.map(exampleOf))));
}

/** @param {{ findings: any[] }} doctor what `/v1/doctor` answers */
export function findings({ findings: list }) {
  return list.length ? h("ul", { class: "findings" }, list.map(entry))
    : h("p", { class: "hint" }, "Nothing was found.");
}
