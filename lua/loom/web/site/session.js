/**
 * Nobody logs in to a copy, and nobody changes it.
 */

const NOBODY = { tokens: false, name: null, scope: null, where: null };

/** @returns {import("../session.js").Session} */
export function current() {
  return NOBODY;
}

export function mayWrite() {
  return false;
}

export function isTold() {
  return true;
}

export async function load() {
  return NOBODY;
}

export async function leave() {}

export async function begin() {}
