/**
 * One alert: why it fires, what happened, and what was told to whom.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { asked, duration, instant, show, zoneOf } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import { counted } from "../../words.js";
import { buttons } from "./buttons.js";
import { listing, long } from "./listing.js";
import { subjectLink } from "./subject.js";
import { amount, badge, condition, FLAGS, flagTags } from "./words.js";

/** @typedef {import("../alerts.js").Common} Common */

/** @type {Record<string, string>} */
const RESULTS = { true: "It holds", false: "It does not hold", none: "There is no result" };

/** @type {Record<string, string>} */
const ABSENCES = { closed: "closed", excluded: "excluded", dormant: "dormant", held: "the feed is stale, so nothing moves",
  unknown: "too little is known" };

/** @type {Record<string, string>} */
const PHASES = { ok: "quiet", pending: "true, but not yet for long enough", firing: "fires",
  resolving: "over, but not yet for long enough" };

/**
 * @param {string} term
 * @param {...import("../../h.js").Child} description
 */
function fact(term, ...description) {
  return h("div", null, h("dt", null, term), h("dd", null, description));
}

/**
 * What the verdict was made from.
 * @param {any} evidence
 * @param {string | undefined} zone
 */
function evidenceFacts(evidence, zone) {
  /** @param {string} from @param {string} to */
  const span = (from, to) => evidence[from] && `${show(evidence[from], zone)} – ${show(evidence[to], zone)}`;
  const sum = (evidence.up ?? 0) + (evidence.down ?? 0) + (evidence.unknown ?? 0);
  const [looked, opening] = [span("from", "to"), span("open", "close")];
  return [evidence.state && fact("The store is", h("i", { class: `key ${evidence.state}` }), " ", h("b", null, evidence.state)),
    looked && fact("Looked at", looked), opening && fact("Opening", opening),
    evidence.last_poll && fact("Last poll", show(evidence.last_poll, zone, "full")),
    evidence.polls > 0 && fact("Polls", `${evidence.polls}, ${evidence.inactive} of them inactive`),
    evidence.outages > 0 && fact("Outages", evidence.outages),
    evidence.stores_open > 0 && fact("Stores open", `${evidence.stores_open}, ${evidence.stores_down} of them down`),
    sum > 0 && fact("Business time", ["up", "down", "unknown", "excluded"].filter((name) => evidence[name] > 0)
      .map((name, at) => [at > 0 && ", ", h("i", { class: `key ${name}` }), ` ${name} ${duration(evidence[name])}`]))];
}

/**
 * @param {any} why
 * @param {any} rule
 * @param {string | undefined} zone
 */
function verdict(why, rule, zone) {
  const evidence = why.evidence ?? {};
  return [h("p", null, h("b", null, RESULTS[why.result] ?? why.result), ` at ${show(why.at, zone, "full")}`,
    why.absence && `: ${ABSENCES[why.absence] ?? why.absence}`, "."),
  h("dl", { class: "facts-list" },
    fact("Condition", condition(rule) || why.kind),
    why.result !== "none" && fact("Value", h("b", null, amount(why.value, why.unit)),
      ` against ${amount(why.threshold, why.unit)}`),
    evidenceFacts(evidence, zone),
    fact("State", PHASES[why.phase] ?? why.phase, why.flapping && ", flapping"),
    why.true_for > 0 && fact("True for", `${duration(why.true_for)} of business time`),
    why.results > 0 && fact("Remembered", counted(why.results, "result")))];
}

/**
 * @param {any} alert
 * @param {string | undefined} zone
 */
function events({ events: list, unit }, zone) {
  return listing("events of the alert", ["At", "State", { text: "Value", number: true }, "What was said"],
    list.map((/** @type {any} */ one) => [show(one.at, zone), [one.state, one.reason && h("span", { class: "soft" }, " ",
      one.reason.replaceAll("_", " "))], amount(one.value, one.unit ?? unit), long(h("bdi", null, one.text))]));
}

/**
 * @param {any} alert
 * @param {string | undefined} zone
 */
