/**
 * Who looks, where the service asks for tokens.
 */

import * as api from "./api.js";

/**
 * @typedef {object} Session
 * @property {boolean} tokens whether tokens are in force
 * @property {string | null} name the token's
 * @property {"read" | "write" | null} scope null: nobody has logged in
 * @property {Record<string, string[]> | null} where of a token that sees some stores alone: attributes and their values
 */

/** @type {Session} */
let session = { tokens: false, name: null, scope: null, where: null };

/** @returns {Session} */
export function current() {
  return session;
}

/** Whether what changes something is offered. */
export function mayWrite() {
  return session.scope === "write";
}

/**
 * Whether the page itself tells who looks. It does not where that may not be so any more, or is not certain: browsers keep the
 * page to go back to it, and do not tell the service who they are when a link of another site leads here.
 */
export function isTold() {
  const place = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=loom-viewer]"));
  const [loaded] = performance.getEntriesByType("navigation");
  if (!place?.content || /** @type {PerformanceNavigationTiming | undefined} */ (loaded)?.type === "back_forward") {
    return false;
  }
  session = JSON.parse(place.content);
  return session.scope !== null;
}

/** Asks the service who is logged in. */
export async function load() {
  session = await api.get("v1/session");
  return session;
}

/**
 * Logs in.
 * @param {string} token
 */
export async function begin(token) {
  const { send } = await import("./writes.js");
  session = await send("POST", "v1/session", { body: { token } });
}

/** Logs out. */
export async function leave() {
  const { send } = await import("./writes.js");
  await send("DELETE", "v1/session");
  session = { ...session, name: null, scope: null, where: null };
}
