/**
 * What a page asks a service, answered from the files of a copy: the same questions, the same answers.
 */

import { chosen } from "./choice.js";
import { fleet } from "./files.js";
import { compareTexts, ordered } from "./order.js";
import { rows } from "./rows.js";
import { answers, find } from "./store.js";
import { lines } from "./wall.js";

/** @typedef {import("../api.js").Query} Query */

const STATES = ["up", "down", "unknown", "excluded", "closed"];

/** What is wrong, as with a service. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem
   */
  constructor(status, problem) {
    super(problem.detail);
    this.status = status;
    this.problem = problem;
    /** @type {string | undefined} */
    this.field = problem.field;
  }
}

export function dated() {}

/** @param {Query} [query] */
function parameters(query) {
  return query instanceof URLSearchParams ? query : new URLSearchParams(Object.entries(query ?? {}).map(([name, value]) =>
    [name, String(value ?? "")]));
}

/**
 * By what an answer is known.
 * @param {string} path
 * @param {Query} query
 */
export function link(path, query) {
  return `${path}?${parameters(query)}`;
}

/**
 * @param {string} id
 * @param {string} [what]
 */
export function ofStore(id, what) {
  return `v1/stores/${encodeURIComponent(id)}` + (what ? "/" + what : "");
}

/** @param {URLSearchParams} query */
async function now(query) {
  const list = await chosen(query);
  const awake = list.filter(({ dormant }) => !dormant);
  const counts = Object.fromEntries(STATES.map((one) => [one, awake.filter(({ state }) => state === one).length]));
  const ages = awake.filter(({ state }) => state === "down")
    .map(({ since }) => since === null ? Infinity : (fleet.as_of - since) / 1000);
  return { ...fleet.now, counts: { ...counts, dormant: list.length - awake.length },
    down_for: fleet.now.down_for.map((/** @type {{ from: number, to: number | null }} */ { from, to }) =>
      ({ from, to, stores: ages.filter((age) => age >= from && (to === null || age < to)).length })) };
}

/** @param {URLSearchParams} query */
async function stores(query) {
  const list = ordered(await chosen(query), query);
  const offset = Number(query.get("offset") ?? 0);
  return { as_of: fleet.as_of, total: list.length, stores: list.slice(offset, offset + Number(query.get("limit") ?? 100)) };
}

/** @param {string} name an attribute's, or what zones are called */
async function values(name) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { attributes, timezone_str: zone } of await rows()) {
    const value = name === "timezone_str" ? zone : Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value !== undefined) {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return { values: [...counts].sort(([one], [other]) => compareTexts(one, other)).map(([value, stores]) => ({ value, stores })) };
}

/** @param {URLSearchParams} query */
async function groups(query) {
  const [by, of] = [query.get("by"), query.get("values")];
  return of ? values(of) : by && Object.hasOwn(fleet.groups, by) ? fleet.groups[by] : { names: fleet.names, groups: [] };
}

/** @param {URLSearchParams} query */
function series(query) {
  const by = query.get("by");
  return by ? fleet.groups[by].courses : fleet.series;
}

/** @param {URLSearchParams} query */
async function exclusions(query) {
  const id = query.get("store_id");
  return { exclusions: id === "*" ? fleet.exclusions : (await find(id ?? ""))?.told.exclusions ?? [] };
}

/** @type {Record<string, (query: URLSearchParams) => any>} */
const routes = {
  "v1/now": now, "v1/stores": stores, "v1/groups": groups, "v1/series": series, "v1/summary": () => fleet.summary,
  "v1/exclusions": exclusions, "v1/special-days": () => ({ special_days: fleet.special_days }),
};

/**
 * @param {string} path
 * @param {URLSearchParams} query
 */
async function answer(path, query) {
  const [, id, what] = path.match(/^v1\/stores\/([^/]+)(?:\/(.+))?$/) ?? [];
  if (id === undefined) {
    return routes[path]?.(query);
  }
  const found = await find(decodeURIComponent(id));
  if (!found) {
    throw new ApiError(404, { detail: "There is no such store in this copy." });
  }
  return answers[what ?? ""]?.(found, query);
}

/**
 * Answers as the service does with JSON.
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query, signal) {
  const found = await answer(path, parameters(query)).catch((error) => {
    throw error instanceof ApiError ? error : new ApiError(404, { detail: String(error.message) });
  });
  signal?.throwIfAborted();
  if (found === undefined) {
    const isExplained = /explain$/.test(path); // there were too many polls: what the store was is told in their place
    throw new ApiError(isExplained ? 400 : 403, { detail: "This is not in the copy.", field: "windows" });
  }
  return found;
}

/**
 * The wall's lines.
 * @param {string} _path
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 */
export async function getText(_path, query, signal) {
  const text = lines(await chosen(query), query);
  signal?.throwIfAborted();
  return text;
}
