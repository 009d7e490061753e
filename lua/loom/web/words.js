/**
 * States and figures in words.
 */

/** @typedef {"up" | "down" | "unknown" | "excluded" | "closed"} State */

/** The states in the order in which they are told, trouble first. */
export const STATES = /** @type {const} */ (["down", "unknown", "up", "excluded", "closed"]);

/** What they mean. */
export const MEANINGS = {
  up: "open, and the polls say active",
  down: "open, and the polls say inactive",
  unknown: "open, but no poll vouches for it",
  excluded: "open, but taken out, as for maintenance",
  closed: "outside its opening hours",
  dormant: "not active for days: shown apart",
};

/** Presets of rules, a line on each. */
export const PRESETS = /** @type {const} */ ([
  ["", "As Loom judges by itself", "figures by loom, states by monitoring"],
  ["loom", "loom", "time without polls goes to the poll that follows; none at all: down"],
  ["monitoring", "monitoring", "a poll holds until the next, two hours at most; none at all: unknown"],
  ["seed", "seed", "as the service that Loom replaces counted"],
]);

/**
 * A ratio as a percentage, cut, so that only what is whole is 100 %.
 * @param {number | null | undefined} ratio
 */
export function percent(ratio) {
  if (ratio === null || ratio === undefined) {
    return "–";
  }
  const places = ratio >= 0.995 ? 3 : ratio >= 0.95 ? 2 : 1;
  const cut = Math.floor(ratio * 100 * 10 ** places + 1e-9) / 10 ** places;
  return ratio === 1 ? "100 %" : `${cut.toFixed(places)} %`;
}

/**
 * A change of a ratio, in percentage points.
 * @param {number | null | undefined} change
 */
export function points(change) {
  if (change === null || change === undefined) {
    return "–";
  }
  const value = change * 100;
  return `${value > 0 ? "+" : value < 0 ? "−" : "±"}${Math.abs(value).toFixed(Math.abs(value) < 10 ? 2 : 1)} pp`;
}

/**
 * A whole number, its thousands apart. A browser's own texts of numbers take a tenth of a second to begin with on a slow machine.
 * @param {number} value
 */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A count and what is counted.
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function counted(value, one, many) {
  return `${count(value)} ${value === 1 ? one : many ?? one + "s"}`;
}
