/**
 * The days of a store: seven rows for a week, one for a day, a calendar for a month; with a legend, and as a table.
 */

import * as address from "../../address.js";
import { duration, show } from "../../clock.js";
import { copy } from "../../copy.js";
import { h } from "../../h.js";
import { refilling } from "../../refilling.js";
import { LETTERS } from "../../shapes.js";
import { sheet } from "../../sheet.js";
import { axis, hatch, merged, row, scaleOf } from "./row.js";
import { next } from "./span.js";

/** @typedef {import("./row.js").Seen} Seen */

const HOUR = 3600000;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const TABLE_MOST = 1000; // rows of the table
const TICKS_MOST = 3000; // polls that are drawn: more could not be told apart

/**
 * A link to other days of the store.
 * @param {URLSearchParams} query
 * @param {address.Changes} changes
 */
export function link(query, changes) {
  const own = Object.fromEntries(["id", "span", "date", "beside"].map((name) => [name, query.get(name)]));
  return address.href("store", { ...own, ...changes });
}

/** @param {string} date */
function dateText(date, style = "day") {
  return show(Date.parse(date + "T00:00Z"), "UTC", style);
}

/**
 * Whether polls can be told apart.
 * @param {any} window
 */
function areDrawn({ figures, polls_outside: outside }) {
  return figures.polls + outside.length <= TICKS_MOST;
}

/**
 * What there is to draw.
 * @param {import("../store.js").Data} data
 * @returns {Seen}
 */
function seenOf({ window, segments, schedule, brackets, asOf }) {
  const openings = schedule.days.flatMap((/** @type {import("./span.js").Day} */ day) => day.openings);
  if (!window) {
    return { segments: segments ?? [], openings, exclusions: [], polls: [], outside: [], brackets, asOf };
  }
  const { pieces, exclusions } = window;
  return { segments: pieces.flatMap((/** @type {any} */ piece) => piece.cells), openings, exclusions, brackets, asOf,
    ...areDrawn(window) ? { polls: pieces.flatMap((/** @type {any} */ piece) => piece.polls), outside: window.polls_outside }
      : { polls: [], outside: [] } };
}

/** @param {import("../store.js").Data} data */
function controls({ query, span }) {
  const [before, after] = [next(span, -1), next(span, 1)];
  /** @param {string | null} date @param {string} id @param {string} text */
  const step = (date, id, text) => date
    ? h("a", { id, class: "button", href: link(query, { date: date === span.today ? null : date }) }, text)
    : h("span", { class: "button soft", "aria-disabled": "true" }, text);
  return h("nav", { class: "row", "aria-label": "Days" },
    h("span", { class: "switch" }, ["day", "week", "month"].map((kind) => h("a", { id: `span-${kind}`, class: "button",
      "aria-current": kind === span.kind ? "true" : null, href: link(query, { span: kind === "week" ? null : kind }) },
    kind[0].toUpperCase() + kind.slice(1)))),
    step(before, "days-before", "← Earlier"), step(after, "days-after", "Later →"),
    span.date !== span.today && h("a", { href: link(query, { date: null }) }, "Today"));
}

/** @param {import("../store.js").Data} data */
function heading({ span }) {
  const year = span.date.slice(0, 4);
  return h("h2", null, span.kind === "day" ? `${dateText(span.first)} ${year}` : span.kind === "month"
    ? dateText(span.first, "month") : `${dateText(span.first)} – ${dateText(span.date)} ${year}`);
}

/**
 * The date of a day, the name of a special one, and its length where the clock changes.
 * @param {import("./span.js").Day} day
 * @param {URLSearchParams} query
 */
function label(day, query) {
  const hours = (day.to - day.from) / HOUR;
  return [copy ? h("b", null, dateText(day.date))
    : h("a", { id: `day-${day.date}`, href: link(query, { span: "day", date: day.date }) }, dateText(day.date)),
    hours !== 24 && h("span", { class: "tag", title: "The clock changes on this day" }, `${Number(hours.toFixed(2))} h`),
    day.note !== null && h("small", { class: "special", title: day.rule }, h("bdi", null, day.note || day.rule)),
    !day.openings.length && h("small", { class: "soft" }, "closed")];
}

/**
 * @param {import("../store.js").Data} data
 * @param {import("./span.js").Day[]} days
 */
