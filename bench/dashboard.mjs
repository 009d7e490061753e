// Times the dashboard in Chromium, on a real service on the loopback: bench/dashboard.mjs [STORES [RUNS]]
//
// Of each measure it tells the median of the runs in milliseconds, beside what it is to take at most. All of it is after a first visit,
// so that the service has made its reports; the browser's cache is empty each time.

import {join} from "node:path";

import {launch, loom, makeFleet, makeFolder, serve} from "../spec/browser/support.mjs";

const STORES = Number(process.argv[2] ?? 14000);
const RUNS = Number(process.argv[3] ?? 5);
const SORTS = ["up", "outages", "unknown"].flatMap((figure) =>
  ["hour", "day", "week"].map((window) => `${figure}_last_${window}`));
const SLOWER = 4; // how much slower the processor seems where a page is opened

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

// From an action to the frame after something can be seen, in the page.
async function timed(page, act, selector) {
  const started = performance.now();
  await act();
  await page.locator(selector).first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return performance.now() - started;
}

// Tells by the page's own clock, which begins with the navigation, the frame after something is there. What drives the browser is
// slowed down with the page, and would be measured with it if it asked.
const noteFirst = (selector) => {
  const observer = new MutationObserver(() => {
    if (document.querySelector(selector)) {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => console.debug(`seen ${performance.now()}`)));
    }
  });
  observer.observe(document, {childList: true, subtree: true});
};

// From the press on a head of the table to the frame in which the first row is another one, by the page's own clock.
const sorted = (page, head) => page.evaluate((name) => new Promise((done) => {
  const body = document.querySelector(".rows tbody");
  const button = [...document.querySelectorAll(".rows thead button")].find((one) => one.textContent.startsWith(name));
  const started = performance.now();
  const observer = new MutationObserver(() => {
    if (body.querySelector("tr:not(.pad) th a")) {
      observer.disconnect();
      requestAnimationFrame(() => done(performance.now() - started));
    }
  });
  observer.observe(body, {childList: true, subtree: true, characterData: true});
  button.click();
}), head);

// How long the service takes for the question that the page has asked last, in an order that nobody has asked for before; after
// another one, so that nothing of the page is under way in the same worker.
const answered = (page, sort) => page.evaluate(async (wanted) => {
  const last = performance.getEntriesByType("resource").map(({name}) => name)
    .findLast((name) => name.includes("/v1/stores?") && name.includes("windows"));
  const ask = async (order) => {
    const address = new URL(last);
    address.searchParams.set("sort", order);
    const started = performance.now();
    await (await fetch(address, {cache: "no-store"})).text();
    return performance.now() - started;
  };
  await ask("since");
  return ask(wanted);
}, sort);

// The longest task while the table is scrolled from its top to its end, and how many elements there were at most.
const scrolled = (page) => page.evaluate(async () => {
  let [longest, most] = [0, 0];
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(({duration}) => {
    longest = Math.max(longest, duration);
  }));
  observer.observe({entryTypes: ["longtask"]});
  const sheet = document.querySelector(".sheet");
  for (let step = 1; step <= 120; step++) {
    sheet.scrollTop = sheet.scrollHeight * step / 120;
    await new Promise((done) => requestAnimationFrame(done));
    most = Math.max(most, document.querySelectorAll("*").length);
  }
  observer.disconnect();
  return {longest, most};
});

async function run(browser, url, sort) {
  const context = await browser.newContext({viewport: {width: 1280, height: 800}});
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const found = {};
  await session.send("Emulation.setCPUThrottlingRate", {rate: SLOWER});
  await page.addInitScript(noteFirst, ".rows tbody th a");
  const seen = page.waitForEvent("console", (message) => message.text().startsWith("seen "));
  await page.goto(`${url}/ui/fleet`);
  found.usable = Number((await seen).text().slice(5));
  await session.send("Emulation.setCPUThrottlingRate", {rate: 1});
  await page.locator(".rows .strip").first().waitFor();
  found.sort = await sorted(page, "Down");
  found.server = await answered(page, sort);
  const {longest, most} = await scrolled(page);
  Object.assign(found, {longest, most});
  found.wall = await timed(page, () => page.getByRole("link", {name: "Wall"}).click(), ".wall-axis text");
  await context.close();
  return found;
}

const lines = [
  ["usable", `fleet to its first row, processor ${SLOWER} times slower`, "ms", 1200], ["server", "a page of 100, sorted: answered", "ms", 20],
  ["sort", "the same: painted", "ms", 50], ["longest", "longest task while scrolling", "ms", 50],
  ["most", "elements while scrolling", "", 2500], ["wall", "wall from the click", "ms", 400],
];

const folder = makeFolder();
const browser = await launch();
try {
  const database = join(folder.path, "db");
  makeFleet(database, STORES);
  const service = await serve(database);
  await run(browser, service.url, "state");
  const runs = [];
  for (let i = 0; i < RUNS; i++) {
    runs.push(await run(browser, service.url, SORTS[i % SORTS.length]));
  }
  await service.stop();
  console.log(`${STORES} stores, median of ${RUNS} (${loom("--version").trim()})`);
  for (const [name, text, unit, most] of lines) {
    const value = median(runs.map((one) => one[name]));
    console.log(`${text.padEnd(52)}${value.toFixed(0).padStart(7)} ${unit.padEnd(3)} of ${most}`);
  }
} finally {
  await browser.close();
  folder.remove();
}
