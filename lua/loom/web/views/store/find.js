/**
 * Finds a store by a part of its id or of an attribute, where the address names none.
 */

import * as address from "../../address.js";
import * as api from "../../api.js";
import { fill, h } from "../../h.js";
import { counted } from "../../words.js";

const TYPING = 200; // milliseconds without a key after which what was typed is asked for
const MOST = 20;

export function search() {
  const list = h("ul", { class: "found" });
  const told = h("p", { class: "hint", role: "status" });
  const input = h("input", { type: "search", id: "find-store", maxlength: 100, autocomplete: "off", oninput: typed });
  const element = h("form", { class: "panel find stack", role: "search", onsubmit: submit, hidden: true },
    h("label", { htmlFor: "find-store" }, h("b", null, "Which store?"),
      h("small", { class: "soft" }, " Its id, or an attribute")), input, told, list);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let asking = new AbortController();

  /** @param {{ store_id: string, attributes?: Record<string, string> }} store */
  function item(store) {
    return h("li", null, h("a", { href: address.href("store", { id: store.store_id }) },
      h("bdi", { class: "id" }, store.store_id)),
      Object.values(store.attributes ?? {}).map((value) => [" ", h("bdi", { class: "soft" }, value)]));
  }

  async function ask() {
    const text = input.value.trim();
    asking.abort();
    asking = new AbortController();
    try {
      const query = { q: text, limit: MOST, all_stores: true, fields: "attributes" };
      const { total, stores } = await api.get("v1/stores", query, asking.signal);
      fill(told, total > MOST ? `The first ${MOST} of ${counted(total, "store")}` : total ? "" : "No store is like that.");
      fill(list, stores.map(item));
    } catch (error) {
      if (error instanceof api.ApiError) {
        fill(told, error.message);
      }
    }
  }

  function typed() {
    clearTimeout(typing);
    typing = setTimeout(ask, TYPING);
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    clearTimeout(typing);
    await ask();
    const first = list.querySelector("a");
    if (list.children.length === 1 && first) {
      first.click();
    } else {
      first?.focus();
    }
  }

  return {
    element,
    /** @param {string | null} id of the store that is shown; null or empty: it is to be found */
    show(id) {
      const wasHidden = element.hidden;
      element.hidden = Boolean(id);
      if (!id && wasHidden) {
        ask();
        input.focus();
      }
    },
  };
}
