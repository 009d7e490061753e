-- Makes the database that the dashboard is looked at with: make_fleet.lua DATABASE STORES [plain]
--
-- The week is one in which clocks in America change. One zone is down for an afternoon, one store in fifty since long, some are
-- polled at hours that are not theirs, and some ids are such as a careless page would run, or be broken by. A plain fleet has no
-- such ids, two weeks that end now, and rules of alerts: it is for pictures.

local loom = require "loom"

local path, count = assert(arg[1], "make_fleet.lua DATABASE STORES [plain]"), tonumber(arg[2])
local is_plain = arg[3] == "plain"

local HOUR = 3600
local HOURS = (is_plain and 15 or 7) * 24
local FIRST = is_plain and os.time() // HOUR * HOUR - HOURS * HOUR or assert(loom.parse_timestamp "2024-03-05 00:00:00")
local EVERY = count > 50000 and 12 or count > 1000 and 3 or 1 -- hours between two polls of a store
local PIECE = 200000 -- polls at a time

local zones = { "America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/London", "Asia/Kolkata" }
local brands, regions = { "Taco", "Burger", "Noodle", "Pizza" }, { "north", "east", "south", "west" }

local hostile = {
  "<script>window.harmed = 1</script>", '"><img src=x onerror="window.harmed = 2">', "</script><script>window.harmed = 3//",
  "' onmouseover='window.harmed = 4", "&amp;&lt;", "caf\195\169 \226\128\174desrever",
  "\216\167\217\132\217\133\216\170\216\172\216\177",
  "\240\159\140\174 taco", "tab\tand\nline", "a/b?c=d&e#f%2F", ("long id "):rep(31) .. "255 byt",
}

local function id_of(number)
  return not is_plain and hostile[number] or ("store-%05d"):format(number)
end

-- A number from 0 to 1 that is always the same for the same ones.
local function chance(a, b)
  return (a * 7919 + b * 104729 + a * b * 31) % 10007 / 10007
end

local function is_up(number, hour)
  if number % 50 == 7 then
    return hour < HOURS - 128
  elseif number % #zones == 1 and hour >= HOURS - 78 and hour < HOURS - 72 then
    return false
  end
  return chance(number, math.floor(hour / 3)) > 0.03
end

local monitor = assert(loom.open(path, { create = true }))

-- Lists of ids by what `kind_of` says of their numbers.
local function by(kind_of)
  local lists = {}
  for number = 1, count do
    local kind = kind_of(number)
    lists[kind] = lists[kind] or {}
    table.insert(lists[kind], id_of(number))
  end
  return pairs(lists)
end

assert(monitor:transaction(function()
  for zone, ids in by(function(number) return zones[number % #zones + 1] end) do
    for _, id in ipairs(ids) do
      assert(monitor:set_timezone(id, zone))
    end
  end
  return true
end))
for brand, ids in by(function(number) return brands[number % #brands + 1] end) do
  assert(monitor:set_attributes(ids, { brand = brand }))
end
for region, ids in by(function(number) return regions[number % 7 % #regions + 1] end) do
  assert(monitor:set_attributes(ids, { region = region }))
end
for opening, ids in by(function(number) return 6 + number % 4 end) do
  local day = ("%02d:00-%02d:00"):format(opening, (opening + 15) % 24)
  assert(monitor:set_hours(ids, { mon = day, tue = day, wed = day, thu = day, fri = day, sat = "10:00-16:00" },
    { effective_from = "always" }))
end

local polls = {}
for number = 1, count do -- all polls of a store at once, so that they are written once
  for hour = 0, HOURS - 1, EVERY do
    polls[#polls + 1] = { id_of(number), is_up(number, hour), FIRST + hour * HOUR + number % 900 }
  end
  if #polls >= PIECE then
    assert(monitor:polls(polls))
    polls = {}
  end
end
assert(monitor:polls(polls))
assert(monitor:exclude { store = "*", from = FIRST + (HOURS - 94) * HOUR, to = FIRST + (HOURS - 92) * HOUR,
  reason = "network, planned" })
assert(monitor:set_special_day(id_of(1), os.date("!%Y-%m-%d", FIRST + (HOURS - 72) * HOUR), "closed", "Founder's day"))
if is_plain then
  assert(monitor:apply { rules = {
    { name = "down", severity = "critical", when = { kind = "down_for", time = "1h" } },
    { name = "often", severity = "warning", when = { kind = "outages", window = "7d", count = 6 } },
  } })
end
monitor:close()
