/**
 * The views there are, by their names in the address.
 */

import * as fleet from "./fleet.js";
import * as wall from "./wall.js";

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(address: import("../address.js").Address, signal: AbortSignal, now: any) => Promise<void>} update shows what the
 *   address asks for, as the data are now; `now` is what `/v1/now` answers to the same question
 * @property {() => void} [close] ends what it does by itself
 */

/** @type {Record<string, { title: string, open: () => View }>} */
export const views = { fleet, wall };
