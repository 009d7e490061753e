/**
 * The chosen stores by an attribute or by zone: where down time comes from, the most of it first.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { duration, hours } from "../../clock.js";
import { fill, h, refill } from "../../h.js";
import { count, counted, percent, points } from "../../words.js";
import { spark } from "./groups/spark.js";
import { target } from "./groups/target.js";
import { about, figures, hasSpan, windowOf, wordOf } from "./question.js";

/** @typedef {import("./states.js").Counts} Counts */
/** @typedef {{ value: string | null, stores: number, states: Counts, windows: Record<string, any> }} Group */
/** @typedef {{ up: number[], down: number[] }} Course */

const ZONE = "timezone_str";
const FEW = 8; // groups that are shown at first
const APART = 50; // values whose courses are told apart
const STEP = 14400; // seconds of a bar of a course: 42 of them are a week

/**
 * What to group by: what the address says, or the attribute with the fewest values that are more than one.
 * @param {URLSearchParams} query
 * @param {{ name: string, values: number }[]} names
 */
function groupedBy(query, names) {
  const some = names.filter(({ values }) => values > 1 && values <= APART).sort((a, b) => a.values - b.values);
  return query.get("by") ?? some[0]?.name ?? ZONE;
}

/**
 * @param {{ name: string, values: number }[]} names
 * @param {string} by
 */
function choice(names, by) {
  const select = h("select", { "aria-label": "Group by", onchange: () => address.alter({ by: select.value }) },
    [{ name: ZONE, label: "zone" }, ...names.map(({ name }) => ({ name, label: name }))].map(({ name, label }) =>
      h("option", { value: name, selected: name === by }, label)));
  return h("label", { class: "row" }, "by", select);
}

/** @param {any} slo in minutes */
function budget(slo) {
  if (!slo || slo.burn === null || slo.burn === undefined) {
    return h("td", { class: "number soft" }, slo?.spent > 0 ? "none left" : "–");
  }
  return h("td", { class: `number delta${slo.met === false ? " worse" : ""}`,
    title: `${duration(slo.spent * 60)} of ${duration(slo.budget * 60)} down` }, `${Math.round(slo.burn * 100)} %`);
}

/**
 * @param {Group} group
 * @param {string} by
 * @param {string} window
 * @param {Course | undefined} course
 * @param {number} most the greatest share down in any course
 */
function row({ value, stores, states, windows }, by, window, course, most) {
  const { totals, change, slo } = windows[window];
  const parameter = by === ZONE ? ZONE : `where.${by}`;
  return h("tr", null,
    h("th", { scope: "row" }, value === null ? h("span", { class: "soft" }, "without")
      : h("a", { href: address.href("fleet", { [parameter]: value }) }, h("bdi", null, value))),
    h("td", { class: "number" }, count(stores)),
    h("td", { class: "number" }, h(states.down ? "b" : "span", { class: states.down ? "problem" : "soft" }, count(states.down))),
    h("td", { class: "number" }, percent(totals.ratio)),
    h("td", { class: `number delta${change?.ratio < -0.00005 ? " worse" : ""}` }, points(change?.ratio)),
    h("td", { class: "number" }, hours(totals.down)),
    slo !== undefined && budget(slo),
    h("td", { class: "fleet-spark" }, course && spark(course, most)));
}

/** The panel. */
export function groups() {
  let all = false;
  const heading = h("h2");
  const tools = h("div", { class: "row" });
  const head = h("tr");
  const body = h("tbody");
  const rest = h("p");
  const element = h("section", { class: "panel stack fleet-groups", "aria-label": "Groups" },
    h("div", { class: "row" }, heading, tools),
    h("div", { class: "fleet-scroll", tabIndex: 0, role: "region", "aria-label": "Groups of stores" },
      h("table", null, h("caption", { class: "unseen" }, "Groups of stores, the most down time first"), h("thead", null, head),
        body)), rest);

  /**
   * @param {Group[]} found
   * @param {string} by
   * @param {string} window
   * @param {Map<string | null, Course>} courses
   */
  function show(found, by, window, courses) {
    const most = Math.max(0.01, ...[...courses.values()].flatMap(({ up, down }) =>
      up.map((seconds, at) => down[at] / (seconds + down[at] || 1))));
    refill(body, (all ? found : found.slice(0, FEW)).map((group) => row(group, by, window, courses.get(group.value), most)));
    fill(rest, found.length > FEW && h("button", { type: "button", class: "plain", "aria-expanded": String(all), onclick: () => {
      all = !all;
      show(found, by, window, courses);
    } }, all ? "Fewer" : `All ${counted(found.length, "group")}`));
  }

  /**
   * The courses of groups, where there are not too many of them.
   * @param {URLSearchParams} query
   * @param {string} by
   * @param {number} groups
   * @param {AbortSignal} signal
   * @returns {Promise<Map<string | null, Course>>}
   */
  async function coursesOf(query, by, groups, signal) {
    if (groups > APART || hasSpan(query)) {
      return new Map();
    }
    const asked = about(query);
    asked.set("by", by);
    asked.set("step", String(STEP));
    const found = await api.get("v1/series", asked, signal);
    return new Map(found.by.map((/** @type {Course & { value: string | null }} */ one) => [one.value, one]));
  }

  return {
    element,
    /**
     * @param {URLSearchParams} query
     * @param {AbortSignal} signal
     */
    async update(query, signal) {
      const { names } = await api.get("v1/groups", about(query), signal);
      const [by, window, asked] = [groupedBy(query, names), windowOf(query), figures(query)];
      asked.set("by", by);
      if (query.has("target")) {
        asked.set("target", String(Number(query.get("target")) / 100));
      }
      const found = /** @type {Group[]} */ ((await api.get("v1/groups", asked, signal)).groups);
      const courses = await coursesOf(query, by, found.length, signal);
      found.sort((a, b) => b.windows[window].totals.down - a.windows[window].totals.down);
      fill(heading, "Groups", h("small", null, ` in the ${wordOf(window)}`));
      refill(tools, choice(names, by), target(query));
      fill(head, [by === ZONE ? "Zone" : by, "Stores", "Down now", "Up", "Change", "Down (h)",
        query.has("target") && "Budget used", courses.size > 0 ? "Down in the week" : ""].map((label, at) => label !== false
        && h("th", { scope: "col", class: at && at < 7 ? "number" : null }, label)));
      show(found, by, window, courses);
    },
  };
}
