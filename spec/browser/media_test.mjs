// The dashboard where colours are the system's, on paper, without motion, by keys alone, and for those who listen to it.

import assert from "node:assert/strict";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {barriers, launch, makeFleet, makeFolder, serve, settle, until, visit} from "./support.mjs";

const VIEWS = ["fleet", "wall", "store?id=store-00020", "reports", "data"];

let folder, browser, service;

before(async () => {
  folder = makeFolder();
  makeFleet(join(folder.path, "db"), 40);
  browser = await launch();
  service = await serve(join(folder.path, "db"));
});

after(async () => {
  await browser?.close();
  await service?.stop();
  folder.remove();
});

const open = (view, options, work) => visit(browser, `${service.url}/ui/${view}`, options, work);

/** Colours of the wall's cells, and those that the legend has for states, as red, green and blue. */
const colours = (page) => page.evaluate(() => {
  const canvas = document.querySelector("canvas");
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const painted = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]) {
      painted.add([data[at], data[at + 1], data[at + 2]].join());
    }
  }
  const told = Object.fromEntries([...document.querySelectorAll(".legend .key")].map((key) => [key.className.split(" ")[1],
    getComputedStyle(key).backgroundColor.match(/\d+/g).slice(0, 3).join()]));
  return {painted: [...painted], told};
});

const background = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);

describe("colours of the system", () => {
  for (const colorScheme of ["light", "dark"]) {
    it(`are those of pictures, and of what tells what they mean, ${colorScheme}`, async () => {
      await open("fleet", {forcedColors: "active", colorScheme}, async (page) => {
        const fillOf = async (letter) => {
          const path = page.locator(`.fleet-stores .strip .${letter}`).first();
          await path.waitFor();
          return path.evaluate((element) => getComputedStyle(element).fill);
        };
        assert.equal(await background(page.locator(".fleet-count .key.down")), await fillOf("d"));
        assert.notEqual(await fillOf("d"), await fillOf("u"));
        const buttons = page.locator(".fleet-stores .switch button");
        assert.notEqual(await background(buttons.first()), await background(buttons.last())); // which one is chosen
        assert.deepEqual(colorScheme === "light" ? await barriers(page) : [], []); // it takes long
      });
    });

    it(`tell cells of the wall apart, ${colorScheme}`, async () => {
      await open("wall", {forcedColors: "active", colorScheme}, async (page) => {
        const {painted, told} = await colours(page);
        for (const state of ["down", "up", "closed"]) {
          assert.ok(painted.includes(told[state]), `${state} ${told[state]} of ${painted}`);
        }
        assert.equal(new Set(Object.values(told)).size, 5); // what is down in part is as what is down
      });
    });
  }
});

describe("on paper", () => {
  const dark = {colorScheme: "dark", allowed: [/willReadFrequently/]};
  it("the wall is light, whatever the screen is", () => open("wall", dark, async (page) => {
    const onScreen = await colours(page);
    await page.emulateMedia({media: "print"});
    await until("it is painted anew", async () => {
      const {painted, told} = await colours(page);
      assert.notEqual(told.up, onScreen.told.up);
      return painted.includes(told.up) && painted.includes(told.down);
    });
  }));

  for (const view of VIEWS) {
    it(`${view} is as wide as the paper, without what cannot be pressed there`, () => open(view, {}, async (page) => {
      await page.emulateMedia({media: "print"});
      await page.setViewportSize({width: 1040, height: 1400});
      const wide = await page.$$eval("main, .sheet, table", (list) => list.filter((one) =>
        one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth).map((one) =>
        one.outerHTML.slice(0, 90)));
      assert.deepEqual(wide, []);
      assert.equal(await page.locator(".controls, nav, .menu, .pad, td > button").locator("visible=true").count(), 0);
    }));
  }
});

it("nothing moves for those who do not want it", () => open("fleet", {reducedMotion: "reduce"}, async (page) => {
  await page.evaluate(() => document.body.classList.add("lost"));
  assert.deepEqual(await page.$$eval("*", (list) => list.map((one) => [one.tagName, getComputedStyle(one)])
    .filter(([, style]) => style.transitionDuration !== "0s" || style.animationName !== "none").map(([tag]) => tag)), []);
}));

describe("by keys alone", () => {
  it("the wall names cells, chooses stores, and opens one", () => open("wall", {}, async (page, seen) => {
    const ids = (await (await fetch(`${service.url}/v1/strips?bins=168`)).text()).trimEnd().split("\n").slice(1)
      .map((line) => decodeURIComponent(line.split("\t")[1]));
    await page.getByRole("application", {name: "Stores over time"}).focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowLeft"]) {
      await page.keyboard.press(key);
    }
    const cell = page.locator(".wall-cell");
    await until("the cell is named", async () => (await cell.textContent()).startsWith(ids[2]));
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByRole("button", {name: "Only these 2 stores"}).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", {name: "Only these 2 stores"}).waitFor({state: "detached"});
    await page.keyboard.press("Enter");
    await settle(page, seen);
    assert.equal(new URL(page.url()).searchParams.get("id"), ids[3]);
  }));

  it("the menu of rules begins with those that are chosen", () => open("fleet?preset=monitoring", {}, async (page) => {
    await page.getByRole("button", {name: /^Rules/}).focus();
    await page.keyboard.press("Enter");
    await until("they have the focus", () => page.evaluate(() => document.activeElement.value === "monitoring"));
  }));

  it("a dialog is left, and the focus is where it was", () => open("store?id=store-00020", {}, async (page) => {
    for (const id of ["edit-exclusion", "edit-hours", "edit-special"]) {
      await page.locator(`#${id}`).focus();
      await page.keyboard.press("Enter");
      await page.locator("dialog[open]").waitFor();
      assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null));
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({state: "detached"});
      assert.equal(await page.evaluate(() => document.activeElement.id), id);
    }
  }));
});

it("those who listen are told at most every ten seconds, and of the last at the end", async () => {
  await open("wall", {}, async (page, seen) => {
    await page.clock.install();
    await page.reload();
    await settle(page, seen);
    await page.getByRole("application", {name: "Stores over time"}).focus();
    await page.keyboard.press("ArrowDown");
    await page.locator(".wall-cell .id:not(:empty)").waitFor();
    await page.evaluate(() => {
      window.said = [];
      const spoken = document.querySelector("[aria-live=polite].unseen");
      new MutationObserver(() => window.said.push(spoken.textContent)).observe(spoken, {childList: true});
    });
    for (let press = 0; press < 8; press++) {
      await page.keyboard.press("ArrowLeft");
    }
    const last = await page.locator(".wall-cell").textContent();
    assert.ok((await page.evaluate(() => window.said)).length <= 1);
    await page.clock.fastForward(10000);
    await until("the last is told", async () => (await page.evaluate(() => window.said.at(-1)))?.replace(",", "") === last);
    assert.ok((await page.evaluate(() => window.said)).length <= 2);
  });
});
