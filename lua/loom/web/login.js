/**
 * The login, where the service asks for tokens. It is loaded when somebody has to log in; the token itself is never kept.
 */

import { fill, h } from "./h.js";
import * as session from "./session.js";

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
      await session.begin(token.value.trim());
      token.value = "";
      done();
    } catch (error) {
      const failed = /** @type {import("./api.js").ApiError} */ (error);
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
