/**
 * The page: it opens the view that the address names, keeps it up to date, and gives every failure its place.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { show } from "./clock.js";
import { copy } from "./copy.js";
import { broken, failure, welcome } from "./failure.js";
import * as filters from "./filters.js";
import { fill, h } from "./h.js";
import * as header from "./header.js";
import * as live from "./live.js";
import * as notice from "./notice.js";
import * as session from "./session.js";
import * as theme from "./theme.js";
import { views } from "./views/index.js";

const RETRY_MOST = 30000; // milliseconds between two tries where the service does not answer

const problem = h("div", { class: "place" });
const place = h("main", { id: "main", tabIndex: -1 });

/** @type {{ name: string, view: import("./views/index.js").View } | null} */
let open = null;
let updating = new AbortController();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retrying;
let retries = 0;
let isLost = false; // whether the service does not answer
let isKnown = false; // whether the service has told who looks

function close() {
  open?.view.close?.();
  open = null;
}

function login() {
  live.stop();
  close();
  filters.element.hidden = true;
  fill(problem);
  fill(place, session.form(() => {
    fill(place);
    header.updateWho(leave);
    update();
  }));
  header.updateWho(leave);
}

// What has been asked for is not waited for: it would be refused.
async function leave() {
  updating.abort();
  live.stop();
  try {
    await session.leave();
    login();
  } catch (error) {
    fail(error);
  }
}

/**
 * The view that an address names.
 * @param {string} wanted
 * @param {AbortSignal} signal
 */
async function viewOf(wanted, signal) {
  const name = Object.hasOwn(views, wanted) ? wanted : "fleet";
  if (open?.name === name) {
    return open.view;
  }
  const module = await views[name]();
  signal.throwIfAborted();
  close();
  open = { name, view: module.open() };
  fill(place, open.view.element);
  document.title = `${module.title} – ${copy?.title ?? "Loom"}`;
  return open.view;
}

function retry() {
  clearTimeout(retrying);
  retrying = setTimeout(update, Math.min(1000 * 2 ** retries++, RETRY_MOST));
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof DOMException && error.name === "AbortError") {
    return;
  } else if (!(error instanceof api.ApiError)) {
    document.body.classList.add("lost");
    fill(problem, broken());
    throw error;
  }
  if (error.status === 0) {
    lose();
    retry();
    return;
  }
  answered();
  if (error.status === 401) {
    session.load().then(login, fail);
  } else {
    document.body.classList.add("lost");
    fill(problem, failure(error, () => update()));
    if (error.status === 503) {
      retry();
    }
  }
}

// The banner is put up once, so that its button keeps the focus.
function lose() {
  document.body.classList.add("lost");
  if (!isLost) {
    isLost = true;
    notice.warn("The service has not answered since ", show(Date.now(), undefined, "time"),
      ". What is shown is from before. Trying again by itself. ",
      h("button", { type: "button", onclick: () => update() }, "Try now"));
  }
}

function answered() {
  isLost = false;
  clearTimeout(retrying);
  document.body.classList.remove("lost");
  notice.warn();
}

function succeed() {
  answered();
  retries = 0;
  fill(problem);
}

/** Whether whoever looks may: where they have to log in first, they have. */
async function isAdmitted() {
  if (!isKnown) {
    await session.load();
    isKnown = true;
    header.updateWho(leave);
  }
  const { tokens, scope } = session.current();
  return !tokens || scope !== null;
}

/** Shows what the address asks for, as the data are now. */
async function update() {
  updating.abort();
  updating = new AbortController();
  const { signal } = updating;
  const now = address.read();
  try {
    if (!await isAdmitted()) {
      login();
      return;
    }
    signal.throwIfAborted();
    live.start();
    header.update(now);
    filters.update(now);
    const asked = address.question(now.query);
    const state = await api.get("v1/now", asked, signal);
    header.updateAge(state, now.query);
    if (state.newest_poll === null && now.view !== "data") {
      close();
      fill(place, welcome());
    } else {
      await (await viewOf(now.view, signal)).update(now, signal, state);
    }
    succeed();
  } catch (error) {
    if (!signal.aborted) {
      fail(error);
    }
  }
}

function start() {
  theme.apply();
  document.body.replaceChildren(h("a", { class: "skip", href: "#main" }, "To the content"), header.element, filters.element,
    ...notice.places, problem, place);
  address.follow();
  address.subscribe(update);
  live.subscribe("connection", header.updateConnection);
  live.refreshing(async () => {
    if (!address.read().query.has("as_of")) {
      await update();
    }
  });
  update();
}

start();
