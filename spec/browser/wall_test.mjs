// The wall in a browser, on a real service: what cells the pointer finds, what a press and a drag do, and in which order stores
// stand.

import assert from "node:assert/strict";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {launch, makeFleet, makeFolder, serve, settle, until, visit} from "./support.mjs";

const STORES = 40; // all of which the table beside it has
const WORDS = {u: "up", d: "down", p: "partly down", n: "unknown", x: "excluded", c: "closed"};

let folder, browser, service;

before(async () => {
  folder = makeFolder();
  makeFleet(join(folder.path, "db"), STORES);
  browser = await launch();
  service = await serve(join(folder.path, "db"));
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

// Cells and id of each store, as the API has them.
async function rows(query = "") {
  const [, ...lines] = (await (await fetch(`${service.url}/v1/strips?bins=168${query}`)).text()).trimEnd().split("\n");
  return lines.map((line) => line.split("\t")).map(([cells, id]) => ({cells, id: decodeURIComponent(id)}));
}

const open = (query, work) => visit(browser, `${service.url}/ui/wall${query}`, {}, async (page, seen) => {
  const box = await page.locator("canvas").boundingBox();
  const point = (row, bin) => [box.x + (bin + .5) * box.width / 168, box.y + (row + .5) * box.height / STORES];
  await work(page, point, seen);
});

const told = (page, text) => until(text, async () => (await page.textContent(".wall-cell")).includes(text));

describe("the pointer", () => {
  it("is told whose cell it is on, and what that is", async () => {
    const all = await rows();
    await open("", async (page, point) => {
      for (const [row, bin] of [[0, 0], [1, 167], [17, 60], [25, 101], [STORES - 1, 30]]) {
        await page.mouse.move(...point(row, bin));
        await told(page, all[row].id);
        assert.equal(await page.textContent(".wall-cell b"), WORDS[all[row].cells[bin]], `${row}, ${bin}`);
      }
      await page.mouse.move(2, 2);
      await page.getByText("Point at a cell").waitFor();
    });
  });

  it("opens a store by a press", async () => {
    const all = await rows();
    await open("", async (page, point, seen) => {
      await page.mouse.move(...point(7, 50));
      await told(page, all[7].id);
      await page.mouse.down();
      await page.mouse.up();
      await until("it is open", () => new URL(page.url()).searchParams.get("id") === all[7].id);
      await settle(page, seen);
    });
  });

  it("chooses stores by a drag, which are a filter then, on the fleet, too", async () => {
    const ids = (await rows()).slice(12, 16).map(({id}) => id);
    await open("", async (page, point, seen) => {
      await page.mouse.move(...point(15, 50));
      await told(page, ids[3]);
      await page.mouse.down();
      await page.mouse.move(...point(12, 60), {steps: 5});
      await page.mouse.up();
      await page.mouse.move(2, 2); // the choice stays
      await page.getByRole("button", {name: "Only these 4 stores"}).click();
      await page.getByText("Each row is one of 4 stores").waitFor();
      assert.deepEqual(new URL(page.url()).searchParams.getAll("store").sort(), [...ids].sort());
      await page.getByRole("link", {name: "Fleet", exact: true}).click();
      await page.locator('.fleet-stores table[aria-rowcount="5"]').waitFor();
      await settle(page, seen);
    });
  });
});

describe("stores", () => {
  const listed = (page) => page.getByRole("region", {name: "Wall as a table"}).locator("tbody th").allTextContents();

  it("stand in the order that is chosen, by the groups that are, for a day or for weeks", () => open("", async (page) => {
    await page.getByText("As a table").click();
    const first = "&order=first_outage";
    for (const [label, option, query] of [["Order", "store_id", "&order=store_id"], ["Order", "first_outage", first],
      ["Group by", "brand", `${first}&by=brand`], ["Group by", "timezone_str", `${first}&by=timezone_str`],
      ["Group by", "", first], ["Order", "down", ""]]) {
      await page.getByRole("combobox", {name: label}).selectOption(option);
      const ids = (await rows(query)).map(({id}) => id).join();
      await until(`${label} ${option}`, async () => (await listed(page)).join() === ids);
    }
    for (const [span, cell] of [["day", "each cell 15 minutes"], ["month", "each cell an hour"]]) {
      await page.getByRole("combobox", {name: "Over"}).selectOption(span);
      await page.getByText(cell).waitFor();
      assert.equal(new URL(page.url()).searchParams.get("span"), span);
    }
  }));

  it("are put in another order by keys, and the focus stays", () => open("", async (page, _point, seen) => {
    for (const [name, parameter, value] of [["Order", "order", "store_id"], ["Rows", "rows", "1"], ["Over", "span", "month"]]) {
      const select = page.getByRole("combobox", {name});
      await select.focus();
      await page.keyboard.press("ArrowDown");
      await until(`${name} is another`, () => new URL(page.url()).searchParams.get(parameter) === value);
      await settle(page, seen);
      assert.ok(await select.evaluate((element) => element === document.activeElement), name);
    }
  }));
});
