/**
 * What a store is: its state and since when, its attributes, its clock, its hours today, and when it opens next.
 */

import { duration, OLD, show, sinceNow } from "../../clock.js";
import { copy } from "../../copy.js";
import { fill, h } from "../../h.js";
import { MEANINGS } from "../../words.js";
import { refilling } from "../../refilling.js";
import { today } from "./span.js";

const TICK = 10000; // milliseconds between two looks at the clock
const NAME = "name"; // the attribute that names a store, where there is one

/**
 * @param {string} term
 * @param {...import("../../h.js").Child} description
 */
function fact(term, ...description) {
  return h("div", null, h("dt", null, term), h("dd", null, description));
}

/**
 * The hours of a day, and why they are so.
 * @param {import("./span.js").Day} day
 */
export function hoursOf(day) {
  const spans = day.openings.map((opening) => opening.span).join(", ") || "closed";
  return [h("b", null, spans), h("small", { class: "soft" }, ` ${day.rule}`), day.note && [": ", h("bdi", null, day.note)]];
}

/**
 * Until when it is open, through openings that touch, or when it opens next.
 * @param {import("../store.js").Data} data
 */
function nextOpening({ near, asOf, zone }) {
  /** @type {import("./span.js").Opening[]} */
  const openings = near.days.flatMap((/** @type {import("./span.js").Day} */ day) => day.openings);
  let until = asOf;
  for (const { from, to } of openings) {
    until = from <= until && to > until ? to : until;
  }
  const next = openings.find((one) => one.from > until);
  const end = near.days[near.days.length - 1].to;
  return [until > asOf && fact("Open until", h("b", null, until >= end ? "further notice" : show(until, zone))),
    until < end && fact("Opens next", next ? [h("b", null, show(next.from, zone)), h("small", { class: "soft" }, ` ${next.rule}`)]
      : "not within a week")];
}

/** @param {import("../store.js").Data} data */
const isPast = ({ query, asOf }) => query.has("as_of") || sinceNow(asOf) > OLD;

/**
 * As of when that is, where it cannot be taken for now.
 * @param {import("../store.js").Data} data
 */
function then(data) {
  return isPast(data) && h("span", { class: "soft" }, "as of ", h("time", null, show(data.asOf, data.zone)));
}

/** @param {import("../store.js").Data} data */
function state(data) {
  const { store, asOf, zone } = data;
  if (!store.state) {
    return h("p", null, "There are no polls yet of any store.");
  }
  /** @type {keyof typeof MEANINGS} */
  const now = store.state;
  return h("p", { class: "row state-line" }, h("span", { class: "state", title: MEANINGS[now] }, h("i", { class: `key ${now}` }),
    h("b", null, now)),
  store.since && h("span", null, "since ", h("time", null, show(store.since, zone)),
    h("span", { class: "soft" }, ` (${duration((asOf - store.since) / 1000)})`)),
  then(data),
  store.dormant && h("span", { class: "tag", title: MEANINGS.dormant }, "dormant"),
  !store.last_poll && h("span", { class: "tag" }, "never polled"));
}

/** @param {URLSearchParams} query */
function isThen(query) {
  return copy !== null || query.has("as_of");
}

/** @returns {import("../store.js").Part} */
export function head() {
  const body = h("div", { class: "stack" });
  const clock = h("b");
  const element = h("section", { class: "panel store-head", "aria-label": "What the store is" }, body);
  const refill = refilling(body);
  /** @type {import("../store.js").Data | null} */
  let data = null;

  /** @param {import("../store.js").Data} now */
  function draw(now) {
    const { id, store, near, query } = now;
    const name = store.attributes[NAME];
    const attributes = Object.entries(store.attributes).filter(([key]) => key !== NAME);
    const age = store.last_poll ? (now.asOf - store.last_poll) / 1000 : 0;
    const day = near.days.find((/** @type {import("./span.js").Day} */ one) => one.date === today(near));
    refill([id, store, near, query.get("tz"), isPast(now)], () => [
      h("div", { class: "row" }, h("h1", null, h("bdi", null, name ?? id)), name && h("bdi", { class: "id soft" }, id),
        h("ul", { class: "chips" }, attributes.map(([key, value]) => h("li", { class: "tag" }, h("span", { class: "soft" },
          h("bdi", null, key), " "), h("bdi", null, value))))),
      state(now),
      h("dl", { class: "store-facts" },
        fact("Hours today", hoursOf(day)),
        nextOpening(now),
        fact("Zone", h("b", null, near.timezone_str),
          !store.timezone_str && h("small", { class: "hint" }, " taken for want of its own")),
        fact(isThen(query) ? "Its clock then" : "Its clock now", clock),
        fact("Last poll", h("b", null, show(store.last_poll, now.zone)),
          age > 0 && h("small", { class: "soft", title: "the newest poll of all stores, or the instant that is looked at" },
            ` ${duration(age)} behind`)))]);
  }

  function tick() {
    if (data) {
      draw(data);
      const at = isThen(data.query) ? data.asOf : Date.now();
      fill(clock, show(at, data.near.timezone_str));
    }
  }
  const ticking = setInterval(tick, TICK);

  return {
    element,
    show(now) {
      data = now;
      tick();
    },
    close: () => clearInterval(ticking),
  };
}
