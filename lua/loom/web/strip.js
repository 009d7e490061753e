/**
 * Strips: a stretch of time as cells, of which each is a letter (see `shapes.js`).
 */

import { svg } from "./h.js";
import * as shapes from "./shapes.js";

/**
 * @param {string} letters
 * @returns {shapes.Run[]}
 */
function runs(letters) {
  return [...letters.matchAll(/(.)\1*/g)].map(({ 0: run, index }) => [run[0], index, run.length]);
}

/**
 * What a strip shows, in words.
 * @param {string} letters
 */
export function words(letters) {
  return shapes.words(runs(letters));
}

/**
 * A strip as a picture, as wide and high as its style says.
 * @param {string} letters
 */
export function strip(letters) {
  const all = runs(letters);
  return svg("svg", { class: "strip", viewBox: `0 0 ${letters.length} ${shapes.HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": shapes.words(all) }, shapes.paths(all).map(([letter, d]) => svg("path", { class: letter, d })));
}
