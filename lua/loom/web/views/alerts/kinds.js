/**
 * The kinds of rules, and the fields that each has beside its name.
 */

/**
 * @typedef {object} Field
 * @property {string} name as the service has it
 * @property {string} label
 * @property {"time" | "number" | "share" | "text"} type a share is typed in percent
 * @property {string} value that a new rule begins with; empty: it may be left out
 */

/** @param {string} name @param {string} label @param {Field["type"]} type @param {string} value @returns {Field} */
function field(name, label, type, value) {
  return { name, label, type, value };
}

const window = field("window", "In the last", "time", "7d");

/** @type {Record<string, { label: string, fields: Field[], group?: boolean }>} `group`: it is of groups of stores alone */
export const KINDS = {
  down_for: { label: "A store is down for", fields: [field("time", "For at least", "time", "30m")] },
  late_open: { label: "A store has not opened", fields: [field("time", "Open for", "time", "20m")] },
  no_poll: { label: "No poll of a store", fields: [field("time", "For at least", "time", "2h")] },
  inactive_polls: { label: "Inactive polls", fields: [field("count", "Inactive", "number", "3"),
    field("of", "Of the last", "number", "3")] },
  down_time: { label: "Down time in a window", fields: [field("time", "Down for", "time", "2h"), window] },
  ratio: { label: "Too little up time in a window", fields: [field("below", "Up % below", "share", "95"), window] },
  outages: { label: "Many outages in a window", fields: [field("count", "Outages", "number", "5"), window] },
  unknown: { label: "Too little is known in a window", fields: [field("share", "Unknown %", "share", "50"), window] },
  group_down: { label: "Much of a group is down", group: true, fields: [field("count", "Stores, at least", "number", "3"),
    field("share", "And %, at least", "share", "50")] },
  budget: { label: "Error budget", fields: [field("target", "Target %", "share", "99"),
    field("window", "Over", "time", "28d"), field("objective", "Or an objective's", "text", ""),
    field("left", "Left % below", "share", "20"), field("burnt", "Or burnt %", "share", ""),
    field("within", "Burnt within", "time", ""), field("still", "And still burning in", "time", "")] },
};
