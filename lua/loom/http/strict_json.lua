--- JSON in bodies of requests, read strictly (RFC 8259): what parsers take in different ways is refused.
-- @module loom.http.strict_json

local cjson = require "cjson.safe"
local core = require "loom.core"

local strict_json = {}

local json = cjson.new()
json.decode_invalid_numbers(false) -- numbers are no words such as NaN

-- Where the string ends that begins at `at`.
local function end_of_string(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local escapes = text:sub(at, at) == "\\"
    at = escapes and at + 1 or at
  until not escapes
  return at
end

-- A name that an object in good JSON has more than once, of which parsers take one or the other (RFC 8259, section 4).
local function repeated_name(text)
  local objects, at = {}, text:find '["{}]'
  while at do
    local c = text:sub(at, at)
    if c == "{" then
      objects[#objects + 1] = {}
    elseif c == "}" then
      objects[#objects] = nil
    else
      local stop = end_of_string(text, at)
      if text:find("^%s*:", stop + 1) then
        local name, names = json.decode("[" .. text:sub(at, stop) .. "]")[1], objects[#objects]
        if names[name] then
          return name
        end
        names[name] = true
      end
      at = stop
    end
    at = text:find('["{}]', at + 1)
  end
end

-- Whether a number in what was parsed has no digit on one side of its point: 5. or -.5, which JSON has not (RFC 8259, section 6).
local function has_bad_number(text)
  local bare = text:gsub("\\.", ""):gsub('"[^"]*"', "")
  return bare:find "%.%D" or bare:find "%D%."
end

-- What stands in empty lists while cjson reads them, which it does not tell from empty objects: a text that no client knows.
local MARK = core.uuid()

local function mark_empty_lists(text)
  local pieces, from, at = {}, 1, text:find '["%[]'
  while at do
    local stop = text:match("^%[%s*()%]", at)
    if stop then
      pieces[#pieces + 1] = ('%s["%s"'):format(text:sub(from, at - 1), MARK)
      from = stop
    elseif text:sub(at, at) == '"' then
      at = end_of_string(text, at)
    end
    at = text:find('["%[]', at + 1)
  end
  return table.concat(pieces) .. text:sub(from)
end

-- Takes the marks away. `lists` gets the tables that had one, as keys.
local function unmark(value, lists)
  if value[1] == MARK then
    value[1], lists[value] = nil, true
  end
  for _, item in pairs(value) do
    if type(item) == "table" then
      unmark(item, lists)
    end
  end
end

--- Reads an object.
-- @tparam string text
-- @treturn table|nil as cjson decodes it
-- @treturn table|string empty tables that are lists, as keys; or, of what is no good JSON or no object, why, as the end of a
--   sentence
-- @treturn ?string a name that is there more than once
function strict_json.object(text)
  if core.utf8(text) ~= text then -- RFC 8259, section 8.1
    return nil, ": it is not UTF-8"
  end
  local value, why = json.decode(text)
  if type(value) ~= "table" or not text:find "^%s*{" then
    return nil, why and ": " .. why or ""
  elseif has_bad_number(text) then
    return nil, ": a number is not written as JSON has it"
  end
  local name = repeated_name(text)
  if name then
    return nil, "", name
  end
  local lists = {}
  if text:find "%[%s*%]" then
    value = json.decode(mark_empty_lists(text))
    unmark(value, lists)
  end
  return value, lists
end

return strict_json
