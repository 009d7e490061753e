/**
 * The step that somebody looks at, and the span that they choose: by a pointer, or by arrow keys with Shift held.
 */

/** @typedef {{ at: number, anchor: number | null }} Cursor `anchor`: where a choice began */

const DRAG = 4; // pixels from which on a press is a drag

/** @type {Record<string, number>} */
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24, Home: -Infinity, End: Infinity };

/**
 * Listens to an element.
 * @param {Element} element
 * @param {{ stepAt: (event: PointerEvent) => number, steps: () => number, moved: (cursor: Cursor | null, byKey: boolean) => void,
 *   choose: (cursor: Cursor) => void }} trend
 */
export function cursor(element, { stepAt, steps, moved, choose }) {
  /** @type {Cursor | null} */
  let now = null;
  /** @type {{ x: number, step: number } | null} */
  let pressed = null;

  /**
   * @param {Cursor | null} to
   * @param {boolean} [byKey]
   */
  function move(to, byKey = false) {
    now = to;
    moved(now, byKey);
  }

  element.addEventListener("pointermove", (event) => {
    const { clientX } = /** @type {PointerEvent} */ (event);
    const at = stepAt(/** @type {PointerEvent} */ (event));
    const dragged = pressed && (now?.anchor != null || Math.abs(clientX - pressed.x) > DRAG);
    if (dragged || now?.anchor == null) {
      move({ at, anchor: dragged && pressed ? pressed.step : null });
    }
  });
  element.addEventListener("pointerdown", (event) => {
    const { button, clientX, pointerId, pointerType } = /** @type {PointerEvent} */ (event);
    const at = stepAt(/** @type {PointerEvent} */ (event));
    move({ at, anchor: null });
    if (button === 0 && pointerType !== "touch") { // fingers scroll the page
      pressed = { x: clientX, step: at };
      element.setPointerCapture(pointerId);
    }
  });
  element.addEventListener("pointerup", () => {
    if (pressed && now?.anchor != null) {
      choose(now);
    }
    pressed = null;
  });
  element.addEventListener("pointerleave", () => now?.anchor == null && move(null));
  element.addEventListener("keydown", (event) => {
    const { key, shiftKey } = /** @type {KeyboardEvent} */ (event);
    const step = KEYS[key];
    const last = steps() - 1;
    if (key === "Enter" && now?.anchor != null) {
      choose(now);
    } else if (key === "Escape" && now) {
      move(now.anchor === null ? null : { ...now, anchor: null }, true);
    } else if (step && last >= 0) {
      const from = now?.at ?? (step > 0 ? -1 : last + 1);
      const anchor = shiftKey ? now?.anchor ?? Math.min(last, Math.max(0, from)) : null;
      move({ at: Math.min(last, Math.max(0, from + step)), anchor }, true);
    } else {
      return;
    }
    event.preventDefault();
  });

  return {
    /** Forgets it. */
    reset: () => move(null),
  };
}
