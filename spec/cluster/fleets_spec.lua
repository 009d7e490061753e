-- Random fleets in a cluster and in a file: what is said of both is the same, byte for byte.

local cluster = require "support.cluster"
local fleets = require "support.fleets"

local unpack = table.unpack or unpack -- luacheck: compat

local FLEETS = 2

cluster.describe("a random fleet in a cluster", function(each)
  local conf, db

  each(function(_, ...)
    conf, db = ...
  end)

  local function same(...)
    cluster.expect_same(conf, db, ...)
  end

  -- Rules as options of the command.
  local function some_rules(choose)
    local _, asked = fleets.some_rules(choose)
    local words = { "--preset", asked.preset }
    for option, value in pairs { ["--fill"] = asked.fill or false, ["--evidence"] = asked.evidence or false,
      ["--no-data"] = asked.no_data or false, ["--max-gap"] = asked.max_gap and asked.max_gap .. "s" or false } do
      if value then
        words[#words + 1] = option
        words[#words + 1] = value
      end
    end
    return words
  end

  -- Words, and after them the rules, since there may be any number of those.
  local function same_by(choose, ...)
    local words = { ... }
    for _, word in ipairs(some_rules(choose)) do
      words[#words + 1] = word
    end
    same(unpack(words))
  end

  local function compare(choose, first, last)
    local middle = fleets.text(first + choose(2, 12) * 86400 * 1000000)
    for _, preset in ipairs { "loom", "seed", "monitoring" } do
      same("report", "DB", "--preset", preset, "--format", "exact", "--all-stores")
    end
    same_by(choose, "report", "DB", "--format", "exact", "--as-of", middle, "--evidence", "around")
    same_by(choose, "report", "DB", "--format", "json", "--window", "yesterday", "--window", "last-week", "--window",
      "m=this-month", "--compare")
    same_by(choose, "report", "DB", "--stores", "shop 1*", "--window", "some=30h:minutes")
    same_by(choose, "report", "DB", "--where", "region=north")
    same_by(choose, "report", "DB", "--group-by", "region")
    same_by(choose, "report", "DB", "--in-zone", "Asia/Kolkata", "--slo", "0.9", "--worst", "3")
    same_by(choose, "status", "DB", "--format", "json")
    same_by(choose, "status", "DB", "--as-of", middle)
    same_by(choose, "series", "DB", "--step", "5h")
    same_by(choose, "series", "DB", "--by", "region", "--step", "1d")
    local store = "shop " .. choose(1, 12)
    same_by(choose, "timeline", "DB", store, "--from", middle, "--to", fleets.text(last))
    same_by(choose, "outages", "DB", store, "--from", fleets.text(first), "--to", fleets.text(last))
    same_by(choose, "explain", "DB", store)
  end

  for seed = 1, FLEETS do
    it("has the figures of a file: fleet " .. seed, function()
      local choose, first, last
      for _, path in ipairs { db, conf } do
        local monitor
        monitor, _, choose, first, last = fleets.make(seed * 7919, path)
        for i = 1, 12 do
          assert(monitor:set_attributes("shop " .. i, { region = i % 3 == 0 and "north" or "south" }))
        end
        monitor:close()
      end
      compare(choose, first, last)
    end)
  end
end)
