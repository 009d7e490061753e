// The dashboard in a browser, on a real service: that nothing is wrong with any of its pages, and what they cost.

import assert from "node:assert/strict";
import {mkdirSync, readFileSync, statSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {barriers, build, bytesOf, launch, loom, makeFleet, makeFolder, serve, settle, until, visit} from "./support.mjs";

const STORES = 60;
const WIDTHS = [375, 768, 1280, 1920];
const KB = 1024;
const MOST = {js: 50 * KB, css: 8 * KB, all: 120 * KB}; // gzipped, of the first view
const NODES = 2500;
const LARGE = Number(process.env.LOOM_STORES || 14000); // stores of a large fleet; 100000 take half a minute to be made

const views = {fleet: "", wall: "", store: "?id=store-00020", alerts: "", reports: "", data: ""};
const pictures = join(build, "pictures");

let folder, browser, service;
let databases = 0;

// A database of so many stores, of its own: its reports have one folder.
function fleetOf(stores) {
  const database = join(folder.path, `db${++databases}`);
  makeFleet(database, stores);
  return database;
}

before(async () => {
  folder = makeFolder();
  mkdirSync(pictures, {recursive: true});
  browser = await launch();
  service = await serve(fleetOf(STORES));
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

describe("each view", () => {
  for (const [view, query] of Object.entries(views)) {
    for (const colorScheme of ["light", "dark"]) {
      it(`${view}, ${colorScheme}, has nothing wrong with it, and fits`, async () => {
        await visit(browser, `${service.url}/ui/${view}${query}`, {colorScheme}, async (page, seen) => {
          for (const width of WIDTHS) {
            await page.setViewportSize({width, height: width < 500 ? 812 : 900});
            await settle(page, seen);
            await page.screenshot({path: join(pictures, `${view}-${width}-${colorScheme}.png`)});
          }
          assert.deepEqual(await barriers(page), []);
          await page.setViewportSize({width: 320, height: 640});
          await settle(page, seen);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it is wider than 320 pixels");
          assert.deepEqual(await barriers(page), []);
        });
      });
    }
  }

  it("is within its bytes the first time", async () => {
    for (const view of Object.keys(views)) {
      await visit(browser, `${service.url}/ui/${view}${views[view]}`, {}, async (page, {requests}) => {
        const bytes = await bytesOf(requests);
        for (const [kind, most] of Object.entries(MOST)) {
          assert.ok(bytes[kind] <= most, `${view}: ${bytes[kind]} bytes of ${kind}, and no more than ${most} are meant`);
        }
        assert.ok(bytes.js > 0 && bytes.css > 0);
      });
    }
  });

  it("shows ids as text, whatever is in them", async () => {
    for (const id of ["<script>window.harmed = 1</script>", "</script><script>window.harmed = 3//", "&amp;&lt;", "🌮 taco",
      "المتجر", "a/b?c=d&e#f%2F", "long id long id"]) {
      await visit(browser, `${service.url}/ui/fleet?q=${encodeURIComponent(id)}`, {}, async (page) => {
        assert.ok((await page.locator("main table").allTextContents()).join().includes(id), id);
        assert.equal(await page.evaluate(() => window.harmed), undefined);
      });
    }
  });
});

describe("a service", () => {
  it("without data says what to do", async () => {
    const empty = await serve(join(folder.path, "empty"));
    await visit(browser, `${empty.url}/`, {}, async (page) => {
      assert.match(page.url(), /\/ui\/$/);
      assert.match(await page.locator("main").textContent(), /curl/);
      assert.deepEqual(await barriers(page), []);
    });
    await empty.stop();
  });

  it("below a prefix works as anywhere", async () => {
    const below = await serve(fleetOf(20), {words: ["--prefix", "/loom"]});
    for (const view of Object.keys(views)) {
      await visit(browser, `${below.url}/loom/ui/${view}${views[view]}`, {}, async (page, {requests}) => {
        for (const request of requests) {
          assert.match(request.url(), /^http:\/\/127\.0\.0\.1:\d+\/loom\//);
        }
      });
    }
    await below.stop();
  });

  it("with tokens asks for one, and comes back to where one was", async () => {
    const [, token, line] = /^token: (\S+)\nline: {2}(.*)\n$/.exec(loom("token", "read", "ops"));
    writeFileSync(join(folder.path, "tokens"), `${line}\n`);
    const guarded = await serve(fleetOf(20), {words: ["--token-file", join(folder.path, "tokens")]});
    await visit(browser, `${guarded.url}/ui/fleet?q=taco`, {allowed: [/status of 401/]}, async (page, seen) => {
      assert.deepEqual(await barriers(page), []);
      await page.screenshot({path: join(pictures, "login.png")});
      await page.fill("#token", "wrong");
      await page.keyboard.press("Enter");
      await page.locator("#token-problem:not(:empty)").waitFor();
      await page.fill("#token", token);
      await page.keyboard.press("Enter");
      await page.locator("#token").waitFor({state: "detached"});
      await settle(page, seen);
      assert.match(page.url(), /\/ui\/fleet\?q=taco$/);
      assert.match(await page.locator("main").textContent(), /taco/);
      assert.ok(!(await page.evaluate(() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])))
        .includes(token), "the page keeps the token");
    });
    await guarded.stop();
  });

  it("that is gone is missed, and is there again by itself", async () => {
    const database = fleetOf(20);
    let other = await serve(database);
    const failures = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_NETWORK/];
    await visit(browser, `${other.url}/ui/fleet`, {allowed: failures}, async (page, seen) => {
      const {port} = other;
      await other.stop();
      await page.locator("thead button, thead th button").first().click().catch(() => {});
      await until("the page says that the service is gone", () => page.evaluate(() => document.body.classList.contains("lost")));
      assert.match(await page.locator("body").textContent(), /has not answered since/);
      other = await serve(database, {port});
      await until("the page has found it again", () => page.evaluate(() => !document.body.classList.contains("lost")));
      await settle(page, seen);
    });
    await other.stop();
  });
});

describe("a large fleet", () => {
  let large;

  before(async () => {
    large = await serve(fleetOf(LARGE));
    await until("the first report is there", async () => (await fetch(`${large.url}/v1/stores?limit=1`)).ok);
  });

  after(() => large?.stop());

  it("has few nodes, wherever it is scrolled to", async () => {
    await visit(browser, `${large.url}/ui/fleet`, {}, async (page, seen) => {
      for (const part of [0, 0.5, 1, 0.2]) {
        await page.evaluate((to) => {
          for (const box of [document.documentElement, ...document.querySelectorAll("main *")]) {
            if (box.scrollHeight > box.clientHeight + 1000) {
              box.scrollTop = to * box.scrollHeight;
            }
          }
        }, part);
        await settle(page, seen);
        const count = await page.evaluate(() => document.querySelectorAll("*").length);
        assert.ok(count < NODES, `${count} elements`);
      }
      const bytes = await bytesOf(seen.requests);
      assert.ok(bytes.js <= MOST.js);
    });
  });

  it("shows figures of all stores that fit their places, and whole instants", async () => {
    await visit(browser, `${large.url}/ui/fleet`, {}, async (page) => {
      await page.locator(".rows .strip").first().waitFor();
      const cut = await page.locator(".fleet-windows .sheet, .fleet-stores time, .fleet-stores tbody td:nth-child(8)")
        .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth > 0)
          .map((one) => one.textContent.slice(0, 200)));
      assert.deepEqual(cut, []);
    });
  });

  it("is one wall, which is not long to send", async () => {
    await visit(browser, `${large.url}/ui/wall`, {}, async (page, {requests}) => {
      const strips = requests.filter((request) => request.url().includes("/v1/strips"));
      const {all} = await bytesOf(strips.slice(0, 1)); // the picture; ids come once somebody wants to know one
      assert.ok(all <= 200 * KB, `${all} bytes`);
      await page.screenshot({path: join(pictures, "wall-large.png")});
    });
  });
});

