/**
 * Rules and what they found, in words.
 */

import { duration } from "../../clock.js";
import { h } from "../../h.js";
import { counted, percent } from "../../words.js";

/** @typedef {Record<string, any>} Definition of a rule, as `PUT /v1/alert-rules` takes it */

/** The severities, the worst first. */
export const SEVERITIES = ["critical", "error", "warning", "info"];

/**
 * A length of time as a definition has it: seconds, or text such as "30m".
 * @param {number | string | undefined} value
 */
export function time(value) {
  return typeof value === "number" ? duration(value) : value ?? "–";
}

/** @param {Definition} when */
function budget({ target, objective, left, burnt, within }) {
  const of = `of the error budget of ${target === undefined ? objective : percent(target)}`;
  return left !== undefined ? `less than ${percent(left)} ${of} is left` : `${percent(burnt)} ${of} burnt in ${time(within)}`;
}

/** @type {Record<string, (when: Definition) => string>} by kind */
const CONDITIONS = {
  inactive_polls: ({ count, of }) => `${count} of the last ${of} polls inactive`,
  down_for: (when) => `down for ${time(when.time)}`,
  down_time: (when) => `down for ${time(when.time)} in ${time(when.window)}`,
  ratio: ({ below, window }) => `up for less than ${percent(below)} of ${time(window)}`,
  outages: ({ count, window }) => `${counted(count, "outage")} in ${time(window)}`,
  unknown: ({ share, window }) => `nothing known of ${percent(share)} of ${time(window)}`,
  late_open: (when) => `open for ${time(when.time)}, not yet active`,
  no_poll: (when) => `no poll for ${time(when.time)}`,
  group_down: ({ count, share }) => `${counted(count ?? 1, "store")}${share ? `, and ${percent(share)},` : ""} of a group down`,
  budget,
};

/**
 * When a rule is true.
 * @param {Definition | undefined} rule
 */
export function condition(rule) {
  const when = rule?.when;
  const words = when && CONDITIONS[when.kind]?.(when);
  return words ? words + (when.clock === "wall" ? ", by the wall clock" : "") : when?.kind ?? "";
}

/**
 * A value that a rule compares.
 * @param {number | null | undefined} value
 * @param {string | null | undefined} unit
 */
export function amount(value, unit) {
  if (value === null || value === undefined) {
    return "–";
  }
  return unit === "s" ? duration(value) : unit === "ratio" ? percent(value) : `${Number(value.toFixed(3))} ${unit ?? ""}`.trim();
}

/** @param {string} severity */
export function badge(severity) {
  return h("span", { class: `severity-tag ${severity}` }, severity);
}

/** What becomes of an alert besides its state. */
export const FLAGS = /** @type {const} */ ({
  acknowledged: "somebody looks after it: there are no reminders",
  silenced: "told to nobody, for a while",
  muted: "told to nobody in these hours of the week",
  inhibited: "the alert of its group speaks for it",
  flapping: "it comes and goes: told once, and quiet until it holds still",
  frozen: "the store is closed: nothing moves until it opens",
});

/** @param {Record<string, boolean> | undefined} flags */
export function flagTags(flags) {
  return Object.entries(FLAGS).filter(([name]) => flags?.[name]).map(([name, title]) => h("span", { class: "tag", title }, name));
}

/**
 * What an alert is of, where that is not a store: a group, the fleet, or the system itself.
 * @param {{ kind: string, id: string }} subject
 */
export function subjectText({ kind, id }) {
  return kind === "group" ? id || "stores without it" : kind === "fleet" ? "the whole fleet" : id || kind;
}
