/**
 * Which days of a store are shown: a week, a day or a month, by dates of its own calendar.
 */

const DAY = 86400000;

/** @typedef {{ date: string, span: string, rule: string, from: number, to: number }} Opening */
/** @typedef {{ date: string, from: number, to: number, rule: string, note: string | null, openings: Opening[] }} Day */

/**
 * @typedef {object} Span
 * @property {"day" | "week" | "month"} kind
 * @property {string} first date
 * @property {string} afterLast the date after the last
 * @property {string} date that it is about: the last of a week
 * @property {string} today
 */

/**
 * @param {string} date
 * @param {number} days
 */
export function dateAfter(date, days) {
  return new Date(Date.parse(date + "T00:00Z") + days * DAY).toISOString().slice(0, 10);
}

/**
 * The first date of the month that is so many after that of a date.
 * @param {string} date
 * @param {number} months
 */
function monthAfter(date, months) {
  const [year, month] = date.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/**
 * The date that it is, on the store's calendar.
 * @param {{ as_of: number, days: Day[] }} schedule around now
 */
export function today(schedule) {
  const { as_of: at, days } = schedule;
  return (days.find((day) => day.from <= at && at < day.to) ?? days[days.length - 1]).date;
}

/**
 * What an address asks for; nothing is later than today.
 * @param {URLSearchParams} query
 * @param {string} now today's date
 * @returns {Span}
 */
export function spanOf(query, now) {
  const wanted = query.get("date") ?? "";
  const date = /^\d{4}-\d\d-\d\d$/.test(wanted) && !Number.isNaN(Date.parse(wanted)) && wanted < now ? wanted : now;
  const kind = query.get("span");
  if (kind === "day") {
    return { kind, first: date, afterLast: dateAfter(date, 1), date, today: now };
  } else if (kind === "month") {
    return { kind, first: monthAfter(date, 0), afterLast: monthAfter(date, 1), date, today: now };
  }
  return { kind: "week", first: dateAfter(date, -6), afterLast: dateAfter(date, 1), date, today: now };
}

/**
 * The date that the span before or after one is about; null where that is yet to come.
 * @param {Span} span
 * @param {-1 | 1} step
 */
export function next(span, step) {
  const date = span.kind === "month" ? monthAfter(span.date, step) : dateAfter(span.date, span.kind === "week" ? 7 * step : step);
  if (span.kind === "month") {
    return date > span.today ? null : date;
  }
  return date <= span.today ? date : span.date < span.today ? span.today : null;
}