describe("pictures of the documentation", () => {
  const KEPT = 200 * KB; // bytes of each
  const ROUNDS = 8; // of the agent, an hour apart, up to now
  const shown = {fleet: "", wall: "?by=brand", store: "?id=store-00160", alerts: ""};
  const names = Object.keys(shown).flatMap((view) => [`${view}-light.png`, `${view}-dark.png`]);
  let plain;

  before(async () => {
    const database = join(folder.path, "plain");
    makeFleet(database, 400, "plain");
    for (let round = ROUNDS; round >= 0; round--) {
      loom("agent", database, "--once", "--clock", new Date(Date.now() - round * 3600000).toISOString());
    }
    plain = await serve(database);
  });

  after(() => plain?.stop());

  for (const [view, query] of Object.entries(shown)) {
    it(`are made anew of the ${view}`, async () => {
      for (const colorScheme of ["light", "dark"]) {
        const path = join(pictures, `${view}-${colorScheme}.png`);
        await visit(browser, `${plain.url}/ui/${view}${query}`, {colorScheme}, async (page) => {
          await page.locator({fleet: ".rows .strip", wall: "canvas", store: ".figures td", alerts: ".firing td"}[view]).first().waitFor(); // what comes last
          await page.screenshot({path});
        });
        assert.ok(statSync(path).size <= KEPT, path);
      }
    });
  }

  it("that are kept are short, and shown", () => {
    const text = readFileSync("docs/dashboard.md", "utf8");
    for (const name of names) {
      assert.ok(statSync(join("docs/pictures", name)).size <= KEPT, name);
      assert.ok(text.includes(`pictures/${name}`), name);
    }
  });
});
