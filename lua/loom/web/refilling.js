/**
 * Places that are filled anew when what they show has changed, and left alone otherwise, so that nobody who reads, has the focus
 * in them or types there is disturbed. Details that have an id stay open.
 */

import { refill } from "./h.js";

/**
 * @param {Element} element
 * @returns {(shown: unknown, make: () => import("./h.js").Child) => boolean} whether it was filled anew
 */
export function refilling(element) {
  let before = "";
  return (shown, make) => {
    const text = JSON.stringify(shown);
    if (text === before) {
      return false;
    }
    before = text;
    const opened = [...element.querySelectorAll("details[open][id]")].map((one) => one.id);
    refill(element, make());
    opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    return true;
  };
}
