/**
 * Strips: a stretch of time as cells, of which each is a letter (see `words.js`). What is worse is taller, so that colours are
 * not needed to tell the states apart: down has the whole height, partly down half of it, unknown is a line, what is excluded an
 * outline, and closed the base.
 */

import { svg } from "./h.js";
import { LETTERS } from "./words.js";

const HEIGHT = 12;

/** @type {Record<string, (at: number, length: number) => string>} */
const SHAPES = {
  c: (at, length) => `M${at} 11.4h${length}v.6h${-length}z`,
  u: (at, length) => `M${at} 8.5h${length}V12h${-length}z`,
  x: (at, length) => `M${at} 3h${length}V12h${-length}z`,
  n: (at, length) => `M${at} 6h${length}v1.6h${-length}z`,
  p: (at, length) => `M${at} 6h${length}V12h${-length}z`,
  d: (at, length) => `M${at} 0h${length}V12h${-length}z`,
};

/**
 * How many cells have each letter.
 * @param {string} letters
 * @returns {Record<string, number>}
 */
function counts(letters) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const letter of letters) {
    found[letter] = (found[letter] ?? 0) + 1;
  }
  return found;
}

/**
 * What a strip shows, in words.
 * @param {string} letters
 */
export function words(letters) {
  const found = counts(letters);
  return Object.entries(LETTERS).filter(([letter]) => found[letter])
    .map(([letter, name]) => `${name} ${Math.floor(found[letter] * 100 / letters.length)} %`).join(", ");
}

/**
 * A strip as a picture, as wide and high as its style says.
 * @param {string} letters
 */
export function strip(letters) {
  /** @type {Record<string, string>} */
  const paths = {};
  for (const { 0: run, index } of letters.matchAll(/(.)\1*/g)) {
    const letter = run[0];
    paths[letter] = (paths[letter] ?? "") + SHAPES[letter]?.(index, run.length);
  }
  return svg("svg", { class: "strip", viewBox: `0 0 ${letters.length} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": words(letters) },
  Object.keys(SHAPES).filter((letter) => paths[letter]).map((letter) => svg("path", { class: letter, d: paths[letter] })));
}
