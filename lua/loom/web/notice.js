/**
 * What people are told beside what they look at: a banner for what goes on, lines that pass, and words for screen readers.
 */

import { fill, h } from "./h.js";

const PASSING = 6000; // milliseconds
const SAY_EVERY = 10000; // milliseconds between two sayings, so that nobody is talked over

const banner = h("div", { class: "banner", role: "alert" });
const passing = h("div", { class: "passing", role: "status" });
const spoken = h("div", { class: "unseen", "aria-live": "polite" });

/** The places of all that is told, for the page. */
export const places = [banner, passing, spoken];

/**
 * Puts up the banner, or takes it down.
 * @param {...import("./h.js").Child} children
 */
export function warn(...children) {
  fill(banner, ...children);
}

/**
 * Tells something for a few seconds, such as what has been done.
 * @param {...import("./h.js").Child} children
 */
export function tell(...children) {
  const line = h("p", null, ...children);
  passing.append(line);
  setTimeout(() => line.remove(), PASSING);
}

let waiting = "";
let busy = false;

/**
 * Says something to those who do not see the page; only the last of what comes too fast is said.
 * @param {string} text
 */
export function say(text) {
  waiting = text;
  if (busy || spoken.textContent === text) {
    return;
  }
  busy = true;
  fill(spoken, waiting);
  setTimeout(() => {
    busy = false;
    say(waiting);
  }, SAY_EVERY);
}
