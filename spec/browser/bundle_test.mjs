// Scripts made of modules do what the modules do: small ones in Node, and the dashboard in a browser, opened from a disk.
//
// LOOM_BUILD has the modules and, in browser/, playwright-core; CHROMIUM and LUA name the programs.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join, resolve} from "node:path";
import {after, before, describe, it} from "node:test";
import {fileURLToPath, pathToFileURL} from "node:url";
import vm from "node:vm";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const build = resolve(top, process.env.LOOM_BUILD || "build");

let folder;

before(() => folder = mkdtempSync(join(tmpdir(), "loom-bundle-")));
after(() => rmSync(folder, {recursive: true, force: true}));

function bundle(from, out, ...words) {
  execFileSync(process.env.LUA || "lua5.4", ["spec/browser/make_bundle.lua", from, "main.js", out, ...words], {
    cwd: top,
    env: {...process.env, LUA_PATH: "lua/?.lua;lua/?/init.lua;;", LUA_CPATH: `${build}/lua5.4/?.so;;`},
  });
}

// Every form that is known; `note` tells what runs when.
const MODULES = {
  "package.json": '{"type": "module"}',
  "main.js": `/** The entry. */
import { count, total as sum } from "./a.js";
import * as b from "./views/b.js";
import {
  Shape,
  half,
  load,
} from "./c.js";

note("main", count, sum([1, 2, 3]), Object.keys(b).sort().join());
const shape = /** @type {Shape} */ (new Shape(half(9)));
note(shape.size, named(), load());
function named() {
  return typeof shape;
}
b.later().then(async (module) => {
  note(module.title, module === await b.later(), await module.slow());
  done();
});
`,
  "a.js": `import { half } from "./c.js";
note("a");
export const count = half(8);
export function total(list) {
  return list.reduce((all, one) => all + one, 0);
}
`,
  "views/b.js": `import * as a from "../a.js";
note("b", a.count);
export const later = () => import("./d.js");
export const $name_1 = "x";
`,
  "c.js": `note("c");
export function load() { // a name that the script might have, too
  return modules.length + loaded;
}
const modules = [], loaded = 0;
export class Shape {
  constructor(size) {
    this.size = size;
  }
}
export function half(value) {
  return value / 2;
}
`,
  "views/d.js": `import { Shape } from "../c.js";
note("d", new Shape(1) instanceof Shape);
export const title = "D";
export async function slow() {
  return "slow";
}
`,
};

// What is noted until it is done.
const noting = (run) => new Promise((resolve_, reject) => {
  const notes = [];
  Object.assign(globalThis, {note: (...values) => notes.push(values), done: () => resolve_(notes)});
  Promise.resolve().then(run).catch(reject);
});

describe("a bundle", () => {
  it("runs as its modules do", async () => {
    const from = join(folder, "modules");
    mkdirSync(join(from, "views"), {recursive: true});
    for (const [name, text] of Object.entries(MODULES)) {
      writeFileSync(join(from, name), text);
    }
    bundle(from, join(folder, "modules.js"));
    const expected = await noting(() => import(pathToFileURL(join(from, "main.js")).href));
    assert.equal(expected.length, 7);
    assert.deepEqual(await noting(() => vm.runInThisContext(readFileSync(join(folder, "modules.js"), "utf8"))), expected);
    const parts = join(folder, "parts");
    mkdirSync(join(parts, "views"), {recursive: true});
    writeFileSync(join(parts, "package.json"), MODULES["package.json"]);
    bundle(from, parts, "parts");
    assert.deepEqual(await noting(() => import(pathToFileURL(join(parts, "main.js")).href)), expected);
  });

  it("of the dashboard opens from a disk", async () => {
    const {chromium} = createRequire(join(build, "browser/"))("playwright-core");
    bundle(join(top, "lua/loom/web"), join(folder, "dashboard.js"));
    const file = join(folder, "fleet");
    writeFileSync(file + ".html", '<!doctype html><html lang="en"><body><script src="dashboard.js"></script></body></html>');
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
    });
    try {
      const page = await browser.newPage(), errors = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(pathToFileURL(file + ".html").href);
      await page.getByRole("navigation", {name: "Views"}).waitFor({state: "attached"});
      await page.getByText("The service has not answered").waitFor(); // there is none behind a disk
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  });
});
