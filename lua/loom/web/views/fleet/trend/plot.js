/**
 * The picture of the trend: open time of each step, down at its foot, and a line of the share that was up.
 */

import { show } from "../../../clock.js";
import { svg } from "../../../h.js";
import { count, percent } from "../../../words.js";
import { ratio } from "./series.js";

/** @typedef {import("./series.js").Series} Series */
/** @typedef {{ width: number, height: number, left: number, right: number, foot: number }} Size pixels: of the whole, and of what
 *   is around the plot: `left` for what time is open, `right` for shares, `foot` for days */

const PARTS = /** @type {const} */ ([["d", "down"], ["n", "unknown"], ["u", "up"], ["x", "excluded"]]);
const DAY_NEEDS = 74; // pixels
const DAY_WIDE = 66; // of its letters alone
const FLOORS = [0.99, 0.95, 0.9, 0.8, 0.5, 0]; // where the axis of shares may begin

/** @param {number} value rounded, so that paths are short */
const px = (value) => Math.round(value * 10) / 10;

/**
 * Scales of a series.
 * @param {Series} series
 * @param {Size} size
 */
export function scales(series, { width, height, left, right, foot }) {
  const steps = series.t.length;
  const ratios = series.t.map((_, at) => ratio(series, at)).filter((value) => value !== null);
  const least = Math.min(1, ...ratios);
  const floor = FLOORS.find((one) => one <= least) ?? 0;
  const most = Math.max(1, ...series.t.map((_, at) => PARTS.reduce((sum, [, name]) => sum + series[name][at], 0)));
  const [room, base] = [width - left - right, height - foot];
  return {
    floor, most, base,
    /** @param {number} at */
    x: (at) => px(left + room * at / steps),
    /** @param {number} seconds */
    y: (seconds) => px(base - (base - 6) * seconds / most),
    /** @param {number} value */
    share: (value) => px(base - (base - 6) * (value - floor) / (1 - floor)),
    /** @param {number} pixel which step it is in */
    stepAt: (pixel) => Math.min(steps - 1, Math.max(0, Math.floor((pixel - left) / room * steps))),
  };
}

/** @typedef {ReturnType<typeof scales>} Scales */

/** @param {Series} series @param {Scales} scales */
function areas(series, { x, y, base }) {
  const foot = series.t.map(() => 0);
  return PARTS.map(([letter, name]) => {
    let path = "";
    series.t.forEach((_, at) => {
      const value = series[name][at];
      if (value > 0) {
        const [top, bottom] = [y(foot[at] + value), foot[at] ? y(foot[at]) : base];
        const seen = letter === "d" ? Math.min(top, bottom - 1) : top; // what is down is never too little to be seen
        path += `M${x(at)} ${bottom}V${seen}H${x(at + 1)}V${bottom}z`;
      }
      foot[at] += value;
    });
    return path && svg("path", { class: letter, d: path });
  });
}

/** @param {Series} series @param {Scales} scales */
function line(series, { x, share }) {
  let path = "";
  let before = false;
  series.t.forEach((_, at) => {
    const value = ratio(series, at);
    if (value !== null) {
      path += `${before ? "L" : "M"}${(x(at) + x(at + 1)) / 2} ${share(value)}`;
    }
    before = value !== null;
  });
  return [svg("path", { class: "trend-halo", d: path }), svg("path", { class: "trend-line", d: path })];
}

/**
 * Lines where days begin, or hours in a span of a day and less.
 * @param {Series} series
 * @param {Scales} scales
 * @param {Size} size
 * @param {string | undefined} zone
 */
function days(series, { x, base }, { width }, zone) {
  const short = series.to - series.t[0] <= 2 * 86400000;
  const style = short ? "time" : "day";
  /** @type {(ms: number) => string} what an instant is in: a day, or an hour */
  const unit = (ms) => short ? show(ms, zone, "short").slice(0, -3) : show(ms, zone, "day");
  let [last, free] = [unit(series.t[0]), -Infinity];
  return series.t.map((ms, at) => {
    const [now, place] = [unit(ms), x(at)];
    if (now === last) {
      return null;
    }
    last = now;
    const text = place >= free && place + (short ? DAY_WIDE / 2 : DAY_WIDE) <= width;
    free = text ? place + (short ? DAY_NEEDS / 1.5 : DAY_NEEDS) : free;
    return (text || !short) && [svg("line", { class: "trend-day", x1: place, x2: place, y1: 6, y2: base + (text ? 4 : 0) }),
      text && svg("text", { x: place + 3, y: base + 15 }, show(ms, zone, style))];
  });
}

/**
 * @param {Scales} scales
 * @param {Size} size
 * @param {number} step in seconds
 */
function axes({ floor, most, y, share, base }, { width, left, right }, step) {
  const stores = Math.round(most / step);
  return [
    [floor, (1 + floor) / 2, 1].map((value) => [
      svg("line", { class: "trend-grid", x1: left, x2: width - right, y1: share(value), y2: share(value) }),
      svg("text", { x: width - right + 6, y: share(value) + (value === floor ? 0 : 4) }, value === 1 ? "100 %"
        : percent(value).replace(/0+ %$/, " %").replace(". ", " "))]),
    svg("text", { x: left - 6, y: y(most) + 8, "text-anchor": "end" }, count(stores)),
    svg("text", { x: left - 6, y: base, "text-anchor": "end" }, "0"),
  ];
}

/** @param {Size} size */
function nothing({ width, height }) {
  return svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "No store was open.");
}

/**
 * All of it.
 * @param {Series} series
 * @param {Scales} scale
 * @param {Size} size
 * @param {string | undefined} zone
 */
export function plot(series, scale, size, zone) {
  if (series.t.every((_, at) => PARTS.every(([, name]) => !series[name][at]))) {
    return nothing(size);
  }
  return [areas(series, scale), axes(scale, size, series.step), days(series, scale, size, zone), line(series, scale)];
}

/**
 * The step that somebody looks at, and those that they choose.
 * @param {Scales} scale
 * @param {{ at: number, anchor: number | null }} cursor
 */
export function marks({ x, base }, { at, anchor }) {
  const [first, last] = [Math.min(anchor ?? at, at), Math.max(anchor ?? at, at)];
  return svg("rect", { class: anchor === null ? "trend-at" : "trend-chosen", x: x(first), y: 2, width: px(x(last + 1) - x(first)),
    height: base - 2 });
}
