/**
 * What keeps alerts quiet: silences, which end, and mutes, which are hours of every week.
 */

import * as api from "../../api.js";
import { instant, show } from "../../clock.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import * as session from "../../session.js";
import { act, edit } from "./edits.js";
import { listing, long } from "./listing.js";

const loadSilence = () => import("./silence.js");
const loadMute = () => import("./mute.js");

const CHANGE = { text: "Change", unseen: true };

/** @param {unknown} value of a matcher */
function valueText(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([name, one]) => `${name}=${one}`).join(", ") : [value].flat().join(", ");
}

/** @param {Record<string, unknown>} matchers */
function matchersOf(matchers) {
  return Object.entries(matchers).map(([name, value], at) => [at > 0 && ", ", h("span", { class: "soft" }, `${name} `),
    h("bdi", null, valueText(value))]);
}

/** @param {any} one */
function silenceRow(one) {
  const now = Date.now();
  const [from, to] = [instant(one.from) ?? 0, instant(one.to) ?? 0];
  const end = show(one.to, undefined);
  return [matchersOf(one.matchers),
    to < now ? h("span", { class: "soft" }, "over") : from > now ? "to come" : h("b", null, "now"),
    show(one.from, undefined), end, h("bdi", null, one.author), long(h("bdi", null, one.comment)),
    session.mayWrite() && to >= now && h("button", { type: "button", id: `unsilence-${one.id}`,
      "aria-label": `End the silence until ${end}`,
      onclick: () => act(async () => (await loadSilence()).unsilence(one.id), "The silence has ended.") }, "End")];
}

/** @param {any} mute */
function muteRow({ name, hours, zone, passes }) {
  return [h("bdi", null, name), long(h("bdi", null, typeof hours === "string" ? hours : JSON.stringify(hours))),
    h("bdi", null, zone), passes ? `${passes} and worse` : h("span", { class: "soft" }, "nothing"),
    session.mayWrite() && [h("button", { type: "button", id: `mute-${name}`, "aria-label": `Change the mute ${name}`,
      onclick: () => edit(async () => (await loadMute()).muteEdit(name)) }, "Change…"), " ",
    h("button", { type: "button", id: `unmute-${name}`, "aria-label": `Remove the mute ${name}`,
      onclick: () => edit(async () => (await loadMute()).muteRemoval(name)) }, "Remove…")]];
}

/**
 * @param {string} title
 * @param {string} about what such a one is, where there is none
 * @param {import("../../h.js").Child} button
 * @param {import("../../h.js").Child} table
 */
function section(title, about, button, table) {
  return h("section", { class: "panel stack" }, h("div", { class: "row spread" }, h("h2", null, title), button),
    table || h("p", { class: "hint" }, about));
}

/** @returns {import("../alerts.js").Part} */
export function part() {
  const element = h("div", { class: "stack" });
  const refill = refilling(element);
  return {
    element,
    async show({ query }, signal) {
      const [{ silences }, { mutes }] = await Promise.all([api.get("v1/silences", {}, signal), api.get("v1/mutes", {}, signal)]);
      const may = session.mayWrite();
      refill([silences, mutes, may, query.toString()], () => [
        section("Silences", "None. A silence keeps some alerts quiet until it ends, as while a store is being rebuilt.",
          may && h("button", { type: "button", id: "new-silence",
            onclick: () => edit(async () => (await loadSilence()).silence({})) }, "New silence…"),
          silences.length > 0 && listing("silences", ["Of", { text: "Whether it holds", unseen: true }, "From", "To", "Who",
            "Why", CHANGE], silences.map(silenceRow))),
        section("Mutes", "None. A mute is hours of the week in which the rules that name it wait: what still fires when they end "
          + "is told in one message.", may && h("button", { type: "button", id: "new-mute",
          onclick: () => edit(async () => (await loadMute()).muteEdit(null)) }, "New mute…"),
        mutes.length > 0 && listing("mutes", ["Name", "Hours", "Zone", "What passes", CHANGE], mutes.map(muteRow)))]);
    },
  };
}
