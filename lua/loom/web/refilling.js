/**
 * Places that are filled anew when what they show has changed, and left alone otherwise, so that nobody who reads, has the focus
 * in them or types there is disturbed. Details that have an id stay open. What is pressed stays until it is let go, so that no
 * click is lost.
 */

import { refill } from "./h.js";

const ENDS = ["pointerup", "pointercancel", "blur"]; // of a press; whoever leaves the window lets go elsewhere
const PRESS = 5000; // milliseconds that a press lasts at most: of a list that opens nobody tells when it was let go

/**
 * @param {Element} element
 * @returns {(shown: unknown, make: () => import("./h.js").Child) => boolean} whether it is filled anew
 */
export function refilling(element) {
  let before = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} while something is pressed */
  let pressed;
  /** @type {(() => import("./h.js").Child) | null} what is put there when nothing is pressed any more */
  let waiting = null;

  /** @param {() => import("./h.js").Child} make */
  function put(make) {
    const opened = [...element.querySelectorAll("details[open][id]")].map((one) => one.id);
    refill(element, make());
    opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  }

  function release() {
    ENDS.forEach((name) => removeEventListener(name, release));
    clearTimeout(pressed);
    setTimeout(() => { // the click comes after what ends it
      pressed = undefined;
      if (waiting) {
        put(waiting);
        waiting = null;
      }
    });
  }

  element.addEventListener("pointerdown", () => {
    clearTimeout(pressed);
    pressed = setTimeout(release, PRESS);
    ENDS.forEach((name) => addEventListener(name, release));
  });
  return (shown, make) => {
    const text = JSON.stringify(shown);
    if (text === before) {
      return false;
    }
    before = text;
    if (pressed) {
      waiting = make;
    } else {
      put(make);
    }
    return true;
  };
}
