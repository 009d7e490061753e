/**
 * What can be done about an alert.
 */

import { h } from "../../h.js";
import * as session from "../../session.js";
import { act, edit } from "./edits.js";
import { subjectText } from "./words.js";

const load = () => import("./acknowledge.js");

/** @param {any} alert */
export function buttons(alert) {
  const { id, rule, subject, flags } = alert;
  const of = `${rule} of ${subjectText(subject)}`;
  /** @type {Record<string, string>} */
  const matchers = subject.kind === "store" ? { rule, store: subject.id } : { rule };
  return session.mayWrite() && [flags.acknowledged
    ? h("button", { type: "button", id: `ack-${id}`, "aria-label": `Take back the acknowledgement of ${of}`,
      onclick: () => act(async () => (await load()).unacknowledge(id), "It is not acknowledged any more.") }, "Take back")
    : h("button", { type: "button", id: `ack-${id}`, "aria-label": `Acknowledge ${of}`,
      onclick: () => edit(async () => (await load()).acknowledgement(alert)) }, "Acknowledge…"), " ",
  h("button", { type: "button", id: `silence-${id}`, "aria-label": `Silence ${of}`,
    onclick: () => edit(async () => (await import("./silence.js")).silence(matchers)) }, "Silence…")];
}
