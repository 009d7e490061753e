/**
 * The order of stores, as the service puts them: those that have nothing to be sorted by come last, equal ones by their ids.
 */

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {number | string | null} Key what is less comes first */

const STATES = ["down", "unknown", "excluded", "closed", "up"];
const WORST_LAST = new Set(["down", "unknown", "excluded", "outages", "longest", "mttr"]);
const LATEST = 1e14; // milliseconds, beyond all instants

/**
 * Texts in order of their bytes in UTF-8.
 * @param {string} one
 * @param {string} other
 */
export function compareTexts(one, other) {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one.charCodeAt(at) === other.charCodeAt(at)) {
    at++;
  }
  if (at === length) {
    return one.length - other.length;
  }
  // What is beyond 16 bits comes after all others; its halves have numbers below some of these.
  const [left, right] = [one, other].map((text) => {
    const code = text.charCodeAt(at);
    return code >= 0xD800 && code < 0xE000 ? code + 0x10000 : code;
  });
  return left - right;
}

/** @param {number | null | undefined} ratio printed with six digits @returns {number | null} */
function millionths(ratio) {
  return ratio === null || ratio === undefined ? null : Math.round(ratio * 1e6);
}

/**
 * How much a figure has changed since the window before; ratios, which are printed with six digits, in millionths.
 * @param {Row} row
 * @param {string} figure
 * @param {string} window
 */
export function change({ windows }, figure, window) {
  const values = [windows[window]?.[figure], windows[window + "_before"]?.[figure]];
  const [now, before] = figure === "ratio" ? values.map(millionths) : values;
  return now === null || now === undefined || before === null || before === undefined ? null : now - before;
}

/**
 * @param {string} sort what the service calls it
 * @returns {(row: Row) => Key}
 */
function keyOf(sort) {
  const [, changed, figure, window] = sort.match(/^(change_)?([a-z]+)_(.+)$/) ?? [];
  if (sort === "state") {
    return ({ state, dormant, since }) => state === null ? null
      : (STATES.indexOf(state) + (dormant ? STATES.length : 0)) * 2 * LATEST + (since ?? LATEST);
  } else if (sort === "since" || sort === "last_poll") {
    return (row) => row.exact[sort];
  } else if (sort === "timezone_str") {
    return (row) => row.timezone_str;
  } else if (sort.startsWith("attribute.")) {
    const name = sort.slice("attribute.".length);
    return ({ attributes }) => Object.hasOwn(attributes, name) ? attributes[name] : null;
  } else if (sort === "store_id" || !figure) {
    return (row) => row.place;
  }
  return changed ? (row) => change(row, figure, window) : (row) => row.windows[window]?.[figure] ?? null;
}

/**
 * Rows in order of a key.
 * @param {Row[]} rows
 * @param {(row: Row) => Key} key
 * @param {boolean} [descending]
 */
export function by(rows, key, descending = false) {
  const sign = descending ? -1 : 1;
  return rows.map((row) => ({ row, value: key(row) })).sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null) || one.row.place - other.row.place;
    }
    const difference = typeof one.value === "string" ? compareTexts(one.value, String(other.value))
      : one.value - Number(other.value);
    return sign * difference || one.row.place - other.row.place;
  }).map(({ row }) => row);
}

/**
 * Rows in the order that a question asks for.
 * @param {Row[]} rows
 * @param {URLSearchParams} query
 */
export function ordered(rows, query) {
  const sort = query.get("sort") ?? "store_id";
  const order = query.get("order") ?? (WORST_LAST.has(sort.split("_")[0]) ? "desc" : "asc");
  return by(rows, keyOf(sort), order === "desc");
}
