/**
 * The views of a copy.
 */

/** @type {Record<string, () => Promise<import("../../view.js").Module>>} */
export const views = {
  fleet: () => import("../../views/fleet.js"),
  wall: () => import("../../views/wall.js"),
  store: () => import("../../views/store.js"),
};