function rows(data, days) {
  const { schedule, span, query } = data;
  const zone = schedule.timezone_str;
  const scale = scaleOf(days);
  const every = span.kind === "day" ? 3 : 6;
  const seen = seenOf(data);
  const drawn = span.kind === "day" && seen.segments.length < TICKS_MOST ? seen : { ...seen, segments: merged(seen.segments) };
  const like = days.find((day) => day.to - day.from === 24 * HOUR) ?? days[0];
  return h("div", { class: "days" }, h("div", { class: "day-row" }, h("span"), axis(like, zone, scale, every)),
    days.map((day) => h("div", { class: "day-row" }, h("div", { class: "day-label" }, label(day, query)),
      h("div", null, day !== like && day.to - day.from !== 24 * HOUR && axis(day, zone, scale, every),
        row(day, drawn, zone, scale, { every })))));
}

/**
 * @param {import("../store.js").Data} data
 * @param {import("./span.js").Day[]} days
 */
function calendar(data, days) {
  const seen = seenOf(data);
  const drawn = { ...seen, segments: merged(seen.segments) };
  const scale = scaleOf(days);
  /** @type {(import("./span.js").Day | null)[]} */
  const cells = [...Array((new Date(days[0].date).getUTCDay() + 6) % 7).fill(null), ...days];
  const weeks = [];
  for (let at = 0; at < cells.length; at += 7) {
    weeks.push(cells.slice(at, at + 7));
  }
  return h("table", { class: "calendar" }, h("caption", { class: "unseen" }, "Days of the month"),
    h("thead", null, h("tr", null, WEEKDAYS.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, weeks.map((week) => h("tr", null, week.map((day) => h("td", null, day && [h("div", { class: "row" },
      label(day, data.query)), row(day, drawn, data.schedule.timezone_str, scale, { small: true })]))))));
}

/** @param {import("../store.js").Data} data */
function table(data) {
  const zone = data.schedule.timezone_str;
  const segments = merged(seenOf(data).segments).filter((one) => one.state !== "closed");
  const shown = segments.slice(0, TABLE_MOST);
  return h("details", { class: "as-table", id: "days-table" }, h("summary", null, "As a table"),
    sheet("Days as a table", h("table", { class: "rows" },
      h("caption", { class: "hint" }, shown.length < segments.length ? `The first ${TABLE_MOST} stretches`
        : "What the store was while open"),
      h("thead", null, h("tr", null, ["From", "To", "State", "For"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, shown.map((one) => h("tr", null, h("th", { scope: "row" }, show(one.from, zone)),
        h("td", null, show(one.to, zone)), h("td", null, h("i", { class: `key ${one.state}` }), " ", one.state),
        h("td", null, duration((one.to - one.from) / 1000))))))));
}

/** @param {import("../store.js").Data} data */
function legend({ window, rules, brackets }) {
  return h("ul", { class: "legend" },
    [LETTERS.u, LETTERS.d, LETTERS.n, LETTERS.x].map((state) => h("li", null, h("i", { class: `key ${state}` }), state)),
    h("li", null, h("i", { class: "key band-key" }), "opening hours"),
    brackets.length > 0 && h("li", null, "⊓ alerts"),
    window && h("li", null, !areDrawn(window) ? "too many polls to draw"
      : "| polls below the line, inactive ones longer and red", window.polls_outside.length > 0 && areDrawn(window)
      && `; faint ones came while it was closed${rules.evidence === "inside" ? " and count for nothing" : ""}`),
    h("li", { class: "soft" }, "judged by ", h("b", null, rules.preset)));
}

/** @returns {import("../store.js").Part} */
export function days() {
  const body = h("div", { class: "stack" });
  const element = h("section", { class: "panel", "aria-label": "Days" }, hatch(), body);
  const refill = refilling(body);
  return {
    element,
    show(data) {
      const { schedule, span, window, segments, brackets, query } = data;
      const shown = schedule.days.filter((/** @type {import("./span.js").Day} */ day) => day.date >= span.first);
      refill([schedule, window, segments, brackets, query.toString()], () => {
        const open = body.querySelector("details")?.open;
        const list = table(data);
        list.open = Boolean(open);
        const draw = span.kind === "month" ? calendar : rows;
        return [h("div", { class: "row spread" }, heading(data), !copy && controls(data)),
          shown.length ? draw(data, shown) : h("p", null, "The clock skips this day."),
          h("p", { class: "hint row" }, `By the clock in ${schedule.timezone_str}.`, legend(data)), list];
      });
    },
  };
}
