/**
 * When the view is loaded anew, since the service tells of changes.
 */

import * as fresh from "./fresh.js";
import * as live from "./live.js";

/**
 * Calls a function when what the page has asked for may be of before the newest change, and the page is seen: at most every two
 * seconds, and not before the last call has ended.
 * @param {() => Promise<void>} refresh
 */
export function refreshing(refresh) {
  const PAUSE = 2000;
  let due = false;
  let busy = false;
  let wasLost = false;

  async function run() {
    if (!due || busy || document.hidden) {
      return;
    }
    due = false;
    busy = true;
    try {
      await refresh();
    } finally {
      setTimeout(() => {
        busy = false;
        run();
      }, PAUSE);
    }
  }

  function ask() {
    fresh.forget();
    due = true;
    run();
  }
  live.subscribe("revision", ({ revision }) => fresh.isNews(revision) && ask());
  live.subscribe("welcome", ({ revision }) => {
    if (fresh.isNews(revision) || wasLost) {
      wasLost = false;
      ask();
    }
  });
  live.subscribe("connection", (now) => {
    wasLost ||= now === "lost";
  });
  live.subscribe("alert", ask); // which is of no revision of the data
  fresh.late(ask);
  document.addEventListener("visibilitychange", run);
}
