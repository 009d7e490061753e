/**
 * Travel in time: every view shows what was known at the instant that is chosen here, or the newest there is.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { asked, instant, show, zoneOf } from "./clock.js";
import { h } from "./h.js";
import { menu } from "./menu.js";

const HOUR = 3600000;
const STEPS = /** @type {const} */ ([[-24, "1 day back"], [-1, "1 hour back"], [1, "1 hour on"], [24, "1 day on"]]);
const REACH = 28; // days that the slider goes back from the newest poll
const SLIDE = 900000; // milliseconds of one of its steps

/** @param {number | null} ms null: live */
function travel(ms, replace = false) {
  address.alter({ as_of: ms === null ? null : asked(ms) }, { replace });
}

/**
 * @param {number} newest
 * @param {number} at
 * @param {string | undefined} zone
 */
function slider(newest, at, zone) {
  const first = newest - REACH * 24 * HOUR;
  const output = h("output", null, show(at, zone, "full"));
  const input = h("input", { type: "range", min: 0, max: Math.ceil((newest - first) / SLIDE), "aria-label": "Instant",
    "aria-valuetext": show(at, zone, "full"),
    oninput: () => {
      const chosen = Math.min(first + Number(input.value) * SLIDE, newest);
      output.textContent = show(chosen, zone, "full");
      input.setAttribute("aria-valuetext", output.textContent);
    },
    onchange: () => travel(Math.min(first + Number(input.value) * SLIDE, newest)),
  });
  input.value = String(Math.round((at - first) / SLIDE));
  return [input, output];
}

/**
 * @param {number} at
 * @param {() => void} close
 */
function exact(at, close) {
  const input = h("input", { type: "datetime-local", step: 60, value: new Date(at).toISOString().slice(0, 16),
    "aria-label": "Instant in UTC" });
  return h("form", { class: "row", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value) {
      close();
      travel(Date.parse(input.value + "Z"));
    }
  } }, input, "UTC", h("button", null, "Go"));
}

/**
 * The panel's content, whose ends are those of the data.
 * @param {URLSearchParams} query
 * @param {() => void} close
 */
function panel(query, close) {
  const place = h("div", { class: "stack" }, h("p", null, "…"));
  api.get("v1/now", {}).then((now) => {
    const newest = instant(now.newest_poll);
    if (newest === null) {
      place.replaceChildren("There are no polls yet.");
      return;
    }
    const at = instant(query.get("as_of")) ?? newest;
    place.replaceChildren(
      h("div", { class: "stack" }, slider(newest, at, zoneOf(query))),
      h("div", { class: "row" }, STEPS.map(([step, text]) => h("button", { type: "button", title: text, "aria-label": text,
        disabled: at + step * HOUR > newest, onclick: () => {
          close();
          travel(at + step * HOUR);
        } }, `${step < 0 ? "−" : "+"}${Math.abs(step) === 24 ? "1 d" : "1 h"}`)),
      h("button", { type: "button", class: "first", onclick: () => {
        close();
        travel(null);
      } }, "Live")),
      exact(at, close));
  }, (error) => place.replaceChildren(String(error.message)));
  return place;
}

/**
 * The button, and its panel.
 * @param {URLSearchParams} query
 */
export function scrubber(query) {
  const at = instant(query.get("as_of"));
  const label = at === null || Number.isNaN(at) ? query.get("as_of") ?? "Live" : show(at, zoneOf(query), "short");
  return menu(["Time: ", h("b", null, label)], (close) => panel(query, close), { class: query.has("as_of") ? "set" : null });
}
