// The tab of alerts in a browser, on a real service whose alerts come from rounds of the real agent: what it shows against what the
// API tells, and each change against what the API has afterwards.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {after, before, describe, it} from "node:test";
import {fileURLToPath} from "node:url";

import {barriers, build, launch, loom, makeFolder, serve, settle, until, visit} from "./support.mjs";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const ROUNDS = ["16:10", "16:30", "17:00", "17:20", "17:40", "18:00"]; // of 2024-03-12, when the agent looks
const HOSTILE = "</script><script>window.harmed = 1</script>";

let folder, browser, service, database;

before(async () => {
  folder = makeFolder();
  database = join(folder.path, "db");
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_alerts.lua", database], {cwd: top,
    env: {...process.env, LUA_PATH: "lua/?.lua;lua/?/init.lua;;", LUA_CPATH: `${build}/lua5.4/?.so;;`}});
  for (const time of ROUNDS) {
    loom("agent", database, "--once", "--clock", `2024-03-12 ${time}:05`);
  }
  browser = await launch();
  service = await serve(database, {words: ["--no-agent"]});
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

const api = async (path, init) => {
  const response = await fetch(`${service.url}/v1/${path}`, init);
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
  return response.status === 204 ? null : response.json();
};

const change = (method, path, body) => api(path, {method, body: JSON.stringify(body),
  headers: {"Content-Type": "application/json"}});

/** Opens the tab, and expects nothing wrong. */
function open(query, work, options = {}) {
  return visit(browser, `${service.url}/ui/alerts${query}`, options, work);
}

/** Presses Enter in the dialog, and waits until it is done. */
async function save(page, seen) {
  await page.keyboard.press("Enter");
  await until("the dialog is closed", async () => {
    const problem = await page.evaluate(() => document.querySelector("#edit-problem")?.textContent);
    assert.equal(problem ?? "", "");
    return problem === undefined;
  });
  await settle(page, seen);
}

/** The field of a dialog by the name that the service has for it. */
const field = (page, name) => page.locator(`dialog [data-field~="${name}"]`);

const openAlerts = async (rule) => (await api(`alerts?state=open&rule=${rule}`)).alerts;

