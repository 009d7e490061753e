// What goes on while somebody uses the dashboard disturbs nobody, and what fails does not stay so.

import assert from "node:assert/strict";
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {after, afterEach, before, beforeEach, describe, it} from "node:test";

import {frame, launch, loom, makeFleet, makeFolder, serve, settle, until, visit, wire} from "./support.mjs";

const STORES = 20;
const GONE = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_NETWORK/];

let folder, browser, service;
let polls = 0;

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

// Has a poll come.
async function poll() {
  const at = new Date(Date.UTC(2024, 2, 12, 3, 0, polls++)).toISOString();
  const answer = await fetch(`${service.url}/v1/polls`, {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({store_id: "store-00019", status: "active", timestamp_utc: at})});
  assert.ok(answer.ok, await answer.text());
}

// Has a poll come, and waits until a page has looked at what that changes.
async function update(page, seen) {
  await page.locator(".connection.open").waitFor();
  const looked = page.waitForResponse((response) => response.url().includes("/v1/now"));
  await poll();
  await looked;
  await settle(page, seen);
}

// In a page: has window.heard tell once the stream has told of a revision.
const hearRevision = () => {
  const channel = new BroadcastChannel(`loom ${new URL("..", location.href).pathname}`);
  window.heard = new Promise((done) => channel.onmessage = ({data: [kind]}) => kind === "revision" && done(kind));
};

const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label")
  ?? document.activeElement?.textContent);

describe("a live update", () => {
  it("leaves menus open", async () => {
    await visit(browser, `${service.url}/ui/fleet?state=up`, {}, async (page, seen) => {
      for (const name of [/^Time/, /^Rules/, "Filter by …", "State", "Columns", "From … to …"]) {
        await page.getByRole("button", {name, exact: true}).click();
        await page.locator(".menu-panel:not([hidden])").locator("input, .choice").first().waitFor();
        const before = await focused(page);
        await update(page, seen);
        assert.ok(await page.locator(".menu-panel:not([hidden])").isVisible(), `${name}`);
        assert.equal(await focused(page), before, `${name}`);
        await page.keyboard.press("Escape");
        await page.locator(".menu-panel:not([hidden])").waitFor({state: "detached"});
      }
    });
  });

  it("leaves what is typed, and tabs that have the focus", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.getByRole("link", {name: "Wall"}).focus();
      await update(page, seen);
      assert.equal(await focused(page), "Wall");
      await page.getByRole("searchbox").pressSequentially("store-000", {delay: 20});
      await update(page, seen);
      assert.equal(await page.getByRole("searchbox").inputValue(), "store-000");
      assert.equal(await focused(page), "Search stores");
    });
  });

  it("asks for what may have changed, and for nothing else", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.locator(".connection.open").waitFor();
      await settle(page, seen);
      const asked = () => seen.requests.map((request) => new URL(request.url())).filter(({pathname}) => /\/v1\//.test(pathname))
        .map(({pathname, search}) => pathname + search);
      let first = asked();
      for (let tries = 0; tries < 5 && new Set(first).size < first.length; tries++) { // a worker has yet to take in polls of before
        const before = asked().length;
        await page.reload();
        await page.locator(".connection.open").waitFor();
        await settle(page, seen);
        first = asked().slice(before);
      }
      assert.deepEqual([...new Set(first)], first); // also where the stream of events opened after the answers
      const opened = asked().length;
      await page.getByRole("columnheader", {name: "Outages"}).getByRole("button").click();
      await page.locator('.fleet-stores th[aria-sort="descending"]').waitFor();
      await settle(page, seen);
      const sorted = asked().slice(opened);
      assert.equal(sorted.length, 2, sorted.join()); // rows, and their strips
      assert.ok(sorted.every((address) => address.startsWith("/v1/stores?")), sorted.join());
      const before = asked().length;
      await update(page, seen);
      const fresh = asked().slice(before);
      for (const path of ["now", "summary", "stores", "series", "groups"]) {
        assert.ok(fresh.some((address) => address.startsWith(`/v1/${path}?`)), `${path}: ${fresh.join()}`);
      }
    });
  });

  it("waits until the page is seen", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.locator(".connection.open").waitFor();
      await settle(page, seen);
      const hide = (isHidden) => page.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", {configurable: true, get: () => isHidden});
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
      await hide(true);
      const asked = seen.requests.length;
      await page.evaluate(hearRevision);
      await poll();
      assert.equal(await page.evaluate(() => window.heard), "revision");
      await frame(page);
      assert.equal(seen.requests.length, asked);
      const looked = page.waitForResponse((response) => response.url().includes("/v1/now"));
      await hide(false);
      await looked;
      await settle(page, seen);
    });
  });

  it("leaves open what is open among the data", async () => {
    await visit(browser, `${service.url}/ui/data`, {}, async (page, seen) => {
      const examples = page.locator("main details").first();
      await examples.locator("summary").click();
      await update(page, seen);
      assert.ok(await examples.evaluate((details) => details.open));
    });
  });
});

