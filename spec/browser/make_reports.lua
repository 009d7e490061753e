-- Writes the pages that html_test.mjs looks at into a folder, each beside the figures that it shows, as JSON:
-- make_reports.lua FOLDER

local loom = require "loom"

local folder = assert(arg[1], "make_reports.lua FOLDER")

local WEEK = 7 * 86400
local AS_OF = assert(loom.parse_timestamp "2024-03-04 16:30:00") -- a Monday
local week = { name = "last_week", seconds = WEEK }

-- Ids that a careless page would run, or be broken by.
local hostile = {
  "<script>window.harmed = 1</script>", '"><img src=x onerror="window.harmed = 2">', "</script><script>window.harmed = 3//",
  "<!--<script>", "' onmouseover='window.harmed = 4", "&amp;&lt;", "a\\u003cb\\", "caf\195\169 \226\128\174desrever",
  "\255\254 not UTF-8", "tab\tand\nline\27[31m", ("long id"):rep(30),
}

-- All the figures that the page shows of each row.
local function figures_of(report)
  local names = { report.key }
  for _, window in ipairs(report.windows) do
    for _, figure in ipairs { "uptime", "downtime", "ratio", "outages", "slo_burn" } do
      names[#names + 1] = figure .. "_" .. window.name
    end
  end
  names[#names + 1] = "strip"
  names[#names + 1] = "attributes.title"
  return names
end

local function write(name, report, options)
  options = options or {}
  options.format = "html"
  assert(report:write(("%s/%s.html"):format(folder, name), options))
  assert(report:write(("%s/%s.json"):format(folder, name), { format = "json", columns = figures_of(report) }))
end

-- A store that is up or down by a pattern of its number, polled each half hour of the week.
local function add_polls(polls, id, number)
  for slot = 1, 2 * 168 do
    local active = (slot * 7 + number * 11) % (3 + number % 9) ~= 0
    polls[#polls + 1] = { id, active, AS_OF - slot * 1800 + number }
  end
end

local function make_fleet(monitor)
  local polls = { { "shop 00", true, AS_OF } } -- the newest one
  for number = 1, 40 do
    local id = hostile[number] or ("shop %02d"):format(number)
    add_polls(polls, id, number)
    assert(monitor:set_attributes(id, { region = ({ "north", "south", '<b onclick="x">' })[number % 4],
      title = number % 5 ~= 0 and ("<i>Number %d</i>"):format(number) or nil }))
    if number % 3 == 0 then
      assert(monitor:set_hours(id, { mon = "09:00-17:00", tue = "09:00-17:00", sat = "22:00-04:00" }, { from = "always" }))
    end
  end
  assert(monitor:set_hours("shop 00", { sun = "10:00-11:00" }, { from = "always" })) -- closed: its ratio is not defined
  assert(monitor:polls(polls))
  assert(monitor:exclude { store = "*", from = "2024-03-01 02:00:00", to = "2024-03-01 07:00:00" })
end

local monitor = assert(loom.open(":memory:", { create = true, default_zone = "America/Chicago" }))
make_fleet(monitor)
local fleet = assert(monitor:report { strips = true, slo = 0.8, group_by = "region", preset = "monitoring" })
write("fleet", fleet, { title = "Shops & <sons>" })
write("chosen", fleet, { sort = "ratio_last_week", limit = 7, columns = { "store_id", "strip", "uptime_last_day",
  "ratio_last_week", { name = "<i>note</i>", value = function(row) return row.index % 2 == 0 and "</script>" or nil end } } })
write("grouped", fleet:groups())
write("named", assert(monitor:report { strips = true, slo = 0.8, name_attribute = "title", preset = "monitoring",
  where = { region = { "north", "south", '<b onclick="x">' } } }))
write("bare", assert(monitor:report { windows = { week } }))
write("empty", assert(monitor:report { stores = { "nobody" }, strips = true }))
monitor:close()

-- A week in which clocks change in some places, and one whose days are those of each place.
local abroad = assert(loom.open(":memory:", { create = true }))
for _, zone in ipairs { "America/Chicago", "America/New_York", "America/Phoenix", "Asia/Kathmandu", "Australia/Lord_Howe",
  "Europe/London", "Pacific/Kiritimati", "UTC" } do
  assert(abroad:set_timezone(zone, zone))
  assert(abroad:poll(zone, true, "2024-03-13 12:34:56"))
end
write("days", assert(abroad:report { strips = true, windows = { week } }))
write("calendar", assert(abroad:report { strips = true, windows = { "last-week" } }))
abroad:close()

local many = assert(loom.open(":memory:", { create = true }))
local polls = {}
for number = 1, 14000 do
  polls[number] = { ("%019d"):format(number * 7919), number % 3 ~= 0, AS_OF - number * 40 }
end
assert(many:polls(polls))
write("large", assert(many:report { windows = { week }, strips = { bins = 24 } }))
many:close()
