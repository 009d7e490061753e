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
     * Asks for the picture, and shows it when it is there; with the ids where some are shown, so that these stay.
     * @param {URLSearchParams} query of the address
     * @param {{ seconds: number, bins: number }} span
     * @param {number | string} to where it ends
     * @param {boolean} isNamed
     * @param {AbortSignal} signal
     */
    async load(query, { seconds, bins }, to, isNamed, signal) {
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
      const wanted = new URLSearchParams(question);
      if (!isNamed) {
        wanted.set("compact", "true");
      }
      const found = await parse(await api.getText("v1/strips", wanted, signal), ms, signal);
      signal.throwIfAborted();
      grid = found;
      state = isNamed ? "named" : "without";
    },

    /** Asks for the ids, unless they are there or on their way. */
    async name() {
      if (!grid || state !== "without") {
        return;
      }
      state = "asked";
      const { signal } = loading;
      try {
        const found = await parse(await api.getText("v1/strips", question, signal), ms, signal);
        if (!signal.aborted) {
          grid = found;
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
