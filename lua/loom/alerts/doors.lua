--- What a monitor's methods do with the configuration of alerts: their arguments checked, and definitions as callers get them.
-- @module loom.alerts.doors

local author = require "loom.author"
local book = require "loom.alerts.book"
local check = require "loom.check"

local doors = {}

-- Loaded when it is asked: it needs JSON and the kinds of channels, which nothing else of a monitor does.
local configuration = setmetatable({}, { __index = function(_, name)
  return require("loom.alerts.configuration")[name]
end })

--- See `loom.monitor:notifications` and the like.
doors.notifications = setmetatable({}, { __index = function(_, name)
  return require("loom.alerts.notifications")[name]
end })

--- See `loom.monitor:set_rule` and the like.
function doors.set(monitor, kind, definition, options)
  local name = "set_" .. kind
  check.argument(name, 1, definition, check.table)
  options = check.options(name, options, author.checkers)
  local item, message, code = configuration.put(monitor, kind, definition, options)
  if not item then
    return nil, message, code
  end
  return item.name
end

--- See `loom.monitor:rules` and the like.
function doors.list(monitor, kind)
  local items, message, code = configuration.list(monitor, kind)
  for i, item in ipairs(items or {}) do
    items[i] = item.definition
  end
  return items, message, code
end

--- See `loom.monitor:delete_rule` and the like.
function doors.delete(monitor, kind, name, options)
  check.argument("delete_" .. kind, 1, name, check.string)
  options = check.options("delete_" .. kind, options, author.checkers)
  return configuration.remove(monitor, kind, name, options)
end

--- See `loom.monitor:set_settings`.
function doors.set_settings(monitor, settings, options)
  check.argument("set_settings", 1, settings, check.table)
  options = check.options("set_settings", options, author.checkers)
  local done, message, code = configuration.apply(monitor, { settings = settings }, options)
  return done and true, message, code
end

--- See `loom.monitor:settings`.
function doors.settings(monitor)
  local items, message, code = configuration.list(monitor, "setting")
  if not items then
    return nil, message, code
  end
  local settings = {}
  for _, item in ipairs(items) do
    settings[item.name] = item.definition.value
  end
  return settings
end

--- See `loom.monitor:apply`.
function doors.apply(monitor, wanted, options)
  check.argument("apply", 1, wanted, check.table)
  options = check.options("apply", options, author.with { dry_run = check.boolean, prune = check.boolean })
  return configuration.apply(monitor, wanted, options)
end

--- See `loom.monitor:configuration`.
function doors.configuration(monitor)
  return configuration.export(monitor)
end

--- See `loom.monitor:acknowledge`.
function doors.acknowledge(monitor, id, ack, options)
  check.argument("acknowledge", 1, id, check.string)
  if ack ~= nil then
    check.argument("acknowledge", 2, ack, check.table)
  end
  options = check.options("acknowledge", options, author.checkers)
  return book.acknowledge(monitor, id, ack, options)
end

return doors
