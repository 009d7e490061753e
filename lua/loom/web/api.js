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
 * @param {string} address
 * @param {RequestInit} init
 */
async function request(address, init) {
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
 * Asks for JSON that is to be changed, with its entity tag, which tells later whether somebody else has changed it.
 * @param {string} path
 * @param {Query} [query]
 * @returns {Promise<{ body: any, tag: string | null }>}
 */
export async function tagged(path, query) {
  const response = await request(link(path, query), { cache: "no-store" });
  const tag = response.headers.get("ETag");
  return { body: await response.json(), tag: tag && tag.replace(/^W\//, "") }; // which whoever packs the answer puts before it
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

/**
 * Has something changed.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {{ query?: Query, body?: unknown, match?: string | null, signal?: AbortSignal }} [options] `body` is sent as JSON, or as
 *   it is where it is a `Blob`; `match`: the entity tag of what is to be there still
 * @returns {Promise<any>} JSON, or null where there is none
 */
export async function send(method, path, options = {}) {
  const { query, body, match, signal } = options;
  /** @type {Record<string, string>} */
  const headers = match ? { "If-Match": match } : {};
  let sent = /** @type {BodyInit | undefined} */ (body instanceof Blob ? body : undefined);
  if (body !== undefined && !sent) {
    headers["Content-Type"] = "application/json";
    sent = JSON.stringify(body);
  }
  const response = await request(link(path, query), { method, headers, body: sent, signal });
  return response.headers.get("Content-Type")?.includes("json") ? response.json() : null;
}
