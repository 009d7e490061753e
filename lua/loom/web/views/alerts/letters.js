/**
 * Messages that could not be delivered: each can be sent again, or dropped.
 */

import { show } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import * as session from "../../session.js";
import { send } from "../../writes.js";
import { act } from "./edits.js";
import { listing, long } from "./listing.js";

/** @param {any} letter */
function buttons({ id, channel, made }) {
  const path = `v1/notifications/${encodeURIComponent(id)}`;
  const about = `the message to ${channel} of ${show(made, undefined)}`;
  return [h("button", { type: "button", id: `again-${id}`, "aria-label": `Send again: ${about}`,
    onclick: () => act(() => send("POST", `${path}/retry`), "It is sent again.") }, "Send again"), " ",
  h("button", { type: "button", id: `drop-${id}`, "aria-label": `Drop ${about}`,
    onclick: () => act(() => send("DELETE", path), "It is dropped.") }, "Drop")];
}

/** @param {any} letter */
function row(letter) {
  const { channel, group, made, tries, answer } = letter;
  return [show(made, undefined), h("bdi", null, channel), h("bdi", null, group), tries, long(h("bdi", null, answer)),
    session.mayWrite() && buttons(letter)];
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show({ letters, query }) {
      refill([letters, session.mayWrite(), query.toString()], () => letters.length
        ? listing("messages that could not be delivered", ["Made", "Channel", "Group", { text: "Tries", number: true }, "Answer",
          { text: "Send again or drop", unseen: true }], letters.map(row))
        : h("p", { class: "hint" }, "None: everything that was told has arrived, or is on its way."));
    },
  };
}
