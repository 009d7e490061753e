/**
 * The page: it opens the view that the address names, keeps it up to date, and gives every failure its place.
 */

import * as address from "./address.js";
import * as api from "./api.js";
import { show } from "./clock.js";
import { failure, welcome } from "./failure.js";
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
/** @type {number | null} when the service was there last */
let lost = null;

function close() {
  open?.view.close?.();
  open = null;
}

function login() {
  close();
  fill(problem);
  fill(place, session.form(() => {
    fill(place);
    header.updateWho(login);
    update();
  }));
  header.updateWho(login);
}

/**
 * The view that an address names.
 * @param {string} wanted
 * @param {AbortSignal} signal
 */
async function viewOf(wanted, signal) {
  const name = views[wanted] ? wanted : "fleet";
  if (open?.name === name) {
    return open.view;
  }
  const module = await views[name]();
  signal.throwIfAborted();
  close();
  open = { name, view: module.open() };
  fill(place, open.view.element);
  document.title = `${module.title} – Loom`;
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
    throw error;
  }
  if (error.status === 0) {
    lost ??= Date.now();
    document.body.classList.add("lost");
    notice.warn("The service has not answered since ", show(lost, undefined, "time"),
      ". What is shown is from before. Trying again by itself. ",
      h("button", { type: "button", onclick: () => update() }, "Try now"));
    retry();
  } else if (error.status === 401) {
    session.load().then(login, fail);
  } else {
    fill(problem, failure(error, () => update()));
    if (error.status === 503) {
      retry();
    }
  }
}

function succeed() {
  retries = 0;
  lost = null;
  clearTimeout(retrying);
  document.body.classList.remove("lost");
  notice.warn();
  fill(problem);
}

/** Shows what the address asks for, as the data are now. */
async function update() {
  const { tokens, scope } = session.current();
  if (tokens && !scope) {
    login();
    return;
  }
  const now = address.read();
  header.update(now);
  filters.update(now);
  updating.abort();
  updating = new AbortController();
  const { signal } = updating;
  try {
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

async function start() {
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
  try {
    await session.load();
  } catch (error) {
    fail(error);
    return;
  }
  header.updateWho(login);
  live.start();
  await update();
}

start();
