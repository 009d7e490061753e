/**
 * Who looks: the login, where the service asks for tokens. The token itself is never kept.
 */

import * as api from "./api.js";
import { fill, h } from "./h.js";

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

/** Logs out. */
export async function leave() {
  await api.send("DELETE", "v1/session");
  session = { ...session, name: null, scope: null, where: null };
}

/**
 * The login form.
 * @param {() => void} done called when somebody is logged in
 */
export function form(done) {
  const token = h("input", { type: "password", id: "token", name: "token", autocomplete: "current-password", required: true,
    "aria-describedby": "token-problem" });
  const problem = h("p", { id: "token-problem", class: "problem", role: "alert" });
  const button = h("button", { class: "first" }, "Log in");

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    fill(problem);
    try {
      session = await api.send("POST", "v1/session", { body: { token: token.value.trim() } });
      token.value = "";
      done();
    } catch (error) {
      const failed = /** @type {api.ApiError} */ (error);
      fill(problem, failed.status ? failed.message : "The service does not answer. Try again in a moment.");
      token.select();
    } finally {
      button.disabled = false;
    }
  }
  return h("form", { class: "login panel", onsubmit: submit },
    h("h1", null, "Log in"),
    h("label", { htmlFor: "token" }, "Token"), token, problem,
    button,
    h("p", { class: "hint" }, "Tokens are made by ", h("code", null, "loom token"), " where the service runs. ",
      "This page does not keep yours."));
}
