/**
 * How often a rule fired on each of some days, as bars.
 */

import { show } from "../../clock.js";
import { svg } from "../../h.js";
import { counted } from "../../words.js";

const HEIGHT = 20;

/** @typedef {{ date: string, fired: number }} Day */

/**
 * What the bars show, in words.
 * @param {Day[]} days
 */
function words(days) {
  const all = days.reduce((sum, { fired }) => sum + fired, 0);
  const most = days.reduce((one, other) => other.fired > one.fired ? other : one, days[0]);
  return all === 0 ? `never in ${counted(days.length, "day")}` : `${counted(all, "time")} in ${counted(days.length, "day")}, `
    + `most often on ${show(Date.parse(`${most.date}T00:00Z`), "UTC", "day")}: ${most.fired}`;
}

/** @param {Day[]} days */
export function bars(days) {
  const most = Math.max(1, ...days.map(({ fired }) => fired));
  return svg("svg", { class: "bars", viewBox: `0 0 ${days.length * 4} ${HEIGHT}`, preserveAspectRatio: "xMinYMid",
    role: "img", "aria-label": words(days) },
    svg("title", null, words(days)),
    days.map(({ fired }, at) => svg("rect", { class: fired ? "some" : "none", x: at * 4, width: 3,
      y: fired ? Math.min(HEIGHT - 3, HEIGHT - fired / most * HEIGHT) : HEIGHT - 1, height: HEIGHT })));
}
