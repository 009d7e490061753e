/**
 * The data behind all views: loading files, what is likely wrong with what is there, and what there is.
 */

import * as api from "../api.js";
import { fill, h } from "../h.js";
import * as session from "../session.js";
import { facts } from "./data/facts.js";
import { findings } from "./data/findings.js";
import { upload } from "./data/upload.js";

export const title = "Data";

/** @returns {import("./index.js").View} */
export function open() {
  const loading = h("section", { class: "panel stack" }, h("h2", null, "Load files"));
  const found = h("div");
  const numbers = h("div");
  return {
    element: h("div", { class: "stack data" }, loading,
      h("section", { class: "panel stack" }, h("h2", null, "What is likely wrong"), found),
      h("section", { class: "panel stack" }, h("h2", null, "What there is"), numbers)),
    async update(_address, signal) {
      loading.hidden = !session.mayWrite();
      if (loading.childElementCount === 1) {
        loading.append(upload());
      }
      const [doctor, info] = await Promise.all([api.get("v1/doctor", {}, signal), api.get("v1/info", {}, signal)]);
      fill(found, findings(doctor));
      fill(numbers, facts(info));
    },
  };
}
