--- A report whose figures come from a file: the table of figures of a background report, for every format but the standard
-- CSV, which is a file of its own. Everything else that it is made of is in its details.
-- @classmod loom.stored_report

local cjson = require "cjson.safe"
local columns = require "loom.columns"
local Report = require "loom.report"
local report_details = require "loom.report_details"
local rows = require "loom.rows"
local small_file = require "loom.small_file"
local time = require "loom.time"

local Stored = setmetatable({}, { __index = rows })
Stored.__index = Stored

local FIGURES = 7 -- to a window: see report_csv.h
local ROWS_A_PAUSE = 500

-- The end of the id that begins at `at`, and the id without quotes.
local function take_id(text, at)
  if text:sub(at, at) ~= '"' then
    local id = text:match("^([^,]*)", at)
    return at + #id, id
  end
  local quote = at
  repeat
    quote = text:find('"', quote + 1, true)
    local doubled = text:sub(quote + 1, quote + 1) == '"'
    if doubled then
      quote = quote + 1
    end
  until not doubled
  return quote + 1, (text:sub(at + 1, quote - 1):gsub('""', '"'))
end

-- Finds where rows are; `pause` is called now and then, so that others get their turn.
local function index_rows(text, pause)
  local ids, places, at = {}, {}, 1
  while at <= #text do
    local stop, id = take_id(text, at)
    ids[#ids + 1], places[#places + 1] = id, stop
    at = text:find("\n", stop, true) + 1
    if #ids % ROWS_A_PAUSE == 0 then
      pause()
    end
  end
  return ids, places
end

-- The values of attributes: a file has them, and of reports that older versions have made the details.
local function attributes_of(known, path)
  if not known.has_attributes then
    return known.attributes or {}
  end
  local text = small_file.read(report_details.attributes_path(path))
  local attributes = text and cjson.decode(text)
  return attributes, not attributes and "EIO: " .. report_details.attributes_path(path) .. ": cannot be read" or nil
end

--- Reads one.
-- @tparam string path of the figures
-- @tparam string details JSON: see `loom.queue`
-- @tparam[opt] function pause called now and then
-- @treturn loom.stored_report|nil
-- @treturn ?string the failure
function Stored.read(path, details, pause)
  local known, why = cjson.decode(details)
  local text, unread = small_file.read(path)
  if not known or not text then
    return nil, "EIO: " .. (why or unread)
  end
  for _, window in ipairs(known.windows) do
    time.set(window, "from", time.instant(window.from))
    time.set(window, "to", time.instant(window.to))
  end
  local attributes, message = attributes_of(known, path)
  if not attributes then
    return nil, message
  end
  local ids, places = index_rows(text, pause or function() end)
  if known.rules.max_gap == cjson.null then
    known.rules.max_gap = nil
  end
  return rows.object(setmetatable({
    key = "store_id",
    windows = known.windows,
    window_index = rows.index_windows(known.windows),
    as_of = time.seconds(time.instant(known.as_of)),
    as_of_utc = known.as_of,
    rules = known.rules,
    objective = known.slo,
    has_slo = known.slo ~= nil,
    group_by = known.group_by,
    name_attribute = known.name_attribute,
    filter = known.filter or {}, -- reports that older versions have made do not tell
    strips = known.strips,
    zone_list = known.zones,
    attribute_values = attributes,
    text = text,
    ids = ids,
    places = places,
  }, Stored), "loom.stored_report")
end

function Stored:count()
  return #self.ids
end

function Stored:store(index)
  return self.ids[index]
end

function Stored:find(id)
  for index, known in ipairs(self.ids) do
    if known == id then
      return index
    end
  end
end

-- The numbers of a row. The last row's are kept: it is asked for one window after the other.
local function numbers_of(self, index)
  if self.last ~= index then
    local numbers, list, rest = {}, self.text:match("^([%d,]*)([^\n]*)", self.places[index])
    for number in list:gmatch("%d+") do
      numbers[#numbers + 1] = tonumber(number)
    end
    self.last, self.numbers = index, numbers
    self.letters, self.zone = rest:match("^(%a+),?(.*)$")
  end
  return self.numbers
end

function Stored:figures(index, window)
  local n, at = numbers_of(self.plain, index), (window - 1) * FIGURES
  return n[at + 1], n[at + 2], n[at + 3], n[at + 4], n[at + 5], n[at + 6], n[at + 7]
end

Stored.times = Stored.figures

Stored.slo_budget = Report.slo_budget
Stored.attributes_of = Report.attributes_of
Stored.groups = Report.groups
Stored.name = Report.name

function Stored:strip(index)
  numbers_of(self.plain, index)
  return self.plain.letters
end

--- The zones of the stores, as of a report; nil without strips, and in reports that older versions have made.
function Stored:zones()
  return self.zone_list
end

function Stored:zone_number(index)
  local numbers = self.plain.zone_numbers
  if not self.zone_list then
    return nil
  elseif not numbers then
    numbers = {}
    for number, zone in ipairs(self.zone_list) do
      numbers[zone.name] = number
    end
    self.plain.zone_numbers = numbers
  end
  numbers_of(self.plain, index)
  return numbers[self.plain.zone]
end

--- Whether the file of the standard CSV is what `loom report` writes with the options of a report.
-- @tparam string details
-- @tparam[opt] bool neutralise_formulas whether formulas are to be neutralised, which they are in the file or not
function Stored.is_standard(details, neutralise_formulas)
  local known = cjson.decode(details) or {}
  return known.slo == nil and known.group_by == nil and (known.neutralise_formulas or false) == (neutralise_formulas or false)
end

--- Writes it as `loom report` does with the same options: groups where the option `group_by` is there, beside the stores on a
-- page, and how stores stand against an objective.
-- @tparam file|function|string target as of `loom.rows:write`
-- @tparam[opt] table options the same
function Stored:write(target, options)
  local source, wanted = self, {}
  if self.group_by and (options or {}).format ~= "html" then
    source = self:groups()
  end
  for name, value in pairs(options or {}) do
    wanted[name] = value
  end
  wanted.columns = wanted.columns or columns.usual(source, wanted.format or "csv")
  return rows.write(source, target, wanted)
end

function Stored:__tostring()
  return ("loom.stored_report (%d %s)"):format(#self.ids, #self.ids == 1 and "store" or "stores")
end

return Stored
