/**
 * The page: it opens the view that the address names, keeps it up to date, and gives every failure its place.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import * as filters from "./filters.js";
import * as fresh from "./fresh.js";
import { fill, h } from "./h.js";
import * as header from "./header.js";
import { load } from "./load.js";
import * as live from "./live.js";
import * as notice from "./notice.js";
import * as opened from "./opened.js";
import * as reach from "./reach.js";
import { ready } from "./ready.js";
import { refreshing } from "./refreshing.js";
import * as session from "./session.js";
import * as theme from "./theme.js";

const problem = h("div", { class: "place" });
const placed = ready().then(() => document.body.replaceChildren(h("a", { class: "skip", href: "#main" }, "To the content"),
  header.element, filters.element, ...notice.places, problem, opened.place));

let updating = new AbortController();
let isKnown = false; // whether it is told who looks

function login() {
  live.stop();
  opened.close();
  filters.element.hidden = true;
  fill(problem);
  header.updateWho(leave);
  import("./login.js").then(({ form }) => fill(opened.place, form(() => {
    fill(opened.place);
    header.updateWho(leave);
    update();
  }))).catch(fail);
}

// What has been asked for is not waited for: it would be refused.
async function leave() {
  updating.abort();
  reach.told();
  live.stop();
  try {
    await session.leave();
    login();
  } catch (error) {
    fail(error);
  }
}

/** What to do where the page itself fails, or asks for a part of it that the service has in a newer version. */
function broken() {
  return h("section", { class: "panel failure", role: "alert" },
    h("h2", null, "This page has failed"),
    h("p", null, "It may be older than the service."),
    h("p", null, h("button", { type: "button", onclick: () => location.reload() }, "Load it anew")));
}

/** @param {unknown} error */
function breakDown(error) {
  document.body.classList.add("lost");
  fill(problem, broken());
  throw error;
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof DOMException && error.name === "AbortError") {
    return;
  } else if (!(error instanceof api.ApiError)) {
    return breakDown(error);
  } else if (error.status === 0) {
    reach.lose();
    return reach.retry();
  }
  reach.answered();
  if (error.status === 401) {
    session.load().then(login, fail);
    return;
  }
  const { signal } = updating;
  document.body.classList.add("lost");
  import("./failure.js").then(({ failure }) => !signal.aborted && fill(problem, failure(error, () => update())), breakDown);
  if (error.status === 503) {
    reach.retry();
  }
}

/** Whether whoever looks may: where they have to log in first, they have. */
async function isAdmitted() {
  if (!isKnown) {
    if (session.current().scope === null) { // the page itself has not told
      await session.load();
    }
    isKnown = true;
    header.updateWho(leave);
  }
  const { tokens, scope } = session.current();
  return !tokens || scope !== null;
}

/**
 * Shows what the address asks for, as the data are now.
 * @param {address.Address} [changed] the address, where it is another one: until it is painted, what is shown is something else
 */
async function update(changed) {
  updating.abort();
  updating = new AbortController();
  const { signal } = updating;
  const now = changed ?? address.read();
  reach.expect();
  const loading = load(now.view);
  loading.catch(() => {}); // it is told where the view is wanted
  if (changed) {
    opened.place.setAttribute("aria-busy", "true");
  }
  if (isKnown && !live.isOpen()) { // nobody tells of changes; what is asked for first is of now
    fresh.forget();
  }
  try {
    if (!await isAdmitted()) {
      await placed;
      reach.told();
      opened.place.removeAttribute("aria-busy");
      login();
      return;
    }
    signal.throwIfAborted();
    const asked = fresh.get("v1/now", address.now(now.query), signal);
    asked.catch(() => {}); // so is how it went
    loading.then(({ module: { ahead } }) => ahead?.(now.query, signal), () => {});
    await placed;
    header.update(now);
    filters.update(now);
    const answer = await asked;
    reach.told();
    const rest = await opened.update(now, loading, answer, signal);
    opened.place.removeAttribute("aria-busy");
    live.start(); // what it tells first is whether all this is of now
    await rest?.();
    reach.succeeded();
    fill(problem);
  } catch (error) {
    if (!signal.aborted) {
      fail(error);
    }
  }
  if (!signal.aborted) {
    opened.place.removeAttribute("aria-busy");
    live.start(); // also where something has failed
  }
}

/** Begins with it. */
export function start() {
  theme.apply();
  address.follow();
  address.subscribe(update);
  reach.retrying(() => update());
  live.subscribe("connection", (state) => {
    header.updateConnection(state);
    state === "lost" && reach.retry(); // which tells where the service is gone, also to who only looks
  });
  refreshing(async () => {
    if (!address.read().query.has("as_of")) {
      await update();
    }
  });
  update(address.read());
}
