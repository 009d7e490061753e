-- What the scripts do is for a browser: spec/browser/bundle_test.mjs.

local bundle = require "loom.bundle"
local web = require "loom.web"

-- A function that reads modules by name.
local function reading(modules)
  return function(name)
    return modules[name] or error(name .. ": is not there", 0)
  end
end

-- The modules of a script, in the order in which they are in it.
local function modules_of(script)
  local names = {}
  for name in script:gmatch '\n%$modules%["([^"]+)"%] %?%?= ' do
    names[#names + 1] = name
  end
  return table.concat(names, " ")
end

local function made(modules, replaced)
  return bundle.of(reading(modules), "main.js", replaced)
end

describe("a bundle", function()
  it("has what is needed once, each after what it needs itself", function()
    local script = made {
      ["main.js"] = 'import { one } from "./a.js";\nimport * as b from "./views/b.js";\none(b);\n',
      ["a.js"] = 'import { c } from "./c.js";\nexport function one() { return c; }\n',
      ["views/b.js"] = 'import { c } from "../c.js";\nimport { d } from "./d.js";\nexport const b = [c, d];\n',
      ["c.js"] = "export const c = 1;\n",
      ["views/d.js"] = "export class d {}\n",
      ["unused.js"] = "export let nothing;\n",
    }
    assert.equal("c.js a.js views/d.js views/b.js main.js", modules_of(script))
    assert.is_nil(script:find("\n *import"))
    assert.is_nil(script:find("\n *export"))
  end)

  it("has what is imported by a call, also in a circle", function()
    assert.equal("main.js later.js", modules_of(made {
      ["main.js"] = 'export const open = () => import("./later.js");\n',
      ["later.js"] = 'export const back = () => import("./main.js");\n',
    }))
  end)

  it("takes modules in the place of others", function()
    local modules = {
      ["main.js"] = 'import { get } from "./api.js";\nget();\n',
      ["api.js"] = "export const get = 'by network';\n",
      ["site/api.js"] = "export const get = 'of the folder';\n",
    }
    local script = made(modules, { ["api.js"] = "site/api.js" })
    assert.is_truthy(script:find("of the folder", 1, true))
    assert.is_nil(script:find("by network", 1, true))
  end)

  it("is not confused by types, which are in comments", function()
    assert.equal("main.js", modules_of(made {
      ["main.js"] = '/** @typedef {import("./none.js").Type} Type */\n'
        .. '/**\n * @param {import("./none.js").Type} a exports\n */\n'
        .. 'export function f(a) {\n  return /** @type {import("./none.js").Type} */ (a); // import nothing\n}\n',
    }))
  end)
end)

describe("a bundle in parts", function()
  local function parts_of(modules, soon)
    local scripts = bundle.parts(reading(modules), "main.js", soon or {})
    local names = {}
    for path, script in pairs(scripts) do
      names[path] = modules_of(script)
    end
    return names, scripts
  end

  it("is a script to begin with, and one to each module that is imported by a call", function()
    local names, scripts = parts_of {
      ["main.js"] = 'import { a } from "./a.js";\na(() => import("./views/b.js"), () => import("./c.js"));\n',
      ["a.js"] = "export function a() {}\n",
      ["views/b.js"] = 'import { a } from "../a.js";\nimport { d } from "./d.js";\na(d, () => import("./e.js"));\n',
      ["views/d.js"] = "export const d = 1;\n",
      ["views/e.js"] = 'import { a } from "../a.js";\nimport { d } from "./d.js";\nimport { f } from "../f.js";\na(d, f);\n',
      ["c.js"] = 'import { f } from "./f.js";\nf();\n',
      ["f.js"] = "export function f() {}\n",
    }
    assert.same({ ["main.js"] = "a.js main.js", ["views/b.js"] = "views/d.js views/b.js", ["c.js"] = "f.js c.js",
      ["views/e.js"] = "f.js views/e.js" }, names)
    assert.is_truthy(scripts["views/e.js"]:find('from "../main.js";', 1, true))
    assert.is_truthy(scripts["c.js"]:find('from "./main.js";', 1, true))
  end)

  it("brings what a module that two ask for needs beside what all pages have", function()
    assert.same({ ["main.js"] = "main.js", ["one.js"] = "common.js one.js", ["two.js"] = "two.js",
      ["both.js"] = "common.js both.js" }, (parts_of {
        ["main.js"] = 'import("./one.js");\nimport("./two.js");\n',
        ["one.js"] = 'import { common } from "./common.js";\nimport("./both.js");\n',
        ["two.js"] = 'import("./both.js");\n',
        ["both.js"] = 'import { common } from "./common.js";\n',
        ["common.js"] = "export const common = 1;\n",
      }))
  end)

  it("begins with what comes soon", function()
    assert.same({ ["main.js"] = "main.js a.js page.js", ["view.js"] = "view.js" }, (parts_of({
      ["main.js"] = 'import("./view.js");\nimport("./page.js");\n',
      ["page.js"] = 'import { a } from "./a.js";\nimport("./view.js");\n',
      ["view.js"] = 'import { a } from "./a.js";\n',
      ["a.js"] = "export const a = 1;\n",
    }, { "page.js" })))
  end)
end)

describe("refused is", function()
  local forms = {
    ['import "./a.js";\n'] = "form of import",
    ['import a from "./a.js";\n'] = "form of import",
    ['import { a } from "./a.js" with { type: "json" };\n'] = "form of import",
    ['  import { a } from "./a.js";\n'] = "form of import",
    ["const a = import(name);\n"] = "form of import",
    ["const a = import.meta.url;\n"] = "form of import",
    ['export { a } from "./a.js";\n'] = "form of export",
    ['export * from "./a.js";\n'] = "form of export",
    ["export default 1;\n"] = "form of export",
    ["export let a = 1;\n"] = "form of export",
    ["export const { a } = b;\n"] = "form of export",
    ['import { a } from "a";\n'] = "is no file beside it",
    ['import { a } from "/a.js";\n'] = "is no file beside it",
    ['import { a } from "https://example.org/a.js";\n'] = "is no file beside it",
    ['import { a } from "../a.js";\n'] = "outside of the folder",
    ['const a = "*/*"; /* so */\n'] = "comment where none is expected",
    ["const a = /[/*]/; /* so */\n"] = "comment where none is expected",
    ["const $load = 1;\n"] = "name of the script's own",
    ["f(); // see /* so */\n"] = "comment where none is expected",
  }
  for text, reason in pairs(forms) do
    it(text:gsub("\n", ""), function()
      local good, message = pcall(made, { ["main.js"] = text, ["a.js"] = "export const a = 1;\n" })
      assert.is_false(good)
      assert.matches("main.js", message, 1, true)
      assert.matches(reason, message, 1, true)
    end)
  end

  it("a circle", function()
    local good, message = pcall(made, {
      ["main.js"] = 'import { a } from "./a.js";\n',
      ["a.js"] = 'import { b } from "./b.js";\nexport const a = 1;\n',
      ["b.js"] = 'import { a } from "./a.js";\nexport const b = 1;\n',
    })
    assert.is_false(good)
    assert.equal("a.js: is needed by b.js, and needs it", message)
  end)

  it("what is not there", function()
    assert.has_error(function()
      made { ["main.js"] = 'import { a } from "./a.js";\n' }
    end, "a.js: is not there")
  end)
end)

describe("the dashboard", function()
  it("is of forms that are known", function()
    local names = modules_of(bundle.of(web.read, "main.js"))
    for _, name in ipairs { "main.js", "h.js", "views/index.js", "views/fleet.js", "views/wall.js", "views/store.js" } do
      assert.is_truthy((" " .. names .. " "):find(" " .. name .. " ", 1, true), name)
    end
  end)
end)
