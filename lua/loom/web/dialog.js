/**
 * A dialog in which something is changed: what is typed is checked by the service and previewed, what is wrong is told at its
 * field, and what somebody else has changed meanwhile is shown before it is written over.
 */

import { ApiError } from "./api.js";
import { fill, h } from "./h.js";
import * as notice from "./notice.js";

const TYPING = 400; // milliseconds without a key after which what was typed is previewed

/** What is wrong with a field, found before the service is asked. */
export class FieldProblem extends Error {
  /**
   * @param {string} field
   * @param {string} message
   */
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/**
 * @typedef {object} Edit
 * @property {string} title
 * @property {HTMLElement} content its fields; those that the service may find wrong have its names for them as `data-field`
 * @property {() => any} read what has been typed; it throws a `FieldProblem`
 * @property {(value: any, reason: string) => Promise<unknown>} save
 * @property {(value: any, signal: AbortSignal) => Promise<Outcome>} [look] asks what it would make, without changing anything
 * @property {boolean} [reasoned] whether it asks why: the reason is kept in the audit
 * @property {string} [action] what the button says
 * @property {(message: string) => string} [fieldOf] which field a problem is about that the service tells of several at once
 * @property {(current: any) => import("./h.js").Child} [differs] tells what is there now, where somebody else has changed
 *   it; the next `save` then writes over that
 */

/**
 * What a change would make: what is shown of it, and whether the past changes, for which there has to be a reason.
 * @typedef {{ shown: import("./h.js").Child, past?: boolean }} Outcome
 */

/**
 * @param {Edit} edit
 * @param {() => void} done called when it is saved
 */
export function dialog(edit, done) {
  const reason = h("input", { id: "edit-reason", "data-field": "reason", maxlength: 1000, autocomplete: "off" });
  const needed = h("small", { class: "hint" });
  const problem = h("p", { class: "problem", role: "alert", id: "edit-problem" });
  const outcome = h("div", { class: "stack", "aria-live": "polite", "aria-label": "Preview", role: "region" });
  const save = h("button", { class: "first" }, edit.action ?? "Save");
  const element = h("dialog", { class: "panel edit", "aria-labelledby": "edit-title", onclose: () => {
    clearTimeout(typing);
    asking.abort();
    element.remove();
  } }, h("form", { class: "stack", novalidate: true, onsubmit: submit, oninput: typed },
    h("h2", { id: "edit-title" }, edit.title), edit.content,
    edit.reasoned && h("label", { class: "stack" }, h("span", null, "Reason ", needed), reason), outcome, problem,
    h("div", { class: "row" }, save, h("button", { type: "button", onclick: () => element.close() }, "Cancel"))));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let asking = new AbortController();

  /** @param {string} name as the service has it */
  function fieldOf(name) {
    return name ? element.querySelector(`[data-field~="${CSS.escape(name)}"]`) : null;
  }

  /** @param {unknown} error */
  function fail(error) {
    if (error instanceof DOMException) {
      return;
    } else if (!(error instanceof ApiError || error instanceof FieldProblem)) {
      throw error;
    }
    if (error instanceof ApiError && error.status === 409 && "current" in error.problem) {
      fill(problem, h("b", null, "Somebody else has changed this meanwhile. "), "There now: ",
        edit.differs?.(error.problem.current) ?? JSON.stringify(error.problem.current),
        ". Save again to write over it, or cancel.");
      return;
    }
    const isLost = error instanceof ApiError && error.status === 0;
    fill(problem, isLost ? "The service does not answer. Try again in a moment." : error.message);
    const field = fieldOf(error.field ?? "") ?? fieldOf(edit.fieldOf?.(error.message) ?? "");
    if (field instanceof HTMLElement) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", "edit-problem");
    }
  }

  function clear() {
    fill(problem);
    element.querySelectorAll("[aria-invalid]").forEach((field) => {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    });
  }

  /**
   * Asks what would change, and shows it. Whether that is the past.
   * @param {any} value
   */
  async function preview(value) {
    asking.abort();
    asking = new AbortController();
    const found = await edit.look?.(value, asking.signal);
    const past = Boolean(found?.past);
    fill(needed, past ? "(needed, since the past changes)" : "");
    fill(outcome, found?.shown);
    return past;
  }

  async function look() {
    clear();
    if (!edit.look) {
      return; // what is not done yet is told when it is to be saved
    }
    try {
      await preview(edit.read());
    } catch (error) {
      fill(outcome);
      fail(error);
    }
  }

  /** @param {Event} event */
  function typed(event) {
    if (event.target !== reason) {
      clearTimeout(typing);
      typing = setTimeout(look, TYPING);
    }
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    clearTimeout(typing);
    clear();
    save.disabled = true;
    try {
      const value = edit.read();
      if (await preview(value) && !reason.value.trim()) {
        throw new FieldProblem("reason", "A reason is needed: this changes what has been.");
      }
      await edit.save(value, reason.value.trim());
      element.close();
      notice.tell(`${edit.title}: done.`);
      done();
    } catch (error) {
      fail(error);
    } finally {
      save.disabled = false;
      /** @type {HTMLElement | null} */ (element.querySelector("[aria-invalid]"))?.focus();
    }
  }

  if (document.querySelector("dialog[open]")) { // a second press, while the first one loaded
    return;
  }
  document.body.append(element);
  element.showModal();
  look();
}