function deliveries({ deliveries: list }, zone) {
  return list.length ? listing("deliveries", ["Channel", "Made", "What", "Outcome", { text: "Tries", number: true }, "Answer"],
    list.map((/** @type {any} */ one) => [h("bdi", null, one.channel), show(one.made, zone), one.state, one.outcome, one.tries,
      long(h("bdi", null, one.answer))]))
    : h("p", { class: "hint" }, "Nobody: the rule names no channel, or something kept it quiet.");
}

/**
 * @param {any} alert
 * @param {any} why
 * @param {Common} common
 */
function content(alert, why, common) {
  const { query, asOf, rules } = common;
  const zone = zoneOf(query, alert.subject.timezone_str);
  const rule = rules.find((one) => one.name === alert.rule);
  const since = instant(alert.since) ?? 0;
  const ended = instant(alert.ended);
  const at = query.get("at");
  const named = Object.entries(FLAGS).filter(([name]) => alert.flags[name]);
  /** @param {string | null} to @param {string} text */
  const moment = (to, text) => h("a", { class: "button", "aria-current": at === to ? "true" : null,
    href: address.href("alerts", { alert: alert.id, at: to }) }, text);
  const over = ended !== null && [`ended ${show(ended, zone, "full")}`, alert.reason
    && h("span", { class: "soft" }, alert.reason.replaceAll("_", " "))];
  return [h("p", null, h("a", { href: address.href("alerts") }, "← All alerts")),
    h("section", { class: "panel stack" },
      h("div", { class: "row" }, badge(alert.severity), h("h1", null, h("bdi", null, alert.rule)), subjectLink(alert.subject)),
      h("p", { class: "state-line row" }, h("b", null, alert.state), `since ${show(since, zone, "full")}`,
        h("span", { class: "soft" }, `(${duration(Math.max(0, (ended ?? asOf) - since) / 1000)})`), over, flagTags(alert.flags)),
      h("p", null, h("bdi", null, alert.text)),
      named.length > 0 && h("ul", { class: "hint flags" }, named.map(([name, text]) => h("li", null, h("b", null, name),
        `: ${text} `, name === "inhibited" && alert.inhibited_by
          && h("a", { href: address.href("alerts", { alert: alert.inhibited_by }) }, "Which one")))),
      ended === null && h("p", { class: "row" }, buttons(alert))),
    h("section", { class: "panel stack" },
      h("div", { class: "row spread" }, h("h2", null, "Why"), h("span", { class: "switch" }, moment(null, "As of now"),
        moment(asked(instant(alert.at) ?? 0), "When it fired"))),
      why ? verdict(why, rule, zone) : h("p", { class: "hint" },
        why === null ? "Its rule is no more, or is a function." : "…")),
    h("section", { class: "panel stack" }, h("h2", null, "What happened"), events(alert, zone)),
    alert.deliveries && h("section", { class: "panel stack" }, h("h2", null, "Who was told"), deliveries(alert, zone))];
}

/**
 * @param {string} path of the alert
 * @param {string | null} at
 * @param {AbortSignal} signal
 * @returns {Promise<any>} null: its rule has been removed, or is of stores no more
 */
async function explanation(path, at, signal) {
  try {
    return await api.get(`${path}/explain`, { at, time: "ms" }, signal);
  } catch (error) {
    if (error instanceof api.ApiError && (error.status === 404 || error.status === 409)) {
      return null;
    }
    throw error;
  }
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  /** @type {{ of: string, why: any }} the explanation that was shown last, which stays until the next is there */
  let last = { of: "", why: undefined };
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show(common, signal) {
      const { query, rules, mayManage } = common;
      const path = `v1/alerts/${encodeURIComponent(query.get("alert") ?? "")}`;
      const of = `${path} ${query.get("at")}`;
      const alert = await api.get(path, { time: "ms" }, signal);
      const isExplained = alert.subject.kind === "store" && (!mayManage || rules.some(({ name }) => name === alert.rule));
      /** @param {any} why undefined: it is waited for */
      const put = (why) => refill([alert, why === undefined ? "" : why, query.toString(), rules,
        alert.ended === null && common.asOf], () => content(alert, why, common));
      put(isExplained ? last.of === of ? last.why : undefined : null);
      if (isExplained) {
        last = { of, why: await explanation(path, query.get("at"), signal) };
        put(last.why);
      }
    },
  };
}
