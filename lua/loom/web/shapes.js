/**
 * How strips look, here and in the HTML report, which has this file inside: a cell is a letter, and what is worse is taller, so
 * that colours are not needed to tell the states apart. Down has the whole height, partly down half of it, unknown is a line,
 * what is excluded an outline, which is less high than all by half of its line, and closed the base.
 */

/**
 * The letters, in the order in which they are told.
 * @type {Record<string, string>}
 */
export const LETTERS = { u: "up", p: "partly down", d: "down", n: "unknown", x: "excluded", c: "closed" };

/** Of a strip, in units of which a cell is one wide. */
export const HEIGHT = 12;

/** @type {Record<string, (at: number, length: number) => string>} in the order in which they are painted */
const SHAPES = {
  c: (at, length) => `M${at} 11.4h${length}v.6h${-length}z`,
  u: (at, length) => `M${at} 8.5h${length}V12h${-length}z`,
  x: (at, length) => `M${at} 3h${length}V11.6h${-length}z`,
  n: (at, length) => `M${at} 6h${length}v1.6h${-length}z`,
  p: (at, length) => `M${at} 6h${length}V12h${-length}z`,
  d: (at, length) => `M${at} 0h${length}V12h${-length}z`,
};

/** @typedef {[letter: string, at: number, length: number]} Run cells that follow each other and have one letter */

/**
 * The paths of a strip.
 * @param {Run[]} runs
 * @returns {[letter: string, d: string][]} a path for each letter there is, in the order in which they are painted
 */
export function paths(runs) {
  return Object.keys(SHAPES).map((letter) => /** @type {[string, string]} */ ([letter,
    runs.filter(([one]) => one === letter).map(([, at, length]) => SHAPES[letter](at, length)).join("")]))
    .filter(([, d]) => d);
}

/**
 * What a strip shows, in words.
 * @param {Run[]} runs
 */
export function words(runs) {
  let all = 0;
  /** @type {Record<string, number>} */
  const counts = {};
  for (const [letter, , length] of runs) {
    counts[letter] = (counts[letter] ?? 0) + length;
    all += length;
  }
  return Object.keys(LETTERS).filter((letter) => counts[letter])
    .map((letter) => `${LETTERS[letter]} ${Math.floor(counts[letter] * 100 / all)} %`).join(", ");
}
