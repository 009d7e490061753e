/**
 * What is told below the wall: the cell that somebody looks at, and what can be done with the stores that they choose.
 */

import * as address from "../../address.js";
import { show } from "../../clock.js";
import { fill, h } from "../../h.js";
import * as notice from "../../notice.js";
import { LETTERS } from "../../shapes.js";
import { counted } from "../../words.js";
import { RANKS } from "./grid.js";

const CHOSEN_MAX = 80; // stores that the service takes by their ids

/**
 * @param {import("./grid.js").Grid} grid
 * @param {import("./cursor.js").Cursor} at
 */
function chosen({ ids }, { store, anchor }) {
  return anchor === null ? [] : ids.slice(Math.min(anchor, store), Math.max(anchor, store) + 1);
}

/** @param {string[]} ids */
function button(ids) {
  const isTooMany = ids.length > CHOSEN_MAX;
  return h("button", { type: "button", class: "first", disabled: isTooMany, onclick: () => address.alter({ store: ids }) },
    isTooMany ? `${counted(ids.length, "store")}: at most ${CHOSEN_MAX} can be chosen`
      : `Only ${ids.length === 1 ? "this store" : `these ${ids.length} stores`}`);
}

/** @returns what is told, and what tells it */
export function readout() {
  const cell = h("p", { class: "wall-cell", "aria-live": "off" });
  const choice = h("span", { class: "row" });
  return {
    element: h("div", { class: "row" }, cell, choice),

    /**
     * @param {import("./grid.js").Grid | null} grid
     * @param {import("./cursor.js").Cursor | null} at
     * @param {string | undefined} zone by whose clocks times are told
     * @param {boolean} aloud
     * @param {ReturnType<typeof import("./alerts.js").alerts>} fired
     */
    tell(grid, at, zone, aloud, fired) {
      if (!grid || !at) {
        fill(cell, h("span", { class: "hint" }, "Point at a cell, or use the arrow keys, to see whose it is. "
          + "A click opens the store, a drag chooses several."));
        fill(choice);
        return;
      }
      const length = (grid.to - grid.from) / grid.bins;
      const start = grid.from + at.bin * length;
      const state = LETTERS[RANKS[grid.ranks[at.store * grid.bins + at.bin]]];
      const time = `${show(start, zone)} to ${show(start + length, zone, "time")}`;
      const rules = fired.rulesOf(grid.ids[at.store], start, start + length).join(", ");
      fill(cell, h("bdi", { class: "id" }, grid.ids[at.store]), ` ${time}: `, h("b", null, state),
        rules && [", alert ", h("bdi", null, rules)]);
      if (aloud) {
        notice.say(`${grid.ids[at.store]}, ${time}: ${state}${rules && `, alert ${rules}`}`);
      }
      const ids = chosen(grid, at);
      fill(choice, ids.length > 0 && button(ids));
    },
  };
}
