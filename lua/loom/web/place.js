/**
 * Where the address of what is shown is kept: the view is the last segment of the path, and the parameters are the query.
 */

/** The view and the parameters that the address names. */
export function read() {
  return {
    view: location.pathname.match(/([^/]*)$/)?.[1] || "fleet",
    query: new URLSearchParams(location.search),
  };
}

/**
 * What leads to an address.
 * @param {string} view
 * @param {string} search the parameters as text, with the question mark before them; empty where there are none
 */
export function link(view, search) {
  return view + search;
}

/**
 * The link that an element of this page is, if it leads to another address of it.
 * @param {HTMLAnchorElement} element
 */
export function own(element) {
  const here = new URL(".", location.href).href;
  return element.href.startsWith(here) && !element.href.slice(here.length).split(/[?#]/)[0].includes("/")
    ? element.href.slice(here.length) || "fleet" : null;
}
