/**
 * A local day of a store as a picture: its hours as a band, what it was in them, polls as ticks, and what is excluded hatched.
 * What is worse is taller, as in strips. A picture is as long as its day, which the clock makes 23 or 25 hours long at times.
 */

import { show } from "../../clock.js";
import { svg } from "../../h.js";

const HALF_HOUR = 1800000;
const HOURS = 24 * 2 * HALF_HOUR; // milliseconds of a day on which the clock does not change

/**
 * @typedef {{ from: number, to: number, state: string, poll?: number | null, status?: string | null, reason?: string }} Segment
 * @typedef {{ from: number, to: number }} Stretch
 */

/**
 * @typedef {object} Seen what there is to draw, of any length
 * @property {Segment[]} segments
 * @property {Stretch[]} openings
 * @property {Stretch[]} exclusions
 * @property {{ timestamp_utc: number, status: string }[]} polls
 * @property {{ timestamp_utc: number, status: string }[]} outside polls that came while it was closed
 * @property {import("./alerts.js").Bracket[]} brackets
 * @property {number} asOf
 */

/** Tops and heights by state, in pixels. */
const SHAPES = /** @type {Record<string, [y: number, height: number, name: string]>} */ ({
  up: [14, 10, "u"], down: [2, 22, "d"], unknown: [12, 3, "n"], excluded: [4, 20, "hatched"],
});

const HEIGHT = 34;

/** The pattern of what is excluded, for the page: pictures name it. */
export function hatch() {
  return svg("svg", { class: "unseen", "aria-hidden": "true" },
    svg("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { class: "hatch-ground", width: 5, height: 5 }), svg("line", { class: "hatch-line", y2: 5 })));
}

/**
 * The length that all days are drawn in proportion to: that of the longest.
 * @param {Stretch[]} days
 */
export function scaleOf(days) {
  return Math.max(HOURS, ...days.map((day) => day.to - day.from));
}

/**
 * The full hours of a day that are whole multiples of some, by its clock; those that there are twice, once.
 * @param {Stretch} day
 * @param {string} zone
 * @param {number} every
 * @returns {{ at: number, label: string }[]}
 */
export function hoursOf(day, zone, every) {
  const marks = [];
  let before = "";
  for (let at = day.from; at < day.to; at += HALF_HOUR) {
    const label = show(at, zone, "time");
    if (label.endsWith(":00") && Number(label.slice(0, 2)) % every === 0 && label !== before) {
      marks.push({ at, label: label.slice(0, 2) });
      before = label;
    }
  }
  return marks;
}

/** @param {number} share of the width */
function percent(share) {
  return `${(share * 100).toFixed(4)}%`;
}

/**
 * Names what there is at the top of a picture of a day.
 * @param {Stretch} day
 * @param {string} zone
 * @param {number} scale
 * @param {number} every
 */
export function axis(day, zone, scale, every) {
  return svg("svg", { class: "day-axis", height: 16, "aria-hidden": "true" },
    hoursOf(day, zone, every).map(({ at, label }) => svg("text", { x: percent((at - day.from) / scale), y: 12,
      "text-anchor": at === day.from ? "start" : "middle" }, label)));
}

/**
 * Merges segments that touch and are alike.
 * @param {Segment[]} segments
 */
export function merged(segments) {
  /** @type {Segment[]} */
  const list = [];
  for (const { from, to, state } of segments) {
    const last = list[list.length - 1];
    if (last && last.state === state && last.to === from) {
      last.to = to;
    } else {
      list.push({ from, to, state });
    }
  }
  return list;
}

/**
 * An alert, over what it is of: its ends stand where it begins and ends.
 * @param {import("./alerts.js").Bracket} alert
 * @param {Stretch} day
 * @param {(at: number) => string} place
 * @param {string} since
 */
function bracket({ rule, severity, from, to, isOpen }, day, place, since) {
  const [left, right] = [place(from), place(to)];
  /** @param {string} x */
  const end = (x) => svg("line", { x1: x, x2: x, y1: 0.5, y2: 6 });
  return svg("g", { class: `bracket ${severity}` }, svg("title", null, `alert ${rule} since ${since}`),
    svg("line", { x1: left, x2: right, y1: 0.5, y2: 0.5 }), from >= day.from && end(left), !isOpen && to <= day.to && end(right));
}

/**
 * @param {import("./span.js").Day} day
 * @param {Seen} seen
 * @param {string} zone
 * @param {number} scale
 * @param {{ small?: boolean, every?: number }} [options] `small`: without marks and ticks
 */
export function row(day, seen, zone, scale, options = {}) {
  /** @param {Stretch} one */
  const inside = (one) => one.from < day.to && one.to > day.from;
  /** @param {number} at */
  const place = (at) => percent((Math.min(Math.max(at, day.from), day.to) - day.from) / scale);
  /** @param {Stretch} one */
  const wide = (one) => percent((Math.min(one.to, day.to) - Math.max(one.from, day.from)) / scale);
  /** @param {Stretch} one */
  const from = (one) => `${show(one.from, zone, "time")}–${show(one.to, zone, "time")}`;
  /** @param {Seen["polls"]} polls @param {string} name @param {string} about */
  const ticks = (polls, name, about) => polls.filter(({ timestamp_utc: at }) => at >= day.from && at < day.to).map(
    ({ timestamp_utc: at, status }) => svg("line", { class: `${name} ${status}`, x1: place(at), x2: place(at), y1: 28,
      y2: status === "active" ? 31 : 34 }, svg("title", null, `${status} ${show(at, zone, "seconds")}${about}`)));

  return svg("svg", { class: options.small ? "day small" : "day", height: options.small ? 26 : HEIGHT, "aria-hidden": "true" },
    svg("rect", { class: "ground", y: 26, width: percent((day.to - day.from) / scale), height: 1 }),
    !options.small && hoursOf(day, zone, options.every ?? 6).map(({ at }) =>
      svg("line", { class: "hour", x1: place(at), x2: place(at), y1: 0, y2: 26 })),
    seen.openings.filter(inside).map((one) => svg("rect", { class: "band", x: place(one.from), width: wide(one), y: 1,
      height: 25 }, svg("title", null, `open ${from(one)}`))),
    seen.exclusions.filter(inside).map((one) => svg("rect", { fill: "url(#hatch)", x: place(one.from), width: wide(one), y: 20,
      height: 6 }, svg("title", null, `excluded ${from(one)}`))),
    seen.segments.filter(inside).filter((one) => SHAPES[one.state]).map((one) => {
      const [y, height, name] = SHAPES[one.state];
      return svg("rect", { class: name, fill: name === "hatched" ? "url(#hatch)" : null, x: place(one.from), width: wide(one), y,
        height }, svg("title", null, `${one.state} ${from(one)}${one.reason ? `: ${one.reason}` : ""}`));
    }),
    seen.brackets.filter(inside).map((one) => bracket(one, day, place, show(one.from, zone))),
    !options.small && [ticks(seen.outside, "poll outside", ", while closed"), ticks(seen.polls, "poll", "")],
    seen.asOf > day.from && seen.asOf < day.to && svg("line", { class: "now", x1: place(seen.asOf), x2: place(seen.asOf), y1: 0,
      y2: HEIGHT }, svg("title", null, `as of ${show(seen.asOf, zone, "time")}`)));
}
