/**
 * The form that asks for a report, made of what the document of the API says about its options.
 */

import * as api from "../../api.js";
import { fill, h, set } from "../../h.js";
import * as notice from "../../notice.js";
import { send } from "../../writes.js";

/**
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {HTMLElement} input
 * @property {() => unknown} value undefined: it is left out
 */

/**
 * What a schema that is not one of text, numbers or choices is written as: JSON.
 * @param {string} text
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text; // a single word needs no quotes; all else the service refuses, and says why
  }
}

/**
 * @param {string} name
 * @param {any} schema
 * @returns {Field}
 */
function field(name, schema) {
  const id = `option-${name}`;
  const describedby = `${id}-hint`;
  const hint = h("small", { id: describedby }, schema.description ?? "");
  const label = h("label", { htmlFor: id }, name);
  const types = [schema.type].flat();
  if (schema.enum) {
    const input = h("select", { id, "aria-describedby": describedby }, h("option", { value: "" }, "–"),
      schema.enum.map((/** @type {string} */ value) => h("option", { value }, value)));
    return { element: h("div", { class: "field" }, label, input, hint), input, value: () => input.value || undefined };
  } else if (schema.type === "boolean") {
    const input = h("input", { id, type: "checkbox", "aria-describedby": describedby });
    return { element: h("div", { class: "field" }, label, input, hint), input, value: () => input.checked || undefined };
  } else if (types.includes("string")) {
    const input = h("input", { id, "aria-describedby": describedby, spellcheck: "false", autocomplete: "off" });
    return { element: h("div", { class: "field" }, label, input, hint), input, value: () => input.value.trim() || undefined };
  }
  const example = schema.examples ? JSON.stringify(schema.examples[0]) : "";
  const input = h("textarea", { id, rows: 3, placeholder: example, "aria-describedby": describedby, spellcheck: "false" });
  return { element: h("div", { class: "field" }, label, input, hint), input,
    value: () => input.value.trim() ? parse(input.value) : undefined };
}

const FIRST = ["as_of", "preset", "windows", "stores", "where"]; // what is asked for most

/**
 * @param {Record<string, any>} properties of the options, as JSON Schema has them
 * @param {() => Promise<void>} made called when a report has been asked for
 */
export function form(properties, made) {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, field(name, schema)]));
  const others = Object.keys(fields).filter((name) => !FIRST.includes(name)).sort();
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "first" }, "Make the report");

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    fill(problem);
    Object.values(fields).forEach(({ input }) => set(input, { "aria-invalid": null }));
    try {
      const body = Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value()]));
      await send("POST", "trigger_report", { body });
      notice.tell("The report is on its way.");
      await made();
    } catch (error) {
      const failed = /** @type {api.ApiError} */ (error);
      fill(problem, failed.message);
      const wrong = fields[failed.field ?? ""];
      if (wrong) {
        set(wrong.input, { "aria-invalid": "true" });
        wrong.input.focus();
      }
    } finally {
      button.disabled = false;
    }
  }
  return h("form", { class: "stack", onsubmit: submit },
    h("p", { class: "hint" }, "Nothing needs to be filled in: the usual report is of the last hour, day and week."),
    h("div", { class: "fields" }, FIRST.filter((name) => fields[name]).map((name) => fields[name].element)),
    h("details", null, h("summary", null, "More options"),
      h("div", { class: "fields" }, others.map((name) => fields[name].element))),
    problem, h("p", null, button));
}
