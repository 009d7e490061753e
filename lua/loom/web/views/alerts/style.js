/**
 * The style of this view, which is not among what every page loads first.
 */

import { h } from "../../h.js";

const NAME = "views/alerts.css";

/** @returns {Promise<unknown>} ends when it is there, or cannot be had: then all is told without it */
function load() {
  return new Promise((done) => {
    const first = document.querySelector("link[rel=stylesheet]"); // which stands beside all else that is served
    const address = new URL(NAME, first instanceof HTMLLinkElement ? first.href : location.href);
    document.head.append(h("link", { rel: "stylesheet", href: address, onload: done, onerror: done }));
  });
}

/** @type {Promise<unknown> | null} */
let loading = null;

/** Waits for it. */
export function styled() {
  loading ??= load();
  return loading;
}
