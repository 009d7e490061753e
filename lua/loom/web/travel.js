/**
 * What is in the menu of the time scrubber. It is loaded when somebody opens that.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { asked, instant, show, zoneOf } from "./clock.js";
import { fill, h } from "./h.js";

const HOUR = 3600000;
const STEPS = /** @type {const} */ ([[-24, "1 day back"], [-1, "1 hour back"], [1, "1 hour on"], [24, "1 day on"]]);
const REACH = 28; // days that the slider goes back from the newest poll
const SLIDE = 900000; // milliseconds of one of its steps

/**
 * @param {number} newest
 * @param {number} at
 * @param {(ms: number) => void} choose
 */
function slider(newest, at, choose) {
  const first = newest - REACH * 24 * HOUR;
  const output = h("output");
  const input = h("input", { type: "range", min: 0, max: Math.ceil((newest - first) / SLIDE), "aria-label": "Instant",
    value: String(Math.round((at - first) / SLIDE)), oninput: () => tell(chosen()), onchange: () => choose(chosen()) });

  function chosen() {
    return Math.min(first + Number(input.value) * SLIDE, newest);
  }

  /** @param {number} ms */
  function tell(ms) {
    output.textContent = show(ms, zoneOf(address.read().query), "full");
    input.setAttribute("aria-valuetext", output.textContent);
  }
  tell(at);
  return h("div", { class: "stack" }, input, output);
}

/**
 * @param {HTMLInputElement} input
 * @param {(ms: number) => void} choose
 */
function exact(input, choose) {
  return h("form", { class: "row", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value) {
      choose(Date.parse(input.value + "Z"));
    }
  } }, input, "UTC", h("button", null, "Go"));
}

/**
 * What there is to choose with. The slider leaves it open, and is one step to go back by, however often it is moved.
 * @param {number} newest poll
 * @param {() => void} close
 */
function content(newest, close) {
  const asOf = instant(address.read().query.get("as_of"));
  let at = asOf === null || Number.isNaN(asOf) ? newest : asOf;
  let moved = false;
  const input = h("input", { type: "datetime-local", step: 60, "aria-label": "Instant in UTC" });
  const steps = STEPS.map(([step, text]) => h("button", { type: "button", title: text, "aria-label": text,
    onclick: () => leave(at + step * HOUR) }, `${step < 0 ? "−" : "+"}${Math.abs(step) === 24 ? "1 d" : "1 h"}`));

  /** @param {number | null} ms null: live */
  function leave(ms) {
    close();
    address.alter({ as_of: ms === null ? null : asked(ms) });
  }

  function tell() {
    input.value = new Date(at).toISOString().slice(0, 16);
    steps.forEach((button, place) => {
      button.disabled = at + STEPS[place][0] * HOUR > newest;
    });
  }

  /** @param {number} ms */
  function slide(ms) {
    at = ms;
    tell();
    address.alter({ as_of: asked(ms) }, { replace: moved });
    moved = true;
  }
  tell();
  return [slider(newest, at, slide),
    h("div", { class: "row" }, steps, h("button", { type: "button", class: "first", onclick: () => leave(null) }, "Live")),
    exact(input, leave)];
}

/** @param {() => void} close */
export function panel(close) {
  const place = h("div", { class: "stack" }, h("p", null, "…"));
  api.get("v1/now", {}).then((now) => {
    const newest = instant(now.newest_poll);
    fill(place, newest === null ? "There are no polls yet." : content(newest, close));
    place.querySelector("input")?.focus();
  }, (error) => fill(place, error.message));
  return place;
}
