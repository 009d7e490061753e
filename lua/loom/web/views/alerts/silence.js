/**
 * Keeps some alerts quiet for a while.
 */

import { asked } from "../../clock.js";
import { h } from "../../h.js";
import { send } from "../../writes.js";
import { untilField } from "./until.js";
import { whoField } from "./who.js";

const MATCHERS = [["rule", "Rule"], ["store", "Store"], ["severity", "Severity"]];

/**
 * @param {Record<string, string>} matchers what it is for
 * @returns {import("../../dialog.js").Edit}
 */
export function silence(matchers) {
  const fields = MATCHERS.map(([name, label]) => ({ name, label, input: h("input", { "data-field": `matchers.${name} matchers`,
    value: matchers[name] ?? "", autocomplete: "off", spellcheck: "false" }) }));
  const [who, until] = [whoField("author"), untilField("to", null)];
  const comment = h("input", { "data-field": "comment", maxlength: 1000, autocomplete: "off" });
  return {
    title: "Silence", action: "Silence",
    content: h("div", { class: "stack" },
      h("p", { class: "hint" }, "What meets all of these is told to nobody. It fires all the same, and is shown here."),
      h("div", { class: "edit-fields" }, fields.map(({ label, input }) => h("label", null, h("span", null, label), input)),
        until.element, who.element, h("label", null, h("span", null, "Why"), comment))),
    read: () => ({
      matchers: Object.fromEntries(fields.map(({ name, input }) => [name, input.value.trim()]).filter(([, value]) => value)),
      from: asked(Date.now()), to: until.read(), author: who.input.value.trim() || undefined,
      comment: comment.value.trim() || undefined,
    }),
    fieldOf: (message) => /: ([\w.]+): /.exec(message)?.[1] ?? "",
    save: (body) => send("POST", "v1/silences", { body }),
  };
}

/** @param {string} id of a silence */
export function unsilence(id) {
  return send("DELETE", `v1/silences/${encodeURIComponent(id)}`);
}
