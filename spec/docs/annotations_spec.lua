-- What LuaLS knows of the module, meta/loom.lua, which `make annotations` makes from the doc comments.

local doc_comments = require "support.doc_comments"
local files = require "support.files"
local shell = require "support.shell"

local text = files.read "meta/loom.lua"

-- Types of Lua and of LuaLS itself.
local built_in = { string = true, number = true, integer = true, boolean = true, table = true, ["function"] = true, any = true,
  userdata = true, ["nil"] = true, ["true"] = true, ["false"] = true, ["file*"] = true, fun = true }

-- Calls check(function's whole name, its doc) for each public function.
local function each_public_function(check)
  for _, module in ipairs(doc_comments.public_modules()) do
    for name, doc in pairs(doc_comments.functions(module.path)) do
      if doc_comments.is_public(name, doc) then
        check(module.name:match "[%w_]+$" .. (doc.is_method and ":" or ".") .. name, doc)
      end
    end
  end
end

describe("the annotations", function()
  it("are what the doc comments give: else `make annotations`", function()
    local result = shell.run(shell.lua .. " docs/annotations.lua")
    assert.equal(0, result.status, result.err)
    assert.equal(result.out, text)
  end)

  it("are Lua, which does nothing", function()
    local meta = assert(loadfile "meta/loom.lua")()
    assert.is_function(meta.open)
    assert.is_nil(meta.open ":memory:")
  end)

  it("have every public function with its parameters and what it returns", function()
    local count = 0
    each_public_function(function(name, doc)
      count = count + 1
      local head = ("\nfunction %s(%s) end\n"):format(name, table.concat(doc.parameters, ", "))
      local at = text:find(head, 1, true)
      assert.is_truthy(at, name)
      local comment = text:sub(1, at):match "\n\n([^\n].-)$"
      while comment:find "\n\n" do
        comment = comment:match "\n\n(.*)$"
      end
      for _, parameter in ipairs(doc.parameters) do
        assert.matches("\n---@param " .. parameter:gsub("%.", "%%.") .. "%?? %S", comment, name)
      end
      local returns = #doc_comments.texts(doc.tags, "treturn") + #doc_comments.texts(doc.tags, "return")
      assert.equal(returns, select(2, comment:gsub("\n%-%-%-@return ", "")), name)
    end)
    assert.is_true(count > 70, count)
  end)

  it("have every option of every function, in the class of its table", function()
    each_public_function(function(name, doc)
      for _, parameter in ipairs(doc_comments.parameters(doc.tags)) do
        local outer, option = parameter:match "^([%w_]+)%.([%w_]+)$"
        if outer then
          local class = ("loom.%s.%s"):format(name:gsub("^loom%.", ""):gsub(":", "."), outer)
          local _, at = text:find("\n---@class " .. class:gsub("%p", "%%%0") .. "[^\n]*\n")
          assert.is_truthy(at, class)
          local fields = text:sub(at, (text:find("\n\n", at, true)))
          assert.matches("\n---@field " .. option .. "%?? %S", fields, class)
        end
      end
    end)
  end)

  it("name no class that is not there", function()
    local known = {}
    for name in text:gmatch "\n%-%-%-@class ([%w_.]+)" do
      assert.is_nil(known[name], name)
      known[name] = true
    end
    local seen = 0
    local function check(types)
      for name in types:gsub('"[^"]*"', ""):gmatch "[%a_][%w_.*]*" do
        seen = seen + 1
        assert.is_true(known[name] or built_in[name] or false, name .. " of " .. types)
      end
    end
    for types in text:gmatch "\n%-%-%-@field [%w_]+%?? (%S+)" do
      check(types)
    end
    for types in text:gmatch "\n%-%-%-@param [%w_.]+%?? (%S+)" do
      check(types)
    end
    for types in text:gmatch "\n%-%-%-@return (%S+)" do
      check((types:gsub("fun%(%):", "fun")))
    end
    assert.is_true(seen > 300, seen)
  end)
end)
