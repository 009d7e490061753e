/**
 * Where the address is kept in a copy: behind the `#`, since there is one file for all views. What a copy cannot show is no part
 * of it.
 */

const ELSEWHERE = ["as_of", "preset", "store_id", "from", "to", "target", "span", "date", "beside"]; // what only a service knows
const ADDRESS = /^#([a-z]+)(?:\?(.*))?$/s;

/** The view and the parameters that the address names. */
export function read() {
  const [, view, search] = location.hash.match(ADDRESS) ?? [];
  const query = new URLSearchParams(search);
  ELSEWHERE.forEach((name) => query.delete(name));
  return { view: view || "fleet", query };
}

/**
 * What leads to an address.
 * @param {string} view
 * @param {string} search
 */
export function link(view, search) {
  return `#${view}${search}`;
}

/** Links are followed by the browser, which loads nothing for what is behind a `#`. */
export function own() {
  return null;
}
