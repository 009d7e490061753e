/**
 * What a view can do without: where it cannot be had, the rest is shown all the same.
 */

import { ApiError } from "./api.js";

/**
 * An answer, or what the service said instead of it. Nobody logged in, or no service there, is a matter of the whole page.
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<{ found: T, problem: "" } | { found: null, problem: string }>}
 */
export async function spare(answer) {
  try {
    return { found: await answer, problem: "" };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 401 || error.status === 0) {
      throw error;
    }
    return { found: null, problem: error.message };
  }
}
