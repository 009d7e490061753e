--- The rules that turn polls into figures, as options.
-- @module loom.rules

local check = require "loom.check"
local core = require "loom.core"
local time = require "loom.time"

local rules = {}

local MICROSECONDS = 1000000

--- What the rules that are words may be, by option: the lists preset, fill, evidence and no_data.
rules.names = core.rules

local function max_gap(value)
  if value == "none" then
    return -1
  end
  local duration = time.duration(value)
  if duration and duration <= core.limits.max_gap then
    return duration
  end
  return nil, 'duration of up to 100 years, or "none"'
end

local function slack(value)
  local duration = time.duration(value)
  if duration and duration % MICROSECONDS == 0 and duration / MICROSECONDS <= core.limits.slack then
    return math.floor(duration / MICROSECONDS)
  end
  return nil, "duration in whole seconds, less than a day"
end

--- Checkers of the options.
rules.checkers = {
  preset = check.choice(rules.names.preset),
  fill = check.choice(rules.names.fill),
  evidence = check.choice(rules.names.evidence),
  no_data = check.choice(rules.names.no_data),
  max_gap = max_gap,
  slack = slack,
  default_zone = check.text,
}

local names = { "slack", "fill", "evidence", "no_data", "max_gap" }

--- Copies the rules among checked options to those of the native half.
function rules.pass_on(options, native)
  for name in pairs(rules.checkers) do
    native[name] = options[name]
  end
  return native
end

--- What checked options amount to. Durations are in seconds; no `max_gap` is nil.
-- @treturn table `preset`, `slack`, `fill`, `evidence`, `no_data`, `max_gap`, `default_zone`
function rules.in_force(options)
  local preset = options.preset or "loom"
  local result = core.preset(preset)
  for _, name in ipairs(names) do
    if options[name] ~= nil then
      result[name] = options[name]
    end
  end
  result.preset = preset
  result.default_zone = options.default_zone
  result.max_gap = result.max_gap >= 0 and time.seconds(result.max_gap) or nil
  return result
end

return rules
