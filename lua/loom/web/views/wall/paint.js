/**
 * Paints the wall on its canvas.
 */

import { colour } from "../../colour.js";
import { merged, RANKS } from "./grid.js";

/** @type {Record<string, string>} */
const TOKENS = { c: "--closed", u: "--up", x: "--excluded", n: "--unknown", p: "--partly", d: "--down" };
const LEAST = 0.5; // of the colour of the worst store that is left where it is one of many
const GAPPED = 6; // pixels of a row from which on there is a gap between two

/**
 * Colours as they are now, each red, green and blue: those of the ranks, and of the paper.
 * @typedef {{ ranks: number[][], paper: number[] }} Palette
 */

/** @param {string} token */
function channels(token) {
  return (colour(token).match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/** @returns {Palette} */
export function palette() {
  return { ranks: [...RANKS].map((letter) => channels(TOKENS[letter])), paper: channels("--paper") };
}

/**
 * How stores lie on the canvas.
 * @typedef {object} Layout
 * @property {number} first the store at the top
 * @property {number} rows of pixels, or of stores where each has several pixels
 * @property {number} each stores that share a row
 * @property {number} height pixels of a row
 */

/**
 * @param {import("./grid.js").Grid} grid
 * @param {Layout} layout
 * @param {Palette} palette
 */
function picture(grid, layout, { ranks, paper }) {
  const { worst, share } = merged(grid, layout.first, layout.rows, layout.each);
  const image = new ImageData(grid.bins, Math.max(1, layout.rows));
  for (let cell = 0; cell < worst.length; cell++) {
    const paint = ranks[worst[cell]];
    const part = worst[cell] < 2 ? 1 : LEAST + (1 - LEAST) * share[cell] / 255;
    for (let channel = 0; channel < 3; channel++) {
      image.data[cell * 4 + channel] = paper[channel] + (paint[channel] - paper[channel]) * part;
    }
    image.data[cell * 4 + 3] = 255;
  }
  return image;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./grid.js").Grid} grid
 * @param {Layout} layout
 * @param {Palette} palette
 */
export function paint(canvas, grid, layout, palette) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (layout.rows === 0) {
    return;
  }
  const image = picture(grid, layout, palette);
  const small = new OffscreenCanvas(image.width, image.height);
  /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d")).putImageData(image, 0, 0);
  const scale = devicePixelRatio;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, Math.round(layout.rows * layout.height * scale));
  if (layout.height >= GAPPED) {
    for (let row = 1; row <= layout.rows; row++) {
      context.clearRect(0, Math.round(row * layout.height * scale) - 1, canvas.width, 1);
    }
  }
}
