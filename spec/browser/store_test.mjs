// One store in a browser: what is drawn against what the API tells, and each change against what the API has afterwards.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {readFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {after, before, describe, it} from "node:test";
import {fileURLToPath} from "node:url";

import {barriers, build, launch, makeFolder, serve, settle, until, visit} from "./support.mjs";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const HOSTILE = ["</script><script>window.harmed = 1</script>", "متجر ١", "🌮 taco", "é".repeat(127) + "x", "a/b?c=d&e#f%2F"];
const WEEKS = [["york", "2024-03-12", "2024-03-10", 23], ["berlin", "2024-04-02", "2024-03-31", 23],
  ["sydney", "2024-04-09", "2024-04-07", 25]];

let folder, browser, service;

before(async () => {
  folder = makeFolder();
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_stores.lua", join(folder.path, "db")], {cwd: top,
    env: {...process.env, LUA_PATH: "lua/?.lua;lua/?/init.lua;;", LUA_CPATH: `${build}/lua5.4/?.so;;`}});
  browser = await launch();
  service = await serve(join(folder.path, "db"));
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

const api = async (path, init) => {
  const response = await fetch(`${service.url}/v1/${path}`, init);
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.status === 204 ? null : response.json();
};

const change = (method, path, body) => api(path, {method, body: JSON.stringify(body),
  headers: {"Content-Type": "application/json"}});

const pathOf = (id, what = "") => `stores/${encodeURIComponent(id)}${what}`;

/** Opens a store, and expects nothing wrong. */
function open(id, query, work, options = {}) {
  return visit(browser, `${service.url}/ui/store?id=${encodeURIComponent(id)}${query}`, options, work);
}

const dialog = (page) => page.locator("dialog.edit");

/** Saves what is in the dialog, with a reason, and waits until it is done. */
async function save(page, seen, reason = "a test") {
  await page.fill("#edit-reason", reason);
  await page.keyboard.press("Enter");
  await until("the dialog is closed", async () => {
    const problem = await page.evaluate(() => document.querySelector("#edit-problem")?.textContent);
    assert.equal(problem ?? "", "");
    return problem === undefined;
  });
  await settle(page, seen);
}

// What is drawn in the class `name`, as instants, put together over midnight.
async function drawn(page, days, name) {
  const scale = Math.max(86400000, ...days.map(({from, to}) => to - from));
  const rows = await page.$$eval("svg.day", (list, name) => list.map((row) => [...row.querySelectorAll(`rect.${name}`)]
    .map((rect) => [rect.getAttribute("x"), rect.getAttribute("width")].map(parseFloat))), name);
  assert.equal(rows.length, days.length);
  const found = [];
  rows.forEach((row, at) => {
    for (const [x, width] of row) {
      const from = days[at].from + x / 100 * scale, last = found[found.length - 1];
      if (last && Math.abs(last[1] - from) < 1000) {
        last[1] = from + width / 100 * scale;
      } else {
        found.push([from, from + width / 100 * scale]);
      }
    }
  });
  return found;
}

