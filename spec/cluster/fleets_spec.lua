-- Random fleets in a cluster and in a file: what is said of both is the same, byte for byte.

local files = require "support.files"
local fleets = require "support.fleets"
local servers = require "support.servers"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local missing = servers.missing()

local FLEETS = 2

describe("a random fleet in a cluster", function()
  local folder, conf, db

  setup(function()
    if not missing then
      servers.up()
    end
  end)

  teardown(function()
    servers.down()
  end)

  before_each(function()
    if missing then
      pending(missing)
      return
    end
    folder = files.make_folder()
    conf, db = folder .. "/cluster.conf", folder .. "/stores.db"
    servers.conf(conf)
  end)

  after_each(function()
    if folder then
      files.remove_folder(folder)
      folder = nil
    end
  end)

  local function said(path, words)
    local line = {}
    for i, word in ipairs(words) do
      line[i] = word == "DB" and path or word
    end
    local result = shell.loom(unpack(line))
    return (result.status .. "\n" .. result.out .. result.err):gsub(path:gsub("%p", "%%%0"), "DB")
  end

  local function same(...)
    local words = { ... }
    assert.equal(said(db, words), said(conf, words), table.concat(words, " "))
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
      if missing then return end
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
