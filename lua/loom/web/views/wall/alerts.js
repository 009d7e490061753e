/**
 * What fired on the wall: a mark over the cells that an alert is of.
 */

import * as api from "../../api.js";
import { asked, instant } from "../../clock.js";
import { copy } from "../../copy.js";
import { svg } from "../../h.js";
import { spare } from "../../spare.js";

const MOST = 1000; // marks: more could not be told apart
const THIN = 3; // pixels, up to which a mark is as high as its row

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {{ rule: string, from: number, to: number }} Mark Its ends are milliseconds */

/** The newest alerts of stores within a wall. */
export function alerts() {
  /** @type {Map<string, Mark[]>} by store */
  let all = new Map();
  /** @type {{ grid: Grid | null, marks: { store: number, mark: Mark }[] }} where they are in a grid that has its ids */
  let placed = { grid: null, marks: [] };
  let problem = "";

  /** @param {Grid} grid */
  function place(grid) {
    if (placed.grid !== grid) {
      placed = { grid, marks: all.size === 0 ? [] : grid.ids.flatMap((id, store) =>
        (all.get(id) ?? []).map((mark) => ({ store, mark }))) };
    }
    return placed.marks;
  }

  return {
    /** Whether there are any. */
    some: () => all.size > 0,

    /** Why they could not be had, or "". */
    problem: () => problem,

    /**
     * @param {Grid | null} grid
     * @param {AbortSignal} signal
     */
    async load(grid, signal) {
      if (copy || !grid) {
        return;
      }
      const { from, to } = grid;
      const asking = { kind: "store", from: asked(from), to: asked(to), limit: MOST, time: "ms" };
      const answer = await spare(api.get("v1/alerts", asking, signal));
      problem = answer.problem;
      all = new Map();
      for (const { subject, rule, since, ended } of answer.found?.alerts ?? []) {
        const mark = { rule, from: Math.max(from, instant(since) ?? from), to: Math.min(to, instant(ended) ?? to) };
        all.set(subject.id, [...all.get(subject.id) ?? [], mark]);
      }
      placed = { grid: null, marks: [] };
    },

    /**
     * The rules by which a store had alerts between two instants.
     * @param {string} id
     * @param {number} start
     * @param {number} end
     */
    rulesOf: (id, start, end) => [...new Set((all.get(id) ?? []).filter(({ from, to }) => from < end && to > start)
      .map(({ rule }) => rule))],

    /**
     * The marks of the rows that are seen.
     * @param {Grid} grid
     * @param {import("./paint.js").Layout} layout
     * @param {import("./overlay.js").Size} size
     */
    drawn(grid, { first, each, rows, height }, { gutter, width }) {
      /** @param {number} at */
      const x = (at) => gutter + (at - grid.from) / (grid.to - grid.from) * width;
      const seen = place(grid).filter(({ store }) => store >= first && store < first + rows * each);
      return seen.map(({ store, mark: { from, to } }) => svg("rect", { class: "alert", x: x(from),
        y: Math.floor((store - first) / each) * height, width: Math.max(2, x(to) - x(from)), height: Math.min(THIN, height) }));
    },
  };
}
