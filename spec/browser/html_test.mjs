// The HTML report in a browser: what it shows against the figures it was made of, and what a person does with it.
//
// LOOM_BUILD has the modules and, in browser/, playwright-core; CHROMIUM and LUA name the programs. Nothing here waits for
// a time: what the page does is done when an action returns, or is waited for by what it shows.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join, resolve} from "node:path";
import {after, before, describe, it} from "node:test";
import {fileURLToPath, pathToFileURL} from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const build = resolve(top, process.env.LOOM_BUILD || "build");
const {chromium} = createRequire(join(build, "browser/"))("playwright-core");

const PRINTED_ROWS = 500;
const WINDOWS = ["last_hour", "last_day", "last_week"];
const FIGURES = ["uptime", "downtime", "ratio", "outages", "slo_burn"];
const STATES = {u: "up", p: "partly down", d: "down", n: "unknown", x: "excluded", c: "closed"};

let folder, browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "loom-html-"));
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_reports.lua", folder], {
    cwd: top,
    env: {...process.env, LUA_PATH: "lua/?.lua;lua/?/init.lua;;", LUA_CPATH: `${build}/lua5.4/?.so;;`},
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, {recursive: true, force: true});
});

const figuresOf = (name) => JSON.parse(readFileSync(join(folder, name + ".json"), "utf8"));

// Opens a page, and expects of it that it asks for nothing and that the browser finds nothing to complain of.
async function withPage(name, options, check) {
  const context = await browser.newContext({viewport: {width: 1440, height: 1700}, ...options});
  const page = await context.newPage();
  const url = pathToFileURL(join(folder, name + ".html")).href;
  const requests = [], complaints = [];
  page.on("request", (request) => requests.push(request));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  await page.goto(url);
  await check(page, complaints, requests);
  await context.close();
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests.map((request) => request.url()), [url]);
}

// The texts of the rows that there are elements for.
const shownRows = (page) => page.locator("#rows tbody tr:not(.pad)").evaluateAll((rows) =>
  rows.map((row) => [...row.cells].map((cell) => cell.textContent)));

const shownIds = async (page) => (await shownRows(page)).map((cells) => cells[0]);

const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const scrollTo = async (page, top_) => {
  await page.locator("#sheet").evaluate((sheet, to) => sheet.scrollTop = to, top_);
  await frame(page); // the page draws in the next one
};

// A page hears of it before the next frame.
const setMedia = async (page, media) => {
  await page.emulateMedia(media);
  await frame(page);
};

const printed = {
  uptime: (value, window) => window === "last_hour" ? String(value) : value.toFixed(2).replace(/0$/, ""),
  ratio: (value) => value === null ? "–" : (Math.floor(value * 1e4 + 1e-6) / 100).toFixed(2),
  outages: String,
  slo_burn: (value) => value === null ? "–" : value > 1 ? `✗ ${Math.ceil(value * 100 - 1e-3)}%`
    : `✓ ${Math.floor(value * 100 + 1e-3)}%`,
};
printed.downtime = printed.uptime;

