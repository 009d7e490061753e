/**
 * The filter bar: which stores a view is about. What is chosen stands as chips, each of which can be taken away.
 */

import * as address from "./address.js";
import { h, refill } from "./h.js";
import { loaded, menu } from "./menu.js";
import { counted } from "./words.js";

const ID = "store"; // the parameter that names a store
const TYPING = 200; // milliseconds without a key after which what was typed is asked for

let told = ""; // the parameters that the chips are of
const chips = h("ul", { class: "chips", "aria-label": "Filters" });
const search = h("input", { type: "search", placeholder: "Id or attribute", "aria-label": "Search stores", maxlength: 100,
  oninput: typed });

const choices = () => import("./choices.js");

/** The bar, for the page. */
export const element = h("div", { class: "filters", role: "search" }, search,
  h("div", { class: "row" }, menu("Filter by …", loaded(choices, "attributes")), menu("State", loaded(choices, "states"))),
  chips);

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
