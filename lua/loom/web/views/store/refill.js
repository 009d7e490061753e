/**
 * Parts of the view that are made anew when what they show has changed, and left alone otherwise, so that nobody who reads, has
 * the focus in them or types there is disturbed.
 */

import { fill } from "../../h.js";

/**
 * @param {Element} element
 * @returns {(shown: unknown, make: () => import("../../h.js").Child) => boolean} whether it was made anew
 */
export function refilling(element) {
  let before = "";
  return (shown, make) => {
    const text = JSON.stringify(shown);
    if (text === before) {
      return false;
    }
    before = text;
    const focused = element.contains(document.activeElement) ? document.activeElement?.id : "";
    fill(element, make());
    if (focused) {
      document.getElementById(focused)?.focus();
    }
    return true;
  };
}
