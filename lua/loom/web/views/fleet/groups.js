/**
 * The chosen stores by an attribute or by zone: where down time comes from, the most of it first.
 */

import * as address from "../../address.js";
import { duration, hours } from "../../clock.js";
import { copy } from "../../copy.js";
import * as fresh from "../../fresh.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import { sheet } from "../../sheet.js";
import { count, counted, percent, points } from "../../words.js";
import { spark } from "./groups/spark.js";
import { about, figures, hasSpan, windowOf, wordOf, unsorted } from "./question.js";

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

/**
 * The share of time that stores are meant to be up, from which groups have a budget of down time.
 * @param {URLSearchParams} query
 */
function target(query) {
  const input = h("input", { type: "number", min: 0, max: 100, step: "any", value: query.get("target") ?? "", placeholder: "–",
    class: "fleet-target", "aria-label": "Target, in percent of the time",
    onchange: () => input.validity.valid && address.alter({ target: input.value || null }) });
  return h("label", { class: "row" }, "target", input, "%");
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

/**
 * @typedef {object} Shown
 * @property {Group[]} found the most down time first
 * @property {string} by
 * @property {string} window
 * @property {[value: string | null, course: Course][]} courses
 * @property {boolean} hasTarget
 * @property {boolean} all whether all groups are shown
 */

/** @param {Shown} shown */
function table({ found, by, window, courses, hasTarget, all }) {
  const most = Math.max(0.01, ...courses.flatMap(([, { up, down }]) =>
    up.map((seconds, at) => down[at] / (seconds + down[at] || 1))));
  const courseOf = new Map(courses);
  return h("table", null, h("caption", { class: "unseen" }, "Groups of stores, the most down time first"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, by === ZONE ? "Zone" : by),
      ["Stores", "Down now", "Up", "Change", "Down (h)"].map((label) => h("th", { scope: "col", class: "number" }, label)),
    hasTarget && h("th", { scope: "col", class: "number" }, "Budget used"),
    h("th", { scope: "col", class: "fleet-spark" }, courses.length > 0 && "Down in the week"))),
    h("tbody", null, (all ? found : found.slice(0, FEW)).map((group) =>
      row(group, by, window, courseOf.get(group.value), most))));
}

/** The panel. */
export function groups() {
  let all = false;
  /** @type {Map<string | null, Course>} */
  let courses = new Map();
  let coursed = ""; // the question that these are of
  const heading = h("h2");
  const tools = h("div", { class: "row" });
  const rows = sheet("Groups of stores");
  const rest = h("p");
  const element = h("section", { class: "panel stack fleet-groups", "aria-label": "Groups" },
    h("div", { class: "row" }, heading, tools), rows, rest);
  const [refillHeading, refillTools, refillRows, refillRest] = [heading, tools, rows, rest].map(refilling);

  /**
   * @param {Omit<Shown, "all">} shown
   * @param {URLSearchParams} query which links keep
   */
  function show(shown, query) {
    refillRows([shown, all, unsorted(query)], () => table({ ...shown, all }));
    refillRest([shown, all], () => shown.found.length > FEW && h("button", { type: "button", class: "plain",
      "aria-expanded": String(all), onclick: () => {
        all = !all;
        show(shown, query);
      } }, all ? "Fewer" : `All ${counted(shown.found.length, "group")}`));
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
    const found = await fresh.get("v1/series", asked, signal);
    return new Map(found.by.map((/** @type {Course & { value: string | null }} */ one) => [one.value, one]));
  }

  return {
    element,
    /**
     * @param {URLSearchParams} query
     * @param {AbortSignal} signal
     */
    async update(query, signal) {
      const all = (await fresh.get("v1/groups", about(query), signal)).names;
      const names = copy ? all.filter((/** @type {{ name: string }} */ { name }) => copy?.groups(name)) : all;
      const [by, window, asked] = [groupedBy(query, names), windowOf(query), figures(query)];
      asked.set("by", by);
      if (query.has("target")) {
        asked.set("target", String(Number(query.get("target")) / 100));
      }
      const answer = /** @type {Group[]} */ ((await fresh.get("v1/groups", asked, signal)).groups);
      const found = answer.toSorted((a, b) => b.windows[window].totals.down - a.windows[window].totals.down);
      refillHeading(window, () => ["Groups", h("small", null, ` in the ${wordOf(window)}`)]);
      refillTools([names, by, unsorted(query)], () => [choice(names, by), !copy && target(query)]);
      const showAll = () => show({ found, by, window, courses: [...courses], hasTarget: query.has("target") }, query);
      if (coursed !== `${by} ${unsorted(query)}`) {
        courses = new Map();
      }
      showAll(); // courses take longer
      [courses, coursed] = [await coursesOf(query, by, answer.length, signal),
        `${by} ${unsorted(query)}`];
      showAll();
    },
  };
}