describe("a click that a live update comes into", () => {
  for (const [what, selector, name, value] of [
    ["a count", ".fleet-count:has(.key.up)", "state", "up"],
    ["a window", ".fleet-windows button:text-is('Day')", "w", "day"],
    ["a group", ".fleet-groups tbody a:has-text('Taco')", "where.brand", "Taco"],
    ["how stores fared", ".fleet-spread button", "sort", "down_last_week"],
    ["a store", ".fleet-stores tbody th bdi:text-is('store-00019')", "id", "store-00019"],
    ["a head", ".fleet-stores thead button:text-is('Outages')", "sort", "outages_last_week"],
  ]) {
    it(`is not lost on ${what}`, async () => {
      await visit(browser, `${service.url}/ui/fleet?by=brand`, {}, async (page, seen) => {
        const target = page.locator(selector);
        await target.scrollIntoViewIfNeeded();
        const before = await page.locator("main").textContent();
        await target.hover();
        await page.mouse.down();
        await update(page, seen);
        await page.mouse.up();
        await until("it is chosen", () => new URL(page.url()).searchParams.get(name) === value);
        await settle(page, seen);
        assert.notEqual(await page.locator("main").textContent(), before, "nothing has come that would have been in the way");
      });
    });
  }

  it("is on the same elements, where they have nothing new", async () => {
    await visit(browser, `${service.url}/ui/fleet?by=brand`, {}, async (page, seen) => {
      await page.locator(".fleet-groups select").first().waitFor();
      const kept = await page.$$(".fleet-groups select, .fleet-stores .switch button, .chips, .top nav a");
      assert.ok(kept.length > 8);
      await update(page, seen);
      for (const element of kept) {
        assert.ok(await element.evaluate((one) => one.isConnected));
      }
    });
  });
});

describe("pages of one browser", () => {
  it("have one stream of events together, and one that stays takes over", async () => {
    const streams = [];
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.locator(".connection.open").waitFor();
      page.context().on("request", (request) => request.url().endsWith("/v1/events") && streams.push(request));
      const first = await page.context().newPage(), second = await page.context().newPage();
      for (const other of [first, second]) {
        await other.goto(`${service.url}/ui/fleet`);
        await other.locator(".connection.open").waitFor();
      }
      assert.deepEqual(streams, [], "only the page that was there before has a stream");
      await first.bringToFront(); // what is hidden asks for nothing
      const looked = [page, first, second].map((one) => one.evaluate(() => new Promise((done) => {
        const channel = new BroadcastChannel(`loom ${new URL("..", location.href).pathname}`);
        channel.onmessage = ({data: [kind]}) => kind === "revision" && done(kind);
      })).catch(() => "closed"));
      const asked = first.waitForResponse((response) => response.url().includes("/v1/now"));
      await poll();
      await asked;
      assert.deepEqual(await Promise.all(looked), ["revision", "revision", "revision"]);
      await settle(page, seen);
      const taken = page.context().waitForEvent("request", (request) => request.url().endsWith("/v1/events"));
      await page.close();
      await taken;
      await first.locator(".connection.open").waitFor();
      const again = first.waitForResponse((response) => response.url().includes("/v1/now"));
      await poll();
      await again;
      assert.equal(streams.length, 1);
    });
  });
});

