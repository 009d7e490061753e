/**
 * The filter bar: which stores a view is about. What is chosen stands as chips, each of which can be taken away.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { fill, h, refill } from "./h.js";
import { menu } from "./menu.js";
import { count, counted, MEANINGS, STATES } from "./words.js";

const ID = "store"; // the parameter that names a store
const TYPING = 200; // milliseconds without a key after which what was typed is asked for

let told = ""; // the parameters that the chips are of
const chips = h("ul", { class: "chips", "aria-label": "Filters" });
const search = h("input", { type: "search", placeholder: "Id or attribute", "aria-label": "Search stores", maxlength: 100,
  oninput: typed });

/** The bar, for the page. */
export const element = h("div", { class: "filters", role: "search" }, search,
  h("div", { class: "row" }, menu("Filter by …", attributes), menu("State", states)), chips);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;

function typed() {
  clearTimeout(typing);
  typing = setTimeout(() => address.alter({ q: search.value.trim() || null }, { replace: true }), TYPING);
}

/**
 * @param {string} label
 * @param {string} value
 * @param {string} name
 * @param {string[]} rest the other values of the parameter, which stay
 */
function chip(label, value, name, rest) {
  return h("li", null, h("button", { type: "button", "aria-label": `Remove the filter ${label} ${value}`,
    onclick: () => address.alter({ [name]: rest }) }, h("span", null, label, " "), h("bdi", null, value), h("i", null, "×")));
}

/**
 * A chip for each value that is chosen, but one for stores that were chosen together, as on the wall.
 * @param {[name: string, value: string][]} chosen
 */
function chipsOf(chosen) {
  const ids = chosen.filter(([name]) => name === ID);
  const others = ids.length > 1 ? chosen.filter(([name]) => name !== ID) : chosen;
  return [ids.length > 1 && chip("chosen", counted(ids.length, "store"), ID, []), others.map(([name, value]) =>
    chip(name.replace(/^where\./, "").replace("timezone_str", "zone").replace("store_id", "id"), value, name,
      chosen.filter(([other, its]) => other === name && its !== value).map(([, its]) => its)))];
}

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
function attributes(close) {
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
function states(close) {
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

/**
 * Shows what an address asks for.
 * @param {address.Address} now
 */
export function update({ view, query }) {
  element.hidden = view !== "fleet" && view !== "wall";
  if (document.activeElement !== search) {
    search.value = query.get("q") ?? "";
  }
  const chosen = [...address.choice(query)].filter(([name]) => name !== "q");
  if (told !== String(query)) {
    told = String(query);
    const had = chips.contains(document.activeElement);
    refill(chips, chipsOf(chosen),
      chosen.length > 1 && h("li", null, h("button", { type: "button", class: "plain",
        onclick: () => address.alter(Object.fromEntries(chosen.map(([name]) => [name, null]))) }, "Clear all")));
    if (had && !chips.contains(document.activeElement)) { // the last of them has been taken away
      element.querySelector("button")?.focus();
    }
  }
}
