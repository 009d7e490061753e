/**
 * The course of a group's down time as a few bars, to be held against those of others.
 */

import { svg } from "../../../h.js";
import { percent } from "../../../words.js";

const HEIGHT = 12;

/**
 * @param {{ up: number[], down: number[] }} course times in seconds
 * @param {number} most the share of down time that has the whole height
 */
export function spark({ up, down }, most) {
  const shares = down.map((seconds, at) => seconds / (seconds + up[at] || 1));
  const worst = Math.max(0, ...shares);
  const path = shares.map((share, at) => {
    const height = share > 0 ? Math.max(1, HEIGHT * share / most) : 0;
    return height ? `M${at} ${HEIGHT}v${-height.toFixed(2)}h.8V${HEIGHT}z` : "";
  }).join("");
  return svg("svg", { class: "strip", viewBox: `0 0 ${shares.length} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `at the worst ${percent(worst)} down` }, svg("path", { class: "d", d: path }));
}