describe("a feed that stops", () => {
  const open = (view, at, work) => visit(browser, `${service.url}/ui/${view}`, {}, async (page, seen) => {
    const newest = Date.parse((await (await fetch(`${service.url}/v1/now?time=rfc3339`)).json()).newest_poll);
    await page.clock.install({time: newest + at});
    await page.reload();
    await page.locator(".connection.open").waitFor();
    await settle(page, seen);
    await work(page, (pattern) => until(`${pattern}`, async () => pattern.test(await page.textContent("body"))));
  });

  it("is told to who looks at the fleet all the while, though nothing comes that would tell", () =>
    open("fleet", 5 * 60000, async (page, shown) => {
      const age = page.locator(".top .age");
      await shown(/5 min old/);
      assert.equal((await age.getAttribute("class")).trim(), "age");
      assert.doesNotMatch(await page.textContent(".fleet-headline"), /ago/);
      await page.clock.runFor("30:00");
      await shown(/35 min old/);
      await page.clock.fastForward("02:00:00");
      await shown(/2 h 3\d min old/);
      assert.equal(await age.getAttribute("class"), "age old");
      assert.match(await page.textContent(".fleet-headline"), /w(as|ere) down 2 h 3\d min ago/);
      await page.clock.fastForward("23:00:00");
      await shown(/1 d 1 h old/);
      assert.equal(await age.getAttribute("class"), "age stale");
      assert.equal(await page.locator(".connection.open").count(), 1); // the service is there all the while
    }));

  it("is told of a store, which is no more what it is now", () => open("store?id=store-00018", 5 * 60000, async (page, shown) => {
    assert.doesNotMatch(await page.textContent(".state-line"), /as of/);
    await page.clock.fastForward("02:00:00");
    await shown(/2 h [5-9] min old/);
    await until("it is told", async () => /as of/.test(await page.textContent(".state-line")));
  }));
});

describe("by keys alone", () => {
  it("one travels in time step by step, which is one step back", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.getByRole("button", {name: /^Time/}).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("slider").waitFor();
      const instants = new Set();
      for (let step = 0; step < 3; step++) {
        await page.keyboard.press("ArrowLeft");
        await settle(page, seen);
        assert.equal(await focused(page), "Instant");
        instants.add(new URL(page.url()).searchParams.get("as_of"));
      }
      assert.equal(instants.size, 3);
      await page.goBack();
      assert.equal(new URL(page.url()).searchParams.get("as_of"), null);
    });
  });

  it("one goes past a table of many stores, or from one of them to the next", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      const sheet = page.getByRole("region", {name: "Table of stores"});
      await sheet.focus();
      const ids = await sheet.locator("tbody th a").allTextContents();
      for (const id of ids.slice(0, 3)) {
        await page.keyboard.press("ArrowDown");
        assert.equal(await focused(page), id);
      }
      await page.keyboard.press("ArrowUp");
      assert.equal(await focused(page), ids[1]);
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement.closest(".fleet-groups") !== null));
      await sheet.locator("tbody th a").nth(1).focus();
      await page.keyboard.press("Enter");
      await settle(page, seen);
      assert.equal(new URL(page.url()).searchParams.get("id"), ids[1]);
    });
  });

  it("one takes a filter away, and is at the others", async () => {
    await visit(browser, `${service.url}/ui/fleet?where.brand=Taco`, {}, async (page, seen) => {
      await page.getByRole("button", {name: "Remove the filter brand Taco"}).press("Enter");
      await settle(page, seen);
      assert.equal(await focused(page), "Filter by …");
    });
  });

  it("one chooses several columns, and the clocks, without losing the place", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {}, async (page, seen) => {
      await page.getByRole("button", {name: "Columns"}).click();
      for (const name of [/^Unknown \(h\)/, /^Zone/]) {
        await page.getByRole("checkbox", {name}).press("Space");
        await settle(page, seen);
      }
      assert.match(new URL(page.url()).searchParams.get("cols"), /unknown,timezone_str$/);
      const clocks = page.getByRole("combobox", {name: "Times of day"});
      await clocks.focus();
      await page.keyboard.press("ArrowDown");
      await settle(page, seen);
      assert.ok(await clocks.evaluate((select) => select === document.activeElement && select.value === "viewer"));
    });
  });
});

