/**
 * The form of a rule: fields for what is common, and its definition as JSON for all else.
 */

import { fill, h } from "../../h.js";
import { FieldProblem } from "../../dialog.js";
import { KINDS } from "./kinds.js";
import { SEVERITIES } from "./words.js";

/** @typedef {import("./words.js").Definition} Definition */

/**
 * An input whose problem the service tells by a field's name, alone or of the rule in a question.
 * @param {string} name
 * @param {string} value
 * @param {import("../../h.js").Properties} [more]
 */
function input(name, value, more) {
  return h("input", { "data-field": `${name} rule.${name}`, value, autocomplete: "off", spellcheck: "false", ...more });
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function labelled(label, control, hint) {
  return h("label", null, h("span", null, label), control, hint && h("small", { class: "hint" }, hint));
}

/** A share as percent, without the digits that floating point adds. @param {number} share */
export function percentOf(share) {
  return String(Number((share * 100).toFixed(9)));
}

/** Whether what is typed is no number. @param {import("./kinds.js").Field["type"]} type */
function isText(type) {
  return type === "time" || type === "text";
}

/**
 * The fields of `when`.
 * @param {Definition} when
 */
function whenFields(when) {
  const fields = KINDS[when.kind].fields.map((one) => {
    const now = when[one.name];
    const value = now === undefined ? when.isNew ? one.value : "" : one.type === "share" ? percentOf(now) : String(now);
    return { ...one, input: input(`when.${one.name}`, value, isText(one.type) ? {} : { inputmode: "decimal" }) };
  });
  return {
    elements: fields.map(({ label, type, input: control }) =>
      labelled(label, control, type === "time" ? "such as 30m, 2h, 7d" : "")),
    read: () => Object.fromEntries(fields.flatMap(({ name, label, type, input: control }) => {
      const text = control.value.trim();
      const number = Number(text);
      if (text && !isText(type) && Number.isNaN(number)) {
        throw new FieldProblem(`when.${name}`, `${label}: a number is expected.`);
      }
      return text ? [[name, isText(type) ? text : type === "share" ? Number((number / 100).toFixed(12)) : number]] : [];
    })),
  };
}

/**
 * `name=value` pairs of attributes.
 * @param {string} text
 */
export function conditionsOf(text) {
  /** @type {Record<string, string | string[]>} */
  const where = {};
  for (const pair of text.split(/[\n,]/).map((one) => one.trim()).filter(Boolean)) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (name === undefined) {
      throw new FieldProblem("stores.where", `"${pair}" is not of the form attribute=value.`);
    }
    const key = name.trim();
    where[key] = where[key] === undefined ? value.trim() : [where[key], value.trim()].flat();
  }
  return where;
}

/** @param {Record<string, string | string[]> | undefined} where */
export function conditionsText(where) {
  return Object.entries(where ?? {}).flatMap(([name, values]) => [values].flat().map((value) => `${name}=${value}`)).join(", ");
}

/**
 * Whether fields can tell all that decides when it is true; the rest of a definition stays as it is.
 * @param {Definition} definition
 */
export function hasForm({ when }) {
  return when && Object.hasOwn(KINDS, when.kind) && when.window !== "month";
}

/**
 * @param {Definition} definition
 * @param {{ isNew: boolean, channels: any[] }} about
 */
