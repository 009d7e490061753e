/**
 * The data behind all views: loading files, what is likely wrong with what is there, and what there is.
 */

import * as api from "../api.js";
import { h } from "../h.js";
import { refilling } from "../refilling.js";
import * as session from "../session.js";
import { facts } from "./data/facts.js";
import { findings } from "./data/findings.js";
import { entries } from "./data/log.js";
import { upload } from "./data/upload.js";

export const title = "Data";

const LOGGED = 20; // files that the log shows

/** @returns {import("../view.js").View} */
export function open() {
  const loading = h("section", { class: "panel stack" }, h("h2", null, "Load files"));
  const found = h("div");
  const numbers = h("div");
  const log = h("div");
  const [refillFound, refillNumbers, refillLog] = [found, numbers, log].map(refilling);

  /** @param {AbortSignal} [signal] */
  async function look(signal) {
    const [doctor, info, audit] = await Promise.all([api.get("v1/doctor", {}, signal), api.get("v1/info", {}, signal),
      api.get("v1/audit", { kind: "ingest", limit: LOGGED }, signal)]);
    refillFound(doctor.findings, () => findings(doctor));
    refillNumbers(info, () => facts(info));
    refillLog(audit.entries, () => entries(audit.entries));
  }

  return {
    element: h("div", { class: "stack data" }, h("h1", { class: "unseen" }, title), loading,
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
