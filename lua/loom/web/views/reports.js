/**
 * Reports that are made in the background: asking for one, how far they are, and what became of them.
 */

import * as api from "../api.js";
import { h } from "../h.js";
import * as live from "../live.js";
import { refilling } from "../refilling.js";
import * as session from "../session.js";
import { form } from "./reports/form.js";
import { list } from "./reports/list.js";

export const title = "Reports";

const LIMIT = 50; // reports that are shown at a time
const LOOK = 1000; // milliseconds between two looks at reports that run

/** @returns {import("../view.js").View} */
export function open() {
  const asking = h("details", { class: "panel" }, h("summary", null, "Make a report"));
  const place = h("div");
  const refill = refilling(place);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let looking;
  /** @type {string[]} */
  let formats = [];
  let limit = LIMIT;
  let asked = false; // whether there are any has been asked

  async function look() {
    clearTimeout(looking);
    const { reports, next_cursor: more } = await api.get("v1/reports", { limit });
    if (!reports.length && !asked) {
      asking.open = true; // there is nothing else to do here
    }
    asked = true;
    refill([reports, more, limit, session.mayWrite()], () => list(reports, formats, {
      changed: look,
      more: more && (() => {
        limit += LIMIT;
        look();
      }),
    }));
    if (reports.some((/** @type {any} */ one) => one.status === "queued" || one.status === "running")) {
      looking = setTimeout(() => look().catch(() => {}), LOOK); // what fails is told by the next update
    }
  }

  async function prepare() {
    const document = await api.get("openapi.json");
    formats = document.paths["/get_report"].get.parameters.find((/** @type {any} */ one) => one.name === "format").schema.enum;
    asking.append(form(document.components.schemas.ReportOptions.properties, look));
  }

  const end = live.subscribe("report", () => look().catch(() => {}));
  return {
    element: h("div", { class: "stack" }, h("h1", { class: "unseen" }, title), asking, place),
    async update() {
      asking.hidden = !session.mayWrite();
      if (!formats.length) {
        await prepare();
      }
      await look();
    },
    close() {
      end();
      clearTimeout(looking);
    },
  };
}
