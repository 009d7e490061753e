/**
 * Nothing happens in a copy.
 */

/** @returns {() => void} */
export function subscribe() {
  return () => {};
}

export function refreshing() {}

export function start() {}

export function stop() {}
