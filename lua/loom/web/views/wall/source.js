/**
 * Where the wall's grid comes from: first the picture alone, which is short, and the ids when somebody wants to know one.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { asked, instant } from "../../clock.js";
import { parse } from "./grid.js";

/** @param {number | string} value */
function ms(value) {
  return /** @type {number} */ (instant(value));
}

/** @param {() => void} named called when the ids are there */
export function source(named) {
  /** @type {import("./grid.js").Grid | null} */
  let grid = null;
  let question = new URLSearchParams();
  let loading = new AbortController();
  let state = /** @type {"without" | "asked" | "named"} */ ("without");

  return {
    grid: () => grid,

    /** Whether the ids are there. */
    isNamed: () => state === "named",

    /**
     * Asks for the picture.
     * @param {URLSearchParams} query of the address
     * @param {{ seconds: number, bins: number }} span
     * @param {number | string} to where it ends
     * @param {AbortSignal} signal
     */
    async load(query, { seconds, bins }, to, signal) {
      loading.abort();
      loading = new AbortController();
      question = address.question(query);
      question.set("from", asked(ms(to) - seconds * 1000));
      question.set("to", asked(ms(to)));
      question.set("bins", String(bins));
      question.set("order", query.get("order") ?? "down");
      if (query.has("by")) {
        question.set("by", /** @type {string} */ (query.get("by")));
      }
      const compact = new URLSearchParams(question);
      compact.set("compact", "true");
      const text = await api.getText("v1/strips", compact, signal);
      signal.throwIfAborted();
      grid = parse(text, ms);
      state = "without";
    },

    /** Asks for the ids, unless they are there or on their way. */
    async name() {
      if (!grid || state !== "without") {
        return;
      }
      state = "asked";
      const { signal } = loading;
      try {
        const text = await api.getText("v1/strips", question, signal);
        if (!signal.aborted) {
          grid = parse(text, ms);
          state = "named";
          named();
        }
      } catch {
        state = signal.aborted ? state : "without"; // whoever wants to know next tries again
      }
    },

    close: () => loading.abort(),
  };
}
