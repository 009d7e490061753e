/**
 * Travel in time: every view shows what was known at the instant that is chosen here, or the newest there is.
 */

import { instant, show, zoneOf } from "./clock.js";
import { fill, h } from "./h.js";
import { loaded, menu } from "./menu.js";

/** The button, and its panel. */
export function scrubber() {
  const label = h("b");
  const element = menu(["Time: ", label], loaded(() => import("./travel.js")));
  return {
    element,
    /** @param {URLSearchParams} query */
    update(query) {
      const at = instant(query.get("as_of"));
      fill(label, at === null || Number.isNaN(at) ? query.get("as_of") ?? "Live" : show(at, zoneOf(query), "short"));
      element.querySelector("button")?.classList.toggle("set", query.has("as_of"));
    },
  };
}
