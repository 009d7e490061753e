/**
 * The address, which holds all that a view shows: it can be sent to others, and back and forward work.
 *
 * A view is the last segment of the path; what it shows are parameters, under the names that the API has for them. Those that
 * choose stores, instants and rules stay from view to view, the others belong to one view.
 */

/**
 * @typedef {object} Address
 * @property {string} view such as "fleet"
 * @property {URLSearchParams} query
 */

/** @typedef {Record<string, string | string[] | null | undefined>} Changes null and undefined take a parameter away */

const SHARED = /^(as_of|preset|q|store|store_id|timezone_str|state|dormant|lasted|tz|where\..+)$/;
const CHOICE = /^(q|store|store_id|timezone_str|state|dormant|lasted|where\..+)$/;

/** @type {Set<(address: Address) => void>} */
const listeners = new Set();

/** @returns {Address} */
export function read() {
  return {
    view: location.pathname.match(/([^/]*)$/)?.[1] || "fleet",
    query: new URLSearchParams(location.search),
  };
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
  return view + text(change(only(read().query, SHARED), changes ?? {}));
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
  go(view + text(change(query, changes)), options);
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
    const here = new URL(".", location.href).href;
    if (link.href.startsWith(here) && !link.href.slice(here.length).split("?")[0].includes("/")) {
      event.preventDefault();
      go(link.href.slice(here.length) || "fleet");
    }
  });
}
