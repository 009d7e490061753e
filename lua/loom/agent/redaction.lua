--- What receivers answer, without what a channel keeps secret: many say again what they were asked, such as the path of an
-- address that is a secret, and answers are kept where whoever may read alerts reads them.
-- @module loom.agent.redaction

local redaction = {}

local LEAST = 4 -- bytes of a secret that is looked for, and of what is left of one where an answer was cut off
local PART_LEAST = 8 -- bytes of a part of one, which may stand in an answer in another form than the whole
local MARK = "…"

-- What may not be told of an address: all behind its host, and what is before that for a password.
local function hidden_of_address(url)
  local user, rest = url:match "^%a+://([^/?#]*)@(.*)$"
  rest = rest or url:match "^%a+://(.*)$" or url
  return { user or "", rest:match "[/?#].*" or "" }
end

-- Texts to hide, the longest first.
local function hidden_of(kind, channel)
  local list, known = {}, {}
  local function add(text, least)
    if #text >= least and not known[text] then
      known[text] = true
      list[#list + 1] = text
    end
  end
  for _, name in ipairs(kind.secrets) do
    local secret = channel[name]
    for _, whole in ipairs(type(secret) == "string" and (name == "url" and hidden_of_address(secret) or { secret }) or {}) do
      add(whole, LEAST)
      for part in whole:gmatch "[%w_.~+-]+" do
        add(part, PART_LEAST)
      end
    end
  end
  table.sort(list, function(a, b)
    return #a > #b or #a == #b and a < b
  end)
  return list
end

local function without(text, hidden)
  local parts, at = {}, 1
  local from, to = text:find(hidden, at, true)
  while from do
    parts[#parts + 1] = text:sub(at, from - 1)
    at = to + 1
    from, to = text:find(hidden, at, true)
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts, MARK)
end

-- Without the beginning of a hidden text that the end of another one is: the rest was cut off.
local function without_beginning(text, hidden)
  for length = math.min(#hidden - 1, #text), LEAST, -1 do
    if text:sub(-length) == hidden:sub(1, length) then
      return text:sub(1, -length - 1) .. MARK
    end
  end
  return text
end

--- A function (text) that gives it without a channel's secrets.
-- @tparam table kind see `loom.agent.channels`
-- @tparam table channel with its secrets
-- @treturn function
function redaction.new(kind, channel)
  local list = hidden_of(kind, channel)
  return function(text)
    for _, hidden in ipairs(list) do
      text = without(text, hidden)
    end
    for _, hidden in ipairs(list) do
      text = without_beginning(text, hidden)
    end
    return text
  end
end

return redaction
