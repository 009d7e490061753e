/**
 * The trend: what the stores were together, hour by hour.
 */

import { duration, hours, show, zoneOf } from "../../clock.js";
import { copy } from "../../copy.js";
import * as fresh from "../../fresh.js";
import { fill, h, svg } from "../../h.js";
import * as notice from "../../notice.js";
import { counted, percent } from "../../words.js";
import { hasSpan, unsorted } from "./question.js";
import { cursor } from "./trend/cursor.js";
import { marks, plot, scales } from "./trend/plot.js";
import { end, question, ratio } from "./trend/series.js";
import { buttons, choose } from "./trend/span.js";

/** @typedef {import("./trend/series.js").Series} Series */

const WEEK = "Trend of the week";
const HEIGHT = 210;
const AROUND = { left: 48, right: 52, foot: 20 };

/**
 * A step in words.
 * @param {Series} series
 * @param {number} at
 * @param {string | undefined} zone
 */
function words(series, at, zone) {
  const parts = [`up ${percent(ratio(series, at))}`,
    `down ${hours(series.down[at])} h in ${counted(series.stores_down[at], "store")}`];
  for (const name of /** @type {const} */ (["unknown", "excluded"])) {
    if (series[name][at] > 0) {
      parts.push(`${name} ${hours(series[name][at])} h`);
    }
  }
  return `${show(series.t[at], zone)} – ${show(end(series, at), zone, "time")}: ${parts.join(", ")}`;
}

/** The panel. */
export function trend() {
  /** @type {Series | null} */
  let series = null;
  /** @type {import("./trend/cursor.js").Cursor | null} */
  let at = null;
  let query = new URLSearchParams();
  let told = " "; // which no address is
  let [frame, width] = [0, 0];

  const heading = h("h2", null, WEEK);
  const tools = h("div", { class: "row" });
  const base = svg("g");
  const over = svg("g");
  const picture = svg("svg", { height: HEIGHT, width: "100%", role: "img" }, base, over);
  const place = h("div", { class: "trend-picture", tabIndex: 0, role: "application", "aria-roledescription": "chart",
    "aria-label": "Trend: arrow keys move, with Shift they choose a span, Enter shows its figures" }, picture);
  const readout = h("p", { class: "hint trend-readout" }, "Adding up …");
  const rows = h("details", { ontoggle: fillRows }, h("summary", null, "As a table"));
  const element = h("section", { class: "panel stack fleet-trend", "aria-label": "Trend" },
    h("div", { class: "row" }, heading, tools), place, h("div", { class: "row trend-foot" }, readout), rows);

  // Asked of the browser but once, since it would lay out all that has changed to tell it.
  function size() {
    width ||= place.clientWidth;
    return { width: Math.max(240, width), height: HEIGHT, ...AROUND };
  }

  function draw() {
    frame = 0;
    if (series) {
      const scale = scales(series, size());
      fill(base, plot(series, scale, size(), zoneOf(query)));
      fill(over, at && marks(scale, at));
    }
  }

  function later() {
    frame = frame || requestAnimationFrame(draw);
  }

  async function fillRows() {
    if (rows.open && series) {
      const { table } = await import("./trend/rows.js");
      fill(rows, h("summary", null, "As a table"), table(series, zoneOf(query)));
    }
  }

  /** @param {boolean} aloud */
  function tell(aloud) {
    if (!series) {
      return;
    }
    const zone = zoneOf(query);
    const [first, last] = at ? [Math.min(at.anchor ?? at.at, at.at), Math.max(at.anchor ?? at.at, at.at)] : [0, 0];
    const text = !at ? `Each column is ${duration(series.step)}: open time, down at its foot; the line is the share that was up. `
      + (copy ? "" : "Drag over it to see the figures of a span.")
      : at.anchor === null ? words(series, at.at, zone)
        : `${show(series.t[first], zone)} – ${show(end(series, last), zone)}: let go, or press Enter, to see its figures`;
    fill(readout, text);
    if (aloud && at) {
      notice.say(text);
    }
  }

  const pointer = cursor(place, {
    stepAt: ({ clientX }) => series ? scales(series, size()).stepAt(clientX - place.getBoundingClientRect().left) : 0,
    steps: () => series?.t.length ?? 0,
    moved(to, byKey) {
      at = to;
      tell(byKey);
      later();
    },
    choose(chosen) {
      if (series && chosen.anchor !== null && !copy) {
        choose(series.t[Math.min(chosen.anchor, chosen.at)], end(series, Math.max(chosen.anchor, chosen.at)));
      }
    },
  });
  const resized = new ResizeObserver(([{ contentRect }]) => {
    if (Math.round(contentRect.width) !== width) {
      width = Math.round(contentRect.width);
      later();
    }
  });
  resized.observe(place);

  return {
    element,
    /**
     * @param {URLSearchParams} wanted
     * @param {AbortSignal} signal
     */
    async update(wanted, signal) {
      const found = await fresh.get("v1/series", question(wanted), signal);
      const isOther = told !== unsorted(wanted);
      if (!isOther && series === found) {
        return;
      } else if (series && isOther) {
        pointer.reset();
      }
      [series, query] = [found, wanted];
      const zone = zoneOf(wanted);
      fill(heading, hasSpan(wanted) ? `${show(found.from, zone)} – ${show(found.to, zone)}` : WEEK);
      picture.setAttribute("aria-label", `Up and down time of ${counted(found.stores, "store")} in ${found.t.length} steps`);
      if (isOther) {
        told = unsorted(wanted);
        fill(tools, !copy && buttons(wanted, found.as_of));
      }
      tell(false);
      draw();
      fillRows();
    },
    close: () => resized.disconnect(),
  };
}