describe("what fails", () => {
  it("is over when the service is back, also where there is nothing", async () => {
    const database = join(folder.path, "other");
    makeFleet(database, STORES);
    let other = await serve(database);
    const {port} = other;
    await visit(browser, `${other.url}/ui/fleet`, {allowed: [...GONE, /status of 404/]}, async (page) => {
      await other.stop();
      await page.getByRole("columnheader", {name: "Outages"}).getByRole("button").click();
      await page.locator(".banner:not(:empty)").waitFor();
      await page.getByRole("button", {name: "Try now"}).focus();
      await page.keyboard.press("Enter");
      assert.equal(await focused(page), "Try now");
      await page.evaluate(() => history.replaceState(null, "", "store?id=nobody"));
      other = await serve(database, {port});
      await page.getByRole("heading", {name: "Not there"}).waitFor();
      assert.equal(await page.locator(".banner").textContent(), "");
      await page.locator(".connection.open").waitFor();
    });
    await other.stop();
  });

  it("is told to who only looks, and is over by itself", async () => {
    const database = join(folder.path, "watched");
    makeFleet(database, STORES);
    let other = await serve(database);
    const {port} = other;
    await visit(browser, `${other.url}/ui/fleet`, {allowed: GONE}, async (page, seen) => {
      await page.locator(".connection.open").waitFor();
      await settle(page, seen);
      await other.stop();
      await page.locator(".banner:not(:empty)", {hasText: "has not answered since"}).waitFor();
      assert.ok(await page.evaluate(() => document.body.classList.contains("lost")));
      other = await serve(database, {port});
      await page.locator(".connection.open").waitFor();
      await until("it is over", async () => await page.textContent(".banner") === ""
        && await page.evaluate(() => !document.body.classList.contains("lost")));
      await settle(page, seen);
    });
    await other.stop();
  });

  describe("of a service that hangs", () => {
    let between;
    beforeEach(async () => between = await wire(service));
    afterEach(() => between?.stop());
    const isGrey = (page) => page.evaluate(() => document.body.classList.contains("lost"));
    const tells = (page) => page.locator(".banner:not(:empty)", {hasText: "has not answered since"}).waitFor();
    const isOver = (page) => until("it is over", async () => await page.textContent(".banner") === "" && !await isGrey(page));

    it("is told to who only looks, once it is silent, and is over by itself", async () => {
      await visit(browser, `${between.url}/ui/fleet`, {hasClock: true, allowed: GONE}, async (page, seen) => {
        await page.locator(".connection.open").waitFor();
        await settle(page, seen);
        between.hang();
        await page.clock.fastForward(36000); // no beat of a stream that has one every 15 seconds
        await page.locator(".connection.lost").waitFor();
        const asked = page.waitForRequest((request) => request.url().includes("/v1/now"));
        await page.clock.fastForward(1500);
        await asked;
        await page.clock.fastForward(9000);
        await tells(page);
        assert.ok(await isGrey(page));
        between.resume();
        await isOver(page);
        await page.clock.fastForward(4000);
        await page.locator(".connection.open").waitFor();
        await settle(page, seen);
      });
    });

    it("is told to who asks, however often, and is over by itself", async () => {
      await visit(browser, `${between.url}/ui/fleet`, {hasClock: true, allowed: GONE}, async (page, seen) => {
        await page.locator(".connection.open").waitFor();
        await settle(page, seen);
        between.hang();
        for (const id of ["store-00001", "store-00002"]) {
          const asked = page.waitForRequest((request) => request.url().includes("/v1/now") && request.url().includes(id));
          await page.getByRole("searchbox").fill(id);
          await page.clock.fastForward(1000); // it is asked for once nobody types any more
          await asked;
          await page.clock.fastForward(5000);
        }
        await tells(page);
        between.resume();
        await isOver(page);
        await settle(page, seen);
      });
    });

    it("is none while the stream tells something", async () => {
      await visit(browser, `${between.url}/ui/fleet`, {hasClock: true, allowed: GONE}, async (page) => {
        await page.locator(".connection.open").waitFor();
        for (const _ of [1, 2, 3]) {
          await page.evaluate(hearRevision);
          await poll(); // any event is as good as a beat
          await page.evaluate(() => window.heard);
          await page.clock.fastForward(20000);
        }
        assert.equal(await page.locator(".connection.open").count(), 1);
      });
    });
  });

  it("is told where a part of the page is not there any more, as after an upgrade", async () => {
    await visit(browser, `${service.url}/ui/fleet`, {allowed: [/status of 404/, /^$/]}, async (page) => {
      await page.route("**/views/wall.js", (route) => route.fulfill({status: 404, body: ""}));
      await page.getByRole("link", {name: "Wall"}).click();
      await page.getByRole("button", {name: "Load it anew"}).waitFor();
      await page.unroute("**/views/wall.js");
      await page.getByRole("button", {name: "Load it anew"}).click();
      await page.locator("canvas").waitFor();
    });
  });
});

