/**
 * A field for who does something: as usual whoever is logged in.
 */

import { h } from "../../h.js";
import * as session from "../../session.js";

/** @param {string} name of the field, as the service has it */
export function whoField(name) {
  const input = h("input", { "data-field": name, maxlength: 100, autocomplete: "name", value: session.current().name ?? "" });
  return { input, element: h("label", null, h("span", null, "Who"), input) };
}
