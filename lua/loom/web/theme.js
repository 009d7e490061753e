/**
 * Light, dark, or as the system has it. It is kept in the browser, since it is about eyes and not about stores.
 */

const KEY = "loom-theme";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @returns {Theme} */
export function chosen() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch { // the browser keeps nothing
    return "auto";
  }
}

/** @param {Theme} theme */
export function choose(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch { // it is good for this page then
  }
  apply(theme);
}

/** @param {Theme} [theme] */
export function apply(theme = chosen()) {
  document.documentElement.setAttribute("data-theme", theme);
  document.dispatchEvent(new CustomEvent("loom-theme"));
}
