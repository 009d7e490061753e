/**
 * Views are loaded when they are opened first.
 */

import { views } from "./views/index.js";

/** @typedef {{ name: string, module: import("./view.js").Module }} Loaded */

/**
 * Loads a view.
 * @param {string} wanted as the address names it
 * @returns {Promise<Loaded>}
 */
export async function load(wanted) {
  const name = Object.hasOwn(views, wanted) ? wanted : "fleet";
  return { name, module: await views[name]() };
}
