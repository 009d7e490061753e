/**
 * The channels that alerts are told to: how they are, and what went to them last.
 */

import { show } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import * as session from "../../session.js";
import { send } from "../../writes.js";
import { act, edit } from "./edits.js";
import { listing, long } from "./listing.js";

const load = () => import("./channel.js");

const HEADS = ["Channel", "Kind", "State", "Last delivery", { text: "Test or change", unseen: true }];

/** @param {any} status */
function state({ disabled, disabled_reason: reason, failing_since: failing, awaited, hold_until: hold }) {
  return disabled ? [h("b", { class: "problem" }, "disabled"), reason && [": ", h("bdi", null, reason)]]
    : awaited.length ? h("b", { class: "problem" }, `waits for its ${awaited.join(", ")}`)
      : failing ? [h("b", { class: "problem" }, "failing"), ` since ${show(failing, undefined)}`]
        : hold ? `held until ${show(hold, undefined)}` : "takes what is sent";
}

/** @param {any} status */
function delivery({ last_at: at, last_outcome: outcome }) {
  return outcome ? [show(at, undefined), " ", h("b", { class: outcome === "dead" ? "problem" : null }, outcome)]
    : h("span", { class: "soft" }, "nothing yet");
}

/**
 * @param {string} name
 * @param {string} kind
 */
function buttons(name, kind) {
  /** @param {string} key @param {string} text @param {string} label @param {() => void} onclick */
  const button = (key, text, label, onclick) => h("button",
    { type: "button", id: `${key}-${name}`, "aria-label": label, onclick }, text);
  return [kind !== "heartbeat" && [button("test", "Test", `Send a test to ${name}`, () => act(() =>
    send("POST", `v1/channels/${encodeURIComponent(name)}/test`), `A test is on its way to ${name}.`)), " "],
  kind !== "command" && [button("change", "Change…", `Change the channel ${name}`, () =>
    edit(async () => (await load()).channelEdit(name))), " "], // one that runs programs is set where they run
  button("remove", "Remove…", `Remove the channel ${name}`, () => edit(async () => (await load()).channelRemoval(name)))];
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show({ channels, query }) {
      const may = session.mayWrite();
      refill([channels, may, query.toString()], () => [
        channels.length ? listing("channels", HEADS, channels.map(({ name, kind, status }) => [h("bdi", null, name), kind,
          long(state(status)), long(delivery(status)), may && buttons(name, kind)]))
          : h("p", { class: "hint" }, "No channels: alerts are shown here, and told to nobody."),
        may && h("p", null, h("button", { type: "button", class: "first", id: "new-channel",
          onclick: () => edit(async () => (await load()).channelEdit(null)) }, "New channel…"))]);
    },
  };
}
