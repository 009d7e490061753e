// What tests of the dashboard share: a service on a made-up fleet, a browser, and pages of which nothing may be wrong.
//
// LOOM_BUILD has the modules and, in browser/, playwright-core and axe-core; CHROMIUM and LUA name the programs. Nothing waits for a
// time: what is waited for is something that can be seen, up to a limit.

import assert from "node:assert/strict";
import {execFileSync, spawn} from "node:child_process";
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {connect, createServer} from "node:net";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Where things were built. */
export const build = resolve(top, process.env.LOOM_BUILD || "build");

const tools = createRequire(join(build, "browser/"));
const {chromium} = tools("playwright-core");
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

const LIMIT = 60000; // milliseconds that anything may take, on a busy machine

const environment = {
  ...process.env, LOOM_BUILD: build, LUA_PATH: `${top}/lua/?.lua;${top}/lua/?/init.lua;;`, LUA_CPATH: `${build}/lua5.4/?.so;;`,
};

/** A folder that is removed by `remove`. */
export function makeFolder() {
  const path = mkdtempSync(join(tmpdir(), "loom-dashboard-"));
  return {path, remove: () => rmSync(path, {recursive: true, force: true})};
}

/** Makes a database of so many stores, perhaps plain ones: see make_fleet.lua. */
export function makeFleet(database, stores, ...words) {
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_fleet.lua", database, String(stores), ...words],
    {cwd: top, env: environment});
}

/** What the command prints. */
export function loom(...words) {
  return execFileSync(process.env.LUA || "lua5.4", [join(top, "bin/loom"), ...words], {env: environment, encoding: "utf8"});
}

const freePort = () => new Promise((done, fail) => {
  const server = createServer();
  server.on("error", fail);
  server.listen(0, "127.0.0.1", () => {
    const {port} = server.address();
    server.close(() => done(port));
  });
});

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tries something until it holds; `what` it is, or a function that says so. */
export async function until(what, holds) {
  for (let tries = 0; tries < LIMIT / 20; tries++) {
    if (await holds()) {
      return;
    }
    await pause(20);
  }
  throw new Error(`never: ${typeof what === "function" ? what() : what}`);
}

/** Starts a service, with an agent or without, and returns when it answers: its `port` and its `url`; `stop` ends it. */
export async function serve(database, {port, words = [], agent = false} = {}) {
  port ??= await freePort();
  const child = spawn(process.env.LUA || "lua5.4", [join(top, "bin/loom"), "serve", database, "--listen", `127.0.0.1:${port}`,
    "--log-level", "error", ...(agent ? [] : ["--no-agent"]), ...words], {env: environment, stdio: ["ignore", "ignore", "pipe"]});
  let log = "";
  child.stderr.on("data", (text) => log += text);
  const ended = new Promise((done) => child.on("exit", done));
  const kill = () => child.kill("SIGTERM");
  process.on("exit", kill); // a test that fails does not come to stop it, and nothing waits for it then
  child.unref();
  child.stderr.unref();
  const url = `http://127.0.0.1:${port}`;
  await until(() => `loom serve answers\n${log}`, async () => {
    assert.equal(child.exitCode, null, log);
    return (await fetch(`${url}/healthz`).catch(() => null))?.ok;
  });
  return {port, url, async stop() {
    child.ref();
    process.off("exit", kill);
    kill();
    await ended;
  }};
}

/**
 * Stands between a browser and a service. After `hang` nothing is answered and nothing is closed, as where a service hangs or a
 * network is gone; `resume` ends that, with all that waited. `stop` ends it.
 */
export async function wire(service) {
  const sockets = new Set();
  let isHung = false;
  const flow = (socket) => isHung ? socket.unpipe().pause() : socket.pipe(socket.other);
  const server = createServer((near) => {
    const far = connect(service.port, "127.0.0.1");
    near.other = far;
    far.other = near;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        socket.other.destroy();
      });
      flow(socket);
    }
  });
  const turn = (hangs) => () => {
    isHung = hangs;
    sockets.forEach(flow);
  };
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {url: `http://127.0.0.1:${server.address().port}`, hang: turn(true), resume: turn(false), stop() {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  }};
}

