/**
 * Keys of a table of very many rows: it is one stop of Tab, so that what is behind it can be reached, and arrows go from row to
 * row.
 */

const STEPS = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1 });

/**
 * What can have the focus in a row.
 * @param {Element | null | undefined} row
 * @returns {HTMLElement[]}
 */
export function targets(row) {
  return [...row?.querySelectorAll("a, button") ?? []].map((one) => /** @type {HTMLElement} */ (one));
}

/**
 * Listens to the keys of a table.
 * @param {HTMLElement} sheet around it
 * @param {() => number} first the row at the top of what is seen
 * @param {(index: number) => Element | undefined} rowAt the element of a row; there is one for those next to any that is seen
 */
export function listen(sheet, first, rowAt) {
  sheet.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const row = event.target instanceof Element ? event.target.closest("tbody tr") : null;
    if (event.key === "Escape" && row) {
      sheet.focus({ preventScroll: true });
    } else if (step && (row || event.target === sheet)) {
      const at = row ? Number(row.getAttribute("aria-rowindex")) - 2 + step : first();
      targets(rowAt(at))[0]?.focus();
      event.preventDefault();
    }
  });
}