describe("a week", () => {
  for (const [id, date, changed, hours] of WEEKS) {
    it(`of ${id}, whose clock changes, is drawn as it was`, () => open(id, `&date=${date}`, async (page) => {
      const first = new Date(Date.parse(date) - 6 * 86400000).toISOString().slice(0, 10);
      const after = new Date(Date.parse(date) + 86400000).toISOString().slice(0, 10);
      const {days} = await api(pathOf(id, `/schedule?time=ms&from=${first}&to=${after}`));
      const scale = Math.max(86400000, ...days.map(({from, to}) => to - from));
      const widths = await page.$$eval("svg.day .ground", (list) => list.map((one) => parseFloat(one.getAttribute("width"))));
      days.forEach(({from, to}, at) => assert.ok(Math.abs(widths[at] / 100 * scale - (to - from)) < 1000, days[at].date));
      assert.equal(await page.textContent(`.day-label:has(#day-${changed}) .tag`), `${hours} h`);
      assert.equal(await page.locator(".day-label .tag").count(), 1);
      const {segments} = await api(pathOf(id, `/timeline?time=ms&from=${first}&to=${after}`));
      for (const [state, name] of [["down", "d"], ["up", "u"], ["excluded", "hatched"]]) {
        const expected = segments.filter((one) => one.state === state).map(({from, to}) => [from, to]);
        const found = await drawn(page, days, name);
        assert.equal(found.length, expected.length, state);
        found.forEach((span, at) => span.forEach((end, which) =>
          assert.ok(Math.abs(end - expected[at][which]) < 2000, `${state} ${new Date(end).toISOString()}`)));
      }
    }));
  }

  it("has a tick for each poll, a faint one where it was closed", () => open("york", "&date=2024-03-12", async (page) => {
    const [window] = (await api(pathOf("york", "/explain?time=ms&windows=w:2024-03-06/2024-03-13"))).windows;
    assert.ok(window.polls_outside.length > 0);
    assert.equal(await page.locator("svg.day .outside").count(), window.polls_outside.length);
    assert.equal(await page.locator("svg.day .poll").count(), window.polls_outside.length
      + new Set(window.pieces.flatMap(({polls}) => polls.map((poll) => poll.timestamp_utc))).size);
    assert.match(await page.locator(".legend").textContent(), /faint ones came while it was closed/);
  }));

  it("names special days, and zooms to a day and out to a month", () => open("berlin", "&date=2024-04-02", async (page, seen) => {
    assert.match(await page.textContent(".day-label:has(#day-2024-04-01)"), /Ostermontag.*closed/);
    await page.click("#day-2024-03-30");
    await settle(page, seen);
    assert.equal(await page.locator("svg.day").count(), 1);
    assert.match(await page.textContent(".pieces"), /excluded 2 h/);
    await page.click("#span-month");
    await settle(page, seen);
    assert.equal(await page.locator(".calendar svg.day").count(), 31);
    await page.goBack();
    await page.goBack();
    await settle(page, seen);
    assert.equal(await page.locator("svg.day").count(), 7);
  }));

  it("adds up to its figures, and its outages can be saved", () => open("york", "&date=2024-03-12", async (page) => {
    const sums = await page.$$eval(".sums tbody tr", (rows) => rows.map((row) => [...row.querySelectorAll("td")]
      .map((cell) => cell.textContent)));
    assert.deepEqual(sums[0], sums[1]);
    await page.click(".pieces summary");
    await page.waitForSelector(".pieces tbody tr");
    const [window] = (await api(pathOf("york", "/explain?time=ms&windows=w:2024-03-06/2024-03-13"))).windows;
    const cells = await page.$$eval(".pieces details:first-child tbody tr",
      (rows) => rows.map((row) => row.lastChild.textContent));
    assert.deepEqual(cells, window.pieces[0].cells.map(({reason}) => reason));
    const {outages} = await api(pathOf("york", "/outages?time=rfc3339&from=2024-03-06&to=2024-03-13"));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#outages-csv")]);
    const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.slice(1), outages.map(({from, to, seconds}) => `york,${from},${to},${seconds}`));
  }));
});

describe("a store", () => {
  it("is found by its id, whatever is in that", () => visit(browser, `${service.url}/ui/store`, {}, async (page, seen) => {
    for (const id of HOSTILE) {
      await page.fill("#find-store", id.slice(0, 40));
      await until("it is found", async () => (await page.$$eval(".found li", (list) => list.map((one) =>
        one.querySelector("bdi").textContent))).join() === id);
      await page.press("#find-store", "Enter");
      await until("it is shown", () => page.evaluate((id) => document.querySelector("h1")?.textContent === id, id));
      await settle(page, seen);
      assert.equal(await page.evaluate(() => window.harmed), undefined);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), id);
      await page.goBack();
      await settle(page, seen);
    }
  }));

  it("that is not there, was never polled, or has neither hours nor zone, says so", async () => {
    await open("nobody", "", async (page) => {
      assert.match(await page.textContent("[role=alert]:has(h2)"), /Not there/);
      assert.ok(await page.locator(".store").isHidden());
    }, {allowed: [/404/]});
    await open("never", "", async (page) => assert.match(await page.textContent(".store-head"), /never polled/));
    await open("bare", "", async (page) => {
      assert.match(await page.textContent(".store-head"), /no hours: open all day/);
      assert.match(await page.textContent(".store-head"), /America\/Chicago taken for want of its own/);
      assert.match(await page.textContent(".store-head"), /Open until\s*further notice/);
      assert.match(await page.textContent(".store-head"), /Last poll\s*Wed 10 Apr, 07:00/); // by the clock in Chicago
    });
  });

  it("shows nothing of another one while it loads", () => open("york", "", async (page, seen) => {
    assert.equal(await page.textContent("h1"), "Corner shop");
    await page.evaluate(() => history.pushState(null, "", "store?id=nobody"));
    await page.evaluate(() => dispatchEvent(new PopStateEvent("popstate")));
    await until("it is not there", async () => /Not there/.test(await page.textContent("body")));
    await settle(page, seen);
    assert.ok(await page.locator(".store").isHidden());
  }, {allowed: [/404/]}));

  it("has nothing that keeps anyone out, and no buttons to change it for those who may not", async () => {
    await open("york", "&date=2024-03-12", async (page) => {
      assert.deepEqual(await barriers(page), []);
      await page.click("#edit-hours");
      await page.waitForSelector("dialog[open]");
      assert.deepEqual(await barriers(page), []);
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/ui/store?*", async (route) => { // as where a link of another site leads here: the page does not tell who looks
      const response = await route.fetch();
      await route.fulfill({response, body: (await response.text()).replace(/<meta name="loom-viewer"[^>]*>/, "")});
    });
    await page.route("**/v1/session", (route) => route.fulfill({json: {tokens: true, name: "board", scope: "read", where: null,
      expires: null}}));
    await page.goto(`${service.url}/ui/store?id=york`);
    await page.waitForSelector(".settings h3");
    assert.equal(await page.locator("[id^=edit-], [id^=exclude-], [id^=undo-]").count(), 0);
    await context.close();
  });
});