/** Starts a browser. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

// What a browser finds to complain of, and what is asked for.
function watch(page, origin) {
  const seen = {complaints: [], requests: [], pending: new Set()};
  page.on("request", (request) => {
    seen.requests.push(request);
    if (!request.url().endsWith("/v1/events")) {
      seen.pending.add(request);
    }
    if (!request.url().startsWith(`${origin}/`) && !/^(blob|data):/.test(request.url())) {
      seen.complaints.push(`asks ${request.url()}`);
    }
  });
  for (const event of ["requestfinished", "requestfailed"]) {
    page.on(event, (request) => seen.pending.delete(request));
  }
  page.on("console", (message) => {
    if (message.type() !== "verbose") { // hints of Chromium's
      seen.complaints.push(`${message.type()}: ${message.text()} ${message.location().url}`);
    }
  });
  page.on("pageerror", (error) => seen.complaints.push(error.stack));
  page.on("dialog", (dialog) => seen.complaints.push(dialog.message()));
  return seen;
}

/** Waits for two frames. */
export const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Waits until a page has all that it has asked for, and shows it: for three looks, since what a click asks for is told later. */
export async function settle(page, seen) {
  let quiet = 0;
  await until(() => `the page has all of ${[...seen.pending].map((request) => request.url())}`, async () => {
    await frame(page);
    const isShown = seen.pending.size === 0 && await page.evaluate(() =>
      (document.querySelector("main")?.childElementCount ?? 0) > 0 || document.querySelector(".place")?.childElementCount);
    quiet = isShown ? quiet + 1 : 0;
    return quiet === 3;
  });
  await frame(page);
}

/**
 * Opens an address in a browser of its own, works with it, and expects nothing wrong: no complaint of the browser, of the policy
 * of the page, and no request to another host. With `hasClock` its timers go by page.clock, which can be moved on.
 */
export async function visit(browser, address, options, work) {
  const {allowed = [], hasClock = false, ...rest} = options;
  const context = await browser.newContext({viewport: {width: 1280, height: 800}, ...rest});
  const page = await context.newPage();
  if (hasClock) {
    await page.clock.install();
  }
  const seen = watch(page, address.startsWith("file:") ? new URL(".", address).href.slice(0, -1) : new URL(address).origin);
  await page.goto(address);
  await settle(page, seen);
  const result = await work(page, seen);
  await context.close();
  assert.deepEqual(seen.complaints.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint))), [], address);
  return result;
}

/** What axe-core finds that is serious, a line each. */
export async function barriers(page) {
  const session = await page.context().newCDPSession(page);
  const run = async (expression) => {
    const {result, exceptionDetails} = await session.send("Runtime.evaluate",
      {expression, awaitPromise: true, returnByValue: true});
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await run(axe + "\n;0");
  const found = await run(`axe.run(document, {resultTypes: ["violations"], preload: location.protocol !== "file:"}).then(({violations}) => violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .flatMap(({id, help, nodes}) => nodes.map((node) => id + ": " + help + ": " + node.html.slice(0, 200) + " " + node.target)))`);
  await session.detach();
  return found;
}

/** Bytes of the bodies that were sent, as they were sent, by kind: `js`, `css`, `all`. */
export async function bytesOf(requests) {
  const bytes = {js: 0, css: 0, all: 0};
  for (const request of requests) {
    if (request.url().endsWith("/v1/events") || request.failure()) { // such as what was given up for a newer question
      continue;
    }
    const {responseBodySize} = await request.sizes();
    const kind = /\.(js|css)$/.exec(new URL(request.url()).pathname)?.[1];
    bytes.all += responseBodySize;
    if (kind) {
      bytes[kind] += responseBodySize;
    }
  }
  return bytes;
}
