/**
 * What happens, as it happens: one stream of events for all pages of this browser, where it can tell them apart.
 *
 * Pages that are hidden do nothing about it; when one is shown again its view is loaded anew, if there is any news.
 */

/** @typedef {(data: any) => void} Listener */

const KINDS = ["welcome", "revision", "audit", "report", "store", "ingest", "alert", "beat"];
const CHANNEL = "loom " + new URL("..", location.href).pathname; // of one service: there may be others beside it
const AGAIN = 3000; // milliseconds after which a stream that was refused is asked for anew
const SILENT = 35000; // milliseconds of silence after which nobody is at the other end: a beat comes every 15 seconds

/** @type {Map<string, Set<Listener>>} */
const listeners = new Map();

/** @typedef {"none" | "connecting" | "open" | "lost"} Connection */

/** @type {Connection} */
let state = "none";
let heardAt = Date.now(); // milliseconds

/**
 * Calls a function with the data of events of a kind; of "connection" with the state of the stream.
 * @param {string} kind
 * @param {Listener} listener
 * @returns {() => void} ends that
 */
export function subscribe(kind, listener) {
  const known = listeners.get(kind) ?? new Set();
  listeners.set(kind, known.add(listener));
  return () => known.delete(listener);
}

/**
 * @param {string} kind
 * @param {any} data
 */
function tell(kind, data) {
  listeners.get(kind)?.forEach((listener) => listener(data));
}

/** @param {Connection} now */
function become(now) {
  if (state !== now) {
    state = now;
    tell("connection", now);
  }
}

/**
 * Opens the stream, and passes on what comes. Browsers open it anew when it breaks, but not when it is refused, as by a proxy
 * that has nobody behind it for a while, nor when it is silent, as where the service hangs or the network is gone.
 * @param {(kind: string, data: any) => void} pass
 * @returns {() => void} closes it
 */
function open(pass) {
  const source = new EventSource("../v1/events");
  /** @type {ReturnType<typeof setTimeout>} */
  let waiting;
  let close = () => {
    clearTimeout(waiting);
    source.close();
  };

  function openAnew() {
    close();
    const trying = setTimeout(() => {
      close = open(pass);
    }, AGAIN);
    close = () => clearTimeout(trying);
  }

  function hear() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      pass("connection", "lost");
      openAnew();
    }, SILENT);
  }

  hear();
  source.addEventListener("open", () => {
    hear();
    pass("connection", "open");
  });
  source.addEventListener("error", () => {
    pass("connection", "lost");
    if (source.readyState === EventSource.CLOSED) {
      openAnew();
    }
  });
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      hear();
      pass(kind, JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  }
  return () => close();
}

/**
 * @param {string} kind
 * @param {any} data
 */
function take(kind, data) {
  if (data !== "lost") {
    heardAt = Date.now();
  }
  if (kind === "connection") {
    become(data);
  } else {
    tell(kind, data);
  }
}

// The page that holds the lock has the stream, and tells the others. Locks are for pages that came safely, over TLS or from this
// machine; others have a stream each.
/** @returns {() => void} ends that */
function share() {
  const channel = new BroadcastChannel(CHANNEL);
  const over = new AbortController();
  channel.addEventListener("message", ({ data: [kind, data] }) => kind === "hello" ? undefined : take(kind, data));
  navigator.locks.request(CHANNEL, { signal: over.signal }, () => new Promise((done) => {
    let latest = "connecting";
    /** @type {{ revision: number } | null} the one that there is */
    let newest = null;
    const close = open((kind, data) => {
      latest = kind === "connection" ? data : latest;
      newest = kind === "welcome" || kind === "revision" ? data : newest;
      channel.postMessage([kind, data]);
      take(kind, data);
    });
    channel.addEventListener("message", ({ data: [kind] }) => {
      if (kind === "hello") {
        channel.postMessage(["connection", latest]);
        if (newest) {
          channel.postMessage(["welcome", newest]);
        }
      }
    });
    over.signal.addEventListener("abort", () => {
      close();
      done(undefined);
    });
  })).catch(() => {}); // it ended before it was this page's turn
  channel.postMessage(["hello"]);
  return () => {
    over.abort();
    channel.close();
  };
}

/** @type {(() => void) | null} */
let end = null;

/** Begins to listen, unless it does so. */
export function start() {
  if (!end) {
    become("connecting");
    end = navigator.locks ? share() : open(take);
  }
}

/** Listens no more, as when nobody is logged in. */
export function stop() {
  end?.();
  end = null;
  become("none");
}

/** When the stream has told something last, in milliseconds; of a page that has not listened yet, when it was loaded. */
export function lastHeard() {
  return heardAt;
}

/** Whether whatever changes will be told. */
export function isOpen() {
  return state === "open";
}