describe("the tab of alerts", () => {
  it("has nothing wrong with any part of it, and fits", async () => {
    const [one] = await openAlerts("down");
    for (const [width, colorScheme] of [[1280, "light"], [320, "dark"]]) {
      await open("", async (page, seen) => {
        for (const query of ["", "?part=rules", "?part=channels", "?part=quiet", "?part=letters", `?alert=${one.id}`]) {
          await page.goto(`${service.url}/ui/alerts${query}`);
          await settle(page, seen);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${query} is too wide`);
          assert.deepEqual(await barriers(page), [], query);
        }
      }, {colorScheme, viewport: {width, height: 800}});
    }
  });

  it("can be read in colours of the system, and on paper", async () => {
    await open("?part=rules", async (page, seen) => {
      await page.emulateMedia({forcedColors: "active"});
      for (const [query, selector] of [["?part=rules", "button.first"], ["", ".severity-tag.critical"]]) {
        await page.goto(`${service.url}/ui/alerts${query}`);
        await settle(page, seen);
        const {color, ground, adjust} = await page.locator(selector).first().evaluate((element) => {
          const {color, backgroundColor, forcedColorAdjust} = getComputedStyle(element);
          return {color, ground: backgroundColor, adjust: forcedColorAdjust};
        });
        assert.equal(adjust, "none", selector); // or text stands on a patch of the paper's colour
        assert.notEqual(color, ground, selector);
      }
      await page.emulateMedia({forcedColors: "none", media: "print"});
      const edges = await page.locator(".firing table").first().locator("tr > :nth-child(2)").evaluateAll((cells) =>
        cells.map((cell) => getComputedStyle(cell).paddingLeft));
      assert.equal(new Set(edges).size, 1, edges.join()); // heads are above what they are of
      assert.equal(await page.locator("nav, button").locator("visible=true").count(), 0);
    });
  });

  it("tells what fires by rule, the worst first, and why", async () => {
    const down = await openAlerts("down");
    assert.equal(down.length, 2);
    await open("", async (page, seen) => {
      assert.deepEqual((await page.locator(".firing h2").allTextContents())[0], "down");
      const rows = page.locator(".firing").first().locator("tbody tr");
      assert.equal(await rows.count(), down.length);
      assert.ok((await rows.allTextContents()).join().includes(HOSTILE));
      assert.equal(await page.evaluate(() => window.harmed), undefined);
      await page.locator(`#why-${down[0].id}`).focus();
      await page.keyboard.press("Enter");
      await settle(page, seen);
      const told = await page.textContent("main");
      const why = await api(`alerts/${down[0].id}/explain`);
      assert.equal(why.result, "true");
      assert.match(told, /It holds/);
      assert.match(told, /down for 30m/);
      assert.match(told, /Who was told.*console/s);
      await page.goBack();
      await settle(page, seen);
      await page.locator("#ended").locator("summary").click();
      assert.match(await page.textContent("#ended"), /store-08/);
    });
  });

  it("tells in the navigation how many there are, and has pages of them", async () => {
    const firing = (await api("alerts?state=open")).alerts;
    assert.equal((await api("now")).alerts, firing.length);
    await open("?part=rules", async (page, seen) => {
      const tab = page.locator("header nav a", {hasText: "Alerts"});
      assert.equal(await tab.textContent(), `Alerts ${firing.length} open`);
      await page.route(/\/v1\/alerts\?.*state=open/, (route) =>
        route.continue({url: route.request().url().replace("limit=200", "limit=1")}));
      await tab.click();
      await settle(page, seen);
      for (const [i, {id}] of firing.entries()) {
        assert.deepEqual(await page.locator(".firing tbody a[id^=why]").evaluateAll((links) => links.map((link) => link.id)),
          [`why-${id}`]);
        if (i < firing.length - 1) {
          await page.click("#older");
          await settle(page, seen);
        }
      }
      assert.equal(await page.locator("#older").count(), 0);
      await page.click("#newest");
      await settle(page, seen);
      assert.equal(await page.locator(`#why-${firing[0].id}`).count(), 1);
    });
  });

  it("takes an acknowledgement, and back", async () => {
    const [one] = await openAlerts("down");
    await open("", async (page, seen) => {
      await page.click(`#ack-${one.id}`);
      await field(page, "who").fill("Ada");
      await field(page, "note").fill("on the phone");
      await save(page, seen);
      const {ack, flags} = await api(`alerts/${one.id}`);
      assert.deepEqual([ack.who, ack.note, flags.acknowledged], ["Ada", "on the phone", true]);
      assert.match(await page.textContent("main"), /acknowledged\s*by Ada: on the phone/);
      await page.click(`#ack-${one.id}`);
      await until("it is taken back", async () => !(await api(`alerts/${one.id}`)).flags.acknowledged);
      await settle(page, seen);
    });
  });

  it("silences, and ends that", async () => {
    const one = (await openAlerts("down")).find(({subject}) => subject.id === "store-05");
    await open("", async (page, seen) => {
      await page.click(`#silence-${one.id}`);
      await field(page, "comment").fill("a new oven");
      await save(page, seen);
      const [silence] = (await api("silences")).silences;
      assert.deepEqual(silence.matchers, {rule: "down", store: "store-05"});
      await page.click("#part-quiet");
      await settle(page, seen);
      assert.match(await page.textContent("main"), /a new oven/);
      await page.click(`#unsilence-${silence.id}`);
      await until("there is none", async () => (await api("silences")).silences.length === 0);
      await settle(page, seen);
    });
  });

  it("makes a mute", async () => {
    await open("?part=quiet", async (page, seen) => {
      await page.click("#new-mute");
      await field(page, "name").fill("night");
      await field(page, "hours").fill("nonsense");
      await page.keyboard.press("Enter");
      await until("it is told", async () => (await page.textContent("#edit-problem")) !== "");
      await field(page, "hours").fill("mon-fri 22:00-06:00");
      await save(page, seen);
      assert.equal((await api("mutes")).mutes[0].name, "night");
    }, {allowed: [/status of 4\d\d/]});
  });
});

describe("rules", () => {
  it("are tried on the past while they are typed, and kept", async () => {
    await open("?part=rules", async (page, seen) => {
      await page.click("#new-rule");
      await field(page, "name").fill("short");
      await field(page, "when.time").fill("20m");
      await until("it is tried", async () => /It would have fired 3 times for 3 stores/.test(await page.textContent("dialog")));
      await page.screenshot({path: join(build, "pictures", "alerts-rule.png")});
      await field(page, "name").focus();
      await save(page, seen);
      const {rules} = await api("alert-rules");
      assert.deepEqual(rules.find(({name}) => name === "short").when, {kind: "down_for", time: "20m"});
      await page.click("#remove-short");
      await page.locator("dialog button.first").click();
      await until("it is gone", async () => !(await api("alert-rules")).rules.some(({name}) => name === "short"));
      await settle(page, seen);
    });
  });

  it("tell which field is wrong", async () => {
    await open("?part=rules", async (page) => {
      await page.click("#new-rule");
      await field(page, "name").fill("bad");
      await field(page, "when.time").fill("soon");
      await until("it is told", async () => (await page.textContent("#edit-problem")) !== "");
      assert.equal(await field(page, "when.time").getAttribute("aria-invalid"), "true");
      await page.keyboard.press("Escape");
    }, {allowed: [/status of 4\d\d/]});
  });

  it("that somebody else has changed are not written over unseen", async () => {
    const path = "alert-rules/week";
    const before = await api(path);
    await open("?part=rules", async (page, seen) => {
      await page.click("#edit-week");
      await field(page, "when.below").fill("90");
      await change("PUT", path, {...before, when: {...before.when, below: 0.8}});
      await page.keyboard.press("Enter");
      await until("it is told", async () => /Somebody else has changed this/.test(await page.textContent("#edit-problem")));
      assert.match(await page.textContent("#edit-problem"), /80/);
      await save(page, seen);
      assert.equal((await api(path)).when.below, 0.9);
      await change("PUT", path, before);
    }, {allowed: [/status of 4\d\d/]});
  });

  it("name objectives, which are set beside them", async () => {
    await open("?part=rules", async (page, seen) => {
      await page.click("#new-objective");
      await field(page, "name").fill("tacos");
      await field(page, "target").fill("101");
      await page.keyboard.press("Enter");
      await until("it is told", async () => (await page.textContent("#edit-problem")) !== "");
      await field(page, "target").fill("99.5");
      await field(page, "stores").fill("brand=Taco");
      await save(page, seen);
      assert.deepEqual(await api("objectives/tacos"), {name: "tacos", target: 0.995, window: "28d",
        stores: {where: {brand: "Taco"}}});
      assert.match(await page.textContent("main"), /tacos99.5 %28dbrand=Taco/);

      await page.click("#new-rule");
      await field(page, "name").fill("burning");
      await field(page, "when.kind").selectOption("budget");
      await field(page, "when.target").fill("");
      await field(page, "when.window").fill("");
      await field(page, "when.left").fill("");
      for (const [name, value] of Object.entries({objective: "tacos", burnt: "10", within: "6h", still: "30m"})) {
        await field(page, `when.${name}`).fill(value);
      }
      await save(page, seen);
      assert.deepEqual((await api("alert-rules/burning")).when, {kind: "budget", objective: "tacos", burnt: 0.1, within: "6h",
        still: "30m"});
      assert.match(await page.textContent("main"), /10\.0 % of the error budget of tacos burnt in 6h/);

      await page.click("#no-objective-tacos");
      await page.keyboard.press("Enter");
      await until("it is told", async () => /burning/.test(await page.textContent("#edit-problem")));
      await page.keyboard.press("Escape");
      await page.click("#remove-burning");
      await save(page, seen);
      await page.click("#no-objective-tacos");
      await save(page, seen);
      assert.deepEqual((await api("objectives")).objectives, []);
    }, {allowed: [/status of 4(00|09) /]});
  });

  it("go by settings, whose change is previewed", async () => {
    await open("?part=rules", async (page, seen) => {
      assert.match(await page.textContent("main"), /The feed is stale after 30m without a poll, and a store dormant after 7d/);
      await page.click("#change-settings");
      await field(page, "dormant_after").fill("soon");
      await page.keyboard.press("Enter");
      await until("the field is wrong", async () => await field(page, "dormant_after").getAttribute("aria-invalid") === "true");
      await field(page, "dormant_after").fill("1h");
      const {counts} = await api("now?dormant_after=1h");
      await until("it is previewed", async () => (await page.textContent("dialog")).includes(`${counts.dormant} store`));
      await field(page, "stale_after").fill("45m");
      assert.deepEqual(await barriers(page), []);
      await page.fill("#edit-reason", "a slow feed");
      await save(page, seen);
      assert.deepEqual(await api("alert-settings"), {stale_after: "45m", dormant_after: "1h"});
      assert.equal((await api("audit?kind=setting&limit=1")).entries[0].reason, "a slow feed");
      assert.match(await page.textContent("main"), /stale after 45m without a poll, and a store dormant after 1h/);

      await page.click("#change-settings");
      assert.equal(await field(page, "stale_after").inputValue(), "45m");
      await change("PUT", "alert-settings", {stale_after: "50m"});
      await field(page, "stale_after").fill("");
      await page.keyboard.press("Enter");
      await until("it is told", async () => /There now: the feed is stale after 50m/.test(await page.textContent("#edit-problem")));
      await save(page, seen);
      assert.deepEqual(await api("alert-settings"), {stale_after: null, dormant_after: "1h"});
      await change("PUT", "alert-settings", {});
    }, {allowed: [/status of 4(00|09) /]});
  });

  it("keep as JSON what there are no fields for", async () => {
    const path = "alert-rules/odd";
    await change("PUT", path, {name: "odd", when: {kind: "down_for", time: "3h"}, keep: {time: "5m"}, storm: 7});
    await open("?part=rules", async (page, seen) => {
      await page.click("#edit-odd");
      await field(page, "when.time").fill("4h");
      await save(page, seen);
      const {keep, storm, when} = await api(path);
      assert.deepEqual([keep, storm, when.time], [{time: "5m"}, 7, "4h"]);
      await page.click("#edit-odd");
      await page.getByRole("button", {name: "As JSON"}).click();
      await field(page, "json").fill(JSON.stringify({name: "odd", when: {kind: "no_poll", time: "9h"}}));
      await page.locator("dialog button.first").click();
      await until("it is kept", async () => (await api(path)).when.kind === "no_poll");
      await settle(page, seen);
    });
    await api(path, {method: "DELETE"});
  });
});

describe("channels", () => {
  it("keep their secrets to themselves", async () => {
    await open("?part=channels", async (page, seen) => {
      await page.click("#change-ops");
      assert.equal(await field(page, "secret").inputValue(), "");
      assert.ok(!(await page.content()).includes("s3cret"));
      await page.locator("dialog button.first").click();
      await until("the dialog is closed", async () => await page.locator("dialog").count() === 0);
      await settle(page, seen);
      const {channels} = await api("channels");
      assert.equal(channels.find(({name}) => name === "ops").secret, true);
    });
  });

  it("are tested", async () => {
    await open("?part=channels", async (page, seen) => {
      await page.click("#test-console");
      await until("a message is on its way", async () =>
        (await api("notifications?outcome=pending")).notifications.some(({channel}) => channel === "console"));
      await settle(page, seen);
    });
  });

  it("that could not be reached leave dead letters, which are sent again or dropped", async () => {
    const {notifications: dead} = await api("notifications?outcome=dead");
    assert.ok(dead.length > 0);
    await open("?part=letters", async (page, seen) => {
      assert.equal(await page.locator("tbody tr").count(), dead.length);
      await page.click(`#again-${dead[0].id}`);
      await until("it waits", async () => (await api("notifications?outcome=pending")).notifications.some(({id}) => id === dead[0].id));
      await settle(page, seen);
      if (dead[1]) {
        await page.click(`#drop-${dead[1].id}`);
        await until("it is dropped", async () => (await api("notifications?outcome=dropped")).notifications.length === 1);
        await settle(page, seen);
      }
    });
  });
});

describe("alerts elsewhere", () => {
  it("are brackets on a store's week, and a list that leads to why", async () => {
    await visit(browser, `${service.url}/ui/store?id=store-05`, {}, async (page, seen) => {
      assert.ok(await page.locator(".bracket.critical").count() >= 1);
      await page.getByRole("link", {name: /down.*why/}).click();
      await settle(page, seen);
      assert.match(page.url(), /\/ui\/alerts\?alert=/);
    });
  });

  it("are marks on the wall", async () => {
    await visit(browser, `${service.url}/ui/wall`, {}, async (page) => {
      await page.locator(".wall-over .alert").first().waitFor({state: "attached"});
    });
  });

  it("are missed where they cannot be had, and nothing else is", async () => {
    const busy = {status: 503, json: {status: 503, title: "Busy", detail: "others are being answered"}};
    for (const [view, place] of [["wall", ".wall .hint"], ["store?id=store-05", ".store section[aria-label=Alerts]"]]) {
      await visit(browser, `${service.url}/ui/reports`, {allowed: [/503/]}, async (page) => {
        await page.route("**/v1/alerts?*", (route) => route.fulfill(busy));
        await page.goto(`${service.url}/ui/${view}`);
        await page.locator(place, {hasText: "others are being answered"}).waitFor();
        assert.equal(await page.locator(".failure").count(), 0, view);
        assert.equal(await page.locator("body.lost").count(), 0, view);
      });
    }
  });

  it("show by themselves when the agent has found any", async () => {
    await open("", async (page) => {
      const before = await page.locator(".firing tbody tr").count();
      await change("PUT", "alert-rules/all", {name: "all", when: {kind: "ratio", window: "1d", below: 1}, channels: "console"});
      loom("agent", database, "--once", "--clock", "2024-03-12 18:01:05");
      await until("they are there", async () => await page.locator(".firing tbody tr").count() > before);
    });
  });
});

describe("a token", () => {
  let guarded;
  const tokens = {};

  before(async () => {
    const lines = [["read", "ops"], ["board", "taco", "--where", "brand=Taco"]].map((words) => {
      const [, token, line] = /^token: (\S+)\nline: {2}(.*)\n$/.exec(loom("token", ...words));
      tokens[words[0]] = token;
      return line;
    });
    writeFileSync(join(folder.path, "tokens"), lines.map((line) => `${line}\n`).join(""));
    guarded = await serve(database, {words: ["--no-agent", "--token-file", join(folder.path, "tokens")]});
  });

  after(() => guarded?.stop());

  /** Logs in, and looks. */
  const look = (kind, query, work) => visit(browser, `${guarded.url}/ui/alerts${query}`, {allowed: [/status of 40\d/]},
    async (page, seen) => {
      await page.fill("#token", tokens[kind]);
      await page.keyboard.press("Enter");
      await page.locator("#token").waitFor({state: "detached"});
      await settle(page, seen);
      await work(page);
    });

  it("that may only read sees all, and changes nothing", async () => {
    for (const part of ["firing", "rules", "channels", "quiet", "letters"]) {
      await look("read", `?part=${part}`, async (page) => assert.equal(await page.locator("main button").count(), 0));
    }
  });

  it("of some stores sees the alerts of these alone", async () => {
    await look("board", "", async (page) => {
      const text = await page.textContent("main");
      assert.ok(!text.includes("store-05") && !text.includes("Rules"), text);
    });
  });
});

it("a service without rules says how to begin, and takes the first one", async () => {
  const empty = join(folder.path, "empty");
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_fleet.lua", empty, "20"], {cwd: top,
    env: {...process.env, LUA_PATH: "lua/?.lua;lua/?/init.lua;;", LUA_CPATH: `${build}/lua5.4/?.so;;`}});
  const other = await serve(empty, {words: ["--no-agent"]});
  await visit(browser, `${other.url}/ui/alerts`, {}, async (page, seen) => {
    assert.match(await page.textContent("main"), /No rules yet.*loom apply/s);
    assert.deepEqual(await barriers(page), []);
    await page.click("#first-rule");
    await field(page, "name").fill("down");
    await save(page, seen);
    assert.match(await page.textContent("main"), /Nothing fires/);
  });
  await other.stop();
});
