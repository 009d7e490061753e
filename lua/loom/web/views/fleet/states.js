/**
 * How many stores are in each state, and how long those that are down have been: each a filter.
 */

import * as address from "../../address.js";
import { duration, instant, OLD, sinceNow } from "../../clock.js";
import { h, svg } from "../../h.js";
import { refilling } from "../../refilling.js";
import { count, counted, MEANINGS, STATES } from "../../words.js";
import { unsorted } from "./question.js";

/** @typedef {{ up: number, down: number, unknown: number, excluded: number, closed: number, dormant: number }} Counts */

const LETTER = { down: "d", unknown: "n", up: "u", excluded: "x", closed: "c" };

/** @param {Counts} counts */
const sum = (counts) => STATES.reduce((total, state) => total + counts[state], 0);

/**
 * How long ago that was what is told, where it cannot be taken for now: a feed that is dead says nothing of stores.
 * @param {any} now an answer of `/v1/now`
 * @param {URLSearchParams} query
 * @returns {string | null} null: it is now
 */
function agoOf({ newest_poll: newest }, query) {
  const age = sinceNow(instant(newest));
  return query.has("as_of") ? "" : age > OLD ? ` ${duration(age)} ago` : null;
}

/**
 * @param {Counts} counts
 * @param {string | null} ago
 */
function headline(counts, ago) {
  const all = sum(counts);
  if (!all) {
    return "No stores to tell of";
  }
  const be = counts.down === 1 ? ["is", "was"] : ["are", "were"];
  const unknown = counts.unknown > 0
    && `, and of ${counts.unknown === all ? "all" : count(counts.unknown)} nothing ${ago === null ? "is" : "was"} known`;
  return [h("b", { class: counts.down ? "problem" : null }, counts.down ? count(counts.down) : "None"),
    ` of ${counted(all, "store")} ${be[ago === null ? 0 : 1]} down${ago ?? ""}`, unknown];
}

/**
 * The states' shares as one bar, in which what is not 0 is always seen.
 * @param {Counts} counts
 */
function bar(counts) {
  const all = sum(counts);
  const least = all / 150;
  const shares = STATES.filter((state) => counts[state]).map((state) => ({ state, size: Math.max(counts[state], least) }));
  const width = shares.reduce((total, { size }) => total + size, 0) || 1;
  let at = 0;
  return svg("svg", { class: "fleet-bar", viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", "aria-hidden": "true" },
    shares.map(({ state, size }) => {
      const part = svg("rect", { class: LETTER[state], x: at, y: 0, width: size, height: 1 });
      at += size;
      return part;
    }));
}

/**
 * A count that is a filter.
 * @param {import("../../h.js").Child} label
 * @param {number} value
 * @param {boolean} pressed
 * @param {address.Changes} changes those that choose it
 * @param {string} [title]
 */
function filter(label, value, pressed, changes, title) {
  return h("button", { type: "button", class: value ? "fleet-count" : "fleet-count none", "aria-pressed": String(pressed), title,
    onclick: () => address.alter(pressed ? { state: null, dormant: null, lasted: null } : changes) },
  h("span", null, label), h("b", null, count(value)));
}

/** @param {number} seconds */
const short = (seconds) => seconds % 3600 ? `${seconds / 60}m` : `${seconds / 3600}h`;

/** @param {number} from @param {number | null} to both in seconds */
function lasted(from, to) {
  return `${from ? short(from) : ""}..${to === null ? "" : short(to)}`;
}

/** @param {number} from @param {number | null} to */
function span(from, to) {
  if (to === null) {
    return `≥ ${duration(from)}`;
  }
  return from === 0 ? `< ${duration(to)}` : `${duration(from)} – ${duration(to)}`;
}

/**
 * @param {any} now an answer of `/v1/now`
 * @param {string | null} ago
 * @param {URLSearchParams} query
 */
function content({ counts, down_for: ages, dormant_after: after }, ago, query) {
  const [state, long, dormant] = [query.get("state"), query.get("lasted"), query.get("dormant") === "true"];
  return [
    h("h1", { class: "fleet-headline" }, headline(counts, ago)),
    bar(counts),
    h("div", { class: "row", role: "group", "aria-label": "Stores by state" }, STATES.map((one) =>
      filter([h("i", { class: `key ${one}` }), one], counts[one], state === one && !long && !dormant,
        { state: one, lasted: null, dormant: null }, MEANINGS[one]))),
    counts.down > 0 && h("div", { class: "row", role: "group", "aria-label": "Stores that are down, by how long" },
      h("span", { class: "soft" }, "Down for"),
      ages.map((/** @type {{ from: number, to: number | null, stores: number }} */ { from, to, stores }) =>
        filter(span(from, to), stores, state === "down" && long === lasted(from, to),
          { state: "down", lasted: lasted(from, to), dormant: null }))),
    (counts.dormant > 0 || dormant) && h("p", { class: "hint" }, `${counted(counts.dormant, "store")} `
      + `${counts.dormant === 1 ? "is" : "are"} dormant: no active poll for ${duration(after)}. `,
    h("button", { type: "button", class: "plain", "aria-pressed": String(dormant),
      onclick: () => address.alter({ state: null, lasted: null, dormant: dormant ? null : "true" }) },
    dormant ? "Show the others" : "Show them")),
  ];
}

/** The panel. */
export function states() {
  const element = h("section", { class: "panel stack fleet-states", "aria-label": "Now" });
  const refill = refilling(element);
  /** @type {[query: URLSearchParams, now: any] | null} */
  let shown = null;

  /**
   * @param {URLSearchParams} query
   * @param {any} now an answer of `/v1/now`
   */
  function update(query, now) {
    const ago = agoOf(now, query);
    shown = [query, now];
    refill([now.counts, now.down_for, now.dormant_after, ago, unsorted(query)], () => content(now, ago, query));
  }
  return { element, update, tick: () => shown && update(...shown) };
}
