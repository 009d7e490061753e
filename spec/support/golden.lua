--- The golden cases: input files, the rules that reports of them were made with, and those reports.

local files = require "support.files"
local loom = require "loom"

local golden = {}

local folder = "spec/fixtures/golden/"

--- Names of the cases.
golden.cases = files.list(folder)

--- Options of monitor:report, by the names that the reports' files bear.
golden.rules = {
  loom = { preset = "loom" },
  seed = { preset = "seed" },
  monitoring = { preset = "monitoring" },
  ["nearest-around-5400"] = { fill = "nearest", evidence = "around", max_gap = 5400, no_data = "unknown" },
  ["backward-around-up"] = { evidence = "around", no_data = "up" },
}

local kinds = {
  status = "store_status", hours = "menu_hours", timezones = "timezones", special_days = "special_days",
  exclusions = "exclusions",
}

--- A database in memory that holds a case.
function golden.open(case)
  local options = {}
  for kind, name in pairs(kinds) do
    local path = folder .. case .. "/" .. name .. ".csv"
    options[kind] = files.exists(path) and path or nil
  end
  local monitor = assert(loom.open ":memory:")
  assert(monitor:ingest(options))
  return monitor
end

--- The text of a report, "report" or "exact"; nil if the case has none by these rules.
function golden.expected(case, kind, rules)
  local path = ("%s%s/%s.%s.csv"):format(folder, case, kind, rules)
  return files.exists(path) and files.read(path) or nil
end

--- Options of one of the rules, with some more.
function golden.options(rules, more)
  local options = {}
  for _, from in ipairs { golden.rules[rules], more } do
    for name, value in pairs(from) do
      options[name] = value
    end
  end
  return options
end

return golden
