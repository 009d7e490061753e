/**
 * What is in the menus of the filter bar. It is loaded when somebody opens one.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { fill, h } from "./h.js";
import { count, MEANINGS, STATES } from "./words.js";

/**
 * Adds a value to those of a parameter: stores that have any of them are chosen.
 * @param {string} name
 * @param {string} value
 */
function add(name, value) {
  const values = address.read().query.getAll(name);
  if (!values.includes(value)) {
    address.alter({ [name]: [...values, value] });
  }
}

/**
 * A list of an attribute's values, or of the zones, to choose from.
 * @param {string} name
 * @param {string} parameter
 * @param {() => void} close
 */
function values(name, parameter, close) {
  const list = h("div", { class: "choices scroll" }, "…");
  api.get("v1/groups", { values: name }).then((found) => {
    fill(list, found.values.length ? found.values.map((/** @type {{ value: string, stores: number }} */ one) =>
      h("button", { type: "button", class: "choice", onclick: () => {
        close();
        add(parameter, one.value);
      } }, h("bdi", null, one.value), h("small", null, count(one.stores)))) : "There are none.");
    list.querySelector("button")?.focus();
  }, (error) => fill(list, error.message));
  return list;
}

/** @param {() => void} close */
export function attributes(close) {
  const place = h("div", { class: "choices scroll" }, "…");
  api.get("v1/groups").then((found) => {
    const names = [["Zone", "timezone_str", "timezone_str"],
      ...found.names.map((/** @type {{ name: string }} */ { name }) => [name, name, `where.${name}`])];
    fill(place, names.map(([label, name, parameter]) => h("button", { type: "button", class: "choice",
      onclick: () => fill(place, h("b", null, label), values(name, parameter, close)) }, h("bdi", null, label))));
    place.querySelector("button")?.focus();
  }, (error) => fill(place, error.message));
  return place;
}

/** @param {() => void} close */
export function states(close) {
  const { query } = address.read();
  const chosen = (query.get("state") ?? "").split(",").filter(Boolean);
  const dormant = query.get("dormant");
  return h("fieldset", { class: "choices" }, h("legend", null, "What stores are"),
    STATES.map((state) => h("label", null,
      h("input", { type: "checkbox", checked: chosen.includes(state), onchange: () => {
        const states = chosen.includes(state) ? chosen.filter((other) => other !== state) : [...chosen, state];
        close();
        address.alter({ state: states.join(",") });
      } }),
      h("span", null, h("i", { class: `key ${state}` }), h("b", null, state), h("small", null, MEANINGS[state])))),
    h("label", null, h("input", { type: "checkbox", checked: dormant === "true", onchange: () => {
      close();
      address.alter({ dormant: dormant === "true" ? null : "true" });
    } }), h("span", null, h("b", null, "dormant"), h("small", null, MEANINGS.dormant))));
}
