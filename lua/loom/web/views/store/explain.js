/**
 * What the figures of the days that are shown are made of: which rule made each opening, which poll vouches for each stretch of
 * it, and that these add up to the figure.
 */

import { duration, hours, show } from "../../clock.js";
import { h } from "../../h.js";
import { counted } from "../../words.js";
import { refilling } from "../../refilling.js";
import { sheet } from "../../sheet.js";

const SUMS = /** @type {const} */ (["up", "down", "unknown", "excluded"]);
const HEADS = ["From", "To", "For", "State", "Poll that vouches", "Why"];

/**
 * @typedef {{ from: number, to: number, seconds: number, state: string, poll: number | null, status: string | null,
 *   reason: string }} Cell
 */

/**
 * Seconds by state, which are added up as whole microseconds.
 * @param {Cell[]} cells
 * @returns {Record<string, number>}
 */
function sumsOf(cells) {
  /** @type {Record<string, number>} */
  const sums = { up: 0, down: 0, unknown: 0, excluded: 0 };
  for (const { state, seconds } of cells) {
    sums[state] += Math.round(seconds * 1e6);
  }
  return Object.fromEntries(Object.entries(sums).map(([state, sum]) => [state, sum / 1e6]));
}

/**
 * The openings that a piece is part of.
 * @param {import("./span.js").Opening[]} openings
 * @param {{ from: number, to: number }} piece
 */
function behind(openings, piece) {
  return openings.filter((one) => one.from < piece.to && one.to > piece.from);
}

/**
 * Which poll vouches for each stretch; made when somebody looks, since there may be very many.
 * @param {Cell[]} cells
 * @param {string | undefined} zone
 */
function table(cells, zone) {
  return h("table", { class: "rows" }, h("caption", { class: "unseen" }, "What each stretch is judged by"),
    h("thead", null, h("tr", null, HEADS.map((name) =>
      h("th", { scope: "col", class: name === "For" ? "number" : null }, name)))),
    h("tbody", null, cells.map((cell) => h("tr", null,
      h("th", { scope: "row" }, show(cell.from, zone, "seconds")), h("td", null, show(cell.to, zone, "seconds")),
      h("td", { class: "number" }, duration(cell.seconds)),
      h("td", null, h("i", { class: `key ${cell.state}` }), " ", cell.state),
      h("td", null, cell.poll === null ? "none" : `${show(cell.poll, zone, "seconds")} ${cell.status}`),
      h("td", null, cell.reason)))));
}

/**
 * @param {any} piece
 * @param {import("./span.js").Opening[]} openings
 * @param {string | undefined} zone
 * @param {boolean} open
 */
function pieceOf(piece, openings, zone, open) {
  const sums = sumsOf(piece.cells);
  const told = SUMS.filter((state) => sums[state]).map((state) => `${state} ${duration(sums[state])}`).join(", ");
  const place = h("div");
  const made = () => place.childElementCount || !element.open || place.append(table(piece.cells, zone));
  const element = h("details", { open, id: `piece-${piece.from}`, ontoggle: made }, h("summary", null,
    h("span", { class: "piece-name" }, behind(openings, piece).map((one, at) => [at ? " and " : "",
      h("b", null, `${show(Date.parse(one.date + "T00:00Z"), "UTC", "day")}, ${one.span}`),
      h("small", { class: "soft" }, ` ${one.rule}`)])), h("span", { class: "soft" }, told)), place);
  made();
  return element;
}

/** @param {any} window */
function sum(window) {
  const sums = sumsOf(window.pieces.flatMap((/** @type {any} */ piece) => piece.cells));
  return h("table", { class: "rows sums" }, h("caption", { class: "unseen" }, "Sums"),
    h("thead", null, h("tr", null, h("td"), SUMS.map((state) => h("th", { scope: "col", class: "number" }, `${state} (h)`)))),
    h("tbody", null, [["Sum of the stretches", sums], ["The figure", window.figures]].map(([name, values]) => h("tr", null,
      h("th", { scope: "row" }, name), SUMS.map((state) => h("td", { class: "number", title: `${values[state]} s` },
        hours(values[state])))))));
}

/** @returns {import("../store.js").Part} */
export function explanation() {
  const body = h("div", { class: "stack" });
  const refill = refilling(body);
  return {
    element: h("section", { class: "panel", "aria-label": "Explanation" }, body),
    show({ window, query, zone, rules, schedule, span, id }) {
      refill([id, window, query.toString()], () => {
        if (!window) {
          return [h("h2", null, "Explanation"), h("p", { class: "hint" },
            span.kind === "month" ? "Look at a week or a day to see what its figures are made of."
              : "There are too many polls in these days to explain them all: look at one of them.")];
        }
        const { pieces } = window;
        return [h("h2", null, "What these figures are made of"),
          !pieces.length && h("p", { class: "hint" }, "The store was not open in these days."),
          pieces.length > 0 && h("p", { class: "hint" }, `${counted(pieces.length, "opening")}, each judged by its own polls: `,
            `fill ${rules.fill}, evidence ${rules.evidence}, without polls ${rules.no_data}, `,
            rules.max_gap ? `a poll holds for ${duration(rules.max_gap)} at most.` : "a poll holds for any time."),
          h("div", { class: "pieces" }, pieces.map((/** @type {any} */ piece) => pieceOf(piece,
            window.openings.length ? window.openings : schedule.days.flatMap((/** @type {any} */ day) => day.openings), zone,
            pieces.length === 1))),
          sheet("Table of sums", sum(window))];
      });
    },
  };
}
