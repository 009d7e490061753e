/**
 * The views there are, by their names in the address. Each is loaded when it is opened first.
 */

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(address: import("../address.js").Address, signal: AbortSignal, now: any) => Promise<void>} update shows what the
 *   address asks for, as the data are now; `now` is what `/v1/now` answers to the same question
 * @property {() => void} [close] ends what it does by itself
 */

/**
 * What a view's module has.
 * @typedef {{ title: string, open: () => View }} Module
 */

/** @type {Record<string, () => Promise<Module>>} */
export const views = {
  fleet: () => import("./fleet.js"),
  wall: () => import("./wall.js"),
  store: () => import("./store.js"),
  reports: () => import("./reports.js"),
  data: () => import("./data.js"),
};
