/**
 * The address, which holds all that a view shows: it can be sent to others, and back and forward work.
 *
 * It names a view; what that shows are parameters, under the names that the API has for them. Those that choose stores, instants
 * and rules stay from view to view, the others belong to one view. Where it is kept: see `place.js`.
 */

import * as place from "./place.js";

/**
 * @typedef {object} Address
 * @property {string} view such as "fleet"
 * @property {URLSearchParams} query
 */

/** @typedef {Record<string, string | string[] | null | undefined>} Changes null and undefined take a parameter away */

const SHARED = /^(as_of|preset|q|store|store_id|timezone_str|state|dormant|lasted|tz|where\..+)$/;
const MAIN = "#main"; // a part of the page, whatever its address
const CHOICE = /^(q|store|store_id|timezone_str|state|dormant|lasted|where\..+)$/;

/** @type {Set<(address: Address) => void>} */
const listeners = new Set();

/** @returns {Address} */
export function read() {
  return place.read();
}

/**
 * @param {URLSearchParams} query
 * @param {Changes} changes
 */
function change(query, changes) {
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") {
        query.append(name, one);
      }
    }
  }
  return query;
}

/**
 * The parameters of an address that match a pattern.
 * @param {URLSearchParams} query
 * @param {RegExp} pattern
 */
function only(query, pattern) {
  return new URLSearchParams([...query].filter(([name]) => pattern.test(name)));
}

/** @param {URLSearchParams} query colons, slashes and commas stand for themselves, so that people can read it */
function text(query) {
  const encoded = query.toString().replace(/%(3A|2F|2C|40)/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  return encoded && "?" + encoded;
}

/**
 * A link to a view, with what is shared.
 * @param {string} view
 * @param {Changes} [changes]
 */
export function href(view, changes) {
  return place.link(view, text(change(only(read().query, SHARED), changes ?? {})));
}

/**
 * A link to a view of the whole fleet, by nothing that was chosen.
 * @param {string} view
 */
export function plain(view) {
  return place.link(view, "");
}

/**
 * Those of an address' parameters that the API takes for a question about the fleet.
 * @param {URLSearchParams} query
 */
export function question(query) {
  const asked = only(query, CHOICE);
  for (const name of ["as_of", "preset"]) {
    change(asked, { [name]: query.get(name) });
  }
  return asked;
}

/**
 * The question of what the fleet is, for `/v1/now`: of stores in whichever state, so that all who want to know ask the same.
 * @param {URLSearchParams} query
 */
export function now(query) {
  return change(question(query), { state: null, dormant: null, lasted: null, time: "ms" });
}

/**
 * Those that choose stores.
 * @param {URLSearchParams} query
 */
export function choice(query) {
  return only(query, CHOICE);
}

function tell() {
  const address = read();
  listeners.forEach((listener) => listener(address));
}

/**
 * Goes to a link of this page.
 * @param {string} link
 * @param {{ replace?: boolean }} [options] `replace`: without a step to go back by, as while somebody types
 */
export function go(link, options) {
  if (new URL(link, location.href).href === location.href) {
    return;
  }
  history[options?.replace ? "replaceState" : "pushState"](null, "", link);
  tell();
}

/**
 * Changes parameters of the view that is open.
 * @param {Changes} changes
 * @param {{ replace?: boolean }} [options]
 */
export function alter(changes, options) {
  const { view, query } = read();
  go(place.link(view, text(change(query, changes))), options);
}

/** Has what the address asks for shown anew, where something has been changed from here. */
export function renew() {
  tell();
}

/**
 * Calls a function with each new address.
 * @param {(address: Address) => void} listener
 */
export function subscribe(listener) {
  listeners.add(listener);
}

/** Has links of the page followed without loading it anew, unless they are to open elsewhere. */
export function follow() {
  addEventListener("popstate", tell);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
      || link.target || link.hasAttribute("download")) {
      return;
    }
    const own = place.own(link);
    if (link.getAttribute("href") === MAIN) {
      event.preventDefault();
      document.querySelector(/** @type {"main"} */ (MAIN))?.focus();
    } else if (own) {
      event.preventDefault();
      go(own);
    }
  });
}
