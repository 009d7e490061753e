/**
 * Instants and lengths of time as people read them. Instants are milliseconds since 1970, lengths are seconds.
 */

import { copy } from "./copy.js";
import { count } from "./words.js";

/**
 * An instant of an answer, which is milliseconds or text.
 * @param {number | string | null | undefined} value
 * @returns {number | null}
 */
export function instant(value) {
  if (typeof value !== "string") {
    return value ?? null;
  }
  const text = value.replace(" UTC", "Z").replace(" ", "T").replace(/(\.\d{3})\d*/, "$1");
  return Date.parse(text);
}

/** Seconds of age from which on data are told to be old. */
export const OLD = 2 * 3600;

/** And from which on nothing that is shown can be taken for now. */
export const STALE = 24 * 3600;

/**
 * How long ago an instant was by the clock of the viewer, in seconds; 0 for what is to come, and for none, and in a copy, where
 * nothing grows older.
 * @param {number | null} ms
 */
export function sinceNow(ms) {
  return ms === null || copy ? 0 : Math.max(0, (Date.now() - ms) / 1000);
}

/**
 * An instant for a question.
 * @param {number} ms
 */
export function asked(ms) {
  return new Date(ms).toISOString().replace(/\.000Z$/, "Z");
}

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const STYLES = {
  full: { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short" },
  short: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short" },
  time: { hour: "2-digit", minute: "2-digit" },
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  month: { month: "long", year: "numeric" },
};

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {string | undefined} zone
 * @param {string} style
 */
function format(zone, style) {
  const key = `${style} ${zone ?? ""}`;
  let found = formats.get(key);
  if (!found) {
    const options = { hourCycle: /** @type {const} */ ("h23"), timeZone: zone, ...STYLES[style] };
    try {
      found = new Intl.DateTimeFormat("en-GB", options);
    } catch { // a zone that this browser does not have
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC", timeZoneName: "short" });
    }
    formats.set(key, found);
  }
  return found;
}

/**
 * Whether instants are shown without waiting: to begin with such texts takes a tenth of a second on a slow machine. What is to be
 * seen at once is shown without them until they are ready, and then anew.
 */
export function isReady() {
  return formats.size > 0;
}

/**
 * An instant by the clocks of a zone.
 * @param {number | string | null | undefined} value
 * @param {string | undefined} zone undefined: the viewer's
 * @param {keyof typeof STYLES} [style]
 */
export function show(value, zone, style = "short") {
  const ms = instant(value);
  return ms === null ? "never" : format(zone, style).format(ms);
}

/**
 * The zone whose clocks times are shown by.
 * @param {URLSearchParams} query
 * @param {string | null} [ofStore] that of the store they are about
 * @returns {string | undefined}
 */
export function zoneOf(query, ofStore) {
  const wanted = query.get("tz") ?? "store";
  return wanted === "viewer" ? undefined : wanted === "utc" ? "UTC" : ofStore ?? "UTC";
}

const UNITS = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);

const LONG = 30; // days of which hours say nothing more

/**
 * A length of time in its two largest units, cut: "3 d 4 h", "42 min"; where it is long in days: "1,401 d".
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) {
    return "–";
  }
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  if (at < 0) {
    return seconds > 0 ? "< 1 s" : "0";
  }
  const [unit, size] = UNITS[at];
  const first = Math.floor(seconds / size);
  const next = UNITS[at + 1];
  const rest = next && size > 60 && (unit !== "d" || first < LONG) ? Math.floor((seconds - first * size) / next[1]) : 0;
  return `${count(first)} ${unit}` + (rest ? ` ${rest} ${next[0]}` : "");
}

/**
 * A length of time in hours, as tables of figures have it.
 * @param {number} seconds
 */
export function hours(seconds) {
  const value = seconds / 3600;
  return value >= 1000 ? count(Math.round(value)) : value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