describe("the table", () => {
  it("shows what the report says", () => withPage("fleet", {}, async (page) => {
    const expected = figuresOf("fleet").stores.map((store) => [store.store_id, "",
      ...WINDOWS.flatMap((window) => FIGURES.map((figure) => printed[figure](store[`${figure}_${window}`], window)))]);
    assert.deepEqual(await shownRows(page), expected);
    assert.equal(await page.locator("#matches").textContent(), "41 stores");
  }));

  it("is sorted by each of its columns, both ways", () => withPage("fleet", {}, async (page) => {
    const ids = figuresOf("fleet").stores.map((store) => store.store_id);
    assert.deepEqual(await shownIds(page), ids);
    const buttons = await page.locator("#rows thead button").all();
    assert.equal(buttons.length, 1 + WINDOWS.length * FIGURES.length);
    for (const button of buttons) {
      const head = button.locator("..");
      const place = Number(await head.getAttribute("data-column")) - 1;
      const isId = place === 0; // which the table is sorted by to begin with
      for (const way of isId ? ["descending", "ascending"] : ["ascending", "descending"]) {
        await button.click();
        assert.equal(await head.getAttribute("aria-sort"), way);
        assert.equal(await page.locator("th[aria-sort]").count(), 1);
        const rows = await shownRows(page), sign = way === "ascending" ? 1 : -1;
        assert.deepEqual(rows.map((cells) => cells[0]).sort(), [...ids].sort());
        if (isId) {
          assert.deepEqual(rows.map((cells) => cells[0]), sign > 0 ? ids : [...ids].reverse());
          continue;
        }
        const keys = rows.map((cells) => cells[place] === "–" ? null : Number(cells[place].replace(/[✓✗%, ]/g, "")));
        keys.slice(1).forEach((key, i) => assert.ok(key === null || keys[i] !== null && (key - keys[i]) * sign >= 0,
          `${way} by column ${place}: ${keys[i]} before ${key}`));
      }
    }
  }));

  it("is searched by id, whatever the case", () => withPage("fleet", {}, async (page) => {
    const search = page.getByLabel("Search"), matches = page.locator("#matches");
    await search.fill("SHOP 3");
    assert.deepEqual(await shownIds(page), Array.from({length: 10}, (_, i) => `shop 3${i}`));
    assert.equal(await matches.textContent(), "10 of 41 stores");
    await page.locator("th[data-column='1'] button").click();
    assert.equal((await shownIds(page))[0], "shop 39");
    await search.fill("<script>");
    assert.equal((await shownIds(page)).length, 3);
    await search.fill("nowhere");
    assert.equal(await matches.textContent(), "0 of 41 stores");
    assert.equal(await page.locator("#rows tbody").innerText().then((text) => text.trim()), "No store matches.");
    await search.press("Escape");
    assert.equal(await search.inputValue(), "");
    assert.equal((await shownIds(page)).length, 41);
  }));

  it("has the columns that were chosen", () => withPage("chosen", {}, async (page) => {
    assert.deepEqual(await page.locator("#rows thead th").evaluateAll((heads) => heads.map((head) =>
      head.querySelector("button")?.textContent ?? "")), ["store_id", "", "uptime_last_day", "ratio_last_week", "<i>note</i>"]);
    const rows = await shownRows(page);
    assert.equal(rows.length, 7);
    assert.equal(await page.locator("#matches").textContent(), "7 of 41 stores");
    assert.equal(await page.locator("th[aria-sort]").count(), 0); // the rows come in another order
    assert.ok(rows.some((cells) => cells[4] === "</script>") && rows.some((cells) => cells[4] === ""));
    await page.locator("th[data-column='5'] button").click();
    assert.deepEqual((await shownRows(page)).map((cells) => cells[4]).sort((a, b) => (a === "") - (b === "")),
      (await shownRows(page)).map((cells) => cells[4]));
  }));

  it("is of groups where the report is", () => withPage("grouped", {}, async (page) => {
    const expected = figuresOf("grouped").groups.map((group) => group.region);
    assert.deepEqual(await shownIds(page), expected);
    assert.equal(await page.locator("#matches").textContent(), "4 groups");
    assert.deepEqual((await shownRows(page)).map((cells) => cells[1]), ["11", "10", "10", "10"]);
  }));

  it("does without strips, and without rows", async () => {
    await withPage("bare", {}, async (page) => {
      assert.equal(await page.locator("svg.strip, .legend, .axis").count(), 0);
      assert.equal((await shownIds(page)).length, 41);
    });
    await withPage("empty", {}, async (page) => {
      assert.equal(await page.locator("#rows tbody").innerText().then((text) => text.trim()), "There are no stores.");
      assert.equal(await page.locator("h2").first().textContent(), "All 0 stores");
    });
  });
});

describe("ids that are code", () => {
  it("are text", () => withPage("fleet", {}, async (page) => {
    for (const id of await page.locator("#rows tbody th", {hasText: /harmed/}).all()) {
      await id.hover();
    }
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.equal(await page.title(), "Shops & <sons>");
    assert.equal(await page.locator("script").count(), 2);
    assert.equal(await page.locator("img, iframe, object, embed, link, b").count(), 0);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((element) =>
      [...element.attributes].map((attribute) => attribute.name).filter((name) => name.startsWith("on")))), []);
  }));

  it("would be stopped by the page's policy", () => withPage("fleet", {}, async (page, complaints, requests) => {
    await page.evaluate(() => {
      document.body.insertAdjacentHTML("beforeend", "<img src='other.png' onerror='window.harmed = 1'>");
      document.body.append(Object.assign(document.createElement("script"), {textContent: "window.harmed = 1"}));
    });
    await page.locator("img").evaluate((img) => img.complete || new Promise((done) => img.onerror = done));
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.equal(complaints.filter((text) => text.includes("Content Security Policy")).length, complaints.length);
    assert.ok(complaints.length >= 2);
    complaints.length = 0;
    assert.equal(requests.splice(1).map((request) => request.failure()?.errorText).join(), "csp"); // it never left
  }));
});

// ---- strips ----

