/**
 * What is in the menu that chooses the columns of the table of stores. It is loaded when somebody opens that.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { h } from "../../h.js";
import { chosen, KINDS, named, standard } from "./columns.js";

/** @param {string[]} names */
function choose(names) {
  address.alter({ cols: names.join() === standard().join() ? null : names.length ? names.join(",") : "none" });
}

/**
 * @param {string} name
 * @param {import("../../h.js").Child} label
 * @param {string} about
 */
function option(name, label, about) {
  const input = h("input", { type: "checkbox", checked: chosen(address.read().query).includes(name), onchange: () => {
    const names = chosen(address.read().query).filter((other) => other !== name);
    choose(input.checked ? [...names, name] : names);
  } });
  return h("label", null, input, h("span", null, h("b", null, label), h("small", null, about)));
}

/** @param {() => void} close */
export function panel(close) {
  const attributes = h("fieldset", { class: "choices" }, h("legend", null, "Attributes"), "…");
  api.get("v1/groups").then((found) => attributes.replaceChildren(h("legend", null, "Attributes"),
    ...(found.names.length ? found.names.map((/** @type {{ name: string, values: number }} */ { name, values }) =>
      option(named(name), h("bdi", null, name), values === 1 ? "one value" : `${values} values`)) : ["There are none."])),
  (error) => attributes.replaceChildren(error.message));
  return h("div", { class: "choices scroll fleet-picker" },
    h("fieldset", { class: "choices" }, h("legend", null, "Columns"),
      Object.entries(KINDS).map(([name, { label, about }]) => option(name, label, about))),
    attributes,
    h("p", { class: "row" }, h("button", { type: "button", onclick: () => {
      close();
      choose(standard());
    } }, "As usual")));
}
