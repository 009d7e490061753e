/**
 * The views there are, by their names in the address. Each is loaded when it is opened first.
 */

/** @type {Record<string, () => Promise<import("../view.js").Module>>} */
export const views = {
  fleet: () => import("./fleet.js"),
  wall: () => import("./wall.js"),
  store: () => import("./store.js"),
  alerts: () => import("./alerts.js"),
  reports: () => import("./reports.js"),
  data: () => import("./data.js"),
};