// What is painted in columns of the window, each a place and a height: from the top, as CSS writes colours.
async function columns(page, places) {
  const png = (await page.screenshot()).toString("base64");
  const context = await browser.newContext(), canvas = await context.newPage(); // the report's policy allows no images
  const colours = await canvas.evaluate(async ([data, all]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const drawing = new OffscreenCanvas(image.width, image.height).getContext("2d");
    drawing.drawImage(image, 0, 0);
    const bytes = drawing.getImageData(0, 0, image.width, image.height).data;
    return all.map(([x, y, height]) => Array.from({length: height}, (_, i) => {
      const at = ((y + i) * image.width + x) * 4;
      return `rgb(${bytes.slice(at, at + 3).join(", ")})`;
    }));
  }, [png, places]);
  await context.close();
  return colours;
}

const BARS = 16; // pixels that a strip's bars are high; the days are below

// For each strip the columns of its bins.
async function paintedBins(page, strips, bins) {
  await strips.first().scrollIntoViewIfNeeded();
  const places = await strips.evaluateAll((all, [count, height]) => all.map((strip) => {
    const box = strip.getBoundingClientRect();
    return Array.from({length: count}, (_, bin) =>
      [Math.floor(box.left + (bin + .5) * box.width / count), Math.round(box.top), height]);
  }), [bins, BARS]);
  const painted = await columns(page, places.flat());
  return places.map((_, i) => painted.slice(i * bins, (i + 1) * bins));
}

// The colours of the states, as the legend has them.
const legendColours = (page) => page.evaluate((letters) => Object.fromEntries(letters.map((letter) => {
  const {fill, stroke} = getComputedStyle(document.querySelector(`.legend path.${letter}`));
  return [letter, fill === "none" ? stroke : fill];
})), Object.keys(STATES));

// How high the mark of a state is, of the bars' 16 pixels; what is excluded is an outline.
const MARKS = {d: 16, p: 8, u: 5, n: 3, c: 1};

// Each bin has its state's mark, and nothing else but the sides of outlines beside it.
function checkPainted(letters, bins, colours) {
  for (const [at, letter] of [...letters].entries()) {
    const own = bins[at].filter((colour) => colour === colours[letter]).length;
    assert.ok(own > 0, `${at}, ${letter}: ${bins[at]}`);
    if (![letter, letters[at - 1], letters[at + 1]].includes("x")) {
      assert.ok(Math.abs(own - MARKS[letter]) <= 1, `${at}, ${letter}: ${own} pixels`);
      const others = Object.keys(STATES).filter((one) => one !== letter && bins[at].includes(colours[one]));
      assert.deepEqual(others, [], `${at}, ${letter}`);
    }
  }
}

describe("strips", () => {
  const tall = {viewport: {width: 1440, height: 2600}}; // the whole page

  for (const colorScheme of ["light", "dark"]) {
    it(`are painted by their letters (${colorScheme})`, () => withPage("fleet", {colorScheme, ...tall}, async (page) => {
      const colours = await legendColours(page), letters = figuresOf("fleet").stores.map((store) => [...store.strip]);
      await page.locator("#all").scrollIntoViewIfNeeded();
      const painted = await paintedBins(page, page.locator("#rows svg.strip"), 168);
      assert.equal(painted.length, letters.length);
      painted.forEach((bins, i) => checkPainted(letters[i], bins, colours));
      assert.deepEqual([...new Set(letters.flat())].sort(), Object.keys(STATES).sort());
    }));
  }

  const DAYS_THERE = {0: "Mon 26 Feb", 7: "Mon 26 Feb", 100: "Fri 1 Mar", 167: "Mon 4 Mar"}; // six hours behind

  it("tell the state and the time under the pointer", () => withPage("fleet", {}, async (page) => {
    const number = 20, {strip} = figuresOf("fleet").stores[number];
    const element = page.locator("#rows svg.strip").nth(number), tip = page.locator("#tip");
    const times = {0: "Mon 26 Feb 2024, 16:30 – 17:30 UTC", 7: "Mon 26 Feb 2024, 23:30 – Tue 27 Feb 2024, 00:30 UTC",
      100: "Fri 1 Mar 2024, 20:30 – 21:30 UTC", 167: "Mon 4 Mar 2024, 15:30 – 16:30 UTC"};
    assert.equal(await tip.isVisible(), false);
    for (const [bin, time] of Object.entries(times)) {
      await element.hover({position: {x: Number(bin) * 2 + 1, y: 8}});
      const [state, range, day] = (await tip.textContent()).split("\n");
      assert.deepEqual([state, range], [STATES[strip[bin]], time]);
      assert.equal(day, `${DAYS_THERE[bin]} in America/Chicago`);
      assert.equal(await tip.isVisible(), true);
    }
    await page.locator("h1").hover();
    assert.equal(await tip.isVisible(), false);
  }));

  it("say in words how much of them is what", () => withPage("fleet", {}, async (page) => {
    const labels = await page.locator("#rows svg.strip").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
    const expected = figuresOf("fleet").stores.map(({strip}) => Object.keys(STATES).filter((letter) => strip.includes(letter))
      .map((letter) => `${STATES[letter]} ${Math.floor((strip.split(letter).length - 1) * 100 / 168)} %`).join(", "));
    assert.deepEqual(labels, expected);
  }));

  it("are those of the worst stores, too", () => withPage("fleet", {}, async (page) => {
    const {stores} = figuresOf("fleet");
    const worst = stores.filter((store) => store.ratio_last_week !== null).sort((a, b) => a.ratio_last_week - b.ratio_last_week);
    assert.equal(await page.locator(".worst tbody tr").count(), 10);
    assert.equal(await page.locator(".worst tbody td.number").first().textContent(),
      printed.ratio(worst[0].ratio_last_week) + "%");
    const id = await page.locator(".worst tbody th").first().textContent();
    const colours = await legendColours(page);
    checkPainted([...stores.find((store) => store.store_id === id).strip],
      (await paintedBins(page, page.locator(".worst svg.strip"), 168))[0], colours);
  }));
});

