/**
 * What is set of a store, and what changes it: weekly hours, special days, exclusions, zone and attributes.
 */

import * as api from "../../api.js";
import { h } from "../../h.js";
import * as session from "../../session.js";
import { open } from "./edits.js";
import { refilling } from "../../refilling.js";
import { dateAfter } from "./span.js";
import { DAYS, exclusionText, spansText, weekText } from "./texts.js";

const PAST = 31; // days before today whose special days are listed
const CHANGES = 12; // the next ones, of hours
const EXCLUSIONS = 20; // the last ones, that are listed

/** @type {Record<string, string>} */
const ORIGINS = { file: "from the file", override: "set by hand", default: "the default, for want of its own" };

/**
 * @param {import("../store.js").Data} data
 * @param {AbortSignal} signal
 */
async function load({ id, span }, signal) {
  const from = { from: dateAfter(span.today, -PAST) };
  const [hours, zone, days, allDays, exclusions, allExclusions] = await Promise.all([
    api.get(api.ofStore(id, "hours"), { on: span.today, from: dateAfter(span.today, 1), limit: CHANGES }, signal),
    api.get(api.ofStore(id, "timezone"), {}, signal),
    api.get(api.ofStore(id, "special-days"), from, signal), api.get("v1/special-days", from, signal),
    api.get("v1/exclusions", { store_id: id }, signal), api.get("v1/exclusions", { store_id: "*" }, signal),
  ]);
  return { hours, zone, exclusions: [...exclusions.exclusions, ...allExclusions.exclusions],
    days: [...days.special_days, ...allDays.special_days].sort((one, two) => one.date < two.date ? -1 : 1) };
}

/**
 * @param {string} title
 * @param {import("../../h.js").Child} button
 * @param {...import("../../h.js").Child} children
 */
function block(title, button, ...children) {
  return h("section", { class: "setting stack" }, h("div", { class: "row spread" }, h("h3", null, title), button), children);
}

/** What makes buttons, where anything may be changed at all. */
function buttons() {
  const may = session.mayWrite();
  /** @param {string} key @param {string} text @param {string} label @param {() => void} onclick */
  return (key, text, label, onclick) => may
    && h("button", { type: "button", id: `edit-${key}`, "aria-label": label, onclick }, text);
}

/** @typedef {ReturnType<typeof buttons>} Buttons */

function everyStore() {
  return [" ", h("span", { class: "tag" }, "all stores")];
}

/**
 * @param {any} hours
 * @param {string} today
 * @param {import("../../h.js").Child} button
 */
function hoursBlock(hours, today, button) {
  const dates = [...new Set(hours.changes.map((/** @type {any} */ one) => one.effective_from))].filter((date) => date > today);
  const more = dates.length > CHANGES || hours.next_cursor ? " and later" : "";
  const rows = () => DAYS.map(([day, name]) => h("tr", null, h("th", { scope: "row" }, name),
    h("td", null, spansText(hours.week[day]))));
  return block("Weekly hours", button, hours.week ? h("table", { class: "week" },
    h("caption", { class: "unseen" }, "Weekly hours"), h("tbody", null, rows())) : h("p", null, weekText(null)),
  hours.effective_from && h("p", { class: "hint" }, `Since ${hours.effective_from}.`),
  dates.length > 0 && h("p", { class: "hint" }, `They change on ${dates.slice(0, CHANGES).join(", ")}${more}.`));
}

/**
 * @param {import("../store.js").Data} data
 * @param {import("./texts.js").SpecialDay[]} days
 * @param {Buttons} button
 */
function specialBlock(data, days, button) {
  return block("Special days", button("special", "Add…", "Add a special day", () => open(data, "special", null)),
    days.length > 0 && h("ul", { class: "listed" }, days.map((day) => h("li", null,
      h("b", null, day.date), ` ${spansText(day.spans)} `, h("bdi", null, day.note), day.store_id === "*" ? everyStore() : [" ",
        button(`special-${day.date}`, "Change…", `Change the special day ${day.date}`, () => open(data, "special", day)),
        day.origin === "override" && button(`no-special-${day.date}`, "Remove…", `Remove the special day ${day.date}`,
          () => open(data, "unspecial", day))]))),
    !days.length && h("p", { class: "hint" }, "None from a month ago on."));
}

/**
 * @param {import("../store.js").Data} data
 * @param {import("./texts.js").Exclusion[]} exclusions
 * @param {Buttons} button
 */
function exclusionsBlock(data, exclusions, button) {
  const { zone } = data;
  return block("Exclusions", button("exclusion", "Add…", "Add an exclusion", () => open(data, "exclusion")),
    exclusions.length > 0 && h("ul", { class: "listed" }, exclusions.slice(-EXCLUSIONS).map((one) => h("li", null,
      exclusionText(one, zone), " ", h("bdi", { class: "soft" }, one.reason), one.store_id === "*" ? everyStore() : [" ",
        button(`exclusion-${one.number}`, "Remove…", `Remove the exclusion ${exclusionText(one, zone)}`,
          () => open(data, "unexclusion", one))]))),
    exclusions.length > EXCLUSIONS && h("p", { class: "hint" }, `${exclusions.length - EXCLUSIONS} earlier ones.`),
    !exclusions.length && h("p", { class: "hint" }, "None."));
}

/** @returns {import("../store.js").Part} */
export function settings() {
  const body = h("div", { class: "settings" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "What is set" }, body),
    async show(data, signal) {
      const set = await load(data, signal);
      const { query, store } = data;
      const button = buttons();
      const attributes = Object.entries(store.attributes);

      refill([set, attributes, session.mayWrite(), query.toString()], () => [
        hoursBlock(set.hours, data.span.today, button("hours", "Change…", "Change the weekly hours", () => open(data, "hours"))),
        specialBlock(data, set.days, button),
        exclusionsBlock(data, set.exclusions, button),
        block("Zone", button("zone", "Change…", "Change the zone", () => open(data, "zone")),
          h("p", null, set.zone.timezone_str, " ", h("small", { class: "soft" }, ORIGINS[set.zone.origin]))),
        block("Attributes", button("attributes", "Change…", "Change the attributes", () => open(data, "attributes")),
        attributes.length > 0 && h("dl", { class: "listed" }, attributes.map(([name, value]) => h("div", null,
          h("dt", { class: "soft" }, h("bdi", null, name)), h("dd", null, h("bdi", null, value))))),
        !attributes.length && h("p", { class: "hint" }, "None.")),
      ]);
    },
  };
}
