/**
 * How the chosen stores fared, each by itself: how many had which share up, and how few have most of the down time.
 */

import * as address from "../../address.js";
import { h, svg } from "../../h.js";
import { refilling } from "../../refilling.js";
import { count, counted, percent } from "../../words.js";
import { windowOf, wordOf, unsorted } from "./question.js";

/** @typedef {{ from: number, to: number, stores: number }} Bin */

const [WIDTH, HEIGHT, FOOT, HEAD] = [520, 150, 20, 16];
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** @param {Bin[]} bins */
function bars(bins) {
  const most = Math.max(1, ...bins.map(({ stores }) => stores));
  const base = HEIGHT - FOOT;
  return bins.map(({ from, to, stores }) => {
    const [x, width] = [from * WIDTH, (to - from) * WIDTH];
    const height = stores ? Math.max(2, (base - HEAD) * stores / most) : 0; // a single store is seen among thousands
    return [svg("rect", { class: to > 0.95 ? "u" : "p", x: x + 0.5, y: base - height, width: width - 1, height },
      svg("title", null, `${counted(stores, "store")} from ${percent(from)} to ${percent(to)}`)),
    stores > 0 && svg("text", { x: x + width / 2, y: base - height - 3, "text-anchor": "middle" },
      stores >= 10000 ? `${Math.round(stores / 1000)}k` : count(stores))];
  });
}

/** @param {Bin[]} bins */
function picture(bins) {
  const base = HEIGHT - FOOT;
  return svg("svg", { class: "fleet-spread-picture", viewBox: `-8 0 ${WIDTH + 16} ${HEIGHT}`, "aria-hidden": "true" },
    bars(bins), svg("line", { x1: 0, x2: WIDTH, y1: base + 0.5, y2: base + 0.5 }),
    TICKS.map((tick) => svg("text", { class: "soft", x: tick * WIDTH, y: HEIGHT - 4,
      "text-anchor": tick === 0 ? "start" : tick === 1 ? "end" : "middle" }, `${tick * 100} %`)));
}

/** @param {Bin[]} bins */
function table(bins) {
  return h("div", { class: "unseen" }, h("table", null, h("caption", null, "Stores by the share of time that they were up"),
    h("thead", null, h("tr", null, ["From", "To", "Stores"].map((label) => h("th", { scope: "col" }, label)))),
    h("tbody", null, bins.map(({ from, to, stores }) => h("tr", null, h("th", { scope: "row" }, percent(from)),
      h("td", null, percent(to)), h("td", null, count(stores)))))));
}

/**
 * @param {{ share: number, stores: number }[]} concentration
 * @param {number} stores
 * @param {URLSearchParams} query
 */
function few(concentration, stores, query) {
  return concentration[0]?.stores > 0 && h("p", null, concentration.map(({ share, stores: held }, at) => [
    at > 0 && (at === concentration.length - 1 ? " and " : ", "),
    h("b", null, count(held)), at === 0 && ` of ${counted(stores, "store")}`,
    ` ${held === 1 ? "has" : "have"} ${Math.round(share * 100)} %`]), " of the down time. ",
  h("button", { type: "button", class: "plain",
    onclick: () => address.alter({ sort: `down_${windowOf(query)}`, order: "desc" }) }, "Show these first"));
}

/** The panel. */
export function spread() {
  const element = h("section", { class: "panel stack fleet-spread", "aria-label": "How stores fared" });
  const refill = refilling(element);
  return {
    element,
    /**
     * @param {URLSearchParams} query
     * @param {any} summary
     */
    update(query, summary) {
      const of = summary.figures[windowOf(query)];
      const { 50: median, 5: low } = of?.percentiles.ratio ?? {};
      refill([of, summary.stores, unsorted(query)], () => [
        h("h2", null, "How stores fared", h("small", null, ` in the ${wordOf(windowOf(query))}`)),
        median === undefined || median === null ? h("p", { class: "soft" }, "Nothing was measured.") : [
          h("p", null, "Half of them were up ", h("b", null, percent(median)), median < 1 && " or more", ", one in twenty ",
            h("b", null, percent(low)), low < 1 && " or less", "."),
          picture(of.ratios), table(of.ratios), few(of.concentration, summary.stores, query)]]);
    },
  };
}
