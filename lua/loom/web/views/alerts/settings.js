/**
 * The settings of alerts: from when on the feed is stale, and a store dormant.
 */

import * as api from "../../api.js";
import { duration } from "../../clock.js";
import { h } from "../../h.js";
import * as session from "../../session.js";
import { counted } from "../../words.js";
import { send, tagged } from "../../writes.js";
import { edit } from "./edits.js";
import { labelled } from "./ruleform.js";
import { time } from "./words.js";

const PATH = "v1/alert-settings";

/** What holds where nothing is set. */
const DEFAULTS = { stale_after: "30m", dormant_after: "7d" };

/** @typedef {{ stale_after: string | number | null, dormant_after: string | number | null }} Settings */

/**
 * What the settings being typed would make of the fleet as it is.
 * @param {Settings} value
 * @param {AbortSignal} signal
 * @returns {Promise<import("../../dialog.js").Outcome>}
 */
async function look({ dormant_after: after }, signal) {
  const now = await api.get("v1/now", { dormant_after: after ?? DEFAULTS.dormant_after }, signal);
  return { shown: now.newest_poll !== null && h("p", null, counted(now.counts.dormant, "store"),
    now.counts.dormant === 1 ? " is" : " are", ` dormant by it. The newest poll is ${duration(now.lag)} old.`) };
}

/** @returns {Promise<import("../../dialog.js").Edit>} */
async function settingsEdit() {
  let { body, tag } = await tagged(PATH);
  /** @param {"stale_after" | "dormant_after"} name */
  const field = (name) => h("input", { "data-field": name, value: String(body[name] ?? ""), placeholder: DEFAULTS[name],
    autocomplete: "off", spellcheck: "false" });
  const [stale, dormant] = [field("stale_after"), field("dormant_after")];
  return {
    title: "Settings of alerts", action: "Save", reasoned: true,
    content: h("div", { class: "edit-fields" },
      labelled("Feed stale after", stale, "without a poll, or three times its usual gap; such as 45m; empty: 30 minutes"),
      labelled("Store dormant after", dormant, "without an active poll; such as 14d; empty: 7 days")),
    read: () => ({ stale_after: stale.value.trim() || null, dormant_after: dormant.value.trim() || null }),
    look,
    save: (value, reason) => send("PUT", PATH, { body: value, match: tag, query: { reason } }),
    differs(current) {
      tag = null;
      return sentence(current);
    },
  };
}

/** @param {Settings} settings */
function sentence({ stale_after: stale, dormant_after: dormant }) {
  return `the feed is stale after ${time(stale ?? DEFAULTS.stale_after)} without a poll, and a store dormant after `
    + `${time(dormant ?? DEFAULTS.dormant_after)} without an active one`;
}

/** @param {Settings} settings */
export function settings(settings) {
  const text = sentence(settings);
  return h("section", { class: "panel stack" }, h("div", { class: "row spread" }, h("h2", null, "Settings"),
    session.mayWrite() && h("button", { type: "button", id: "change-settings", "aria-label": "Change the settings",
      onclick: () => edit(settingsEdit) }, "Change…")),
  h("p", null, `${text[0].toUpperCase()}${text.slice(1)}. Nothing of a stale feed fires, which is an alert by itself; and no `
    + "rule is about dormant stores unless it says so."));
}
