--- Rules and channels that are Lua functions, from a file that an agent is given: nothing else reads them, and nothing stores
-- them.
--
--     return {
--       rules = { { name = "no-staff", severity = "critical", when = function(monitor, at)
--         return { ["42"] = "nobody is there" }
--       end } },
--       channels = { { name = "board", call = function(message) print(message.group, message.total) end } },
--     }
--
-- A rule's function is asked every minute: `at` is in seconds. It returns nothing, or false, where nothing is wrong; true, which
-- is about the fleet; or a table of ids of stores, each with true, a value, a text, or `{ value = …, text = … }`. What it names
-- fires until it does not any more; where the function fails, all stays as it is. A channel's function gets the message (see
-- `loom.agent.message`); it returns nothing or true where that is delivered, or false and in how many seconds it may be tried
-- again.
-- @module loom.agent.config

local check = require "loom.check"
local rules = require "loom.alerts.rules"
local time = require "loom.time"
local transaction = require "loom.transaction"

local config = {}

-- How many of each: each function is called every minute, or holds up the others.
local MOST = 100

local function is_function(value)
  return type(value) == "function" and value or nil, "function"
end

local function text(value)
  return type(value) == "string" and #value <= 1000 and value or nil, "text of up to 1000 bytes"
end

local known = {
  rules = { name = rules.checkers.name_of_rule, severity = check.choice(rules.severities), when = is_function, text = text,
    channels = rules.checkers.texts, mute = rules.checkers.texts, ["repeat"] = time.duration,
    storm = check.integer(1, 2 ^ 31 - 1), runbook = text },
  channels = { name = rules.checkers.name, call = is_function },
}

local must = { rules = "when", channels = "call" }

local function fail(path, format, ...)
  error({ message = ("EINVAL: %s: %s"):format(path, format:format(...)) }, 0)
end

local function read_one(path, kind, place, given)
  local read = {}
  if type(given) ~= "table" then
    fail(path, "%s %d: table expected, got %s", kind, place, check.shown(given))
  end
  local shown = type(given.name) == "string" and check.shown(given.name) or tostring(place)
  for key, value in pairs(given) do
    local checker = known[kind][key]
    if not checker then
      fail(path, "%s %s: %s is unknown", kind, shown, tostring(key))
    end
    local checked, expected = checker(value)
    if checked == nil then
      fail(path, "%s %s: %s: %s expected, got %s%s", kind, shown, tostring(key), expected, check.shown(value),
        expected == "function" and ": what is none is set by loom apply" or "")
    end
    read[key] = checked
  end
  for _, key in ipairs { "name", must[kind] } do
    if read[key] == nil then
      fail(path, "%s %s: %s is missing", kind, shown, key)
    end
  end
  return read
end

local function read_kind(path, kind, list)
  local read, names = {}, {}
  if type(list) ~= "table" or (check.length(list) or math.huge) > MOST then
    fail(path, "%s: list of up to %d expected, got %s", kind, MOST, check.shown(list))
  end
  for i, given in ipairs(list) do
    read[i] = read_one(path, kind, i, given)
    if names[read[i].name] then
      fail(path, "%s %s: it is there twice", kind, check.shown(read[i].name))
    end
    names[read[i].name] = true
  end
  return read
end

local function read(path, made)
  if type(made) ~= "table" then
    fail(path, "a table of rules and channels expected, got %s", check.shown(made))
  end
  for key in pairs(made) do
    if not known[key] then
      fail(path, "%s is unknown: it is none of rules, channels", tostring(key))
    end
  end
  local all = { rules = read_kind(path, "rules", made.rules or {}), channels = {} }
  for _, rule in ipairs(all.rules) do
    rule.severity = rule.severity or "warning"
  end
  for _, channel in ipairs(read_kind(path, "channels", made.channels or {})) do
    all.channels[channel.name] = channel.call
  end
  return all
end

--- Runs a file.
-- @tparam string path
-- @treturn table|nil `rules`, a list, and `channels`, functions by name
-- @treturn ?string the failure, which names the file, the rule or channel, and the field: EINVAL
-- @treturn ?string its code
function config.load(path)
  local chunk, why = loadfile(path, "t")
  if not chunk then
    return nil, "EINVAL: " .. why, "EINVAL"
  end
  local called, made = pcall(chunk)
  if not called then
    return nil, "EINVAL: " .. tostring(made), "EINVAL"
  end
  local good, found = pcall(read, path, made)
  if not good then
    return nil, type(found) == "table" and found.message or error(found, 0), "EINVAL"
  end
  return found
end

--- Whether rules that are functions have names of their own, since alerts are known by the names of their rules.
-- @tparam loom.monitor monitor
-- @tparam {table,...} list of rules
-- @treturn bool|nil true, or nil, the failure (EINVAL: a rule that is stored has that name) and its code
function config.check_names(monitor, list)
  for _, rule in ipairs(list) do
    local rows, message, code = monitor.database:rows("SELECT 1 FROM configuration WHERE kind = 'rule' AND name = ?", rule.name)
    if not rows then
      return nil, message, code
    elseif rows[1] then
      return nil, ("EINVAL: rule %s: there is one of this name that is stored"):format(check.shown(rule.name)), "EINVAL"
    end
  end
  return true
end

--- Makes the channels known to the outbox, which then keeps messages for them.
-- @tparam loom.monitor monitor
-- @tparam table channels functions by name
-- @treturn bool|nil or nil, the failure (EINVAL: another channel has that name) and its code
function config.announce(monitor, channels)
  return transaction.run(monitor.database, function(execute)
    for name in pairs(channels) do
      execute("INSERT OR IGNORE INTO alert_channel(name, kind, definition) VALUES(?, 'lua', '{}')", name)
      local _, _, kind = execute("SELECT kind FROM alert_channel WHERE name = ?", name)
      if kind ~= "lua" then
        transaction.fail("EINVAL", "channel %s: there is one of this name, of the kind %s", check.shown(name), kind)
      end
    end
    return true
  end, true)
end

return config
