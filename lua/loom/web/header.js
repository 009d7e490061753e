/**
 * The head of all views: where one is, as of when, and who looks.
 */

import * as address from "./address.js";
import { duration, instant, OLD, show, sinceNow, STALE, zoneOf } from "./clock.js";
import { copy } from "./copy.js";
import { fill, h, refill } from "./h.js";
import { loaded, menu } from "./menu.js";
import { scrubber } from "./scrubber.js";
import * as session from "./session.js";
import * as theme from "./theme.js";
import { count as counts, PRESETS } from "./words.js";

const TABS = [["fleet", "Fleet"], ["wall", "Wall"], ["store", "Store"],
  ...copy ? [] : [["alerts", "Alerts"], ["reports", "Reports"], ["data", "Data"]]];

let told = ""; // what the tabs lead to
const open = h("span", { class: "count", hidden: true }); // alerts
const tabs = h("nav", { "aria-label": "Views" });
const age = h("span", { class: "age" });
const connection = h("span", { class: "connection", role: "img", hidden: true });
const who = h("span", { class: "who" });
// These are made once, so that what is open stays so, and keeps the focus, while what they say changes.
const time = scrubber();
const rules = h("b");
const clocks = select("Times of day", [["store", "Store's time"], ["viewer", "My time"], ["utc", "UTC"]],
  (value) => address.alter({ tz: value === "store" ? null : value }));
const colours = select("Colours", [["auto", "Auto"], ["light", "Light"], ["dark", "Dark"]],
  (value) => theme.choose(/** @type {theme.Theme} */ (value)));
const controls = h("div", { class: "controls" },
  copy ? h("span", { class: "row" }, "Rules: ", rules)
    : [time.element, menu(["Rules: ", rules], loaded(() => import("./presets.js")))],
  clocks.element, colours.element);

/** The header, for the page. */
export const element = h("header", { class: "top" },
  h("a", { class: "brand", href: address.plain("fleet") }, copy ? h("bdi", null, copy.title) : "Loom"), tabs,
  h("div", { class: "facts" }, age, connection), controls, who);

/** @param {import("./copy.js").Copy} of */
function rulesOf({ preset, rules: others }) {
  const [, title, line] = PRESETS.find(([name]) => name === preset) ?? PRESETS[0];
  return [h("span", { title: line }, title), others && ` with ${others}`];
}

/**
 * @param {string} label
 * @param {string[][]} options value and text
 * @param {(value: string) => void} choose
 */
function select(label, options, choose) {
  const input = h("select", { onchange: () => choose(input.value) },
    options.map(([value, text]) => h("option", { value }, text)));
  return { input, element: h("label", null, h("span", { class: "unseen" }, label), input) };
}

/**
 * Shows what an address asks for.
 * @param {address.Address} now
 */
export function update({ view, query }) {
  const isBound = session.current().where !== null; // what is about all stores is not for a token that sees some alone
  if (told !== `${view} ${query} ${isBound}`) {
    told = `${view} ${query} ${isBound}`;
    refill(tabs, TABS.map(([name, title]) => name === "store" && view !== "store" || name === "data" && isBound ? null
      : h("a", { href: address.href(name, name === "store" ? { id: query.get("id") } : {}),
        "aria-current": name === view ? "page" : null }, title, name === "alerts" && open)));
  }
  time.update(query);
  fill(rules, copy ? rulesOf(copy) : query.get("preset") || "as usual");
  clocks.input.value = query.get("tz") ?? "store";
  colours.input.value = theme.chosen();
}

/**
 * Shows who is logged in.
 * @param {() => void} leave logs them out
 */
export function updateWho(leave) {
  const { tokens, name, scope } = session.current();
  fill(who, tokens && scope && [h("span", { title: scope === "read" ? "This token may only read" : "" }, name ?? "token",
    scope === "read" && h("small", null, " read only")),
  h("button", { type: "button", onclick: leave }, "Log out")]);
}

/**
 * Shows as of when all is, and how old that is.
 * @param {{ as_of: string | number | null, newest_poll: string | number | null } | null} now null: it is not known
 * @param {URLSearchParams} query
 */
export function updateAge(now, query) {
  const newest = instant(now?.newest_poll);
  if (!now || newest === null) {
    fill(age, now ? "no polls yet" : "");
    return;
  }
  const seconds = sinceNow(newest);
  const zone = zoneOf(query);
  if (copy) {
    age.className = "age then";
    fill(age, "A copy, as of ", h("time", null, show(now.as_of, zone, "full")));
    return;
  }
  age.className = "age " + (query.has("as_of") ? "then" : seconds > STALE ? "stale" : seconds > OLD ? "old" : "");
  fill(age, query.has("as_of") ? "As of " : "Data as of ", h("time", null, show(now.as_of, zone, "full")),
    !query.has("as_of") && h("small", null, ` ${duration(seconds)} old`));
}

/**
 * Shows how many alerts are open.
 * @param {number | null | undefined} count
 */
export function updateAlerts(count) {
  open.hidden = !count;
  fill(open, count ? [" ", counts(count), h("span", { class: "unseen" }, " open")] : null);
}

/** @param {import("./live.js").Connection} state of the stream of events */
export function updateConnection(state) {
  const text = { none: "", connecting: "Connecting", open: "Live: changes show by themselves", lost: "Not connected" }[state];
  connection.hidden = state === "none";
  connection.className = "connection " + state;
  connection.setAttribute("aria-label", text);
  connection.setAttribute("title", text);
}
