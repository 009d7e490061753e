-- The command on the interpreter that the specs run on; it is started by another one.

local files = require "support.files"
local shell = require "support.shell"

describe("the command on " .. (jit and jit.version or _VERSION), function()
  local folder

  files.folder_for_all(function(made)
    folder = made
  end)

  local function run(command, ...)
    local result = shell.run(command .. " " .. shell.words(...))
    assert.equal(0, result.status, result.err)
    return result.out
  end

  it("loads and tells the same as on the Lua that it is written for", function()
    local commands = { [folder .. "/usual.db"] = "bin/loom", [folder .. "/here.db"] = shell.lua .. " bin/loom" }
    local told = {}
    for db, command in pairs(commands) do
      local out = { run(command, "ingest", "--quiet", db, "examples/data") }
      local store = run(command, "query", db, "SELECT store_id FROM polls ORDER BY store_id LIMIT 1"):match "\n([^\n]+)"
      for _, words in ipairs {
        { "special-day", "set", db, "*", "2023-01-24", "10:00-14:30", "--note", "fête" },
        { "special-day", "list", db },
        { "report", db },
        { "report", db, "--format", "json", "--preset", "monitoring" },
        { "report", db, "--format", "exact", "--window", "month=30d" },
        { "report", db, "--format", "markdown", "--sort", "ratio_last_week" },
        { "explain", db, store },
        { "timeline", db, store },
        { "export", db, "hours" },
        { "query", db, "SELECT max(9007199254740993) AS n, 1.5 AS x, NULL AS none" },
      } do
        out[#out + 1] = run(command, (table.unpack or unpack)(words)) -- luacheck: compat
      end
      assert.is_true(#table.concat(out) > 10000)
      told[#told + 1] = out
    end
    assert.same(told[1], told[2])
  end)
end)
