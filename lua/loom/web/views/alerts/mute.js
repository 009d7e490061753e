/**
 * Makes a mute, changes or removes one.
 */

import { h } from "../../h.js";
import { send, tagged } from "../../writes.js";
import { FieldProblem } from "../../dialog.js";
import { SEVERITIES } from "./words.js";

/** @param {string} name */
function pathOf(name) {
  return `v1/mutes/${encodeURIComponent(name)}`;
}

/**
 * @param {string | null} name null: a new one
 * @returns {Promise<import("../../dialog.js").Edit>}
 */
export async function muteEdit(name) {
  const found = name === null ? null : await tagged(pathOf(name));
  let tag = found?.tag ?? null;
  const definition = found ? found.body : { hours: "mon-fri 22:00-06:00", zone: "UTC", passes: "critical" };
  /** @param {string} field @param {string} value @param {import("../../h.js").Properties} [more] */
  const input = (field, value, more) => h("input",
    { "data-field": field, value, autocomplete: "off", spellcheck: "false", ...more });
  const inputs = { name: input("name", name ?? "", { disabled: name !== null, maxlength: 100 }),
    hours: input("hours", definition.hours), zone: input("zone", definition.zone, { list: "mute-zones" }),
    comment: input("comment", definition.comment ?? "") };
  const passes = h("select", { "data-field": "passes" }, h("option", { value: "" }, "nothing"), SEVERITIES.map((value) =>
    h("option", { value, selected: value === definition.passes }, value === "critical" ? value : `${value} and worse`)));
  const hint = h("small", { class: "hint" }, "such as mon-fri 22:00-06:00; sat,sun 00:00-24:00");
  return {
    title: name === null ? "New mute" : `Mute ${name}`, action: "Save",
    content: h("div", { class: "edit-fields" }, h("label", null, h("span", null, "Name"), inputs.name),
      h("label", null, h("span", null, "Hours"), inputs.hours, hint),
      h("label", null, h("span", null, "Zone"), inputs.zone), h("label", null, h("span", null, "Passes"), passes),
      h("label", null, h("span", null, "Why"), inputs.comment),
      h("datalist", { id: "mute-zones" }, Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })))),
    read() {
      if (!inputs.name.value.trim()) {
        throw new FieldProblem("name", "It needs a name.");
      }
      return { name: inputs.name.value.trim(), hours: inputs.hours.value.trim(), zone: inputs.zone.value.trim(),
        passes: passes.value || undefined, comment: inputs.comment.value.trim() || undefined };
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
export function muteRemoval(name) {
  return {
    title: "Remove the mute", action: "Remove",
    content: h("p", null, "What is told to nobody by ", h("b", null, h("bdi", null, name)), " is told from then on."),
    read: () => null, save: () => send("DELETE", pathOf(name)),
  };
}