describe("a session", () => {
  it("has what happens told from when it begins to when it ends", async () => {
    const database = join(folder.path, "guarded");
    makeFleet(database, STORES);
    const [, token, line] = /^token: (\S+)\nline: {2}(.*)\n$/.exec(loom("token", "read", "ops"));
    writeFileSync(join(folder.path, "tokens"), `${line}\n`);
    const guarded = await serve(database, {words: ["--token-file", join(folder.path, "tokens")]});
    await visit(browser, `${guarded.url}/ui/fleet`, {}, async (page, {requests}) => {
      assert.ok(!requests.some((request) => request.url().endsWith("/v1/events")));
      for (const _ of [1, 2]) {
        await page.fill("#token", token);
        await page.keyboard.press("Enter");
        await page.locator(".connection.open").waitFor();
        await page.getByRole("button", {name: "Log out"}).click();
        await page.locator("#token").waitFor();
        await until("the stream has ended", () => requests.filter((request) => request.url().endsWith("/v1/events"))
          .every((request) => request.failure()));
      }
    });
    await guarded.stop();
  });

  it("of a token for some stores alone is offered what it may see", async () => {
    const database = join(folder.path, "board");
    makeFleet(database, STORES);
    const [, token, line] = /^token: (\S+)\nline: {2}(.*)\n$/.exec(loom("token", "board", "tacos", "--where", "brand=Taco"));
    writeFileSync(join(folder.path, "board-tokens"), `${line}\n`);
    const guarded = await serve(database, {words: ["--token-file", join(folder.path, "board-tokens")]});
    await visit(browser, `${guarded.url}/ui/fleet`, {}, async (page, seen) => {
      await page.fill("#token", token);
      await page.keyboard.press("Enter");
      for (const view of ["Wall", "Reports", "Fleet"]) {
        await page.getByRole("link", {name: view, exact: true}).click();
        await settle(page, seen);
        assert.equal(await page.locator(".failure").count(), 0);
      }
      assert.equal(await page.getByRole("link", {name: "Data"}).count(), 0);
      assert.match(await page.locator("h1").textContent(), / of 5 stores /);
    });
    await guarded.stop();
  });
});
