/**
 * A button that opens a panel under it: Escape, a press elsewhere and the focus that leaves close it.
 */

import { fill, h } from "./h.js";

let made = 0;

/**
 * Puts the focus on what is chosen in a panel, or on the first that can be.
 * @param {Element} panel
 */
function enter(panel) {
  /** @type {HTMLElement | null} */ (panel.querySelector("input[type=radio]:checked")
    ?? panel.querySelector("input, select, button, a"))?.focus();
}

/**
 * @param {import("./h.js").Child} label what the button shows
 * @param {(close: () => void) => import("./h.js").Child} content what is in the panel, made when it opens
 * @param {import("./h.js").Properties} [properties] of the button
 */
export function menu(label, content, properties) {
  const id = `menu-${++made}`;
  const panel = h("div", { id, class: "menu-panel panel", hidden: true });
  const button = h("button", { type: "button", "aria-expanded": "false", "aria-controls": id, onclick: toggle, ...properties },
    label);
  const root = h("div", { class: "menu", onkeydown: key, onfocusout: leave }, button, panel);

  /** @param {boolean} open */
  function show(open) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      panel.replaceChildren(h("div", null, content(close)));
      document.addEventListener("pointerdown", elsewhere);
      enter(panel);
    } else {
      document.removeEventListener("pointerdown", elsewhere);
    }
  }

  function close() {
    if (!panel.hidden) {
      const inside = panel.contains(document.activeElement);
      show(false);
      if (inside) {
        button.focus();
      }
    }
  }

  function toggle() {
    show(Boolean(panel.hidden));
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key === "Escape" && !panel.hidden) {
      event.stopPropagation();
      close();
    }
  }

  /** @param {FocusEvent} event */
  function leave(event) {
    if (event.relatedTarget instanceof Node && !root.contains(event.relatedTarget)) {
      show(false);
    }
  }

  /** @param {Event} event */
  function elsewhere(event) {
    if (event.target instanceof Node && !root.contains(event.target)) {
      show(false);
    }
  }
  return root;
}

/**
 * What is in a panel, by a function of a module that is loaded when it opens.
 * @template {string} [Name="panel"]
 * @param {() => Promise<Record<Name, (close: () => void) => import("./h.js").Child>>} load
 * @param {Name} [name] of the function
 * @returns {(close: () => void) => HTMLElement}
 */
export function loaded(load, name = /** @type {Name} */ ("panel")) {
  return (close) => {
    const place = h("div", null, "…");
    load().then((module) => {
      fill(place, module[name](close));
      enter(place);
    }, () => fill(place, "This part of the page is not there: load it anew."));
    return place;
  };
}
