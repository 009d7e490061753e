/**
 * Nothing happens in a copy.
 */

/** @returns {() => void} */
export function subscribe() {
  return () => {};
}

export function lastHeard() {
  return 0;
}

/** Whether whatever changes will be told. */
export function isOpen() {
  return true;
}

export function start() {}

export function stop() {}
