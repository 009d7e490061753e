/**
 * Requests to the service that this page came from.
 */

/** What is wrong, as the service tells it (RFC 9457), or that there was no answer: then `status` is 0. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem
   */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? "there was no answer");
    this.status = status;
    this.problem = problem;
    /** @type {string | undefined} the field, or parameter, that is wrong */
    this.field = problem.field;
  }
}

/** @type {(revision: number) => void} */
let tellRevision = () => {};

/**
 * Calls a function with the revision of the data that each answer is from, where the service tells it.
 * @param {(revision: number) => void} listener
 */
export function dated(listener) {
  tellRevision = listener;
}

/** @typedef {URLSearchParams | Record<string, string | number | boolean | null | undefined>} Query */

/**
 * The address of something that the service has, for a link or a picture.
 * @param {string} path such as "v1/stores"
 * @param {Query} [query]
 */
export function link(path, query) {
  const asked = query instanceof URLSearchParams ? query : new URLSearchParams();
  for (const [name, value] of query && !(query instanceof URLSearchParams) ? Object.entries(query) : []) {
    if (value !== null && value !== undefined && value !== "") {
      asked.append(name, String(value));
    }
  }
  const text = asked.toString();
  return "../" + path + (text && "?" + text);
}

/**
 * The path of what the service has of a store.
 * @param {string} id
 * @param {string} [what] such as "outages"; of the store itself without it
 */
export function ofStore(id, what) {
  return `v1/stores/${encodeURIComponent(id)}` + (what ? "/" + what : "");
}

/** @param {Response} response */
async function problemOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { detail: `${response.status} ${response.statusText}` };
  }
}

/**
 * Sends a request, and returns the response if it is good.
 * @param {string} address
 * @param {RequestInit} init
 */
export async function request(address, init) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new ApiError(0, {});
  }
  if (response.status === 502 || response.status === 504) { // a proxy in front, that has nobody behind it
    throw new ApiError(0, {});
  } else if (!response.ok) {
    throw new ApiError(response.status, await problemOf(response));
  }
  const revision = response.headers.get("Loom-Revision");
  if (revision) {
    tellRevision(Number(revision));
  }
  return response;
}

/**
 * Asks for JSON.
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query, signal) {
  return (await request(link(path, query), { signal })).json();
}

/**
 * Asks for text.
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 */
export async function getText(path, query, signal) {
  return (await request(link(path, query), { signal })).text();
}
