--- The configuration of alerts as text: the JSON that `loom export DB config` writes and `loom apply` takes, a definition to a
-- line; and what applying it would change, line by line.
-- @module loom.alerts.configuration_text

local canonical = require "loom.canonical"
local configuration = require "loom.alerts.configuration"
local core = require "loom.core"

local configuration_text = {}

-- What a definition begins with, for those who read it.
local FIRST = { "name", "id", "kind", "enabled", "severity", "when", "for", "keep" }

local place_of = {}
for i, name in ipairs(FIRST) do
  place_of[name] = i
end

--- The names of a definition's fields, in the order in which they are written.
-- @tparam table definition
-- @treturn {string,...}
function configuration_text.names(definition)
  local names = {}
  for name in pairs(definition) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    local left, right = place_of[a] or math.huge, place_of[b] or math.huge
    if left ~= right then
      return left < right
    end
    return a < b
  end)
  return names
end

--- A definition as JSON, in one line. It is UTF-8 whatever its texts are.
-- @tparam table definition
-- @treturn string
function configuration_text.line(definition)
  local parts = {}
  for i, name in ipairs(configuration_text.names(definition)) do
    parts[i] = core.json_string(name) .. ": " .. canonical(definition[name])
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function list_text(list)
  local lines = {}
  for i, definition in ipairs(list) do
    lines[i] = "    " .. configuration_text.line(definition)
  end
  return #lines == 0 and "[]" or "[\n" .. table.concat(lines, ",\n") .. "\n  ]"
end

--- All of it.
-- @tparam table all as `loom.alerts.configuration.export` gives it
-- @treturn string
function configuration_text.write(all)
  local parts = {}
  for i, kind in ipairs(configuration.kinds) do
    local plural = configuration.plurals[kind]
    local text = kind == "setting" and configuration_text.line(all[plural]) or list_text(all[plural])
    parts[i] = ("  %s: %s"):format(core.json_string(plural), text)
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n}\n"
end

-- The fields in which two definitions differ, each with a line for what was and one for what is.
local function field_lines(change, lines)
  local before, after, all = change.before or {}, change.after or {}, {}
  for _, side in ipairs { before, after } do
    for name in pairs(side) do
      all[name] = true
    end
  end
  for _, name in ipairs(configuration_text.names(all)) do
    local was = before[name] ~= nil and canonical(before[name]) or nil
    local is = after[name] ~= nil and canonical(after[name]) or nil
    if was ~= is and name ~= "name" and name ~= "id" then
      lines[#lines + 1] = was and ("-   %s: %s"):format(name, was) or nil
      lines[#lines + 1] = is and ("+   %s: %s"):format(name, is) or nil
    end
  end
  for _, name in ipairs(change.change == "changed" and change.secrets or {}) do
    lines[#lines + 1] = ("!   %s: another secret"):format(name)
  end
end

local SIGNS = { new = "+", changed = "~", removed = "-" }

--- What has changed, or would: a line for each definition, and below it one for each field that was or is.
-- @tparam {table,...} changes as `loom.alerts.configuration.apply` gives them
-- @treturn string
function configuration_text.difference(changes)
  local lines = {}
  for _, change in ipairs(changes) do
    lines[#lines + 1] = ("%s %s %s"):format(SIGNS[change.change], change.kind, change.name)
    field_lines(change, lines)
  end
  return #lines == 0 and "" or table.concat(lines, "\n") .. "\n"
end

return configuration_text
