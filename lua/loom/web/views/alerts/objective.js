/**
 * Makes an objective, changes or removes one.
 */

import { FieldProblem } from "../../dialog.js";
import { h } from "../../h.js";
import { send, tagged } from "../../writes.js";
import { conditionsOf, conditionsText, labelled, percentOf } from "./ruleform.js";

/** @param {string} name */
function pathOf(name) {
  return `v1/objectives/${encodeURIComponent(name)}`;
}

/**
 * @param {string | null} name null: a new one
 * @returns {Promise<import("../../dialog.js").Edit>}
 */
export async function objectiveEdit(name) {
  const found = name === null ? null : await tagged(pathOf(name));
  let tag = found?.tag ?? null;
  const definition = found ? found.body : { target: 0.99, window: "28d" };
  /** @param {string} field @param {string} value @param {import("../../h.js").Properties} [more] */
  const input = (field, value, more) => h("input",
    { "data-field": field, value, autocomplete: "off", spellcheck: "false", ...more });
  const inputs = { name: input("name", name ?? "", { disabled: name !== null, maxlength: 100 }),
    target: input("target", percentOf(definition.target), { inputmode: "decimal" }),
    window: input("window", String(definition.window ?? "")),
    where: input("stores stores.where", conditionsText(definition.stores?.where)),
    comment: input("comment", definition.comment ?? "") };
  return {
    title: name === null ? "New objective" : `Objective ${name}`, action: "Save",
    content: h("div", { class: "edit-fields" }, labelled("Name", inputs.name, name === null ? "letters, digits, _ . and -" : ""),
      labelled("Target %", inputs.target), labelled("Over", inputs.window, "such as 28d, or month; empty: 28 days"),
      labelled("Stores", inputs.where, "attribute=value, …; empty: all"), labelled("Why", inputs.comment)),
    read() {
      const target = Number(inputs.target.value.trim() || NaN);
      if (!inputs.name.value.trim()) {
        throw new FieldProblem("name", "It needs a name.");
      } else if (Number.isNaN(target)) {
        throw new FieldProblem("target", "Target: a number is expected.");
      }
      const where = conditionsOf(inputs.where.value);
      const { where: _, ...others } = definition.stores ?? {};
      const stores = { ...others, ...Object.keys(where).length ? { where } : {} };
      return { name: inputs.name.value.trim(), target: Number((target / 100).toFixed(12)),
        window: inputs.window.value.trim() || undefined, stores: Object.keys(stores).length ? stores : undefined,
        comment: inputs.comment.value.trim() || undefined };
    },
    save: (body) => send("PUT", pathOf(body.name), { body, match: tag }),
    fieldOf: (message) => /: (\w+): /.exec(message)?.[1] ?? "",
    differs(current) {
      tag = null;
      return h("code", null, JSON.stringify(current));
    },
  };
}

/**
 * @param {string} name
 * @returns {import("../../dialog.js").Edit}
 */
export function objectiveRemoval(name) {
  return {
    title: "Remove the objective", action: "Remove",
    content: h("p", null, "As long as a rule names ", h("b", null, h("bdi", null, name)), ", it stays."),
    read: () => null, save: () => send("DELETE", pathOf(name)),
  };
}
