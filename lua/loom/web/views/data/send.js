/**
 * Sends a file, and tells how much of it has gone: what `fetch` does not.
 */

import { ApiError, link } from "../../api.js";

/**
 * @param {string} path
 * @param {File} file
 * @param {Record<string, string>} query
 * @param {(share: number) => void} progress called with how much has been sent, of 1
 * @returns {Promise<any>} what the service answers
 */
export function send(path, file, query, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", link(path, query));
    request.responseType = "json";
    request.setRequestHeader("Content-Type", file.name.endsWith(".gz") ? "application/gzip" : "text/csv");
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    request.addEventListener("error", () => reject(new ApiError(0, {})));
    request.addEventListener("load", () => {
      if (request.status === 200) {
        resolve(request.response);
      } else {
        reject(new ApiError(request.status, request.response ?? {}));
      }
    });
    request.send(file);
  });
}
