/**
 * The menu that chooses from when to when figures are: what a drag over the trend does, without one.
 */

import * as address from "../../../address.js";
import { asked } from "../../../clock.js";
import { h } from "../../../h.js";
import { loaded, menu } from "../../../menu.js";
import { hasSpan } from "../question.js";

const MINUTE = 60000;

/**
 * Has figures of a span shown; of the usual windows, without one.
 * @param {number | null} from milliseconds since 1970
 * @param {number} [to]
 */
export function choose(from, to) {
  const sort = address.read().query.get("sort");
  if (from === null || to === undefined) {
    address.alter({ from: null, to: null, sort: sort?.replace(/_span$/, "_last_week") });
  } else {
    address.alter({ from: asked(Math.floor(from / MINUTE) * MINUTE), to: asked(Math.floor(to / MINUTE) * MINUTE), w: null,
      sort: sort?.replace(/_last_(hour|day|week)$/, "_span") });
  }
}

/**
 * The buttons.
 * @param {URLSearchParams} query
 * @param {number} asOf
 */
export function buttons(query, asOf) {
  const panel = loaded(async () => {
    const { form } = await import("./form.js");
    return { panel: (close) => form(query, asOf, close) };
  });
  return [menu("From … to …", panel, { class: hasSpan(query) ? "set" : null }),
    hasSpan(query) && h("button", { type: "button", onclick: () => choose(null) }, "Whole week")];
}