export function fieldsOf(definition, { isNew, channels }) {
  const { name = "", severity = "warning", runbook = "", text = "", group_by: by = "", stores, enabled, when } = definition;
  const ends = definition.for ?? {};
  let fields = whenFields({ ...when, isNew });
  const kind = h("select", { "data-field": "when.kind rule.when.kind", onchange: () => {
    fields = whenFields({ kind: kind.value, isNew: true });
    fill(ofKind, fields.elements);
  } }, Object.entries(KINDS).map(([value, { label }]) => h("option", { value, selected: value === when.kind }, label)));
  const ofKind = h("div", { class: "edit-fields" }, fields.elements);
  const own = { name: input("name", name, { disabled: !isNew, maxlength: 100 }), runbook: input("runbook", runbook),
    text: input("text", text, { placeholder: "{store} is down since {since}" }), group_by: input("group_by", by),
    where: input("stores.where", conditionsText(stores?.where)), count: input("for.count", String(ends.count ?? "")),
    of: input("for.of", String(ends.of ?? "")) };
  const worse = h("select", { "data-field": "severity rule.severity" }, SEVERITIES.map((value) =>
    h("option", { value, selected: value === severity }, value)));
  const on = h("input", { type: "checkbox", checked: enabled !== false });
  const chosen = new Set([definition.channels ?? []].flat());
  const boxes = channels.map((channel) => ({ name: channel.name, box: h("input", { type: "checkbox",
    checked: chosen.has(channel.name) }) }));

  /** @param {Definition} made @param {string} key @param {unknown} value left out where it is empty */
  function put(made, key, value) {
    if (value === "" || value === undefined || Array.isArray(value) && !value.length) {
      delete made[key];
    } else {
      made[key] = value;
    }
  }

  /** @param {HTMLInputElement} control */
  const number = (control) => control.value.trim() === "" ? undefined : Number(control.value);
  return {
    element: h("div", { class: "stack" },
      h("div", { class: "edit-fields" }, labelled("Name", own.name, isNew ? "letters, digits, _ . and -" : ""),
        labelled("Severity", worse), labelled("When", kind), h("label", { class: "row" }, on, " enabled")),
      ofKind,
      h("div", { class: "edit-fields" },
        labelled("Results", h("span", { class: "row pair" }, own.count, " true of ", own.of), "of the last; empty: the first"),
        labelled("Stores", own.where, "attribute=value, …; empty: all"),
        labelled("Group by", own.group_by, "an attribute, or timezone"),
        labelled("Text", own.text, "empty: the usual one"), labelled("Runbook", own.runbook)),
      boxes.length > 0 && h("fieldset", { class: "row" }, h("legend", null, "Told to (none chosen: all)"), boxes.map((one) =>
        h("label", { class: "row" }, one.box, h("bdi", null, one.name))))),
    /** @returns {Definition} */
    read() {
      const same = when.kind === kind.value;
      const made = { ...definition, when: { ...same ? Object.fromEntries(Object.entries(when).filter(([key]) =>
        !KINDS[when.kind].fields.some((one) => one.name === key))) : {}, kind: kind.value, ...fields.read() } };
      const where = conditionsOf(own.where.value);
      put(made, "name", own.name.value.trim());
      put(made, "severity", worse.value);
      put(made, "enabled", on.checked ? undefined : false);
      put(made, "group_by", own.group_by.value.trim());
      put(made, "text", own.text.value.trim());
      put(made, "runbook", own.runbook.value.trim());
      put(made, "channels", boxes.filter(({ box }) => box.checked).map((one) => one.name));
      const { where: _, ...others } = stores ?? {};
      const choice = { ...others, ...Object.keys(where).length ? { where } : {} };
      put(made, "stores", Object.keys(choice).length ? choice : undefined);
      const { count: _count, of: _of, ...rest } = ends;
      const need = { ...rest, ...number(own.count) === undefined ? {} : { count: number(own.count) },
        ...number(own.of) === undefined ? {} : { of: number(own.of) } };
      put(made, "for", Object.keys(need).length ? need : undefined);
      return made;
    },
  };
}

/** @param {Definition} definition */
export function jsonOf(definition) {
  const area = h("textarea", { class: "json", rows: 14, spellcheck: "false", "aria-label": "Definition as JSON",
    "data-field": "json rule" }, JSON.stringify(definition, null, 2));
  return {
    element: h("div", { class: "stack" }, h("p", { class: "hint" }, "Every key that a rule may have: see docs/alerts.md."), area),
    /** @returns {Definition} */
    read() {
      try {
        return JSON.parse(area.value);
      } catch (error) {
        throw new FieldProblem("json", `This is not JSON: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
}