describe("a change", () => {
  const id = "changed";

  it("of weekly hours is previewed, saved and undone", () => open(id, "", async (page, seen) => {
    const before = (await api(pathOf(id, "/hours?on=2024-04-10"))).week;
    await page.click("#edit-hours");
    await page.fill("#hours-wed", "25:00-26:00");
    await page.fill("#edit-reason", "wrong");
    await page.click("dialog button.first");
    await page.waitForSelector("#hours-wed[aria-invalid=true]");
    await page.fill("#hours-wed", "09:00-12:00, 14:00-18:00");
    await page.fill("#hours-thu", "closed");
    await save(page, seen);
    const after = (await api(pathOf(id, "/hours?on=2024-04-10"))).week;
    assert.deepEqual(after, {...before, wed: ["09:00-12:00", "14:00-18:00"], thu: []});
    await page.locator("[id^=undo-]").first().click();
    await save(page, seen);
    assert.deepEqual((await api(pathOf(id, "/hours?on=2024-04-10"))).week, before);
  }, {allowed: [/40[0-9]|422/]}));

  it("of a special day is saved, and removed", () => open(id, "", async (page, seen) => {
    await page.click("#edit-special");
    await page.fill("dialog [data-field=date]", "2024-04-09");
    await page.fill("dialog [data-field=spans]", "10:00-11:30");
    await page.fill("dialog [data-field=note]", "<b>Inventur</b>");
    await page.click("dialog button.first");
    await page.waitForSelector("#edit-reason[aria-invalid=true]"); // since the past changes
    assert.deepEqual((await api(pathOf(id, "/special-days"))).special_days, []);
    await save(page, seen);
    const day = await api(pathOf(id, "/special-days/2024-04-09"));
    assert.deepEqual([day.spans, day.note], [["10:00-11:30"], "<b>Inventur</b>"]);
    assert.match(await page.textContent(".day-label:has(#day-2024-04-09)"), /<b>Inventur<\/b>/);
    await page.click("#edit-no-special-2024-04-09");
    await save(page, seen);
    assert.deepEqual((await api(pathOf(id, "/special-days"))).special_days, []);
  }));

  it("of an outage into an exclusion leaves nothing of the outage, and is taken back", () => open(id, "", async (page, seen) => {
    const asked = pathOf(id, "/outages?time=rfc3339&from=2024-04-04&to=2024-04-11");
    const {outages} = await api(asked);
    await page.locator("[id^=exclude-]").first().click();
    await page.waitForSelector("dialog tbody tr");
    const down = await page.textContent("dialog tbody tr:first-child td:nth-of-type(2) :last-child");
    await save(page, seen);
    assert.deepEqual((await api(asked)).outages, outages.slice(1));
    assert.equal(await page.textContent(".figures tbody tr td:nth-of-type(4)"), down); // as it was previewed
    const [made] = (await api(`exclusions?store_id=${id}`)).exclusions;
    assert.equal(made.reason, "a test");
    await page.click(`#edit-exclusion-${made.number}`);
    await save(page, seen);
    assert.deepEqual((await api(asked)).outages, outages);
    await page.click("#edit-exclusion");
    await page.fill("dialog [data-field~=from_local]", "2024-04-08T09:00");
    await page.fill("dialog [data-field~=to_local]", "2024-04-08T10:30");
    await save(page, seen);
    const [rule] = (await api(`exclusions?store_id=${id}`)).exclusions;
    assert.deepEqual([rule.from_local, rule.to_local, rule.zone], ["2024-04-08 09:00:00", "2024-04-08 10:30:00", "store"]);
  }));

  it("of every week is previewed, excluded, taken back and set again", () => open(id, "", async (page, seen) => {
    await page.click("#edit-exclusion");
    await page.selectOption("#exclusion-kind", "weekly");
    const spans = page.locator("dialog [data-field=weekly]");
    await spans.fill("someday");
    await page.waitForSelector("dialog [data-field=weekly][aria-invalid=true]");
    await spans.fill("mon-tue 09:00-10:30");
    await page.fill("dialog [data-field~=from_local]", "2024-04-08");
    await until("it is previewed", async () => /3\.00/.test(await page.locator("dialog tbody tr").first().textContent()
      .catch(() => "")));
    await save(page, seen);
    const made = (await api(`exclusions?store_id=${id}`)).exclusions.find(({weekly}) => weekly);
    assert.deepEqual([made.weekly, made.from_local, made.to_local, made.zone, made.reason],
      ["mon-tue 09:00-10:30", "2024-04-08", null, "store", "a test"]);
    assert.match(await page.textContent(".settings"), /every mon-tue 09:00-10:30 from 2024-04-08/);
    await page.click(`#edit-exclusion-${made.number}`);
    await save(page, seen);
    assert.ok(!(await api(`exclusions?store_id=${id}`)).exclusions.some(({weekly}) => weekly));
    await page.locator("[id^=undo-]").first().click();
    await save(page, seen, "it was right");
    const again = (await api(`exclusions?store_id=${id}`)).exclusions.find(({weekly}) => weekly);
    assert.deepEqual(again, {...made, number: again.number});
    assert.equal((await api(`audit?store_id=${id}&limit=1`)).entries[0].reason, "it was right");
  }, {allowed: [/400|422/]}));

  it("of the zone is saved, and refused where there is none such", () => open(id, "", async (page, seen) => {
    await page.click("#edit-zone");
    await page.fill("dialog [data-field=timezone_str]", "Mars/Olympus");
    await page.fill("#edit-reason", "wrong");
    await page.click("dialog button.first");
    await page.waitForSelector("dialog [data-field=timezone_str][aria-invalid=true]");
    await page.fill("dialog [data-field=timezone_str]", "Asia/Tokyo");
    await save(page, seen);
    assert.equal((await api(pathOf(id, "/timezone"))).timezone_str, "Asia/Tokyo");
    assert.match(await page.textContent(".store-head"), /Asia\/Tokyo/);
    await page.locator("[id^=undo-]").first().click();
    await save(page, seen);
    assert.equal((await api(pathOf(id, "/timezone"))).timezone_str, "Europe/Berlin");
  }, {allowed: [/40[0-9]|422/]}));

  it("that somebody else made meanwhile is shown before it is written over", () => open(id, "", async (page, seen) => {
    await page.click("#edit-zone");
    await page.waitForSelector("dialog[open]");
    await change("PUT", pathOf(id, "/timezone"), {timezone_str: "Europe/Paris"});
    await page.fill("dialog [data-field=timezone_str]", "Europe/Rome");
    await page.fill("#edit-reason", "a test");
    await page.click("dialog button.first");
    await until("it is told", async () => /Europe\/Paris/.test(await page.textContent("#edit-problem")));
    assert.equal((await api(pathOf(id, "/timezone"))).timezone_str, "Europe/Paris");
    await page.click("dialog button.first");
    await until("it is written over", async () => (await api(pathOf(id, "/timezone"))).timezone_str === "Europe/Rome");
    await until("the dialog is closed", async () => await dialog(page).count() === 0);
    await settle(page, seen);
  }, {allowed: [/409/]}));

  it("of attributes is made by keyboard alone", () => open(id, "", async (page, seen) => {
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    for (let tabs = 0; await focused() !== "edit-attributes"; tabs++) {
      assert.ok(tabs < 300);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    for (let tabs = 0; await focused() !== "Add another"; tabs++) {
      assert.ok(tabs < 20);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.keyboard.type("brand");
    await page.keyboard.press("Tab");
    await page.keyboard.type("متجر 🌮");
    await save(page, seen);
    assert.deepEqual((await api(pathOf(id, "/attributes"))).attributes, {brand: "متجر 🌮"});
    assert.equal(await focused(), "edit-attributes");
  }));

  it("that is half typed is not disturbed by what comes in", () => open(id, "", async (page, seen) => {
    await page.click("#edit-hours");
    await page.fill("#hours-mon", "07:00-");
    await change("POST", "polls", {store_id: "york", status: "inactive", timestamp_utc: "2024-04-10 12:30:00"});
    await until("the page has heard of it", async () => seen.requests.some((request) => /v1\/now/.test(request.url()))
      && seen.pending.size === 0);
    assert.equal(await page.inputValue("#hours-mon"), "07:00-");
    assert.equal(await page.evaluate(() => document.activeElement.id), "hours-mon");
  }, {allowed: [/40[0-9]|422/]}));
});
