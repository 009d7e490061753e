/**
 * How to begin, where there are no rules.
 */

import { h } from "../../h.js";

const EXAMPLE = `{ "rules": [
  { "name": "down", "severity": "critical", "channels": ["ops"],
    "when": { "kind": "down_for", "time": "30m" } } ],
  "channels": [ { "name": "ops", "kind": "slack",
    "url": "https://hooks.slack.com/services/…" } ] }
`;

/** @param {import("../../h.js").Child} button what makes a rule here */
export function begin(button) {
  return h("section", { class: "panel stack begin" }, h("h2", null, "No rules yet"),
    h("p", null, "A rule tells when stores need somebody, and a channel whom it is told to. This rule tells Slack when a store ",
      "has been down for 30 minutes of its opening hours: ", h("code", null, "loom apply DATABASE rules.json"), " takes it",
      button ? [", or ", button, " here."] : "."),
    h("pre", { tabIndex: 0 }, h("code", null, EXAMPLE)));
}
