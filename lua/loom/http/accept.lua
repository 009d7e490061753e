--- What a client accepts: the request's header `Accept` (RFC 9110, section 12.5.1).
--
-- A media range is `*/*`, `type/*` or `type/subtype`, in any case, perhaps with parameters, and perhaps with a weight; of
-- those that match a media type the most specific one counts. A weight of 0 means not acceptable.
-- @module loom.http.accept

local accept = {}

-- Texts without what is in quotes, whose commas and semicolons separate nothing. A word means the same without them.
local function without_quotes(text)
  return (text:gsub('="([%w_-]+)"', "=%1"):gsub('"[^"\\]*"', "quoted"):gsub('".*', "quoted"))
end

-- A weight: three decimals at the most; nil if it is none. It may begin with the point, as Java's has always done, which
-- sends `*` for `*/*`, too: "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2".
local function weight_of(text)
  local is_good = text:find "^0%.?%d?%d?%d?$" or text:find "^1%.?0?0?0?$" or text:find "^%.%d%d?%d?$"
  return is_good and tonumber(text) or nil
end

-- A media range: `type`, `subtype`, `weight`, and whether it is `narrowed` by parameters; nil for what is none. Everything that
-- the service sends is UTF-8, so that to ask for that is no narrower.
local function range_of(item)
  item = item:gsub("^%s*%*%s*$", "*/*"):gsub("^%s*%*%s*;", "*/*;")
  local kind, subtype, rest = item:match "^%s*([^%s/;]+)/([^%s/;]+)%s*(.*)$"
  if not kind or (kind == "*" and subtype ~= "*") or not (rest == "" or rest:find "^;") then
    return nil
  end
  local range = { type = kind:lower(), subtype = subtype:lower(), weight = 1, narrowed = false }
  for name, value in rest:gmatch ";%s*([^%s;=]+)=?([^%s;]*)" do
    name, value = name:lower(), value:lower()
    if name == "q" then
      range.weight = weight_of(value)
      break -- what comes after it is no parameter of the media type
    end
    range.narrowed = range.narrowed or not (name == "charset" and value == "utf-8")
  end
  return range.weight and range
end

--- Reads the header.
-- @tparam ?string header nil where there is none
-- @treturn {table,...} media ranges; without one that can be read everything is accepted
function accept.parse(header)
  local ranges = {}
  for item in without_quotes(header or ""):gmatch "[^,]+" do
    ranges[#ranges + 1] = range_of(item)
  end
  return #ranges > 0 and ranges or { range_of "*/*" }
end

-- How specific a range is that matches a media type; nil if it does not.
local function match(range, kind, subtype)
  if range.narrowed then
    return nil
  elseif range.type == "*" then
    return 1
  elseif range.type ~= kind then
    return nil
  elseif range.subtype == "*" then
    return 2
  end
  return range.subtype == subtype and 3 or nil
end

--- How much a media type is wanted.
-- @tparam {table,...} ranges as `parse` returns them
-- @tparam string media_type such as "text/csv", in lower case
-- @treturn number from 0, not at all, to 1
function accept.weight(ranges, media_type)
  local kind, subtype = media_type:match "^(.-)/(.*)$"
  local best, weight = 0, 0
  for _, range in ipairs(ranges) do
    local specific = match(range, kind, subtype)
    if specific and specific > best then
      best, weight = specific, range.weight
    end
  end
  return weight
end

return accept
