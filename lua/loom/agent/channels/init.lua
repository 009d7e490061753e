--- Channels: where messages go. Each kind is a file of pure functions: `requests(message, channel, now, tell)` gives what is to
-- be sent, and `judge(answer)` what became of it. A new kind is a file with these, and a name in this list.
-- @module loom.agent.channels

local small_file = require "loom.small_file"

local channels = {}

channels.kinds = { "webhook", "alertmanager", "pagerduty", "slack", "teams", "ntfy", "email", "command", "log", "lua",
  "heartbeat" }

local SECRET_MAX = 64 * 1024 -- bytes of a file with a secret
local DEFINITION_MAX = 64 * 1024 -- bytes of all texts of a channel, as many as other definitions may have
local TO_MAX = 100 -- addresses of a mail, as many as loom.curl takes

--- The functions of a kind; nil where there is none.
function channels.of(kind)
  for _, known in ipairs(channels.kinds) do
    if known == kind then
      return (require("loom.agent.channels." .. known))
    end
  end
end

local function set_of(...)
  local set = {}
  for _, list in ipairs { ... } do
    for _, name in ipairs(list) do
      set[name] = true
    end
  end
  return set
end

-- Whether a value is a text that comes to its receiver as it is: what ends a line would begin another header, or command.
local function is_line(value)
  return type(value) == "string" and value ~= "" and not value:find "[%z\1-\31\127]"
end

-- A key, a password or a word may be any text that has an end.
local function is_word(value)
  return type(value) == "string" and value ~= "" and not value:find "%z"
end

-- One address of a mail, without the name of anybody: with a comma it would be two of them.
local function is_address(value)
  local address = is_line(value) and (value:match "^<(.*)>$" or value)
  return address and address:find "^[^%s<>,;]+$" ~= nil and not address:find "@.*@"
end

-- Every list is of texts, so that what is sent is what was set.
local function is_list(value, is_item)
  if type(value) ~= "table" or #value == 0 then
    return false
  end
  for _, item in ipairs(value) do
    if not is_item(item) then
      return false
    end
  end
  return true
end

local checkers = {
  to = function(value) return is_list(value, is_address) end, from = is_address,
  command = function(value) return is_list(value, is_word) end, secret = is_word, password = is_word,
  plain = function(value) return type(value) == "boolean" end, call = function(value) return type(value) == "function" end,
  enabled = function() return true end,
}

local function bytes_of(value)
  if type(value) ~= "table" then
    return type(value) == "string" and #value or 0
  end
  local bytes = 0
  for _, item in ipairs(value) do
    bytes = bytes + #item
  end
  return bytes
end

--- Checks what a channel is defined by.
-- @tparam table definition `name`, `kind`, and what the kind needs; each secret may be the name of a file instead: `secret_file`
-- @treturn bool|nil true, or nil and what is wrong with it, without any of its values
function channels.check(definition)
  local kind = channels.of(definition.kind)
  if not kind then
    return nil, "kind is none of " .. table.concat(channels.kinds, ", ")
  end
  local secrets = set_of(kind.secrets)
  local known = set_of(kind.secrets, kind.required, kind.optional, { "name", "kind", "enabled" })
  for _, name in ipairs(kind.required) do
    if definition[name] == nil and not (secrets[name] and definition[name .. "_file"]) then
      return nil, name .. " is missing"
    end
  end
  local bytes = 0
  for name, value in pairs(definition) do
    local of_file = tostring(name):match "^(.*)_file$"
    if not known[name] and not (of_file and secrets[of_file]) then
      return nil, tostring(name) .. " is not known to a channel of the kind " .. definition.kind
    elseif not (checkers[name] or is_line)(value) then
      return nil, name .. " is not what it should be"
    elseif name == "to" and #value > TO_MAX then
      return nil, ("to has %d addresses, of which there may be %d"):format(#value, TO_MAX)
    end
    bytes = bytes + bytes_of(value)
  end
  if bytes > DEFINITION_MAX then
    return nil, ("it has more than %d bytes"):format(DEFINITION_MAX)
  end
  return true
end

--- A channel with the secrets that are in files.
-- @treturn table|nil a copy, or nil and which one cannot be read
function channels.resolve(definition)
  local copy = {}
  for name, value in pairs(definition) do
    copy[name] = value
  end
  for _, name in ipairs(channels.of(definition.kind).secrets) do
    local path = definition[name .. "_file"]
    if path then
      local text = small_file.read(path, SECRET_MAX)
      if not text or text:match "^%s*$" then
        return nil, name .. "_file cannot be read, or is empty"
      end
      copy[name] = text:match "^%s*(.-)%s*$"
    end
  end
  return copy
end

return channels
