/**
 * What went wrong with what a view asked for, in the view's place, with what to do about it. It is loaded when something does.
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
