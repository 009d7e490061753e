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
