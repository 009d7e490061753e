// Reports and data in a browser, on a real service: what somebody asks for, loads and deletes there, against what the API has
// afterwards.

import assert from "node:assert/strict";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";
import {gzipSync} from "node:zlib";

import {barriers, launch, loom, makeFleet, makeFolder, serve, settle, until, visit} from "./support.mjs";

const STORES = 20;

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

const ask = async (path) => (await fetch(`${service.url}/${path}`)).json();

const open = (view, work, options = {}) => visit(browser, `${service.url}/ui/${view}`, options, work);

describe("reports", () => {
  const rows = (page) => page.getByRole("region", {name: "Table of reports"}).locator("tbody tr");

  it("are asked for with any option that the document of the API has, and what is wrong is said at its field", async () => {
    const document = await ask("openapi.json");
    const options = Object.keys(document.components.schemas.ReportOptions.properties);
    assert.ok(options.length > 10);
    await open("reports", async (page) => {
      await page.getByText("More options").click();
      const fields = await page.$$eval("main form [id^=option-]:is(input, select, textarea)", (list) => list.map(({id}) => id));
      assert.deepEqual(fields.sort(), options.map((name) => `option-${name}`).sort());
      assert.deepEqual(await barriers(page), []);
      await page.fill("#option-as_of", "some day");
      await page.keyboard.press("Enter");
      await page.locator("#option-as_of[aria-invalid=true]").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), "option-as_of");
      assert.deepEqual((await ask("v1/reports")).reports, []);
    }, {allowed: [/status of 4/]});
  });

  it("are made, had in each format, and deleted", async () => {
    const {paths} = await ask("openapi.json");
    const formats = paths["/get_report"].get.parameters.find(({name}) => name === "format").schema.enum;
    await open("reports", async (page) => {
      await page.selectOption("#option-preset", "monitoring");
      await page.fill("#option-where", '{"brand":"Taco"}');
      await page.getByRole("button", {name: "Make the report"}).click();
      await rows(page).getByRole("link", {name: "CSV"}).waitFor();
      const {reports: [made]} = await ask("v1/reports");
      assert.deepEqual([made.status, made.options.preset, made.options.where], ["complete", "monitoring", {brand: "Taco"}]);
      assert.match(await rows(page).textContent(), /complete.*preset monitoring.*Taco/);
      const links = await rows(page).locator("a").evaluateAll((list) => list.map(({href}) => href));
      const had = links.map((link) => new URL(link).searchParams);
      assert.deepEqual(had.map((query) => query.get("format")).sort(), [...formats].sort());
      for (const link of links) {
        const answer = await fetch(link);
        assert.ok(answer.ok && (await answer.arrayBuffer()).byteLength > 0, link);
      }
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", {name: "CSV"}).click()]);
      assert.equal(download.suggestedFilename(), `report_${made.report_id}.csv`);
      const csv = await (await fetch(`${service.url}/get_report?report_id=${made.report_id}&format=csv`)).text();
      assert.equal(readFileSync(await download.path(), "utf8"), csv);
      await page.getByRole("button", {name: /^Delete the report/}).click();
      await page.getByText("There are no reports yet").waitFor();
      assert.deepEqual((await ask("v1/reports")).reports, []);
    });
  });

  it("that somebody else asks for appear by themselves", () => open("reports", async (page) => {
    await page.locator(".connection.open").waitFor();
    await fetch(`${service.url}/trigger_report`, {method: "POST"});
    await rows(page).getByRole("link", {name: "CSV"}).waitFor();
  }));
});

