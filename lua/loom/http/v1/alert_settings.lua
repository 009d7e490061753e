--- The settings of alerts: how long without a poll makes the feed stale, and a store dormant. They are set together.
-- @module loom.http.v1.alert_settings

local check = require "loom.check"
local configuration = require "loom.alerts.configuration"
local editing = require "loom.http.editing"
local json = require "loom.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local rules = require "loom.alerts.rules"
local service = require "loom.http.service"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local function json_of(settings)
  local members = {}
  for _, name in ipairs(configuration.settings) do
    members[#members + 1] = name
    members[#members + 1] = json.any(settings[name])
  end
  return json.object(unpack(members))
end

local function read(monitor)
  return monitor:settings()
end

local function send()
  local text = json_of(service.call(nil, function(state)
    return read(state.monitor)
  end))
  editing.send_tag(text)
  response.json(200, text)
end

local function get()
  request.parameters {}
  send()
end

-- What the body has for each setting; false: as if it had not been set.
local function wanted_of(body)
  local wanted = {}
  for _, name in ipairs(configuration.settings) do
    local value = body[name]
    if value ~= nil then
      local good, expected = rules.checkers.stretch(value)
      if not good then
        problem.raise(400, ("%s: %s expected, got %s"):format(name, expected, check.shown(value)), { field = name })
      end
    end
    wanted[name] = value or false
  end
  return wanted
end

local function put()
  local parameters, wanted = editing.parameters(), wanted_of(request.json_object())
  editing.change(nil, editing.current(read, json_of), function(monitor)
    return monitor:set_settings(wanted, editing.signed(parameters))
  end)
  send()
end

-- ---- routes ----

local function duration(description)
  return { type = { "string", "number", "null" }, description = description .. "; seconds, or text such as 30m." }
end

local one = { description = "The settings, as they are set.", schema = "AlertSettings", headers = editing.headers }

return {
  schemas = {
    AlertSettings = {
      type = "object", additionalProperties = false,
      description = "Up to 31 days each; null, or left out: as if it had not been set.",
      properties = {
        stale_after = duration "How long without a poll makes the feed stale, so that nothing of it fires (30 minutes)",
        dormant_after = duration "How long without an active poll makes a store dormant for rules (7 days)",
      },
    },
  },
  {
    method = "GET", path = "/v1/alert-settings", access = "read", is_tagged = true, handler = get, tag = "alerts",
    summary = "The settings of alerts", responses = { [200] = one },
  },
  {
    method = "PUT", path = "/v1/alert-settings", access = "write", is_tagged = true, handler = put, tag = "alerts",
    summary = "Set the settings of alerts", request = { schema = "AlertSettings" },
    parameters = { editing.reason, editing.if_match }, responses = { [200] = one, [409] = editing.conflict },
  },
}
