/**
 * The objectives, which rules about error budgets name.
 */

import { h } from "../../h.js";
import * as session from "../../session.js";
import { edit } from "./edits.js";
import { listing, long } from "./listing.js";
import { conditionsText, percentOf } from "./ruleform.js";
import { time } from "./words.js";

const load = () => import("./objective.js");

/** @param {any} objective */
function row({ name, target, window = "28d", stores, comment }) {
  return [h("bdi", null, name), `${percentOf(target)} %`, window === "month" ? "the month" : time(window),
    long(stores ? h("bdi", null, stores.where && Object.keys(stores).length === 1 ? conditionsText(stores.where)
      : JSON.stringify(stores)) : h("span", { class: "soft" }, "all")), long(h("bdi", null, comment ?? "")),
    session.mayWrite() && [h("button", { type: "button", id: `objective-${name}`, "aria-label": `Change the objective ${name}`,
      onclick: () => edit(async () => (await load()).objectiveEdit(name)) }, "Change…"), " ",
    h("button", { type: "button", id: `no-objective-${name}`, "aria-label": `Remove the objective ${name}`,
      onclick: () => edit(async () => (await load()).objectiveRemoval(name)) }, "Remove…")]];
}

/** @param {any[]} list */
export function objectives(list) {
  return h("section", { class: "panel stack" }, h("div", { class: "row spread" }, h("h2", null, "Objectives"),
    session.mayWrite() && h("button", { type: "button", id: "new-objective",
      onclick: () => edit(async () => (await load()).objectiveEdit(null)) }, "New objective…")),
  list.length > 0 ? listing("objectives", ["Name", { text: "Target", number: true }, "Over", "Stores", "Why",
    { text: "Change", unseen: true }], list.map(row))
    : h("p", { class: "hint" }, "None. An objective is a share of time that stores are to be up for, which rules about error "
      + "budgets name."));
}
