/**
 * Changes the attributes of a store.
 */

import * as api from "../../../api.js";
import { h } from "../../../h.js";
import { FieldProblem } from "../../../dialog.js";
import { send } from "../../../writes.js";

/**
 * @param {import("../../store.js").Data} data
 * @param {{ body: any, tag: string | null }} found
 * @returns {import("./index.js").Edit}
 */
export function attributesEdit({ id }, found) {
  let { tag } = found;
  const list = h("div", { class: "edit-fields" });

  /** @param {string} name @param {string} value */
  function add(name, value) {
    const fields = [h("input", { class: "attribute-name", "aria-label": "Name", value: name, autocomplete: "off" }),
      h("input", { class: "attribute-value", "aria-label": `Value of ${name || "the new one"}`, value, autocomplete: "off" })];
    const row = h("div", { class: "row attribute" }, fields, h("button", { type: "button", "aria-label": `Remove ${name}`,
      onclick: () => row.remove() }, "×"));
    list.append(row);
    return fields[0];
  }

  for (const [name, value] of Object.entries(found.body.attributes)) {
    add(name, String(value));
  }
  return {
    title: "Attributes",
    content: h("div", { class: "stack", "data-field": "attributes" }, list,
      h("p", null, h("button", { type: "button", onclick: () => add("", "").focus() }, "Add another"))),
    read() {
      /** @type {Map<string, string>} */
      const attributes = new Map();
      for (const row of list.querySelectorAll(".attribute")) {
        const [name, value] = [...row.querySelectorAll("input")].map((input) => input.value.trim());
        if (name && attributes.has(name)) {
          throw new FieldProblem("attributes", `There are two of ${name}.`);
        } else if (name && value) {
          attributes.set(name, value);
        } else if (name || value) {
          throw new FieldProblem("attributes", "An attribute needs a name and a value.");
        }
      }
      return Object.fromEntries(attributes);
    },
    preview: () => null,
    save: (attributes, reason) => send("PUT", api.ofStore(id, "attributes"),
      { body: { attributes }, query: { reason }, match: tag }),
    differs(current) {
      tag = null;
      return Object.entries(current.attributes ?? {}).map(([name, value]) => `${name}: ${value}`).join(", ") || "none";
    },
  };
}
