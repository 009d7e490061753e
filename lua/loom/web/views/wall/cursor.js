/**
 * The cell that somebody looks at, and the stores that they choose: by pointer or by keys.
 */

/**
 * @typedef {object} Cursor
 * @property {number} store
 * @property {number} bin
 * @property {number | null} anchor the store at which a choice began
 */

/** @typedef {{ store: number, bin: number }} Cell */

const DRAG = 4; // pixels from which on a press is a drag

/** @type {Record<string, [stores: number, bins: number]>} */
const KEYS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-20, 0], PageDown: [20, 0],
  Home: [-Infinity, 0], End: [Infinity, 0],
};

/**
 * Listens to an element.
 * @param {Element} element
 * @param {{ cellAt: (event: PointerEvent) => Cell | null, size: () => { stores: number, bins: number, each: number },
 *   moved: (cursor: Cursor | null, byKey: boolean) => void, open: (store: number) => void }} wall `cellAt`: the cell under the
 *   pointer
 */
export function cursor(element, { cellAt, size, moved, open }) {
  /** @type {Cursor | null} */
  let at = null;
  /** @type {{ y: number, store: number, dragged: boolean } | null} */
  let pressed = null;

  /**
   * @param {Cursor | null} to
   * @param {boolean} [byKey]
   */
  function move(to, byKey = false) {
    at = to;
    moved(at, byKey);
  }

  /** @param {PointerEvent} event */
  function pointed(event) {
    const cell = cellAt(event);
    if (pressed && cell) {
      pressed.dragged ||= Math.abs(event.clientY - pressed.y) > DRAG;
    }
    if (pressed?.dragged && cell) {
      move({ ...cell, anchor: pressed.store });
    } else if (at?.anchor == null) {
      move(cell && { ...cell, anchor: null });
    }
  }

  /** @param {PointerEvent} event */
  function press(event) {
    const cell = cellAt(event);
    if (event.button === 0 && cell) {
      pressed = { y: event.clientY, store: cell.store, dragged: false };
      element.setPointerCapture(event.pointerId);
    }
  }

  /** @param {PointerEvent} event */
  function release(event) {
    const cell = cellAt(event);
    if (pressed && !pressed.dragged && cell) {
      open(cell.store);
    }
    pressed = null;
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const step = KEYS[event.key];
    const { stores, bins, each } = size();
    if (event.key === "Escape" && at?.anchor != null) {
      move({ ...at, anchor: null }, true);
    } else if (event.key === "Enter" && at) {
      open(at.store);
    } else if (step && stores) {
      const from = at ?? { store: 0, bin: bins - 1, anchor: null };
      move({
        store: Math.min(Math.max(from.store + step[0] * each, 0), stores - 1),
        bin: Math.min(Math.max(from.bin + step[1], 0), bins - 1),
        anchor: event.shiftKey ? from.anchor ?? from.store : null,
      }, true);
    } else {
      return;
    }
    event.preventDefault();
  }

  const listeners = /** @type {[string, EventListener][]} */ ([["pointermove", pointed], ["pointerdown", press],
    ["pointerup", release], ["keydown", key]]);
  for (const [name, listener] of listeners) {
    element.addEventListener(name, listener);
  }
  element.addEventListener("pointerleave", () => pressed || at?.anchor != null || move(null));

  return {
    /** Forgets the cell, as when other stores are shown. */
    reset: () => move(null),
  };
}
