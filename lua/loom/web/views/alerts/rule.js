/**
 * Makes a rule, changes or removes one. As it is typed the service tells what it would have told of the past.
 */

import { asked } from "../../clock.js";
import { fill, h } from "../../h.js";
import { counted } from "../../words.js";
import { send, tagged } from "../../writes.js";
import { FieldProblem } from "../../dialog.js";
import { bars } from "./days.js";
import { fieldsOf, hasForm, jsonOf } from "./ruleform.js";
import { condition } from "./words.js";

const DAY = 86400000; // milliseconds
const SPANS = /** @type {const} */ ([[1, "day"], [7, "7 days"], [28, "28 days"]]);

/** @param {string} name */
function pathOf(name) {
  return `v1/alert-rules/${encodeURIComponent(name)}`;
}

/**
 * What a rule would have told.
 * @param {any} rule
 * @param {number} asOf
 * @param {number} days
 * @param {AbortSignal} signal
 * @returns {Promise<import("../../dialog.js").Outcome>}
 */
async function backtest(rule, asOf, days, signal) {
  const found = await send("POST", "v1/alert-rules/backtest", { signal,
    body: { rule, from: asked(asOf - days * DAY), to: asked(asOf) } });
  return { shown: [h("p", null, "It would have fired ", h("b", null, counted(found.fired, "time")), " for ",
    h("b", null, counted(found.subjects, found.of)), days === 1 ? " in the last day." : ` in the last ${days} days.`),
  found.days.length > 1 && bars(found.days)] };
}

/**
 * @param {string | null} name null: a new one
 * @param {import("../alerts.js").Common} common
 * @returns {Promise<import("../../dialog.js").Edit>}
 */
export async function ruleEdit(name, { asOf, channels }) {
  const found = name === null ? null : await tagged(pathOf(name));
  let tag = found?.tag ?? null;
  const isNew = found === null;
  let definition = found ? found.body
    : { name: "", severity: "critical", when: { kind: "down_for", time: "30m" } };
  const about = { isNew, channels };
  let shown = hasForm(definition) ? fieldsOf(definition, about) : jsonOf(definition);
  let isJson = !hasForm(definition);
  const place = h("div", null, shown.element);
  const days = h("select", { "aria-label": "Tried over the last" }, SPANS.map(([value, label]) => h("option",
    { value, selected: value === 7 }, `the last ${label}`)));
  const problem = h("p", { class: "problem", role: "alert" });
  const other = h("button", { type: "button", class: "plain", onclick: () => {
    fill(problem);
    try {
      definition = shown.read();
      if (isJson && !hasForm(definition)) {
        throw new FieldProblem("json", "There are no fields for such a rule: it is JSON alone.");
      }
      isJson = !isJson;
      shown = isJson ? jsonOf(definition) : fieldsOf(definition, about);
      fill(place, shown.element);
      other.textContent = isJson ? "As fields" : "As JSON";
    } catch (error) {
      if (!(error instanceof FieldProblem)) {
        throw error;
      }
      fill(problem, error.message);
    }
  } }, isJson ? "As fields" : "As JSON");
  return {
    title: isNew ? "New rule" : `Rule ${name}`, action: "Save",
    content: h("div", { class: "stack" }, place, problem, h("div", { class: "row spread" }, other,
      h("label", { class: "row" }, "Tried over ", days))),
    read: () => {
      const rule = shown.read();
      if (!isNew && rule.name !== name) {
        throw new FieldProblem("json", "The name of a rule stays: make a new one, and remove this.");
      }
      return rule;
    },
    look: (rule, signal) => isNew && !rule.name && !isJson ? backtest({ ...rule, name: "new" }, asOf, Number(days.value), signal)
      : backtest(rule, asOf, Number(days.value), signal),
    save(rule) {
      if (!rule.name) {
        throw new FieldProblem(isJson ? "json" : "name", "It needs a name.");
      }
      return send("PUT", pathOf(rule.name), { body: rule, match: tag });
    },
    fieldOf: (message) => /: ([\w.]+): /.exec(message)?.[1] ?? "",
    differs(current) {
      tag = null;
      return [condition(current), h("details", null, h("summary", null, "All of it"),
        h("pre", null, h("code", null, JSON.stringify(current, null, 2))))];
    },
  };
}

/**
 * @param {string} name
 * @returns {import("../../dialog.js").Edit}
 */
export function ruleRemoval(name) {
  return {
    title: "Remove the rule", action: "Remove",
    content: h("p", null, "What fires by ", h("b", null, h("bdi", null, name)), " is resolved, and that is told."),
    read: () => null, save: () => send("DELETE", pathOf(name)),
  };
}
