// Each view in Firefox, on a real service: that it opens, is filled, and nothing is wrong in the console. All else is tested in
// Chromium. Firefox is driven by its own Marionette, a socket of JSON, so that nothing but Firefox itself is needed; FIREFOX names
// it, and without it the tests are skipped.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {existsSync, mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {connect} from "node:net";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {makeFleet, makeFolder, serve, until} from "./support.mjs";

const program = process.env.FIREFOX || "/usr/bin/firefox-esr";
const skip = existsSync(program) ? false : `there is no ${program}`;

const PREFERENCES = {"marionette.port": 0, "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false, "app.update.enabled": false, "browser.startup.page": 0,
  "browser.startup.homepage_override.mstone": "ignore",
  "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#"}; // so that it speaks to nobody but the service

// What shows that a view is filled.
const views = {fleet: ".rows .strip path, .rows .strip rect", wall: ".wall-axis text", "store?id=store-00020": ".figures td",
  alerts: ".begin", reports: "#main form", data: ".facts-list dd"};

/** Requests and answers of Marionette: `LENGTH:[0, id, command, parameters]` and `LENGTH:[1, id, error, result]`. */
function marionette(port) {
  const socket = connect(port, "127.0.0.1");
  const waiting = new Map();
  let [got, id] = [Buffer.alloc(0), 0];
  socket.on("data", (data) => {
    got = Buffer.concat([got, data]);
    for (let colon = got.indexOf(":"); colon > 0; colon = got.indexOf(":")) {
      const end = colon + 1 + Number(got.subarray(0, colon));
      if (got.length < end) {
        return;
      }
      const message = JSON.parse(got.subarray(colon + 1, end));
      got = got.subarray(end);
      if (Array.isArray(message)) { // the first one is a greeting
        const [, of, error, result] = message;
        const {done, fail} = waiting.get(of);
        waiting.delete(of);
        error ? fail(new Error(`${error.error}: ${error.message}`)) : done(result);
      }
    }
  });
  const lost = (error) => waiting.forEach(({fail}) => fail(error ?? new Error("Firefox has gone")));
  socket.on("error", lost).on("close", () => lost());
  return {
    send: (command, parameters = {}) => new Promise((done, fail) => {
      const text = JSON.stringify([0, ++id, command, parameters]);
      waiting.set(id, {done, fail});
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    }),
    end: () => socket.destroy(),
  };
}

async function launchFirefox(profile) {
  writeFileSync(join(profile, "user.js"), Object.entries(PREFERENCES).map(([name, value]) =>
    `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, "--marionette",
    "--remote-allow-system-access"], {stdio: "ignore",
    env: {...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1"}});
  const ended = new Promise((done) => child.on("exit", done));
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const file = join(profile, "MarionetteActivePort");
  await until("Firefox listens", () => existsSync(file) && readFileSync(file, "utf8") !== "" || child.exitCode !== null);
  assert.equal(child.exitCode, null, "Firefox has ended");
  const connection = marionette(Number(readFileSync(file, "utf8")));
  await connection.send("WebDriver:NewSession", {});
  return {
    ...connection,
    async run(script, args = []) {
      return (await connection.send("WebDriver:ExecuteScript", {script, args})).value;
    },
    async close() {
      connection.end();
      process.off("exit", kill);
      kill();
      await ended;
    },
  };
}

describe("in Firefox", {skip}, () => {
  let folder, service, firefox;

  before(async () => {
    folder = makeFolder();
    makeFleet(join(folder.path, "db"), 40);
    service = await serve(join(folder.path, "db"));
    mkdirSync(join(folder.path, "profile"));
    firefox = await launchFirefox(join(folder.path, "profile"));
  });

  after(async () => {
    await firefox?.close();
    await service?.stop();
    folder?.remove();
  });

  // Errors and warnings of pages of the service, since Firefox has begun.
  async function complaints() {
    await firefox.send("Marionette:SetContext", {value: "chrome"});
    const told = await firefox.run(`return Services.console.getMessageArray().filter((one) => one instanceof Ci.nsIScriptError)
      .filter((one) => one.sourceName.startsWith(arguments[0])).map((one) => one.message)`, [service.url]);
    await firefox.send("Marionette:SetContext", {value: "content"});
    return told;
  }

  for (const [view, selector] of Object.entries(views)) {
    it(`${view} opens, is filled, and complains of nothing`, async () => {
      await firefox.send("WebDriver:Navigate", {url: `${service.url}/ui/${view}`});
      await until(`there is ${selector}`,
        () => firefox.run("return document.querySelector(arguments[0]) !== null", [selector]));
      assert.deepEqual(await complaints(), []);
      assert.ok(await firefox.run("return document.documentElement.scrollWidth <= innerWidth"));
    });
  }
});
