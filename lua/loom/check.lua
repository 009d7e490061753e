--- Checking of arguments and options. What is wrong raises an error that names the function, the argument or option,
-- what was expected and what was given, at the place in the caller's code.
--
-- A checker is a function (value) that returns the value as it is used further on, or nil and what was expected, true if the
-- value has the right form, but cannot work, and, where only a part of a table is wrong, that part.
-- @module loom.check

local core = require "loom.core"

local check = {}

-- The folder that Loom's own code lies in.
local here = debug.getinfo(1, "S").source:match("^(.*)check%.lua$") or "\0"

-- "FILE:LINE: " of the code that called into Loom.
local function caller()
  for level = 3, 30 do
    local info = debug.getinfo(level, "Sl")
    if not info then
      break
    elseif info.what ~= "C" and info.source:sub(1, #here) ~= here and info.currentline > 0 then
      return ("%s:%d: "):format(info.short_src, info.currentline)
    end
  end
  return ""
end

local last -- what was raised last: `message` without the place, and `raised`

local function fail(message, is_impossible)
  last = { message = message, raised = caller() .. message, is_impossible = is_impossible or false }
  error(last.raised, 0)
end

--- Raises an error at the place where Loom was called.
function check.fail(format, ...)
  fail(format:format(...))
end

--- What was wrong, for those who pass on what others say and catch what is raised.
-- @param err an error that was caught just now
-- @treturn ?table nil if it was not raised here, else `message`, as it was raised but for the place; `option` or `argument`,
--   the name of the one and the position of the other, where one of them was wrong; `item`, the place of what has it in a list;
--   `expected`, and what was given, where the message tells; `is_impossible`, where an option has the right form, but cannot work
function check.misuse(err)
  if not last or err ~= last.raised then
    return nil
  end
  local message = last.message
  return {
    message = message,
    option = message:match("^%l+ option '(.-)' to '") or message:match("^%l+ option '(.-)' of item %d+ to '"),
    item = tonumber(message:match("^%l+ option '.-' of item (%d+) to '")),
    argument = tonumber(message:match("^bad argument #(%d+)")),
    is_unknown = message:find("^unknown ") ~= nil,
    is_missing = message:find("^missing ") ~= nil,
    is_impossible = last.is_impossible,
    expected = message:match("' %((.*)%)$"),
  }
end

local TEXT_MAX = 60 -- bytes of a text that are shown, and about as many of a table: a line stays one that can be read
local FIELDS_MAX = 8 -- of a table that are looked at, which may have a million

local function shown_text(value)
  local text = #value > TEXT_MAX and value:sub(1, TEXT_MAX) .. "..." or value
  return '"' .. text:gsub("[%c\"\\]", function(c)
    return ("\\%d"):format(c:byte())
  end) .. '"'
end

local function goes_first(a, b)
  if type(a) ~= type(b) then
    return type(a) == "number" or (type(b) ~= "number" and type(a) < type(b))
  end
  return (type(a) == "number" or type(a) == "string") and a < b
end

-- Some keys of a table in order, asking no metamethod, and whether there are more.
local function first_keys(value)
  local keys, has_more = {}, false
  for key in next, value do
    has_more = #keys == FIELDS_MAX
    if has_more then
      break
    end
    keys[#keys + 1] = key
  end
  table.sort(keys, goes_first)
  return keys, has_more
end

local shown

-- Some fields of a table, as they are written.
local function shown_table(value, depth)
  local keys, has_more = first_keys(value)
  local texts, length = {}, 0
  for i, key in ipairs(keys) do
    local is_name = type(key) == "string" and #key <= TEXT_MAX and key:find "^[%a_][%w_]*$"
    local name = is_name and key or "[" .. shown(key, depth) .. "]"
    texts[i] = (key == i and "" or name .. " = ") .. shown(rawget(value, key), depth)
    length = length + #texts[i]
    has_more = has_more or (length > TEXT_MAX and i < #keys)
    if length > TEXT_MAX then
      break
    end
  end
  texts[#texts + 1] = has_more and "..." or nil
  return #texts == 0 and "{}" or "{ " .. table.concat(texts, ", ") .. " }"
end

-- A value as a message shows it.
function shown(value, depth)
  local kind = type(value)
  if kind == "string" then
    return shown_text(value)
  elseif kind == "number" or kind == "boolean" then
    return tostring(value)
  end
  if io.type(value) then
    return "a " .. io.type(value)
  end
  local metatable = debug.getmetatable(value)
  local name = kind ~= "nil" and type(metatable) == "table" and rawget(metatable, "__name")
  if type(name) == "string" then
    return "a " .. name
  elseif kind == "table" then
    return (depth or 0) >= 2 and "{...}" or shown_table(value, (depth or 0) + 1)
  end
  return value == nil and "nothing" or "a " .. kind
end

--- Raises an error about an option that has the right form, but cannot work.
-- @tparam string option
-- @tparam string name of the function
-- @tparam string expected
function check.impossible(option, name, expected, value)
  fail(("bad option '%s' to '%s' (%s expected, got %s)"):format(option, name, expected, shown(value)), true)
end

--- Checks an argument of a public function.
-- @tparam string name of the function
-- @tparam int position from 1, not counting the monitor or report itself
function check.argument(name, position, value, checker)
  local checked, expected, _, wrong = checker(value)
  if checked == nil then
    check.fail("bad argument #%d to '%s' (%s expected, got %s)", position, name, expected, check.shown(value, wrong))
  end
  return checked
end

-- `place` tells which one of a list the options are, if they are one.
local function check_options(name, options, known, place)
  local checked = {}
  for key, value in pairs(options) do
    local checker = known[key]
    if not checker then
      local unknown = type(key) == "string" and shown_text(key):sub(2, -2) or shown(key)
      check.fail("unknown option '%s'%s to '%s'", unknown, place, name)
    end
    local result, expected, is_impossible, wrong = checker(value)
    if result == nil then
      fail(("bad option '%s'%s to '%s' (%s expected, got %s)"):format(key, place, name, expected, check.shown(value, wrong)),
        is_impossible)
    end
    checked[key] = result
  end
  return checked
end

--- Checks the options of a public function: a table, or nil for none.
-- @tparam string name of the function
-- @tparam table known checkers by option
-- @treturn table the options as their checkers return them
function check.options(name, options, known)
  if options == nil then
    return {}
  elseif type(options) ~= "table" then
    check.fail("bad options to '%s' (table expected, got %s)", name, shown(options))
  end
  return check_options(name, options, known, "")
end

--- Checks a list of things that a public function is to set, each a table of options.
-- @tparam string name of the function
-- @tparam {table,...} list
-- @tparam table|function known checkers by option, or what gives them for an item
-- @tparam {string,...} required options that each has to have
-- @treturn {table,...} the options as their checkers return them
function check.items(name, list, known, required)
  local items = {}
  for i = 1, check.length(list) or check.fail("bad argument #1 to '%s' (list without holes expected)", name) do
    local item, place = list[i], (" of item %d"):format(i)
    if type(item) ~= "table" then
      check.fail("bad item %d to '%s' (table expected, got %s)", i, name, shown(item))
    end
    items[i] = check_options(name, item, type(known) == "function" and known(item) or known, place)
    for _, key in ipairs(required) do
      if item[key] == nil then
        check.fail("missing option '%s'%s to '%s'", key, place, name)
      end
    end
  end
  return items
end

--- The checker of one thing, or of a list of them, which may be empty; it returns a list.
function check.one_or_list(checker)
  return function(value)
    local given, list = type(value) == "table" and value or { value }, {}
    local length = type(value) ~= "table" and 1 or check.length(value)
    for i = 1, length or 1 do
      local checked, expected = checker(length and given[i])
      if checked == nil then
        return nil, expected .. " or list of them", false, length and given[i]
      end
      list[i] = checked
    end
    return list
  end
end

--- Checks what a function of the caller's has returned.
-- @tparam string name of the function
function check.result(name, value, checker)
  local checked, expected, _, wrong = checker(value)
  if checked == nil then
    check.fail("bad result of the function '%s' (%s expected, got %s)", name, expected, check.shown(value, wrong))
  end
  return checked
end

--- The checker of a Lua type.
function check.type(name)
  return function(value)
    if type(value) == name then
      return value
    end
    return nil, name
  end
end

check.string = check.type "string"
check.boolean = check.type "boolean"
check.table = check.type "table"
check.callable = check.type "function"
check.numeric = check.type "number"

--- A string as C takes it: a path or a name.
function check.text(value)
  if type(value) == "string" and not value:find("\0", 1, true) then
    return value
  end
  return nil, "text without NUL bytes"
end

--- How long a list is; nil for a table that is none: one with holes, or with other keys.
function check.length(value)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  for i = 1, count do
    if value[i] == nil then
      return nil
    end
  end
  return count
end

--- Any of a few strings.
function check.choice(choices)
  local expected = "one of " .. table.concat(choices, ", ")
  return function(value)
    for _, choice in ipairs(choices) do
      if value == choice then
        return value
      end
    end
    return nil, expected
  end
end

--- A whole number within bounds.
function check.integer(least, most)
  local expected = ("whole number from %.0f to %.0f"):format(least, most)
  return function(value)
    if type(value) == "number" and value >= least and value <= most and value % 1 == 0 then
      return math.floor(value)
    end
    return nil, expected
  end
end

--- A number within bounds.
function check.number(least, most)
  local expected = ("number from %g to %g"):format(least, most)
  return function(value)
    if type(value) == "number" and value >= least and value <= most then
      return value
    end
    return nil, expected
  end
end

--- A store id. Blanks are what the core trims: an id may end in a line feed, and whoever is stored can be asked for and removed.
function check.store_id(value)
  if type(value) == "string" and #value >= 1 and #value <= core.limits.store_id and not value:find("\0", 1, true)
    and not value:find("^[ \t]") and not value:find("[ \t]$") then
    return value
  end
  return nil, ("store id (1 to %d bytes without blanks at its ends)"):format(core.limits.store_id)
end

--- The same where "*" stands for every store.
function check.store_or_all(value)
  local id, expected = check.store_id(value)
  return id, expected and expected .. ' or "*"'
end

--- A note or reason.
function check.note(value)
  if type(value) == "string" and #value <= core.limits.note and not value:find("\0", 1, true) then
    return value
  end
  return nil, ("text of up to %d bytes"):format(core.limits.note)
end

--- A value as messages show it: in one line of bounded length, whatever it is.
-- @param value
-- @param[opt] wrong the part of it that is shown instead, where a checker names one
function check.shown(value, wrong)
  if wrong ~= nil then
    value = wrong
  end
  return shown(value)
end

--- Names what handles of a class are, and has its methods say so where they are called as functions: `monitor.report()`.
-- @tparam table class the metatable of handles, whose functions are methods
-- @tparam string name such as `"loom.monitor"`
-- @tparam[opt] {string,...} functions those that are none
function check.methods(class, name, functions)
  local is_function = {}
  for _, other in ipairs(functions or {}) do
    is_function[other] = true
  end
  class.__name = name
  for key, method in pairs(class) do
    if type(method) == "function" and not key:find "^__" and not is_function[key] then
      class[key] = check.method(key, method, name)
    end
  end
end

--- A method that raises unless it is called with a handle.
-- @tparam string key its name
-- @tparam function method
-- @tparam string name of the handle's class
-- @treturn function
function check.method(key, method, name)
  return function(self, ...)
    local metatable = (type(self) == "table" or type(self) == "userdata") and debug.getmetatable(self)
    if not metatable or metatable.__name ~= name then
      local object = name:match "[%w_]+$"
      check.fail("bad call of '%s' (a %s expected before it, got %s: write %s:%s(...) with a colon)", key, name, shown(self),
        object, key)
    end
    return method(self, ...)
  end
end

return check
