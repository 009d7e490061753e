// A site in a browser, opened from a disk: it shows what the service does of the same database at the same instant, and asks for
// nothing outside of its folder.

import assert from "node:assert/strict";
import {existsSync, readFileSync, renameSync} from "node:fs";
import {createServer} from "node:http";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";
import {pathToFileURL} from "node:url";

import {barriers, launch, loom, makeFleet, makeFolder, serve, until, visit} from "./support.mjs";

const STORES = 1100; // more than are in one file

let folder, browser, service, page;

before(async () => {
  folder = makeFolder();
  const database = join(folder.path, "fleet.db");
  makeFleet(database, STORES);
  loom("site", database, join(folder.path, "site"), "--title", "A <b>fleet</b>");
  page = pathToFileURL(join(folder.path, "site/index.html")).href;
  browser = await launch();
  service = await serve(database);
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

const ask = async (path) => (await fetch(`${service.url}/v1/${path}`)).json();

const open = (address, work, options = {}) => visit(browser, page + (address && "#" + address), options, work);

const ids = (at) => at.locator(".fleet-stores tbody th a").allTextContents();

const rowsAre = (at, count) => at.locator(`.fleet-stores table[aria-rowcount="${count + 1}"]`).waitFor();

const firstIs = (at, id) => until(`${id} is the first row`, async () => (await ids(at))[0] === id);

describe("a site", () => {
  it("has the fleet, with the table's order and filters as the service has them", async () => {
    const {counts} = await ask("now");
    await open("", async (at) => {
      await rowsAre(at, counts.up + counts.down + counts.unknown + counts.excluded + counts.closed);
      assert.match(await at.locator(".fleet-headline").textContent(), new RegExp(`^${counts.down} of `));
      assert.match(await at.locator("header").textContent(), /A <b>fleet<\/b>.*A copy, as of .*Rules: As Loom judges by itself/s);
      for (const name of ["Reports", "Data"]) {
        assert.equal(await at.getByRole("link", {name, exact: true}).count(), 0);
      }
      for (const query of ["sort=down_last_week&order=desc", "sort=change_ratio_last_day", "sort=since&order=desc", "q=STORE-001",
        "sort=attribute.brand&order=desc", "timezone_str=Asia/Kolkata&sort=timezone_str", "where.brand=Taco&where.brand=Pizza",
        "state=down,unknown", "dormant=true", "sort=last_poll", "state=down&lasted=1h..4h", "sort=ratio_last_week"]) {
        const apart = /\b(state|dormant)=/.test(query) ? "" : "&dormant=false";
        const order = query.includes("sort=") ? "" : "&sort=state";
        const {total, stores} = await ask(`stores?compare=true&limit=10&${query}${apart}${order}`);
        await at.evaluate((hash) => location.hash = hash, "fleet?" + query);
        await rowsAre(at, total);
        if (total) {
          await firstIs(at, stores[0].store_id);
        }
        assert.deepEqual((await ids(at)).slice(0, 10), stores.map((store) => store.store_id), query);
      }
      assert.equal(await at.evaluate(() => window.harmed), undefined);
    });
  });

  it("is used by hand: a count is a filter, heads sort, and back goes back", async () => {
    const {counts} = await ask("now");
    await open("fleet", async (at) => {
      await at.locator(".fleet-count", {hasText: "down"}).first().click();
      await rowsAre(at, counts.down);
      assert.equal(await at.getByRole("region", {name: "Trend"}).count(), 0); // whose figures are of all stores
      await at.getByText("for all of its stores").waitFor();
      await at.getByRole("button", {name: "Down (h)"}).click();
      const {stores} = await ask("stores?state=down&sort=down_last_week&order=desc&limit=1");
      await firstIs(at, stores[0].store_id);
      await at.getByRole("searchbox", {name: "Search stores"}).fill("no such store");
      await rowsAre(at, 0);
      await at.goBack();
      await at.goBack();
      await rowsAre(at, STORES - counts.dormant);
      await at.getByRole("button", {name: "Filter by …"}).click();
      await at.getByRole("button", {name: "brand"}).click();
      await at.getByRole("button", {name: /^Noodle/}).click();
      await at.getByRole("button", {name: "Remove the filter brand Noodle"}).waitFor();
      assert.match(at.url(), /#fleet\?where\.brand=Noodle$/);
      await at.getByRole("link", {name: "To the content"}).press("Enter");
      assert.equal(await at.evaluate(() => document.activeElement.id), "main");
      assert.match(at.url(), /#fleet\?where\.brand=Noodle$/);
    });
  });

  it("has the table as CSV, byte for byte as the service sends it", async () => {
    const columns = "state,since,last_poll,ratio_last_day,change_ratio_last_day,down_last_day,attribute.brand,timezone_str,strip";
    const expected = await (await fetch(`${service.url}/v1/stores?format=csv&compare=true&columns=${columns}&where.brand=Taco&time=rfc3339&`
      + "sort=down_last_day&order=desc&dormant=false")).text();
    assert.ok(expected.split("\n").length > 200);
    await open("fleet?w=day&cols=state,since,last_poll,ratio,change,down,attribute.brand,timezone_str,strip&where.brand=Taco&sort=down_last_day"
      + "&order=desc", async (at) => {
      await at.getByRole("button", {name: "CSV"}).waitFor();
      const [download] = await Promise.all([at.waitForEvent("download"), at.getByRole("button", {name: "CSV"}).click()]);
      assert.equal(readFileSync(await download.path(), "utf8"), expected);
    });
  });

  it("has the wall, and opens a store from it and from a link", async () => {
    const {stores} = await ask("stores?sort=down_last_week&order=desc&limit=1");
    const worst = stores[0].store_id;
    await open("wall", async (at) => {
      await at.getByText(`one of ${STORES.toLocaleString("en")} stores`).waitFor();
      await at.locator(".wall-sheet").focus();
      await at.keyboard.press("Home");
      await until("the store is named", async () => (await at.locator(".wall-cell .id").textContent()) === worst);
      await at.keyboard.press("Enter");
      await at.locator("h1", {hasText: worst}).waitFor();
      await at.getByRole("region", {name: "Table of figures"}).waitFor();
      await at.goBack();
      await at.locator(".wall-sheet").waitFor();
    });
  });

  for (const number of [0, 3, 6, 10, STORES - 1]) {
    it(`has a store as the service tells of it: number ${number}`, async () => {
      const {stores} = await ask(`stores?sort=store_id&limit=1&offset=${number}`);
      const [{store_id: id}] = stores;
      const path = `stores/${encodeURIComponent(id)}`;
      const {days} = await ask(`${path}/schedule`);
      const dates = `from=${days[0].date}&to=${days[7].date}`;
      const {outages} = await ask(`${path}/outages?${dates}`);
      const {windows} = await ask(`${path}?windows=shown:${days[0].date}/${days[7].date},last_week:7d`);
      await open(`store?${new URLSearchParams({id})}`, async (at) => {
        const table = at.getByRole("region", {name: "Table of figures"});
        await table.waitFor();
        assert.equal(await at.locator("h1 bdi").first().textContent(), id);
        assert.equal(await at.locator(".days .day-label").count(), 7);
        assert.equal(await at.getByRole("region", {name: "Table of outages"}).locator("tbody tr").count(), outages.length);
        const text = await table.locator("tbody").allTextContents();
        const hours = (seconds) => (seconds / 3600).toFixed(seconds >= 360000 ? 0 : seconds >= 36000 ? 1 : 2);
        for (const [name, figures] of [["Days shown", windows.shown], ["Last 7 days", windows.last_week]]) {
          const line = text.find((one) => one.startsWith(name));
          assert.ok(line.includes(hours(figures.down)) && line.includes(hours(figures.up)), `${line} ${JSON.stringify(figures)}`);
        }
        assert.equal(await at.getByRole("button", {name: "Change…"}).count(), 0);
        assert.equal(await at.evaluate(() => window.harmed), undefined);
      });
    });
  }

  it("has no barriers, in light and dark", async () => {
    const few = join(folder.path, "few");
    loom("site", join(folder.path, "fleet.db"), few, "--stores", "store-0004?");
    const page = pathToFileURL(join(few, "index.html")).href;
    for (const colorScheme of ["light", "dark"]) {
      for (const view of ["fleet", "wall", "store?id=store-00042"]) {
        await visit(browser, `${page}#${view}`, {colorScheme}, async (at) => {
          await at.locator("main > *").first().waitFor();
          assert.deepEqual(await barriers(at), [], view);
        });
      }
    }
  });

  it("opens from a host of files, too", async () => {
    const types = {html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml"};
    const host = createServer(({url}, response) => {
      const path = join(folder.path, "site", new URL(url, "http://host").pathname.replace(/\/$/, "/index.html"));
      response.writeHead(200, {"Content-Type": types[path.split(".").pop()]}).end(readFileSync(path));
    });
    await new Promise((done) => host.listen(0, "127.0.0.1", done));
    try {
      await visit(browser, `http://127.0.0.1:${host.address().port}/`, {}, async (at) => {
        await at.getByRole("link", {name: "Wall"}).click();
        await at.locator(".wall-sheet").waitFor();
        assert.match(await at.title(), /^Wall – A <b>fleet<\/b>$/);
      });
    } finally {
      host.close();
      host.closeAllConnections();
    }
  });

  it("says what is wrong where a store or a file is not there", async () => {
    await open("store?id=none", async (at) => {
      await at.getByText("There is no such store in this copy.").waitFor();
    });
    const file = join(folder.path, "site/data/stores-2.js");
    assert.ok(existsSync(file));
    renameSync(file, file + ".away");
    await open("fleet", async (at) => {
      await at.getByText("data/stores-2.js is not there").waitFor();
      renameSync(file + ".away", file);
      await at.getByRole("button", {name: "Try again"}).click();
      await at.locator(".fleet-headline").waitFor();
    }, {allowed: [/ERR_FILE_NOT_FOUND/]});
    renameSync(join(folder.path, "site/data/fleet.js"), file + ".away");
    const context = await browser.newContext();
    const alone = await context.newPage();
    await alone.goto(page);
    await alone.getByText("unpack the whole folder").waitFor();
    await context.close();
    renameSync(file + ".away", join(folder.path, "site/data/fleet.js"));
  });
});
