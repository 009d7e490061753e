--- What is not to be told now: silences and mutes, which decide what goes out, and never whether something is written.
-- @classmod loom.agent.quiet

local core = require "loom.core"
local stores = require "loom.stores"
local time = require "loom.time"

local Quiet = {}
Quiet.__index = Quiet

local DAY, WEEK_BEGINS = 86400, 3 -- the first day of 1970 is a Thursday, 3 days after a Monday

local RANK = { critical = 4, error = 3, warning = 2, info = 1 }

-- The weekday, 0 for Monday, and the second of the day that clocks in a zone show; nil where there is no such zone any more.
local function on_clock(database, zone, now)
  local shown = time.on_clock(database, zone, now)
  local seconds = shown and core.parse_timestamp(shown)
  if not seconds then
    return nil
  end
  seconds = math.floor(tonumber(seconds) / 1000000)
  return (math.floor(seconds / DAY) + WEEK_BEGINS) % 7, seconds % DAY
end

--- Whether a week has an instant: spans of weekday, open and close as `loom.hours.weekly` returns them, which begin then and end
-- before; one that closes at or before it opens ends on the next day.
function Quiet.has(week, weekday, second)
  for i = 1, #week, 3 do
    local day, open, close = week[i], week[i + 1], week[i + 2]
    if close > open then
      if day == weekday and second >= open and second < close then
        return true
      end
    elseif (day == weekday and second >= open) or ((day + 1) % 7 == weekday and second < close) then
      return true
    end
  end
  return false
end

--- What is quiet at an instant.
-- @tparam loom.monitor monitor
-- @tparam table configured `silences` and `mutes`, as `loom.alerts.configuration.load` gives them
-- @tparam int now in microseconds
function Quiet.new(monitor, configured, now)
  local self = setmetatable({ database = monitor.database, silences = {}, mutes = {}, known = {} }, Quiet)
  for _, silence in ipairs(configured.silences or {}) do
    if tonumber(silence.from) <= now and now < tonumber(silence.to) then
      self.silences[#self.silences + 1] = silence
    end
  end
  for _, mute in ipairs(configured.mutes or {}) do
    local weekday, second = on_clock(monitor.database, mute.zone, now)
    self.mutes[mute.name] = weekday and Quiet.has(mute.hours, weekday, second) and mute or nil
  end
  return self
end

--- Whether anything is quiet at all.
function Quiet:is_any()
  return self.silences[1] ~= nil or next(self.mutes) ~= nil
end

local function store_of(self, id)
  if self.known[id] == nil then
    self.known[id] = stores.get(self.database, id) or false
  end
  return self.known[id]
end

-- Whether one of a list of patterns is that of a text; without a list it is.
local function is_one(patterns, text)
  if not patterns then
    return true
  end
  for _, pattern in ipairs(type(patterns) == "table" and patterns or { patterns }) do
    if pattern == text or core.matches(pattern, text) then
      return true
    end
  end
  return false
end

local function meets(self, matchers, alert)
  if not is_one(matchers.rule, alert.rule) or not is_one(matchers.severity, alert.severity) then
    return false
  elseif not matchers.store and not matchers.where then
    return true
  elseif alert.kind ~= "store" or not is_one(matchers.store, alert.subject) then
    return false
  end
  local store = matchers.where and store_of(self, alert.subject)
  return not matchers.where or (store and stores.meets(store, matchers.where)) or false
end

--- Whether an alert is silenced.
-- @tparam table alert `rule`, `severity`, `kind`, `subject`
function Quiet:is_silenced(alert)
  for _, silence in ipairs(self.silences) do
    if meets(self, silence.matchers, alert) then
      return true
    end
  end
  return false
end

--- Whether an alert is muted by one of its rule's mutes that does not let its severity pass.
-- @tparam table alert
-- @tparam ?table rule
function Quiet:is_muted(alert, rule)
  local names = rule and rule.mute or {}
  for _, name in ipairs(type(names) == "table" and names or { names }) do
    local mute = self.mutes[name]
    if mute and not (mute.passes and RANK[alert.severity] >= RANK[mute.passes]) then
      return true
    end
  end
  return false
end

return Quiet
