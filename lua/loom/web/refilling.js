/**
 * Places that are filled anew when what they show has changed, and left alone otherwise, so that nobody who reads, has the focus
 * in them or types there is disturbed. Details that have an id stay open, and what is pressed stays until it is let go.
 */

import { refill } from "./h.js";
import { holding } from "./holding.js";

/**
 * @param {Element} element
 * @returns {(shown: unknown, make: () => import("./h.js").Child) => boolean} whether it is filled anew
 */
export function refilling(element) {
  let before = "";
  const held = holding(element);
  /** @type {(() => import("./h.js").Child) | null} what is to be put there */
  let wanted = null;

  function put() {
    if (wanted) {
      const opened = [...element.querySelectorAll("details[open][id]")].map((one) => one.id);
      refill(element, wanted());
      wanted = null;
      opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    }
  }

  return (shown, make) => {
    const text = JSON.stringify(shown);
    if (text === before) {
      return false;
    }
    before = text;
    wanted = make;
    held.run(put);
    return true;
  };
}
