/**
 * The rules: when they fire, whom they tell, and how often they have.
 */

import * as api from "../../api.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import * as session from "../../session.js";
import { begin } from "./begin.js";
import { bars } from "./days.js";
import { edit } from "./edits.js";
import { listing, long } from "./listing.js";
import { objectives } from "./objectives.js";
import { settings } from "./settings.js";
import { badge, condition } from "./words.js";

/** @typedef {import("../alerts.js").Common} Common */

const OBJECTIVES = 1000; // as many as there may be

const load = () => import("./rule.js");

/** @param {import("./words.js").Definition} definition */
function toldTo({ channels }) {
  return channels ? h("bdi", null, [channels].flat().join(", ")) : h("span", { class: "soft" }, "all channels");
}

/**
 * @param {{ days: string[], rules: Record<string, number[]> }} told how often each rule fired
 * @param {string} name
 */
function daysOf({ days, rules }, name) {
  return days.map((date, at) => ({ date, fired: rules[name]?.[at] ?? 0 }));
}

/**
 * @param {any} rule
 * @param {Common} common
 * @param {import("./days.js").Day[]} days
 */
function row(rule, common, days) {
  const { name, severity, stores, enabled } = rule;
  return [h("bdi", null, name), badge(severity ?? "warning"), long(condition(rule),
    enabled === false && [" ", h("span", { class: "tag" }, "disabled")],
    stores && [" ", h("span", { class: "tag", title: JSON.stringify(stores) }, "some stores")]), long(toldTo(rule)), bars(days),
  session.mayWrite() && [h("button", { type: "button", id: `edit-${name}`, "aria-label": `Change the rule ${name}`,
    onclick: () => edit(async () => (await load()).ruleEdit(name, common)) }, "Change…"), " ",
  h("button", { type: "button", id: `remove-${name}`, "aria-label": `Remove the rule ${name}`,
    onclick: () => edit(async () => (await load()).ruleRemoval(name)) }, "Remove…")]];
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show(common, signal) {
      const { rules, query } = common;
      const [told, { objectives: list }, set] = await Promise.all([api.get("v1/alerts/days", {}, signal),
        api.get("v1/objectives", { limit: OBJECTIVES }, signal), api.get("v1/alert-settings", {}, signal)]);
      const may = session.mayWrite();
      refill([rules, told, list, set, may, query.toString()], () => [
        rules.length ? listing("rules", ["Rule", "Severity", "When", "Told to", "Last 28 days", { text: "Change", unseen: true }],
          rules.map((rule) => row(rule, common, daysOf(told, rule.name)))) : begin(null),
        may && h("p", null, h("button", { type: "button", class: "first", id: "new-rule",
          onclick: () => edit(async () => (await load()).ruleEdit(null, common)) }, "New rule…")),
        (list.length > 0 || may && rules.length > 0) && objectives(list),
        rules.length > 0 && settings(set)]);
    },
  };
}
