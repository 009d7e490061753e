/**
 * What is set of a store, in words.
 */

import { show } from "../../clock.js";

/** @typedef {{ store_id: string, date: string, spans: string[], note: string, origin: string }} SpecialDay */

/**
 * @typedef {{ number: number, store_id: string, from_utc: string | null, to_utc: string | null, reason: string, zone?: string,
 *   weekly?: string | null, from_local?: string | null, to_local?: string | null }} Exclusion
 */

export const DAYS = /** @type {const} */ ([["mon", "Monday"], ["tue", "Tuesday"], ["wed", "Wednesday"], ["thu", "Thursday"],
  ["fri", "Friday"], ["sat", "Saturday"], ["sun", "Sunday"]]);

/** @param {string[] | undefined} spans */
export function spansText(spans) {
  return spans?.length ? spans.join(", ") : "closed";
}

/**
 * The week as text of a line, in which days that follow and are alike are told at once.
 * @param {Record<string, string[]> | null} week
 */
export function weekText(week) {
  if (!week) {
    return "no hours: open all day";
  }
  /** @type {{ first: string, last: string, text: string }[]} */
  const runs = [];
  for (const [day] of DAYS) {
    const [run, text] = [runs[runs.length - 1], spansText(week[day])];
    if (run?.text === text) {
      run.last = day;
    } else {
      runs.push({ first: day, last: day, text });
    }
  }
  return runs.map(({ first, last, text }) => `${first === last ? first : `${first}–${last}`} ${text}`).join("; ");
}

/**
 * What an exclusion takes out.
 * @param {Exclusion} one
 * @param {string | undefined} zone
 */
export function exclusionText(one, zone) {
  const clock = one.zone && one.zone !== "store" ? ` (${one.zone})` : "";
  if (one.weekly) {
    return `every ${one.weekly}${clock}${one.from_local ? ` from ${one.from_local}` : ""}`
      + `${one.to_local ? ` until before ${one.to_local}` : ""}`;
  }
  return one.from_utc ? `${show(one.from_utc, zone)} – ${show(one.to_utc, zone)}`
    : `${one.from_local} – ${one.to_local}${clock}`;
}
