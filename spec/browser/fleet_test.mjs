// The view of the fleet in a browser, on a real service: what it shows against what the API tells, and what a person does with
// it.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {barriers, launch, makeFleet, makeFolder, serve, settle, until, visit} from "./support.mjs";

const STORES = 160; // more than a page of rows

let folder, browser, service;

before(async () => {
  folder = makeFolder();
  const database = join(folder.path, "fleet.db");
  makeFleet(database, STORES);
  browser = await launch();
  service = await serve(database);
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

const ask = async (path) => (await fetch(`${service.url}/v1/${path}`)).json();

const open = (query, work, options = {}) => visit(browser, `${service.url}/ui/fleet${query}`, options, work);

const parameters = (page) => new URL(page.url()).searchParams;

const ids = (page) => page.locator(".fleet-stores tbody th a").allTextContents();

// Waits until the table has as many rows as are meant.
const rowsAre = (page, count) => page.locator(`.fleet-stores table[aria-rowcount="${count + 1}"]`).waitFor();

describe("the fleet", () => {
  it("says which stores are down, and shows them first, the longest ones before the others", async () => {
    const {counts} = await ask("now");
    const {stores} = await ask("stores?sort=state&fields=state,since");
    assert.ok(counts.down > 0);
    await open("", async (page) => {
      await rowsAre(page, STORES);
      assert.match(await page.locator(".fleet-headline").textContent(), new RegExp(`^${counts.down} of `));
      const shown = await ids(page);
      assert.deepEqual(shown.slice(0, 10), stores.slice(0, 10).map((store) => store.store_id));
      assert.equal(await page.evaluate(() => window.harmed), undefined);
    });
  });

  it("has a filter in each count, which is taken away by the same press", async () => {
    const {counts, down_for: ages} = await ask("now");
    await open("", async (page, seen) => {
      for (const state of ["down", "up"]) {
        await page.locator(".fleet-count", {hasText: state}).first().click();
        await rowsAre(page, counts[state]);
        assert.equal(parameters(page).get("state"), state);
        assert.deepEqual([...new Set(await page.locator(".fleet-stores tbody .fleet-state").allTextContents())], [state]);
        await page.locator('.fleet-count[aria-pressed="true"]').click();
        await rowsAre(page, STORES);
        await settle(page, seen);
      }
      const group = page.getByRole("group", {name: "Stores that are down"});
      for (const [place, age] of ages.entries()) {
        await group.getByRole("button").nth(place).click();
        await rowsAre(page, age.stores);
      }
      await page.goBack();
      await rowsAre(page, ages.at(-2).stores);
    });
  });

  it("is sorted from the keyboard, and the focus stays", async () => {
    await open("?cols=state,attribute.brand,down", async (page, seen) => {
      await page.locator(".fleet-stores").getByRole("button", {name: "Down (h)"}).focus();
      await page.keyboard.press("Enter");
      await page.locator('.fleet-stores th[aria-sort="descending"]').waitFor();
      await settle(page, seen);
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Down (h)");
      const {stores} = await ask("stores?sort=down_last_week&order=desc&limit=10");
      assert.deepEqual((await ids(page)).slice(0, 10), stores.map((store) => store.store_id));
      await page.locator(".fleet-stores").getByRole("button", {name: "brand"}).click();
      await page.locator('.fleet-stores th[aria-sort="ascending"]', {hasText: "brand"}).waitFor();
      assert.equal(parameters(page).get("sort"), "attribute.brand");
    });
  });

  it("is sorted without a change of what is beside the table", async () => {
    await open("?by=brand", async (page, seen) => {
      await page.locator(".fleet-spark path, .fleet-spark rect").first().waitFor();
      await page.locator(".trend-picture path").first().waitFor();
      await page.locator(".fleet-spread-picture").waitFor();
      await settle(page, seen);
      await page.evaluate(() => {
        window.changed = [];
        const observer = new MutationObserver((list) => window.changed.push(...list.map(({target}) => target.outerHTML)));
        document.querySelectorAll(".fleet-top, .fleet-foot").forEach((one) => observer.observe(one, {childList: true, subtree: true}));
      });
      await page.locator(".fleet-stores").getByRole("button", {name: "Down (h)"}).click();
      await page.locator('.fleet-stores th[aria-sort="descending"]').waitFor();
      await settle(page, seen);
      assert.deepEqual(await page.evaluate(() => window.changed), []);
    });
  });

  it("has the columns that are chosen, and every row when it is scrolled", async () => {
    await open("", async (page, seen) => {
      await page.getByRole("button", {name: "Columns"}).click();
      await page.getByRole("checkbox", {name: "brand"}).check();
      await page.locator(".fleet-stores thead", {hasText: "brand"}).waitFor();
      assert.ok(parameters(page).get("cols").endsWith("attribute.brand"));
      await page.keyboard.press("Escape");
      const found = new Set();
      const sheet = page.locator(".fleet-stores .sheet");
      const last = (await ask(`stores?sort=state&offset=${STORES - 1}`)).stores[0].store_id;
      for (let top = 0; !found.has(last) && top < STORES * 40; top += 200) {
        await sheet.evaluate((element, to) => element.scrollTop = to, top);
        await settle(page, seen);
        await until("rows are there", async () => await page.locator(".fleet-stores .waiting").count() === 0);
        (await ids(page)).forEach((id) => found.add(id));
      }
      assert.equal(found.size, STORES);
    });
  });

  it("has as many columns as a tablet has room for, where nobody has chosen any, and all of them once it is turned", async () => {
    await open("", async (page, seen) => {
      const sheet = page.locator(".fleet-stores .sheet");
      await page.locator(".rows .strip").first().waitFor();
      assert.ok(await sheet.evaluate((element) => element.scrollWidth <= element.clientWidth));
      await page.setViewportSize({width: 1280, height: 800});
      await page.locator(".fleet-stores thead", {hasText: "Last poll"}).waitFor();
      await settle(page, seen);
      assert.equal(parameters(page).has("cols"), false);
    }, {viewport: {width: 768, height: 1000}});
  });

  it("shows the figures of a span that is chosen by keys or by a drag", async () => {
    await open("", async (page) => {
      await page.locator(".trend-picture path").first().waitFor();
      const picture = page.locator(".trend-picture");
      await picture.focus();
      for (const key of ["End", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter"]) {
        await page.keyboard.press(key);
      }
      await page.locator(".fleet-windows tr.chosen", {hasText: "Chosen"}).waitFor();
      const [from, to] = ["from", "to"].map((name) => parameters(page).get(name));
      assert.equal(Date.parse(to) - Date.parse(from), 3 * 3600000);
      const {figures} = await ask(`summary?windows=span:${from}/${to}`);
      const cells = await page.locator(".fleet-windows tr.chosen td").allTextContents();
      assert.equal(cells[4], String(figures.span.totals.outages));
      await page.getByRole("button", {name: "Whole week"}).click();
      await page.locator(".fleet-windows tr.chosen", {hasText: "Week"}).waitFor();
      assert.equal(parameters(page).has("from"), false);
      const box = await picture.boundingBox();
      await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 60, {steps: 5});
      await page.mouse.up();
      await page.locator(".fleet-windows tr.chosen", {hasText: "Chosen"}).waitFor();
      assert.deepEqual(await barriers(page), []);
    });
  });

  it("gives what it shows as CSV", async () => {
    await open("?state=up&cols=state,attribute.brand,down", async (page) => {
      const download = page.waitForEvent("download");
      await page.getByRole("link", {name: "CSV"}).click();
      assert.match((await download).suggestedFilename(), /^stores_\d{4}-\d\d-\d\d\.csv$/);
      const lines = readFileSync(await (await download).path(), "utf8").split("\n");
      assert.equal(lines[0], "store_id,state,attribute.brand,down_last_week");
      const {stores} = await ask("stores?state=up&sort=state&limit=1000");
      const plain = stores.filter((store) => store.store_id.startsWith("store-"));
      assert.ok(plain.length > 50);
      for (const store of plain) {
        const [begin, end] = [`${store.store_id},up,`, `,${store.windows.last_week.down}`];
        assert.ok(lines.some((line) => line.startsWith(begin) && line.endsWith(end)), begin);
      }
    });
  });

  it("says how few stores have most of the down time", async () => {
    const {figures, stores} = await ask("summary");
    await open("", async (page) => {
      const [half] = figures.last_week.concentration;
      await page.locator(".fleet-spread p", {hasText: `${half.stores} of ${stores} stores`}).waitFor();
      await page.getByRole("button", {name: "Show these first"}).click();
      await page.locator('.fleet-stores th[aria-sort="descending"]', {hasText: "Down (h)"}).waitFor();
    });
  });

  it("has one chip for stores that were chosen together", async () => {
    const some = ["store-00012", "store-00013", "store-00014"];
    await open(`?where.brand=Taco&${some.map((id) => `store=${id}`).join("&")}`, async (page, seen) => {
      const chips = page.getByRole("list", {name: "Filters"});
      assert.deepEqual(await chips.getByRole("button").allTextContents(), ["chosen 3 stores×", "brand Taco×", "Clear all"]);
      await chips.getByRole("button", {name: "Remove the filter chosen 3 stores"}).click();
      await settle(page, seen);
      assert.deepEqual([...parameters(page)], [["where.brand", "Taco"]]);
      assert.deepEqual(await chips.getByRole("button").allTextContents(), ["brand Taco×"]);
    });
  });

  it("has dormant stores apart", async () => {
    const asOf = "as_of=2024-03-14T00:00:00Z";
    const {counts} = await ask(`now?${asOf}`);
    assert.ok(counts.dormant > 0);
    await open(`?${asOf}`, async (page) => {
      await rowsAre(page, STORES - counts.dormant);
      await page.getByRole("button", {name: "Show them"}).click();
      await rowsAre(page, counts.dormant);
      await page.getByRole("button", {name: "Show the others"}).click();
      await rowsAre(page, STORES - counts.dormant);
    });
  });

  it("tells where down time comes from, the most of it first, and what is left of a budget", async () => {
    const {groups} = await ask("groups?by=brand&target=0.97");
    const worst = groups.sort((a, b) => b.windows.last_week.totals.down - a.windows.last_week.totals.down);
    await open("?by=brand", async (page) => {
      const rows = page.locator(".fleet-groups tbody tr");
      await rows.first().waitFor();
      assert.deepEqual(await rows.locator("th").allTextContents(), worst.map(({value}) => value ?? "without"));
      await page.getByRole("spinbutton", {name: "Target"}).fill("97");
      await page.keyboard.press("Enter");
      await page.locator(".fleet-groups thead", {hasText: "Budget used"}).waitFor();
      const {burn} = worst[0].windows.last_week.slo;
      await rows.first().locator("td", {hasText: `${Math.round(burn * 100)} %`}).first().waitFor();
      const named = worst.find(({value}) => value !== null);
      await page.locator(".fleet-groups").getByRole("link", {name: named.value}).click();
      await rowsAre(page, named.stores);
      assert.equal(parameters(page).get("where.brand"), named.value);
    });
  });

  it("stays as somebody left it when data come", async () => {
    await open("", async (page, seen) => {
      const sheet = page.locator(".fleet-stores .sheet");
      await sheet.evaluate((element) => element.scrollTop = 640);
      await settle(page, seen);
      const link = page.locator('.fleet-stores tr[aria-rowindex="25"] a');
      await link.focus();
      const id = await link.textContent();
      const before = (await ask("now")).as_of;
      const poll = {store_id: "store-00030", status: "active", timestamp_utc: before.replace(/:\d\d\.\d+/, ":59.5")};
      const polled = await fetch(`${service.url}/v1/polls`, {method: "POST", headers: {"Content-Type": "application/json"},
        body: JSON.stringify(poll)});
      assert.ok(polled.ok, await polled.text());
      const asks = () => seen.requests.filter((request) => request.url().includes("/v1/summary")).length;
      await until("the page asks anew", () => asks() > 1);
      await settle(page, seen);
      assert.equal(await sheet.evaluate((element) => element.scrollTop), 640);
      assert.equal(await page.evaluate(() => document.activeElement.closest("tr")?.getAttribute("aria-rowindex")), "25");
      assert.ok((await ids(page)).includes(id));
    });
  });
});
