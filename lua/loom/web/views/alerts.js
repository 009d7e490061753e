/**
 * Alerts: what fires and why, the rules by which it does, the channels that it is told to, and what keeps it quiet.
 */

import * as address from "../address.js";
import * as api from "../api.js";
import { instant } from "../clock.js";
import { fill, h } from "../h.js";
import * as live from "../live.js";
import { refilling } from "../refilling.js";
import * as session from "../session.js";
import { counted } from "../words.js";
import { styled } from "./alerts/style.js";

export const title = "Alerts";

const PAUSE = 1000; // milliseconds from an event to a look: a storm has many
const RULES = 1000; // as many as there may be
const LETTERS = 100; // dead letters that are shown

/** @type {Record<string, [label: string, load: () => Promise<{ part: () => Part }>]>} */
const PARTS = {
  firing: ["Firing", () => import("./alerts/firing.js")],
  rules: ["Rules", () => import("./alerts/rules.js")],
  channels: ["Channels", () => import("./alerts/channels.js")],
  quiet: ["Quiet", () => import("./alerts/quiet.js")],
  letters: ["Dead letters", () => import("./alerts/letters.js")],
};

/**
 * What all parts need. Whoever sees some stores alone sees their alerts, and nothing of what is for all.
 * @param {URLSearchParams} query
 * @param {any} now
 * @param {AbortSignal} signal
 * @returns {Promise<Common>}
 */
async function load(query, now, signal) {
  const mayManage = session.current().where === null;
  const asOf = instant(now.as_of) ?? 0;
  if (!mayManage) {
    return { query, asOf, mayManage, rules: [], channels: [], letters: [] };
  }
  const [rules, channels, letters] = await Promise.all([api.get("v1/alert-rules", { limit: RULES }, signal),
    api.get("v1/channels", {}, signal), api.get("v1/notifications", { outcome: "dead", limit: LETTERS, time: "ms" }, signal)]);
  return { query, asOf, mayManage, rules: rules.rules, channels: channels.channels, letters: letters.notifications };
}

/** @param {Common} common */
function warnings({ channels, letters }) {
  const bad = channels.filter((one) => one.status.disabled || one.status.failing_since);
  const many = letters.length === LETTERS ? `${LETTERS} messages or more` : counted(letters.length, "message");
  return (bad.length > 0 || letters.length > 0) && h("p", { class: "problem" },
    bad.length > 0 && [bad.length === 1 ? "A channel does not take what is sent: " : "Channels do not take what is sent: ",
      h("a", { href: address.href("alerts", { part: "channels" }) }, h("bdi", null, bad.map(({ name }) => name).join(", "))),
      ". "],
    letters.length > 0 && [h("a", { href: address.href("alerts", { part: "letters" }) }, many), " could not be delivered."]);
}

/** @returns {import("../view.js").View} */
export function open() {
  const tabs = h("nav", { class: "switch", "aria-label": "Alerts" });
  const told = h("div", { class: "stack told" });
  const place = h("div");
  const [refillTabs, refillTold] = [tabs, told].map(refilling);
  /** @type {{ name: string, part: Part } | null} */
  let shown = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let looking;

  /** @param {string} name @param {() => Promise<{ part: () => Part }>} load @param {AbortSignal} signal */
  async function partOf(name, load, signal) {
    if (shown?.name !== name) {
      const { part } = await load();
      signal.throwIfAborted();
      shown = { name, part: part() };
      fill(place, shown.part.element);
    }
    return /** @type {{ part: Part }} */ (shown).part;
  }

  // Others may acknowledge and silence, too, which is in the audit.
  const ends = ["alert", "audit"].map((kind) => live.subscribe(kind, () => {
    looking ??= setTimeout(() => {
      looking = undefined;
      address.renew();
    }, PAUSE);
  }));

  return {
    element: h("div", { class: "stack alerts" }, h("h1", { class: "unseen" }, title), tabs, told, place),
    async update({ query }, signal, now) {
      const [common] = await Promise.all([load(query, now, signal), styled()]);
      signal.throwIfAborted();
      const wanted = query.get("part") ?? "firing";
      const name = common.mayManage && Object.hasOwn(PARTS, wanted) ? wanted : "firing";
      const one = query.get("alert");
      refillTabs([name, one, common.mayManage, query.toString()], () => common.mayManage && Object.entries(PARTS).map(
        ([part, [label]]) => h("a", { id: `part-${part}`, class: "button", href: address.href("alerts",
          { part: part === "firing" ? null : part }), "aria-current": part === name && !one ? "page" : null }, label)));
      refillTold([common.channels, common.letters, query.toString()], () => warnings(common));
      const part = one ? await partOf("one", () => import("./alerts/one.js"), signal)
        : await partOf(name, PARTS[name][1], signal);
      await part.show(common, signal);
    },
    close() {
      ends.forEach((end) => end());
      clearTimeout(looking);
    },
  };
}

/**
 * @typedef {object} Common
 * @property {URLSearchParams} query of the address
 * @property {number} asOf milliseconds
 * @property {boolean} mayManage whether who looks sees rules and channels
 * @property {any[]} rules
 * @property {any[]} channels
 * @property {any[]} letters that could not be delivered
 */

/** @typedef {{ element: HTMLElement, show: (common: Common, signal: AbortSignal) => Promise<void> }} Part */
