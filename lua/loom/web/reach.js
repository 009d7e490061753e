/**
 * Whether the service answers: a banner tells where it does not, and it is asked again until it does.
 */

import { show } from "./clock.js";
import { h } from "./h.js";
import * as live from "./live.js";
import * as notice from "./notice.js";

const RETRY_MOST = 30000; // milliseconds between two tries where the service does not answer
const PATIENCE = 8000; // milliseconds without an answer after which it is told that there is none, while it is waited for

/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting; // since the first question that was not answered: those who ask again and again do not put it off
let retries = 0;
let isLost = false;
let answeredAt = Date.now();
let ask = () => {};

/**
 * Calls a function to ask again.
 * @param {() => void} listener
 */
export function retrying(listener) {
  ask = listener;
}

/** Asks again in a while, later each time. */
export function retry() {
  clearTimeout(next);
  next = setTimeout(ask, Math.min(1000 * 2 ** retries++, RETRY_MOST));
}

/** Tells that the service does not answer. The banner is put up once, so that its button keeps the focus. */
export function lose() {
  told();
  document.body.classList.add("lost");
  if (!isLost) {
    isLost = true;
    notice.warn("The service has not answered since ", show(Math.max(answeredAt, live.lastHeard()), undefined, "time"),
      ". What is shown is from before. Trying again by itself. ",
      h("button", { type: "button", onclick: () => ask() }, "Try now"));
  }
}

/** Tells no more that the service does not answer. */
export function answered() {
  told();
  answeredAt = Date.now();
  isLost = false;
  clearTimeout(next);
  document.body.classList.remove("lost");
  notice.warn();
}

/** So it does where all was answered that was asked for. */
export function succeeded() {
  answered();
  retries = 0;
}

/** Has it told that the service does not answer, unless it does so soon: one that hangs refuses nothing. */
export function expect() {
  waiting ??= setTimeout(lose, PATIENCE);
}

/** Expects no answer any more, as after the first one. */
export function told() {
  clearTimeout(waiting);
  waiting = undefined;
}
