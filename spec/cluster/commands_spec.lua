-- Every command, given a cluster in the place of a database: it says and does the same, or why it cannot, in a line.

local cjson = require "cjson"
local cluster = require "support.cluster"
local files = require "support.files"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local STORE = "03b061f6-6135-4836-a8dc-fc58bb70252f"

local RULES = { rules = { { name = "long", when = { kind = "down_for", time = "30m" } } } }

-- Of commands that have databases; DB is either, FOLDER the test's, STORE one of the stores.
local SAME = {
  { "ingest", "DB", "examples/data" },
  { "report", "DB", "--format", "exact" }, { "report", "DB", "--where", "region=north" },
  { "status", "DB", "--format", "json" }, { "series", "DB", "--step", "6h", "--format", "csv" },
  { "timeline", "DB", "STORE" }, { "outages", "DB", "STORE" }, { "explain", "DB", "STORE" },
  { "query", "DB", "SELECT store_id, timezone_str FROM store ORDER BY store_id LIMIT 3" },
  { "hours", "set", "DB", "STORE", "--daily", "09:00-17:00" }, { "hours", "get", "DB", "STORE" },
  { "hours", "clear", "DB", "STORE" },
  { "timezone", "set", "DB", "STORE", "Asia/Tokyo" }, { "timezone", "get", "DB", "STORE" },
  { "timezone", "clear", "DB", "STORE" },
  { "special-day", "set", "DB", "STORE", "2023-01-24", "10:00-12:00" }, { "special-day", "list", "DB" },
  { "special-day", "clear", "DB", "STORE", "2023-01-24" },
  { "exclude", "add", "DB", "STORE", "--from", "2023-01-24 10:00", "--to", "2023-01-24 12:00" }, { "exclude", "list", "DB" },
  { "report", "DB", "--format", "exact" },
  { "exclude", "remove", "DB", "1" },
  { "attributes", "set", "DB", "STORE", "region=north" }, { "attributes", "get", "DB", "STORE" },
  { "report", "DB", "--where", "region=north" },
  { "apply", "DB", "FOLDER/rules.json" }, { "apply", "DB", "FOLDER/rules.json", "--prune" },
  { "agent", "DB", "--once", "--clock", "data" },
  { "alerts", "rules", "DB" }, { "alerts", "check", "DB" }, { "alerts", "dead", "DB" },
  { "alerts", "replay", "DB", "--rules", "FOLDER/rules.json", "--from", "2023-01-24", "--to", "2023-01-25", "--format", "csv" },
  { "alerts", "explain", "DB", "long", "STORE", "--at", "2023-01-24 12:00" },
  { "info", "DB" }, { "check", "DB" }, { "doctor", "DB" },
  { "export", "DB", "polls" }, { "export", "DB", "hours" }, { "export", "DB", "timezones" }, { "export", "DB", "special-days" },
  { "export", "DB", "exclusions" }, { "export", "DB", "attributes" }, { "export", "DB", "config" },
  { "prune", "DB", "--keep", "4d", "--dry-run" }, { "prune", "DB", "--keep", "4d", "--yes" },
  { "report", "DB", "--format", "exact" },
}

-- What needs polls where they are, and cannot have them: words, and what the line ends with.
local FAILING = {
  { { "delete", "DB", "polls", "--store", "STORE", "--yes" }, "the polls are in a cluster" },
  { { "delete", "DB", "store", "STORE", "--yes" }, "the polls are in a cluster" },
  { { "query", "DB", "SELECT * FROM polls" }, "the polls are in a cluster" },
  { { "query", "DB", "SELECT * FROM figures" }, "the polls are in a cluster" },
}

-- And those that have none of their own, or are tried by themselves: below, and in other specs.
local OTHERS = { "audit", "worker", "backup", "site", "serve", "cluster", "token", "completion", "manual" }

cluster.describe("a command of a cluster", function(each)
  local folder, conf, db

  each(function(...)
    folder, conf, db = ...
    files.write(folder .. "/rules.json", cjson.encode(RULES))
  end)

  local function words_of(words, path)
    local line = {}
    for i, word in ipairs(words) do
      line[i] = word == "STORE" and STORE or word == "DB" and path or (word:gsub("^FOLDER", folder))
    end
    return unpack(line)
  end

  it("says and does what it does of a database, or why not", function()
    for _, words in ipairs(SAME) do
      cluster.expect_same(conf, db, words_of(words, "DB"))
    end
    for _, case in ipairs(FAILING) do
      local result = shell.loom(words_of(case[1], conf))
      assert.equal(1, result.status)
      assert.matches("^loom: [^\n]+\n$", result.err)
      assert.matches(case[2], result.err, 1, true)
    end
    assert.equal(select(2, shell.good("audit", db):gsub("\n", "")), select(2, shell.good("audit", conf):gsub("\n", "")))
    for _, path in ipairs { conf, db } do
      shell.good("site", path, path .. "-site", "--quiet")
    end
    assert.equal("", shell.run(("diff -r -q %s-site %s-site | grep -v index.html"):format(conf, db)).out)
    shell.good("serve", conf, "--print-config")

    shell.good("backup", conf, folder .. "/backup", "--quiet")
    shell.expect_failure(shell.loom("report", folder .. "/backup"), 1)
    assert(os.rename(folder .. "/backup", conf .. ".db"))
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
  end)

  it("is one that is walked here", function()
    local known = {}
    for _, words in ipairs(SAME) do
      known[words[1]] = true
    end
    for _, case in ipairs(FAILING) do
      known[case[1][1]] = true
    end
    for _, name in ipairs(OTHERS) do
      known[name] = true
    end
    for name in shell.good("--help"):match "\nCommands:\n(.-)\n\n":gmatch "%f[^\n%z]   (%S+)" do
      assert.is_true(known[name] == true, name)
    end
  end)
end, { replicas = 1 })
