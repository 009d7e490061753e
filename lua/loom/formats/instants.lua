--- The forms in which answers give instants: each is made of an instant as text, which has every digit (see `loom.time`).
-- @module loom.formats.instants

local core = require "loom.core"
local json = require "loom.json"

local instants = {}

--- The names of the forms.
instants.names = { "text", "rfc3339", "ms" }

local forms = {}

--- As it is: `2026-01-05 10:00:00.000000 UTC`.
function forms.text(text)
  return text and '"' .. text .. '"' or json.null
end

--- As RFC 3339 has it, which is that of JavaScript, too, up to the milliseconds: a fraction is there only where it is not 0.
function forms.rfc3339(text)
  if not text then
    return json.null
  end
  local fraction = text:sub(20, 26):gsub("%.?0+$", "")
  return '"' .. text:sub(1, 10) .. "T" .. text:sub(12, 19) .. fraction .. 'Z"'
end

-- The same of years whose microseconds LuaJIT's numbers do not hold.
local function far_ms(text)
  local hours, minutes, seconds, milliseconds = text:match "(%d%d):(%d%d):(%d%d)%.(%d%d%d)"
  local of_day = ((tonumber(hours) * 60 + tonumber(minutes)) * 60 + tonumber(seconds)) * 1000 + tonumber(milliseconds)
  return ("%.0f"):format(core.parse_date(text:sub(1, 10)) * 86400000 + of_day)
end

--- Milliseconds since 1970, a number: microseconds are cut, to the earlier one also before 1970.
function forms.ms(text)
  if not text then
    return json.null
  end
  local instant = core.parse_timestamp(text)
  if type(instant) ~= "number" then
    return far_ms(text)
  end
  return ("%.0f"):format((instant - instant % 1000) / 1000)
end

--- What writes instants in a form.
-- @tparam ?string name one of `names` (default: `"text"`)
-- @treturn function (text) that gives JSON of an instant as text, null for nil
function instants.of(name)
  return forms[name or "text"]
end

return instants
