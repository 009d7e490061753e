/**
 * When the page can be filled: its script is run as soon as it is there, so that questions are asked before that.
 */

/** Waits until the page has its body and its styles, which colours that are looked up come from. */
export async function ready() {
  if (document.readyState === "loading") {
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done));
  }
  const styles = [...document.querySelectorAll("link")].filter(({ rel }) => rel === "stylesheet");
  if (document.readyState !== "complete" && styles.some(({ sheet }) => !sheet)) {
    await new Promise((done) => addEventListener("load", done));
  }
}
