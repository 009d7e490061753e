-- Reports of generated cases, byte for byte: each preset, mixtures of single options, several zones, changes of the
-- clock in both hemispheres, overnight and overlapping hours, special days and exclusions.

local files = require "support.files"
local lfs = require "lfs"
local shell = require "support.shell"

local golden = "spec/fixtures/golden"

-- The options that a file's name stands for; other names are presets.
local mixtures = {
  ["nearest-around-5400"] = { "--fill", "nearest", "--evidence", "around", "--max-gap", "5400", "--no-data", "unknown" },
  ["backward-around-up"] = { "--evidence", "around", "--no-data", "up" },
}

local unpack = table.unpack or unpack -- luacheck: compat

for _, case in ipairs(files.list(golden)) do
  describe("golden case " .. case, function()
    local folder, database

    files.folder_for_all(function(made)
      folder = made
      database = folder .. "/db"
      shell.good("ingest", database, golden .. "/" .. case, "--quiet")
    end)

    for _, name in ipairs(files.list(golden .. "/" .. case)) do
      local format, rules = name:match("^(%l+)%.([%w-]+)%.csv$")
      if format then
        it("gives " .. name, function()
          local options = mixtures[rules] or { "--preset", rules }
          local got = folder .. "/got"
          shell.good("report", database, "--format", format == "exact" and "exact" or "csv", "-o", got, unpack(options))
          local same = files.read(golden .. "/" .. case .. "/" .. name) == files.read(got)
          assert(os.remove(got))
          assert.is_true(same)
        end)
      end
    end

    it("gives the same straight from the folder", function()
      local expected = files.read(golden .. "/" .. case .. "/report.loom.csv")
      assert.is_true(expected == shell.good("report", golden .. "/" .. case))
    end)
  end)
end

it("has all the golden cases", function()
  local count = 0
  for _, case in ipairs(files.list(golden)) do
    assert.equal("directory", lfs.attributes(golden .. "/" .. case, "mode"))
    for _, name in ipairs(files.list(golden .. "/" .. case)) do
      count = count + (name:find("^report%.") and 1 or name:find("^exact%.") and 1 or 0)
    end
  end
  assert.equal(34, count)
end)
