/**
 * The view that is open, and its place in the page.
 */

import { copy } from "./copy.js";
import { fill, h, painted } from "./h.js";
import * as header from "./header.js";

/** @typedef {import("./load.js").Loaded} Loaded */

const TICK = 60000; // milliseconds between two looks at the clock

/** Where it stands. */
export const place = h("main", { id: "main", tabIndex: -1 });

/** @type {{ name: string, view: import("./view.js").View } | null} */
let open = null;
/** @type {[state: any, query: URLSearchParams] | null} what the head tells of */
let told = null;

// Where a feed stops nothing comes that would have the page updated: what is shown grows old all the same.
setInterval(() => {
  if (told) {
    header.updateAge(...told);
    open?.view.tick?.();
  }
}, TICK);

/** Ends the view that is open. */
export function close() {
  open?.view.close?.();
  open = null;
}

/** @param {Loaded} loaded */
function viewOf({ name, module }) {
  if (open?.name !== name) {
    close();
    open = { name, view: module.open() };
    fill(place, open.view.element);
    document.title = `${module.title} – ${copy?.title ?? "Loom"}`;
  }
  return open.view;
}

/**
 * Shows what an address asks for, or that there are no data, and waits until it is painted. What can wait is made by what it
 * returns.
 * @param {import("./address.js").Address} now
 * @param {Promise<Loaded>} loading its view
 * @param {any} state an answer of `/v1/now`
 * @param {AbortSignal} signal
 */
export async function update(now, loading, state, signal) {
  let rest = /** @type {void | (() => Promise<void>)} */ (undefined);
  try {
    if (state.newest_poll === null && now.view !== "data") {
      const { welcome } = await import("./welcome.js");
      signal.throwIfAborted();
      close();
      fill(place, welcome());
    } else {
      const loaded = await loading;
      signal.throwIfAborted();
      rest = await viewOf(loaded).update(now, signal, state);
    }
    await painted();
  } finally {
    if (!signal.aborted) {
      told = [state, now.query];
      header.updateAge(...told);
      header.updateAlerts(state.alerts);
    }
  }
  signal.throwIfAborted();
  return rest;
}
