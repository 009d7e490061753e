/**
 * What went wrong with what a view asked for, in the view's place, with what to do about it.
 */

import * as address from "./address.js";
import { h } from "./h.js";

/** @type {Record<number, [title: string, advice: string]>} */
const KNOWN = {
  400: ["This cannot be asked for", "Something in the address is not as it should be."],
  403: ["Not allowed", "The token that you are logged in with may not do this."],
  404: ["Not there", "It may have been deleted, or this token does not see it."],
  409: ["Changed by someone else", "Look at what is there now, and decide again."],
  422: ["This does not fit", ""],
  429: ["Too much at once", "Wait a moment, and try again."],
  503: ["Busy", "The service is there but cannot answer this right now. It is tried again by itself."],
};

/**
 * @param {import("./api.js").ApiError} error
 * @param {() => void} again
 */
export function failure(error, again) {
  const [title, advice] = KNOWN[error.status] ?? [`The service failed (${error.status})`, "Its log tells more."];
  return h("section", { class: "panel failure", role: "alert" },
    h("h2", null, title),
    h("p", null, h("bdi", null, error.message)), advice && h("p", { class: "hint" }, advice),
    h("p", { class: "row" }, h("button", { type: "button", onclick: again }, "Try again"),
      h("a", { href: address.plain("fleet") }, "Back to the whole fleet")));
}

/** What to do where the page itself fails, or asks for a part of it that the service has in a newer version. */
export function broken() {
  return h("section", { class: "panel failure", role: "alert" },
    h("h2", null, "This page has failed"),
    h("p", null, "It may be older than the service."),
    h("p", null, h("button", { type: "button", onclick: () => location.reload() }, "Load it anew")));
}

/** What to do where there are no polls yet. */
export function welcome() {
  return h("section", { class: "panel welcome" },
    h("h1", null, "No polls yet"),
    h("p", null, "Loom shows how stores fare as soon as it knows when they were active. Load the files from a shell, beside the ",
      "running service:"),
    h("pre", null, h("code", null, "loom ingest DATABASE store_status.csv menu_hours.csv timezones.csv")),
    h("p", null, "or send polls as they come:"),
    h("pre", null, h("code", null, "curl -H 'Content-Type: application/json' ", new URL("../v1/polls", location.href).href,
      " \\\n  -d '{\"store_id\": \"1\", \"status\": \"active\"}'")),
    h("p", null, "or ", h("a", { href: address.href("data") }, "upload files here"), "."));
}
