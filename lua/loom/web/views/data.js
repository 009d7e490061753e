/**
 * The data behind all views: loading files, what is likely wrong with what is there, and what there is.
 */

import * as api from "../api.js";
import { fill, h } from "../h.js";
import * as session from "../session.js";
import { facts } from "./data/facts.js";
import { findings } from "./data/findings.js";
import { entries } from "./data/log.js";
import { upload } from "./data/upload.js";

export const title = "Data";

const LOGGED = 20; // files that the log shows

/** @returns {import("./index.js").View} */
export function open() {
  const loading = h("section", { class: "panel stack" }, h("h2", null, "Load files"));
  const found = h("div");
  const numbers = h("div");
  const log = h("div");

  /** @param {AbortSignal} [signal] */
  async function look(signal) {
    const [doctor, info, audit] = await Promise.all([api.get("v1/doctor", {}, signal), api.get("v1/info", {}, signal),
      api.get("v1/audit", { kind: "ingest", limit: LOGGED }, signal)]);
    fill(found, findings(doctor));
    fill(numbers, facts(info));
    fill(log, entries(audit.entries));
  }

  return {
    element: h("div", { class: "stack data" }, loading,
      h("section", { class: "panel stack" }, h("h2", null, "What is likely wrong"), found),
      h("section", { class: "panel stack" }, h("h2", null, "Files that were loaded"), log),
      h("section", { class: "panel stack" }, h("h2", null, "What there is"), numbers)),
    async update(_address, signal) {
      loading.hidden = !session.mayWrite();
      if (loading.childElementCount === 1) {
        loading.append(upload(() => look().catch(() => {}))); // what fails is told by the next update
      }
      await look(signal);
    },
  };
}