describe("data", () => {
  const item = (page, name) => page.locator(".uploads > li", {hasText: name});
  const polls = ["store_id,status,timestamp_utc", "store-00015,active,2024-03-12 01:00:00 UTC",
    "store-00015,asleep,2024-03-12 02:00:00 UTC", "store-00016,inactive,2024-03-12 01:00:00 UTC", ""].join("\n");

  it("that are chosen are taken as a whole or not at all, and rejects are told by line", () => open("data", async (page) => {
    const before = (await ask("v1/info")).polls;
    await page.setInputFiles("#files", {name: "some <b>polls.csv", mimeType: "text/csv", buffer: Buffer.from(polls)});
    const file = item(page, "some <b>polls.csv");
    await until("its kind is told", async () => await file.locator("select").inputValue() === "polls");
    await file.getByRole("button", {name: "Load"}).click();
    const rejects = file.getByRole("region", {name: "Rows that were not taken"}).locator("tbody tr");
    await rejects.waitFor();
    assert.match(await rejects.textContent(), /^3.*asleep/);
    assert.equal((await ask("v1/info")).polls, before);
    await file.getByRole("checkbox", {name: "leave bad rows out"}).check();
    await file.getByRole("button", {name: "Load"}).click();
    await file.getByText("3 rows: 2 new, 0 duplicates, 0 conflicts, 1 rejected.").waitFor();
    assert.equal((await ask("v1/info")).polls, before + 2);
    await page.getByRole("row", {name: /some <b>polls\.csv/}).waitFor(); // of the log
    assert.deepEqual(await barriers(page), []);
    const {entries: [entry]} = await ask("v1/audit?kind=ingest&limit=1");
    assert.match(JSON.stringify(entry), /some <b>polls\.csv/);
  }, {allowed: [/status of 4/]}));

  it("are dropped, too, also compressed", () => open("data", async (page) => {
    const zones = [...gzipSync("store_id,timezone_str\nfresh,Asia/Tokyo\n")];
    const files = await page.evaluateHandle((bytes) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(bytes)], "zones.csv.gz", {type: "application/gzip"}));
      return files;
    }, zones);
    await page.dispatchEvent(".drop", "drop", {dataTransfer: files});
    const file = item(page, "zones.csv.gz");
    await until("its kind is told", async () => await file.locator("select").inputValue() === "timezones");
    await file.getByRole("button", {name: "Load"}).click();
    await file.getByText("1 row: ").waitFor();
    assert.equal((await ask("v1/stores/fresh/timezone")).timezone_str, "Asia/Tokyo");
  }));

  it("are told of: what is likely wrong with them, and how much there is", async () => {
    const {findings} = await ask("v1/doctor");
    assert.ok(findings.length > 0);
    const {stores} = await ask("v1/info");
    await open("data", async (page) => {
      const [wrong, , there] = await page.locator("section.panel:has(> h2)").filter({hasNotText: "Load files"}).allTextContents();
      for (const {effect} of findings) {
        assert.ok(wrong.includes(effect), `${effect}: ${wrong}`);
      }
      assert.ok(there.includes(String(stores)), there);
    });
  });
});

describe("a session that may only read", () => {
  it("is offered nothing that it may not do, and once it is over begins again where somebody was", async () => {
    const [, token, line] = /^token: (\S+)\nline: {2}(.*)\n$/.exec(loom("token", "read", "ops"));
    writeFileSync(join(folder.path, "tokens"), `${line}\n`);
    const database = join(folder.path, "guarded");
    makeFleet(database, STORES);
    const guarded = await serve(database, {words: ["--token-file", join(folder.path, "tokens")]});
    await visit(browser, `${guarded.url}/ui/reports`, {allowed: [/status of 401/]}, async (page, seen) => {
      const enter = async () => {
        await page.fill("#token", token);
        await page.keyboard.press("Enter");
        await page.locator("#token").waitFor({state: "detached"});
        await settle(page, seen);
      };
      await enter();
      assert.match(await page.textContent(".who"), /ops read only/);
      assert.equal(await page.getByRole("button", {name: /report/i}).count(), 0);
      assert.ok(await page.getByText("Make a report").isHidden());
      await page.getByRole("link", {name: "Data"}).click();
      await page.getByText("What there is").waitFor();
      assert.ok(await page.locator("#files").isHidden());
      await page.context().clearCookies();
      await page.getByRole("link", {name: "Wall"}).click();
      await page.locator("#token").waitFor();
      await enter();
      await page.locator("canvas").waitFor();
      assert.match(page.url(), /\/ui\/wall$/);
    });
    await guarded.stop();
  });
});