// ---- days ----

// The instants at which a date begins by a clock, in seconds, to the minute: of the browser's own tz database.
function midnights(zone, from, to) {
  const format = new Intl.DateTimeFormat("en-CA", {timeZone: zone, dateStyle: "short"}), found = [];
  const dateAt = (instant) => format.format(new Date(instant * 1000));
  for (let at = Math.ceil(from / 60) * 60; at < to; at += 60) {
    if (dateAt(at) !== dateAt(at - 60)) {
      found.push(at);
    }
  }
  return found;
}

describe("the days of stores", () => {
  for (const name of ["days", "calendar"]) {
    it(`are ticks under their strips, also where clocks change (${name})`, () => withPage(name, {}, async (page) => {
      const rows = await page.locator("#rows tbody tr:not(.pad)").evaluateAll((all) =>
        all.map((row) => [row.cells[0].textContent, row.querySelector("path.tick").getAttribute("d")]));
      const {zones, bins} = await page.evaluate(() => JSON.parse(document.getElementById("data").textContent).strips);
      assert.equal(rows.length, zones.length);
      for (const [zone, ticks] of rows) {
        const {from, to} = zones.find(({name: known}) => known === zone);
        const expected = midnights(zone, from, to).map((at) => ((at - from) / (to - from) * bins).toFixed(2));
        assert.deepEqual([...ticks.matchAll(/M([\d.]+) /g)].map(([, place]) => place), expected, zone);
        assert.ok(expected.length >= 6 && expected.length <= 8);
      }
      assert.equal(await page.locator(".legend .tick").count(), 1);
    }));
  }

  it("stand above strips that are of the same days", () => withPage("calendar", {}, async (page) => {
    const axis = page.locator("#rows .axis");
    assert.equal(await axis.locator("small").textContent(), "local");
    assert.equal((await axis.locator("span").allTextContents()).join(), "4 Mar,5 Mar,6 Mar,7 Mar,8 Mar,9 Mar,10 Mar");
  }));

  it("are those of UTC above strips whose days differ", () => withPage("days", {}, async (page) => {
    const axis = page.locator("#rows .axis");
    assert.equal(await axis.locator("small").textContent(), "UTC");
    assert.equal(await axis.locator("span").first().textContent(), "7 Mar");
  }));

  it("are the stores' own where they have one clock", () => withPage("fleet", {}, async (page) => {
    const axis = page.locator("#rows .axis");
    assert.equal(await axis.locator("small").textContent(), "Chicago");
    assert.equal(await axis.locator("span").first().textContent(), "27 Feb");
    const mark = await axis.locator("span").first().boundingBox();
    const strip = await page.locator("#rows svg.strip").first().boundingBox();
    const share = (Date.UTC(2024, 1, 27, 6) - Date.UTC(2024, 1, 26, 16, 30)) / (7 * 86400000);
    assert.ok(Math.abs(mark.x - (strip.x + share * strip.width)) < 1.5, JSON.stringify([mark, strip]));
  }));
});

// ---- colours ----

// Relative luminance and contrast: WCAG 2.2, "contrast ratio".
function luminance(colour) {
  const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + .05) / (dark + .05);
}

// Every element with text of its own that can be seen, with its colour and the one behind it.
const textColours = (page) => page.evaluate(() => [...document.body.querySelectorAll("*")].filter((element) =>
  element.checkVisibility({visibilityProperty: true})
    && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "")).map((element) => {
  let behind = element;
  while (behind.parentElement && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
    behind = behind.parentElement;
  }
  return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor, element.textContent.slice(0, 40)];
}));

