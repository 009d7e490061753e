/**
 * What an alert is of, as a link where that leads anywhere.
 */

import * as address from "../../address.js";
import { h } from "../../h.js";
import { subjectText } from "./words.js";

/** @param {{ kind: string, id: string }} subject */
export function subjectLink(subject) {
  return subject.kind === "store" ? h("a", { class: "id", href: address.href("store", { id: subject.id }) },
    h("bdi", null, subject.id)) : h("span", null, subject.kind === "group" && h("span", { class: "soft" }, "group "),
    h("bdi", null, subjectText(subject)));
}
