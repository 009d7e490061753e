/**
 * Makes a channel, changes or removes one. Its secrets are never shown: what is left empty stays as it is.
 */

import { fill, h } from "../../h.js";
import { send, tagged } from "../../writes.js";
import { FieldProblem } from "../../dialog.js";

/** @typedef {{ name: string, label: string, secret?: boolean, list?: boolean, optional?: boolean, hint?: string }} Field */

/** @param {string} name @param {string} label @param {Omit<Field, "name" | "label">} [more] @returns {Field} */
const field = (name, label, more) => ({ name, label, ...more });

const secretUrl = field("url", "Address", { secret: true });
const authorization = field("authorization", "Authorization", { secret: true, optional: true, hint: "the header's value" });

/** @type {Record<string, Field[]>} */
const KINDS = {
  webhook: [secretUrl, field("secret", "Secret", { secret: true, optional: true, hint: "signs what is sent" }), authorization],
  slack: [secretUrl],
  teams: [secretUrl],
  email: [field("url", "Server", { hint: "smtp://host:587 or smtps://host:465" }), field("from", "From"),
    field("to", "To", { list: true, hint: "several with commas" }), field("username", "User", { optional: true }),
    field("password", "Password", { secret: true, optional: true })],
  pagerduty: [field("routing_key", "Routing key", { secret: true })],
  ntfy: [field("topic", "Topic"), field("url", "Server", { optional: true, hint: "empty: ntfy.sh" }),
    field("token", "Token", { secret: true, optional: true })],
  alertmanager: [field("url", "Address"), authorization],
  log: [],
  heartbeat: [secretUrl],
};

/** @param {string} name */
function pathOf(name) {
  return `v1/channels/${encodeURIComponent(name)}`;
}

/**
 * @param {string} kind
 * @param {Record<string, any>} definition
 */
function fieldsOf(kind, definition) {
  const fields = KINDS[kind].map((one) => {
    const now = definition[one.name];
    const file = definition[`${one.name}_file`];
    const isSet = one.secret && (now !== undefined && now !== null || file);
    const input = h("input", { "data-field": one.name, type: one.secret ? "password" : "text", spellcheck: "false",
      autocomplete: one.secret ? "new-password" : "off", placeholder: isSet ? file ? "from a file" : "set: stays as it is" : "",
      value: one.secret ? "" : one.list ? [now ?? []].flat().join(", ") : now ?? "" });
    return { ...one, input, isSet };
  });
  return {
    elements: fields.map(({ label, hint, input }) => h("label", null, h("span", null, label), input,
      hint && h("small", { class: "hint" }, hint))),
    /** @returns {Record<string, string | string[] | true>} */
    read: () => Object.fromEntries(fields.flatMap(({ name, label, input, secret, list, optional, isSet }) => {
      const text = input.value.trim();
      if (!text && !optional && !isSet) {
        throw new FieldProblem(name, `${label} is needed.`);
      }
      const typed = list ? text.split(",").map((one) => one.trim()).filter(Boolean) : text;
      const value = text ? typed : secret && isSet && definition[name] ? true : undefined;
      return value === undefined ? [] : [[name, value]];
    })),
  };
}

/**
 * @param {string | null} name null: a new one
 * @returns {Promise<import("../../dialog.js").Edit>}
 */
export async function channelEdit(name) {
  const found = name === null ? null : await tagged(pathOf(name));
  const isNew = found === null;
  let tag = found?.tag ?? null;
  /** @type {Record<string, any>} */
  const definition = found?.body ?? { kind: "webhook" };
  let fields = fieldsOf(definition.kind, definition);
  const named = h("input", { "data-field": "name", value: name ?? "", disabled: !isNew, maxlength: 100, autocomplete: "off",
    spellcheck: "false" });
  const kind = h("select", { "data-field": "kind", onchange: () => {
    fields = fieldsOf(kind.value, kind.value === definition.kind ? definition : {});
    fill(ofKind, fields.elements);
  } }, Object.keys(KINDS).map((value) => h("option", { value, selected: value === definition.kind }, value)));
  const on = h("input", { type: "checkbox", checked: definition.enabled !== false });
  const ofKind = h("div", { class: "edit-fields" }, fields.elements);
  return {
    title: isNew ? "New channel" : `Channel ${name}`, action: "Save",
    content: h("div", { class: "stack" }, h("div", { class: "edit-fields" }, h("label", null, h("span", null, "Name"), named),
      h("label", null, h("span", null, "Kind"), kind), h("label", { class: "row" }, on, " enabled")), ofKind,
    h("p", { class: "hint" }, "Secrets are kept by the service, and shown by nothing.")),
    read() {
      if (!named.value.trim()) {
        throw new FieldProblem("name", "It needs a name.");
      }
      const known = KINDS[definition.kind].map((one) => one.name);
      const rest = kind.value === definition.kind ? Object.fromEntries(Object.entries(definition).filter(([key]) =>
        !known.includes(key) && key !== "enabled" && key !== "status")) : {};
      return { ...rest, name: named.value.trim(), kind: kind.value, ...fields.read(), ...on.checked ? {} : { enabled: false } };
    },
    save: (body) => send("PUT", pathOf(body.name), { body, match: tag }),
    differs(current) {
      tag = null;
      return h("code", null, JSON.stringify(current));
    },
    fieldOf: (message) => /: (\w+) /.exec(message)?.[1] ?? "",
  };
}

/**
 * @param {string} name
 * @returns {import("../../dialog.js").Edit}
 */
export function channelRemoval(name) {
  return {
    title: "Remove the channel", action: "Remove",
    content: h("p", null, "What is on its way to ", h("b", null, h("bdi", null, name)), " goes with it."),
    read: () => null, save: () => send("DELETE", pathOf(name)),
  };
}
