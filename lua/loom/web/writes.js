/**
 * Requests that change something.
 */

import { link, request } from "./api.js";
import { forget } from "./fresh.js";

/**
 * Asks for JSON that is to be changed, with its entity tag, which tells later whether somebody else has changed it.
 * @param {string} path
 * @param {import("./api.js").Query} [query]
 * @returns {Promise<{ body: any, tag: string | null }>}
 */
export async function tagged(path, query) {
  const response = await request(link(path, query), { cache: "no-store" });
  const tag = response.headers.get("ETag");
  return { body: await response.json(), tag: tag && tag.replace(/^W\//, "") }; // which whoever packs the answer puts before it
}

/** @typedef {import("./api.js").Query} Query */

/**
 * Has something changed, after which nothing that was answered before is sure, or asks what takes a body, which changes nothing.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {{ query?: Query, body?: unknown, match?: string | null, signal?: AbortSignal, onlyAsks?: boolean }} [options]
 *   `body` is sent as JSON, or as it is where it is a `Blob`; `match`: the entity tag of what is to be there still
 * @returns {Promise<any>} JSON, or null where there is none
 */
export async function send(method, path, options = {}) {
  const { query, body, match, signal, onlyAsks } = options;
  /** @type {Record<string, string>} */
  const headers = match ? { "If-Match": match } : {};
  let sent = /** @type {BodyInit | undefined} */ (body instanceof Blob ? body : undefined);
  if (body !== undefined && !sent) {
    headers["Content-Type"] = "application/json";
    sent = JSON.stringify(body);
  }
  const response = await request(link(path, query), { method, headers, body: sent, signal });
  if (!onlyAsks) {
    forget();
  }
  return response.headers.get("Content-Type")?.includes("json") ? response.json() : null;
}
