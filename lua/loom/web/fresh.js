/**
 * Answers that are asked for once, and kept until something has changed: the service tells by revisions, numbers that grow with
 * each change of the data, from which one an answer is, and by the stream of events which one there is.
 */

import * as api from "./api.js";

const KEPT = 24; // answers, the longest of which are pages of 100 rows
const LATE = 5; // times that what is late is asked for anew: then the next change is waited for

/** @type {Map<string, Promise<any>>} by address, the one that was wanted last at the end */
const answers = new Map();
let oldest = Infinity; // the revision that some of what is shown may be from
let newest = 0; // the one that there is, as far as it was told
let tries = 0;
let isLate = () => {};

/** Forgets all answers: they are asked for anew by those who want them. */
export function forget() {
  answers.clear();
  oldest = Infinity;
}

/**
 * Takes notice of the revision that there is. Whether what has been asked for since the last `forget` may be from another one.
 * @param {number} revision
 */
export function isNews(revision) {
  newest = revision;
  tries = 0;
  return oldest !== revision;
}

// The service may answer from what it has computed a moment ago, while it computes anew.
api.dated((revision) => {
  oldest = Math.min(oldest, revision);
  if (revision < newest && tries < LATE) {
    tries++;
    isLate();
  }
});

/**
 * Calls a function when an answer was from a revision before the one that there is.
 * @param {() => void} listener
 */
export function late(listener) {
  isLate = listener;
}

/**
 * Asks for JSON, or gives what was answered to the same question before. It is not to be changed.
 * @param {string} path
 * @param {api.Query} query
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export async function get(path, query, signal) {
  const address = api.link(path, query);
  const found = answers.get(address) ?? api.get(path, query, signal);
  answers.delete(address);
  answers.set(address, found);
  if (answers.size > KEPT) {
    answers.delete(/** @type {string} */ (answers.keys().next().value));
  }
  let answer;
  try {
    answer = await found;
  } catch (error) {
    if (answers.get(address) === found) {
      answers.delete(address);
    }
    if (error instanceof DOMException && error.name === "AbortError" && !signal.aborted) { // whoever asked first has gone
      return get(path, query, signal);
    }
    throw error;
  }
  signal.throwIfAborted();
  return answer;
}
