/**
 * What fires, by rule; what is about to; and what has ended lately.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { asked, duration, instant, show, zoneOf } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import * as session from "../../session.js";
import { counted } from "../../words.js";
import { begin } from "./begin.js";
import { buttons } from "./buttons.js";
import { edit } from "./edits.js";
import { listing, long } from "./listing.js";
import { subjectLink } from "./subject.js";
import { amount, badge, condition, flagTags, SEVERITIES } from "./words.js";

const MOST = 200; // alerts of a page
const LATELY = 20; // that have ended

/** @typedef {import("../alerts.js").Common} Common */

/**
 * What fires by rule, the worst first.
 * @param {any[]} alerts
 */
function byRule(alerts) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const alert of alerts) {
    groups.set(alert.rule, [...groups.get(alert.rule) ?? [], alert]);
  }
  /** @param {[string, any[]]} group */
  const rank = ([, [{ severity }]]) => SEVERITIES.indexOf(severity);
  return [...groups].sort((one, two) => rank(one) - rank(two) || (one[0] < two[0] ? -1 : 1));
}

/** @param {any} alert */
function remarks({ state, flags, ack }) {
  return h("span", { class: "row nowrap" }, state === "resolving" && h("span", { class: "tag",
    title: "it is over, but not yet for long enough" }, "resolving"), flagTags(flags),
  flags.acknowledged && h("span", { class: "soft" }, "by ", h("bdi", null, ack.who || "somebody"),
    ack.note && [": ", h("bdi", null, ack.note)], ack.until && ` until ${show(ack.until, undefined)}`));
}

/**
 * @param {any} alert
 * @param {Common} common
 */
function cells(alert, { query, asOf }) {
  const zone = zoneOf(query, alert.subject.timezone_str);
  const since = instant(alert.since) ?? 0;
  const end = Math.min(instant(alert.ended) ?? asOf, asOf);
  return [subjectLink(alert.subject), h("a", { id: `why-${alert.id}`, href: address.href("alerts", { alert: alert.id }) },
    show(since, zone), h("span", { class: "unseen" }, ": why")), duration(Math.max(0, end - since) / 1000),
  h("span", { title: `threshold: ${amount(alert.threshold, alert.unit)}` }, amount(alert.value, alert.unit))];
}

const HEADS = ["Of", "Since", { text: "For", number: true }, { text: "As told", number: true }];
const MORE = [{ text: "What is special", unseen: true }, { text: "Acknowledge or silence", unseen: true }];

/**
 * @param {Common} common
 * @param {[rule: string, alerts: any[]]} group
 */
function section(common, [name, alerts]) {
  const definition = common.rules.find((one) => one.name === name);
  const runbook = definition?.runbook;
  return h("section", { class: "stack firing" }, h("div", { class: "row" }, badge(alerts[0].severity),
    h("h2", null, h("bdi", null, name)), h("b", null, counted(alerts.length, "alert")),
    h("span", { class: "soft" }, condition(definition)),
    runbook && (/^https?:/.test(runbook) ? h("a", { href: runbook, target: "_blank", rel: "noopener noreferrer" }, "Runbook")
      : h("span", { class: "soft" }, "Runbook: ", h("bdi", null, runbook)))),
  listing(`alerts of ${name}`, [...HEADS, ...MORE], alerts.map((alert) => [...cells(alert, common), remarks(alert),
    !common.query.has("as_of") && buttons(alert)])));
}

/**
 * @param {any[]} alerts
 * @param {Common} common
 */
function over(alerts, common) {
  return h("details", { id: "ended" }, h("summary", null, `Ended lately: ${counted(alerts.length, "alert")}`),
    listing("alerts that have ended", [...HEADS, "Rule", "Ended", "Why"], alerts.map((alert) => [...cells(alert, common),
      [badge(alert.severity), " ", h("bdi", null, alert.rule)],
      show(alert.ended, zoneOf(common.query, alert.subject.timezone_str)),
      long(alert.reason?.replaceAll("_", " ") ?? alert.state)])));
}

/**
 * @param {any[]} list
 * @param {Common} common
 */
function toCome(list, { query, asOf }) {
  return h("section", { class: "stack" }, h("h2", null, "About to fire"),
    h("p", { class: "hint" }, "True, but not yet for as long or as often as the rule asks for. Nobody is told."),
    listing("what is about to fire", ["Of", "Rule", "True since", { text: "For", number: true }], list.map((one) =>
      [subjectLink(one.subject), [badge(one.severity), " ", h("bdi", null, one.rule)],
        show(one.since, zoneOf(query, one.subject.timezone_str)), duration(Math.max(0, asOf - one.since) / 1000)])));
}

const NONE = { alerts: [], pending: [], next_cursor: null };

/**
 * What there was at the instant that is looked at; what there is now where none is.
 * @param {Common} common
 * @param {AbortSignal} signal
 * @returns {Promise<{ firing: any, ended: any, pending: any }>}
 */
async function load({ query, asOf }, signal) {
  const shared = { limit: MOST, time: "ms" };
  const cursor = query.get("cursor");
  const isThen = query.has("as_of");
  if (isThen || cursor) {
    const which = isThen ? { from: asked(asOf), to: asked(asOf + 1) } : { state: "open" };
    return { firing: await api.get("v1/alerts", { ...which, cursor, ...shared }, signal), ended: NONE, pending: NONE };
  }
  const over = new URLSearchParams([["state", "resolved"], ["state", "expired"], ["limit", String(LATELY)], ["time", "ms"]]);
  const [firing, ended, pending] = await Promise.all([api.get("v1/alerts", { state: "open", ...shared }, signal),
    api.get("v1/alerts", over, signal),
    api.get("v1/alerts/pending", shared, signal)]);
  return { firing, ended, pending };
}

/**
 * @param {any} firing a page of alerts
 * @param {URLSearchParams} query
 */
function pages({ next_cursor }, query) {
  const isLater = query.has("cursor");
  return (isLater || next_cursor) && h("nav", { class: "row", "aria-label": "Pages of alerts" },
    isLater && h("a", { id: "newest", class: "button", href: address.href("alerts") }, "Newest"),
    next_cursor && h("a", { id: "older", class: "button", href: address.href("alerts", { cursor: next_cursor }) }, "Older"),
    next_cursor && h("span", { class: "hint" }, `A page has ${MOST} alerts.`));
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show(common, signal) {
      const { query, rules, mayManage, asOf } = common;
      const { firing, ended, pending } = await load(common, signal);
      const moves = firing.alerts.length + pending.pending.length > 0;
      refill([firing, ended, pending, rules, session.mayWrite(), query.toString(), moves && asOf], () => [
        mayManage && !rules.length ? begin(session.mayWrite() && h("button", { type: "button", id: "first-rule",
          onclick: () => edit(async () => (await import("./rule.js")).ruleEdit(null, common)) }, "make one"))
          : !firing.alerts.length && h("p", { class: "quiet-line" }, h("i", { class: "key up" }), " Nothing fires."),
        byRule(firing.alerts).map((group) => section(common, group)),
        pages(firing, query),
        pending.pending.length > 0 && toCome(pending.pending, common),
        ended.alerts.length > 0 && over(ended.alerts, common),
      ]);
    },
  };
}
