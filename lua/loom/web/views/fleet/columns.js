/**
 * The columns that the table of stores can have. Which it has stands in the address, in their order.
 */

import * as address from "../../address.js";
import { duration, hours, isReady, show, zoneOf } from "../../clock.js";
import { h } from "../../h.js";
import { strip } from "../../strip.js";
import { count, percent, points } from "../../words.js";

/** @typedef {import("../../columns.js").Column} Column */
/** @typedef {{ query: URLSearchParams, window: string, asOf: () => number, idWidth: () => number }} Context */
/** @typedef {{ label: string, about: string, field: string, make: (context: Context) => Partial<Column> }} Kind */

const ATTRIBUTE = "attribute.";

const narrow = matchMedia("(max-width: 900px)");
narrow.addEventListener("change", address.renew);

/**
 * @param {string} figure the API's name
 * @param {(value: any) => import("../../h.js").Child} print
 * @param {boolean} descends
 * @param {number} width
 * @returns {Kind["make"]}
 */
function figure(figure, print, descends, width) {
  return ({ window }) => ({ key: `${figure}_${window}`, numeric: true, descends, width,
    cell: (row) => print(row.windows[window]?.[figure]) });
}

/** @param {number} at @param {string | undefined} zone */
const instant = (at, zone) => h("time", { class: "soft", title: show(at, zone, "full") }, show(at, zone));

/** @param {string} text @param {boolean} quiet */
const quietly = (text, quiet) => quiet ? h("span", { class: "soft" }, text) : text;

/**
 * How much a store's share of time up has changed since the window before; null: one of them has none.
 * @param {any} windows
 * @param {string} window
 */
export function change(windows, window) {
  const [now, before] = [windows[window]?.ratio, windows[window + "_before"]?.ratio];
  return now === null || before === null || now === undefined || before === undefined ? null : now - before;
}

/** @type {Record<string, Kind>} */
export const KINDS = {
  state: { label: "State", about: "what the store is now", field: "state",
    make: () => ({ key: "state", width: 104, cell: ({ state, dormant }) => state && h("span", { class: `fleet-state ${state}` },
      h("i", { class: `key ${state}` }), dormant ? `${state}, dormant` : state) }) },
  since: { label: "Since", about: "how long ago that began, and when", field: "since",
    make: ({ query, asOf }) => ({ key: "since", width: narrow.matches ? 104 : 238, cell: (row) => row.since && [
      h("span", { class: "fleet-for" }, duration((asOf() - row.since) / 1000)), isReady() && !narrow.matches && instant(
        row.since, zoneOf(query, row.timezone_str))] }) },
  ratio: { label: "Up", about: "share of the time judged, by which it was up", field: "windows",
    make: figure("ratio", (value) => quietly(percent(value), value === 1), false, 84) },
  change: { label: "Change", about: "of that share since the window before", field: "windows",
    make: ({ window }) => ({ key: `change_ratio_${window}`, numeric: true, width: 100,
      cell: ({ windows }) => {
        const value = change(windows, window);
        return h("span", { class: value !== null && value < -0.00005 ? "delta worse" : "soft" }, points(value));
      } }) },
  down: { label: "Down (h)", about: "hours lost in opening hours", field: "windows",
    make: figure("down", (value) => quietly(hours(value ?? 0), !value), true, 78) },
  unknown: { label: "Unknown (h)", about: "hours without a poll that vouches", field: "windows",
    make: figure("unknown", (value) => quietly(hours(value ?? 0), !value), true, 92) },
  scheduled: { label: "Open (h)", about: "opening hours", field: "windows",
    make: figure("scheduled", (value) => hours(value ?? 0), true, 78) },
  outages: { label: "Outages", about: "how many", field: "windows",
    make: figure("outages", (value) => quietly(count(value ?? 0), !value), true, 76) },
  longest: { label: "Longest", about: "the longest outage", field: "windows",
    make: figure("longest", (value) => quietly(duration(value), !value), true, 92) },
  mttr: { label: "Mean outage", about: "how long an outage lasts on average", field: "windows",
    make: figure("mttr", (value) => duration(value), true, 108) },
  last_poll: { label: "Last poll", about: "when the store was heard of last", field: "last_poll",
    make: ({ query }) => ({ key: "last_poll", width: 156,
      cell: (row) => isReady() && show(row.last_poll, zoneOf(query, row.timezone_str)) }) },
  strip: { label: "Week", about: "the last seven days, hour by hour", field: "strip",
    make: () => ({ key: "strip", fixed: true, width: 200, cell: (row) => row.strip && strip(row.strip) }) },
  timezone_str: { label: "Zone", about: "by which its hours are meant", field: "timezone_str",
    make: () => ({ key: "timezone_str", width: 150, cell: (row) => row.timezone_str }) },
};

const STANDARD = ["state", "since", "ratio", "change", "down", "outages", "last_poll", "strip"];
const NARROW = ["state", "since", "ratio", "down", "strip"]; // what a tablet has room for

/** The columns of those who have chosen none. */
export function standard() {
  return narrow.matches ? NARROW : STANDARD;
}

/**
 * The names of the columns that an address asks for.
 * @param {URLSearchParams} query
 */
export function chosen(query) {
  return query.get("cols")?.split(",").filter((name) => Object.hasOwn(KINDS, name) || name.startsWith(ATTRIBUTE)) ?? standard();
}

/**
 * What an attribute's column is called in the address, where a comma is between names.
 * @param {string} attribute
 */
export function named(attribute) {
  return ATTRIBUTE + encodeURIComponent(attribute);
}

/** @param {string} name the column's */
function attributeOf(name) {
  try {
    return decodeURIComponent(name.slice(ATTRIBUTE.length));
  } catch { // somebody has written the address by hand
    return name.slice(ATTRIBUTE.length);
  }
}

/**
 * The fields of rows that columns need, but for strips, which take longer than all others: they are asked for when the
 * rest is seen.
 * @param {string[]} names
 */
export function fields(names) {
  const some = names.filter((name) => name !== "strip").map((name) => KINDS[name]?.field ?? "attributes");
  return [...new Set(["timezone_str", ...some])].sort().join(",");
}

/**
 * What the API calls a column in a file.
 * @param {string} name
 * @param {string} window
 */
export function columnOf(name, window) {
  const figure = KINDS[name]?.field === "windows" && (name === "change" ? "change_ratio" : name);
  return figure ? `${figure}_${window}` : name;
}

/** @param {string} name the column's @returns {Column} */
function attribute(name) {
  const short = attributeOf(name);
  return { key: ATTRIBUTE + short, label: short, width: 120, cell: ({ attributes }) => attributes?.[short] !== undefined
    && h("bdi", null, attributes[short]) };
}

/**
 * @param {string[]} names
 * @param {Context} context
 * @returns {Column[]}
 */
export function columns(names, context) {
  return [
    { key: "store_id", label: "Store", width: context.idWidth, cell: ({ store_id: id }) =>
      h("a", { class: "id", href: address.href("store", { id }) }, h("bdi", null, id)) },
    ...names.map((name) => {
      const kind = KINDS[name];
      return kind ? /** @type {Column} */ ({ label: kind.label, title: kind.about, ...kind.make(context) }) : attribute(name);
    }),
  ];
}