describe("colours", () => {
  for (const colorScheme of ["light", "dark"]) {
    it(`can be read and told apart (${colorScheme})`, () => withPage("fleet", {colorScheme}, async (page) => {
      const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      assert.ok(colorScheme === "dark" ? luminance(paper) < .02 : luminance(paper) > .9, paper);
      await page.locator("#rows svg.strip").first().hover();
      const texts = await textColours(page);
      assert.ok(texts.length > 500);
      for (const [ink, behind, text] of texts) {
        assert.ok(contrast(ink, behind) >= 4.5, `${text}: ${ink} on ${behind}`);
      }
      const colours = await legendColours(page);
      for (const letter of "dpnx") { // trouble stands out from up, which is quiet, and from the paper
        assert.ok(contrast(colours[letter], colours.u) >= 3, letter);
        assert.ok(contrast(colours[letter], paper) >= 3, letter);
      }
    }));
  }

  it("are the system's where it forces them", () => withPage("fleet", {forcedColors: "active"}, async (page) => {
    const colours = await legendColours(page);
    const system = await page.evaluate(() => ["CanvasText", "GrayText", "LinkText", "Highlight"].map((name) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = name;
      return getComputedStyle(probe).color;
    }));
    assert.deepEqual(new Set(Object.values(colours)), new Set(system)); // the marks' heights tell the others apart
    assert.equal(colours.d, system[0]);
  }));

  it("are the dashboard's", () => withPage("fleet", {colorScheme: "light"}, async (page) => {
    const tokens = readFileSync(join(top, "lua/loom/web/tokens.css"), "utf8"), colours = await legendColours(page);
    const named = {u: "up", p: "partly", d: "down", n: "unknown", x: "excluded", c: "base"};
    for (const [letter, name] of Object.entries(named)) {
      const hex = tokens.match(new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}),`))[1];
      assert.equal(colours[letter], `rgb(${hex.slice(1).match(/../g).map((part) => parseInt(part, 16)).join(", ")})`, name);
    }
  }));

  it("are the same in browsers that have no light-dark()", () => withPage("fleet", {}, async (page) => {
    const context = await browser.newContext(), older = await context.newPage();
    const text = readFileSync(join(folder, "fleet.html"), "utf8");
    assert.ok(text.includes("light-dark("));
    await older.setContent(text.replace(/<meta http-equiv[^>]*>/, "").replaceAll("light-dark(", "unknown-function("));
    const seen = (one) => one.evaluate((names) => {
      const probe = document.body.appendChild(document.createElement("i"));
      return Object.fromEntries(names.map((name) => {
        probe.style.color = `var(${name})`;
        return [name, getComputedStyle(probe).color];
      }));
    }, [...new Set(text.match(/--[a-z]+(?=: light-dark)/g))]);
    for (const media of [{colorScheme: "light", media: "screen"}, {colorScheme: "dark", media: "screen"},
      {colorScheme: "dark", media: "print"}]) {
      await page.emulateMedia(media);
      await older.emulateMedia(media);
      const colours = await seen(page);
      assert.ok(new Set(Object.values(colours)).size > 12);
      assert.deepEqual(await seen(older), colours);
    }
    await context.close();
  }));

  it("follow the system's setting", () => withPage("fleet", {colorScheme: "light"}, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.emulateMedia({colorScheme: "dark"});
    assert.notEqual(await paper(), light);
    await page.emulateMedia({colorScheme: "dark", media: "print"});
    assert.equal(await paper(), light); // ink on paper
  }));
});

// ---- print, keyboard, size ----

describe("print", () => {
  it("has all rows and their strips, and no controls", () => withPage("fleet", {viewport: {width: 1440, height: 600}},
    async (page) => {
      assert.ok((await shownIds(page)).length < 41);
      await setMedia(page, {media: "print"});
      assert.deepEqual(await shownIds(page), figuresOf("fleet").stores.map((store) => store.store_id));
      assert.equal(await page.locator("#search").isVisible(), false);
      assert.equal(await page.locator("#print-note").isVisible(), false);
      assert.equal(await page.locator(".legend").isVisible(), true);
      assert.equal(await page.locator("#sheet").evaluate((sheet) => getComputedStyle(sheet).overflow), "visible");
      const strips = await page.locator("#rows svg.strip").evaluateAll((all) => all.map((strip) =>
        [getComputedStyle(strip).printColorAdjust, strip.getBoundingClientRect().width > 200].join()));
      assert.deepEqual(new Set(strips), new Set(["exact,true"]));
      await setMedia(page, {media: "screen"});
      assert.equal(await page.locator("#search").isVisible(), true);
      assert.ok((await shownIds(page)).length < 41);
    }));

  it("says of how many rows the first ones are printed", () => withPage("large", {}, async (page) => {
    await page.getByLabel("Search").fill("9");
    const matches = (await page.locator("#matches").textContent()).split(" ")[0];
    await setMedia(page, {media: "print"});
    assert.equal((await shownIds(page)).length, PRINTED_ROWS);
    assert.equal(await page.locator("#print-note").innerText(), `The first 500 of ${matches} stores in the order shown.`);
    assert.equal((await page.pdf({preferCSSPageSize: true})).subarray(0, 5).toString(), "%PDF-");
  }));
});

describe("the keyboard", () => {
  const focused = (page) => page.evaluate(() => document.activeElement.closest("tr")?.cells[0].textContent);

  it("reaches the search, the heads and the rows", () => withPage("fleet", {}, async (page) => {
    await page.keyboard.press("/");
    await page.keyboard.type("shop/");
    assert.equal(await page.getByLabel("Search").inputValue(), "shop/");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    await page.keyboard.type("/"); // which the choice of a group has no use for, and the search would
    assert.equal(await page.evaluate(() => document.activeElement.id), "group");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "store_id");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("th[data-column='1']").getAttribute("aria-sort"), "descending");
    await page.keyboard.press("Space");
    assert.equal(await page.locator("th[data-column='1']").getAttribute("aria-sort"), "ascending");
    for (let i = 0; i < WINDOWS.length * FIGURES.length + 1; i++) {
      await page.keyboard.press("Tab");
    }
    const ids = figuresOf("fleet").stores.map((store) => store.store_id);
    assert.equal(await focused(page), ids[0]);
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), undefined); // the rows are one stop
  }));

  it("moves through rows and bins", () => withPage("large", {viewport: {width: 1280, height: 700}}, async (page) => {
    const {stores} = figuresOf("large");
    await page.locator("#rows tbody tr:not(.pad)").first().focus();
    for (const [key, place] of [["ArrowDown", 1], ["ArrowDown", 2], ["ArrowUp", 1], ["End", 13999], ["ArrowDown", 13999],
      ["ArrowUp", 13998], ["Home", 0]]) {
      await page.keyboard.press(key);
      assert.equal(await focused(page), stores[place].store_id, key);
    }
    await page.keyboard.press("PageDown");
    const paged = await focused(page);
    assert.ok(stores.slice(10, 30).some((store) => store.store_id === paged), paged);
    await page.keyboard.press("Home");
    const tip = page.locator("#tip"), state = (bin) => STATES[stores[0].strip[bin]];
    await page.keyboard.press("ArrowRight");
    const told = async () => (await tip.textContent()).split("\n").slice(0, 2).join("\n");
    assert.equal(await told(), `${state(0)}\nMon 26 Feb 2024, 16:29:20 – 23:29:20 UTC`);
    await page.keyboard.press("ArrowRight");
    assert.equal(await told(), `${state(1)}\nMon 26 Feb 2024, 23:29:20 – Tue 27 Feb 2024, 06:29:20 UTC`);
    await page.keyboard.press("ArrowLeft");
    assert.match(await tip.textContent(), /16:29:20/);
    await page.keyboard.press("Escape");
    assert.equal(await tip.isVisible(), false);
  }));

  it("follows a link from the worst stores to their rows", () => withPage("large", {}, async (page) => {
    const link = page.locator(".worst a").nth(3), id = await link.textContent();
    await page.getByLabel("Search").fill("nowhere");
    await link.focus();
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), id);
    assert.equal(await page.getByLabel("Search").inputValue(), "");
    assert.deepEqual(await page.locator("tr.found th").allTextContents(), [id]);
  }));
});

describe("a report of 14,000 stores", () => {
  it("keeps few elements, whatever is done with it", () => withPage("large", {}, async (page) => {
    const {stores} = figuresOf("large");
    const elements = () => page.evaluate(() => document.getElementsByTagName("*").length);
    const few = async () => assert.ok(await elements() < 2500, String(await elements()));
    assert.equal(await page.locator("#matches").textContent(), "14,000 stores");
    assert.equal(await page.locator("#rows").getAttribute("aria-rowcount"), "14002");
    await few();
    for (const share of [.25, .5, .75, 1]) {
      const height = await page.locator("#sheet").evaluate((sheet) => sheet.scrollHeight);
      await scrollTo(page, share * height);
      await few();
    }
    assert.equal((await shownIds(page)).at(-1), stores.at(-1).store_id);
    await scrollTo(page, 0);
    assert.equal((await shownIds(page))[0], stores[0].store_id);
    await page.locator("th[data-column='3'] button").click();
    await few();
    await page.getByLabel("Search").fill("7");
    await few();
    const matches = stores.filter((store) => store.store_id.includes("7")).length;
    assert.equal(await page.locator("#matches").textContent(), `${matches.toLocaleString("en")} of 14,000 stores`);
  }));

  it("has every row in its place", () => withPage("large", {}, async (page) => {
    const {stores} = figuresOf("large");
    for (const place of [5000, 13000, 77]) {
      await scrollTo(page, place * 25);
      const seen = await page.locator("#rows tbody tr:not(.pad)").evaluateAll((rows) =>
        rows.map((row) => [Number(row.getAttribute("aria-rowindex")), row.cells[0].textContent]));
      assert.ok(seen.length > 20);
      for (const [index, id] of seen) {
        assert.equal(id, stores[index - 3].store_id);
      }
      assert.ok(seen.some(([index]) => index - 3 === place));
    }
  }));
});

describe("without JavaScript", () => {
  it("the totals and the worst stores can be read", () => withPage("fleet", {javaScriptEnabled: false}, async (page) => {
    assert.equal(await page.locator(".card").count(), 3);
    assert.match(await page.locator(".card .ratio").first().innerText(), /^\d+\.\d\d%$/);
    assert.equal(await page.locator(".worst tbody th").first().isVisible(), true);
    assert.equal(await page.locator("#sheet").isVisible(), false);
    assert.equal(await page.locator("#search").isVisible(), false);
    assert.equal(await page.locator("noscript").innerText(), "The table of all stores needs JavaScript.");
  }));
});

describe("groups", () => {
  it("choose their stores in the table", () => withPage("fleet", {}, async (page) => {
    const {groups} = figuresOf("grouped"), matches = page.locator("#matches");
    const all = await shownIds(page);
    assert.deepEqual(await page.locator("#group option").allTextContents(),
      ["all", ...groups.map(({region}) => region || "–")]);
    const seen = [];
    for (const [i, group] of groups.entries()) {
      const link = page.locator(`a[href="#group-${i + 1}"]`);
      const stores = await link.locator("xpath=../..").locator("td").first().textContent();
      await link.click();
      assert.equal(await page.evaluate(() => document.activeElement.id), "group");
      assert.equal(await page.locator("#group option:checked").textContent(), group.region || "–");
      assert.equal(await matches.textContent(), `${stores} of 41 stores`);
      seen.push(...await shownIds(page));
    }
    assert.deepEqual(seen.sort(), all.sort());
    await page.getByLabel("Search").fill("shop");
    assert.ok((await shownIds(page)).every((id) => id.startsWith("shop")));
    await page.locator("#group").selectOption("");
    await page.getByLabel("Search").fill("");
    assert.equal((await shownIds(page)).length, 41);
  }));

  it("are left for a store that a link leads to", () => withPage("fleet", {}, async (page) => {
    await page.locator("#group").selectOption("1");
    for (const number of [0, 5, 9]) {
      const link = page.locator(".worst a").nth(number), id = await link.textContent();
      await link.click();
      assert.deepEqual(await page.locator("tr.found th").allTextContents(), [id]);
    }
  }));
});

describe("names", () => {
  it("are shown before ids, searched and sorted by", () => withPage("named", {}, async (page) => {
    const {stores} = figuresOf("named");
    const expected = stores.map(({store_id: id, "attributes.title": title}) => title ? `${title} ${id}` : id);
    assert.deepEqual(await shownIds(page), expected);
    assert.ok(expected[0] !== stores[0].store_id);
    assert.equal(await page.getByLabel("Search").getAttribute("placeholder"), "title, store_id");
    await page.locator("th[data-column='1'] button").click();
    const lower = expected.map((text) => text.toLowerCase()), sorted = (await shownIds(page)).map((text) => text.toLowerCase());
    assert.deepEqual(sorted, [...lower].sort());
    await page.getByLabel("Search").fill("NUMBER 13");
    assert.deepEqual(await shownIds(page), expected.filter((text) => text.toLowerCase().includes("number 13")));
    await page.getByLabel("Search").fill(stores[20].store_id.toUpperCase());
    assert.deepEqual(await shownIds(page), [expected[20]]);
    assert.equal(await page.evaluate(() => window.harmed), undefined);
  }));

  it("lead from the worst stores to their rows", () => withPage("named", {}, async (page) => {
    const link = page.locator(".worst a.name").first(), name = await link.textContent(), id = await link.getAttribute("title");
    await link.click();
    assert.deepEqual(await page.locator("tr.found th").allTextContents(), [`${name} ${id}`]);
  }));
});

describe("the head", () => {
  it("says what the report is of", () => withPage("named", {}, async (page) => {
    const lines = await page.locator(".about div").evaluateAll((all) =>
      all.map((line) => [line.querySelector("dt").textContent, line.querySelector("dd").textContent]));
    assert.deepEqual(lines.map(([name]) => name), ["Stores", "Objective", "Hours", "Rules"]);
    assert.equal(lines[0][1], "region is <b onclick=\"x\">, north or south");
    assert.equal(lines[1][1], "up for 80% of the time that is known");
    assert.match(lines[3][1], /^A poll tells of the time after it/);
    assert.equal(await page.locator(".as-of").textContent(), "As of Mon 4 Mar 2024, 16:30 UTC");
    assert.deepEqual(await page.locator(".card .range").allTextContents(), [
      "1 hour, Mon 4 Mar 2024, 15:30 – 16:30 UTC",
      "1 day, Sun 3 Mar 2024, 16:30 – Mon 4 Mar 2024, 16:30 UTC",
      "7 days, Mon 26 Feb 2024, 16:30 – Mon 4 Mar 2024, 16:30 UTC",
    ]);
  }));

  it("has percentiles that are lines of their own", () => withPage("fleet", {}, async (page) => {
    const ratios = figuresOf("fleet").stores.map((store) => store.ratio_last_week).filter((ratio) => ratio !== null)
      .sort((a, b) => a - b);
    const expected = [5, 25, 50, 75, 95].map((percent) =>
      `≤ ${printed.ratio(ratios[Math.max(1, Math.ceil(percent * ratios.length / 100)) - 1])}%`);
    assert.deepEqual(await page.locator(".card").last().locator(".spread td.number").allTextContents(), expected);
    const tops = await page.locator(".card").last().locator(".spread tr").evaluateAll((all) =>
      all.map((line) => line.getBoundingClientRect().top));
    assert.ok(tops.every((top, i) => i === 0 || top > tops[i - 1]));
  }));
});

describe("on a small screen", () => {
  const small = {viewport: {width: 375, height: 800}};

  for (const name of ["fleet", "named", "large", "bare", "empty", "grouped"]) {
    it(`the page is no wider than the screen (${name})`, () => withPage(name, small, async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
    }));
  }

  it("figures are beside strips, and strips stay", () => withPage("fleet", small, async (page) => {
    await page.locator("#all").scrollIntoViewIfNeeded();
    const sheet = page.locator("#sheet"), row = page.locator("#rows tbody tr:not(.pad)").first();
    for (const rows of [row, page.locator(".worst tbody tr").first()]) {
      const strip = await rows.locator("svg.strip").boundingBox(), id = await rows.locator("th").boundingBox();
      const figure = await rows.locator("td.number").first().boundingBox();
      assert.ok(strip.x >= id.x && strip.x + strip.width <= id.x + id.width && strip.y > id.y, JSON.stringify([strip, id]));
      assert.ok(figure.x >= strip.x + strip.width && figure.x + figure.width <= 375, JSON.stringify(figure));
      assert.ok(strip.y + strip.height <= id.y + id.height);
    }
    const before = await row.locator("svg.strip").boundingBox();
    await sheet.evaluate((element) => element.scrollLeft = 400);
    assert.equal((await row.locator("svg.strip").boundingBox()).x, before.x);
    assert.equal(await page.locator("#rows thead .axis").isVisible(), true);
  }));

  it("strips move when it is turned", () => withPage("fleet", small, async (page) => {
    const {stores} = figuresOf("fleet");
    const strips = () => page.locator("#rows tbody tr:not(.pad) svg.strip").count();
    const few = await strips();
    assert.equal(await page.locator("#rows th.id svg.strip").count(), few);
    await page.setViewportSize({width: 1280, height: 2600});
    await frame(page);
    assert.equal(await page.locator("#rows th.id svg.strip").count(), 0);
    assert.equal(await page.locator("#rows td.strip svg.strip").count(), stores.length);
    assert.equal(await page.locator(".worst td.strip svg.strip").count(), 10);
    assert.equal(await page.locator(".worst svg.strip").count(), 10);
    assert.equal(await page.locator(".axis").count(), 2);
  }));

  it("every row is in its place", () => withPage("large", small, async (page) => {
    const {stores} = figuresOf("large");
    await page.locator("#rows tbody tr:not(.pad)").first().focus();
    await page.keyboard.press("End");
    assert.equal((await shownIds(page)).at(-1), stores.at(-1).store_id);
    const height = await page.locator("#sheet").evaluate((sheet) => sheet.scrollHeight);
    await scrollTo(page, height / 2);
    const seen = await page.locator("#rows tbody tr:not(.pad)").evaluateAll((rows) =>
      rows.map((row) => [Number(row.getAttribute("aria-rowindex")), row.cells[0].textContent]));
    assert.ok(seen.length > 20);
    seen.forEach(([index, id]) => assert.equal(id, stores[index - 3].store_id));
  }));
});
