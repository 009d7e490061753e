--- A picture of one store's up time, for a page or a readme: an SVG of a label and a percentage.
-- @module loom.http.badge

local access = require "loom.http.access"
local figures = require "loom.figures"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local windows = require "loom.windows"

local CHARACTER = 6.6 -- width of a character in units of the picture, on the average
local PADDING = 6
local MAX_AGE = 60 -- seconds for which others may keep the picture

-- From so many millionths on: colours on which white text keeps a contrast of 4.5 (WCAG 2, 1.4.3).
local colours = { { 990000, "#1a7f37" }, { 950000, "#7a6200" }, { 0, "#b42318" } }

local template = [[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>
<rect width="%d" height="20" rx="3" fill="#444"/><path d="M%d 0h%dq3 0 3 3v14q0 3-3 3h-%dz" fill="%s"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="%d" y="14">%s</text><text x="%d" y="14">%s</text></g>
</svg>
]]

local function svg(label, value, colour)
  local left, right = math.ceil(#label * CHARACTER) + 2 * PADDING, math.ceil(#value * CHARACTER) + 2 * PADDING
  local width = left + right
  return template:format(width, label, value, label, value, width, left, right - 3, right - 3, colour, PADDING, label,
    left + PADDING, value)
end

local function colour_of(millionths)
  for _, step in ipairs(colours) do
    if millionths >= step[1] then
      return step[2]
    end
  end
end

-- The standard window that "week" or "last_week" means, or the one on the calendar that a word does.
local function window_of(name)
  if windows.is_word[name] then
    return windows.of_word(name)
  end
  for _, window in ipairs(windows.standard) do
    if name == window.name or "last_" .. name == window.name then
      return window
    end
  end
  problem.raise(400, "window is not one of hour, day, week, " .. table.concat(windows.words, ", "), { field = "window" })
end

-- What a window without a ratio was.
local function state_of(of_window)
  if of_window.unknown > 0 then
    return "unknown"
  end
  return of_window.excluded > 0 and "excluded" or "closed"
end

-- The store of a file's name; nil where it is not that of a picture.
local function store_of(arguments)
  return arguments.file:match "^(.+)%.svg$"
end

local function get(arguments)
  local id = store_of(arguments)
  if not id then
    problem.raise(404, "there is nothing at this path")
  end
  local window = window_of(request.parameters { window = tostring }.window or "week")
  local row, message, code = service.store(id, window)
  if row == nil then
    problem.raise_uncomputed(message, code)
  elseif not row then
    problem.raise(404, "the store is not known, or has no polls")
  end
  local of_window = row[window.name]
  local millionths = figures.ratio_of(of_window)
  local label = window.calendar and window.calendar:gsub("-", " ") or window.name:gsub("^last_", "")
  local cache = (access.who() and "private, " or "") .. "max-age=" .. MAX_AGE
  response.send(200, { ["Content-Type"] = "image/svg+xml", ["Cache-Control"] = cache },
    svg("uptime " .. label, millionths and figures.percent(millionths) or state_of(of_window),
      millionths and colour_of(millionths) or "#666"))
end

local window_names = { "hour", "day", "week", "last_hour", "last_day", "last_week" }
for _, word in ipairs(windows.words) do
  table.insert(window_names, word)
end

--- Its routes.
return {
  {
    method = "GET", path = "/badge/{file}", access = "read", restricted = "store", store_of = store_of, handler = get,
    tag = "stores", summary = "A picture of a store's up time; the file is STORE_ID.svg",
    parameters = {
      { name = "window", description = "By default the week.", schema = { enum = window_names } },
    },
    responses = { [200] = { description = "The picture.", content = { ["image/svg+xml"] = { schema = { type = "string" } } } } },
  },
}
