--- A list of stores as CSV: all that are chosen, in their order, however many there are.
--
-- It is sent while it is made. The rows are looked at in turns with others (see `loom.http.turns`), some at a time, and nobody's
-- turn lasts until a client has read them.
-- @module loom.http.v1.sheet

local accept = require "loom.http.accept"
local check = require "loom.check"
local core = require "loom.core"
local figures = require "loom.figures"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local of_figures = require "loom.columns"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local service = require "loom.http.service"
local stores = require "loom.stores"
local tasks = require "loom.http.tasks"
local time = require "loom.time"
local turns = require "loom.http.turns"
local windows = require "loom.windows"

local sheet = {}

local COLUMNS_MAX, COLUMNS_LENGTH = 200, 4096 -- and bytes: all figures of eight windows with their changes are 196 columns
local PIECE = 32 * 1024 -- bytes, or so, that are sent before more are made
local ROWS = 10 -- that are written before others may have their turn
local VALUES_MAX = 1000000 -- of attributes that are read before: 100 MB; each store's alone takes ten times as long

-- ---- what is asked for ----

--- Checkers of the parameters that are the list's as CSV alone.
sheet.checkers = {
  format = check.choice { "json", "csv" },
  columns = function(text)
    local names = {}
    for name in (text .. ","):gmatch "([^,]*)," do
      names[#names + 1] = ngx.unescape_uri((name:gsub("%+", "%%2B")))
    end
    local are_good = #text <= COLUMNS_LENGTH and #names <= COLUMNS_MAX
    return are_good and names or nil, ("up to %d names, or %d bytes, with commas between them"):format(COLUMNS_MAX,
      COLUMNS_LENGTH)
  end,
}

--- What they are, for the document of the API.
sheet.parameters = {
  { name = "format", description = "By default csv where Accept wants text/csv more than JSON, else json. CSV has a row for each "
    .. "store that is chosen, of which there may be any number: it takes no limit, cursor or offset.",
    schema = { type = "string", enum = { "json", "csv" } } },
  { name = "columns", description = "Of CSV, instead of fields: what comes after the store's id, with commas between: state, "
    .. "dormant, since, last_poll, timezone_str, strip, attributes (all of them as JSON), attribute.NAME, FIGURE_WINDOW such as "
    .. "ratio_last_week, or where windows are compared change_FIGURE_WINDOW; times in seconds. In names, a comma is %2C and a "
    .. "percent sign %25, which once more are percent-encoded in an address.",
    schema = { type = "string", maxLength = COLUMNS_LENGTH } },
}

-- The header Accept, whose lines are one list.
local function wants_csv()
  local header = ngx.req.get_headers().accept
  local ranges = accept.parse(type(header) == "table" and table.concat(header, ",") or header)
  return accept.weight(ranges, "text/csv") > accept.weight(ranges, "application/json")
end

--- Whether CSV is asked for, by the parameter or by the header.
-- @tparam table parameters
-- @treturn bool
function sheet.is_csv(parameters)
  return parameters.format == "csv" or not parameters.format and wants_csv()
end

--- Whether CSV is asked for, and what cannot be asked for beside it is not.
-- @tparam table parameters
-- @treturn bool
function sheet.is_wanted(parameters)
  local is_csv = sheet.is_csv(parameters)
  for _, name in ipairs(is_csv and { "limit", "cursor", "offset" } or { "columns" }) do
    if parameters[name] ~= nil then
      problem.raise(400, ("%s: nothing expected %s"):format(name, is_csv and "beside CSV, which has all stores"
        or "but beside format=csv"), { field = name })
    end
  end
  if parameters.columns and parameters.fields then
    problem.raise(400, "fields: nothing expected beside columns", { field = "fields" })
  end
  return is_csv
end

-- ---- columns ----

-- What fields of a list are as columns; those of windows are figures of each.
local of_field = {
  state = { "state", "dormant" }, since = { "since" }, last_poll = { "last_poll" }, timezone_str = { "timezone_str" },
  attributes = { "attributes" }, strip = { "strip" },
}

local field_of = {}
for field, names in pairs(of_field) do
  for _, name in ipairs(names) do
    field_of[name] = field
  end
end

local function names_of_windows(list)
  local names = {}
  for _, window in ipairs(list) do
    for _, figure in ipairs(figures.names) do
      names[#names + 1] = figure .. "_" .. window.name
    end
  end
  return names
end

--- The names of the columns that are asked for.
-- @tparam table parameters
-- @tparam table fields of the list, by name
-- @tparam {string,...} order that fields have
-- @treturn {string,...}
function sheet.names(parameters, fields, order)
  if parameters.columns then
    return parameters.columns
  end
  local list = windows.checker(parameters.windows or windows.standard)
  list = parameters.compare and windows.compared(list) or list
  local names = {}
  for _, field in ipairs(order) do
    for _, name in ipairs(not fields[field] and {} or of_field[field] or names_of_windows(list)) do
      names[#names + 1] = name
    end
  end
  return names
end

--- The fields of a list that columns are made of.
-- @tparam {string,...} names of columns
-- @treturn table by name
function sheet.fields(names)
  local fields = {}
  for _, name in ipairs(names) do
    fields[field_of[name] or name:find "^attribute%." and "attributes" or "windows"] = true
  end
  return fields
end

local place_of = {}
for place, name in ipairs(figures.names) do
  place_of[name] = place
end

-- The functions (row) that write cells, of columns that are no figures, by name. What is nil is an empty cell.
local plain = {}

for _, name in ipairs { "state", "since", "last_poll", "timezone_str", "strip" } do
  plain[name] = function(row)
    return row[name]
  end
end

function plain.dormant(row)
  return row.dormant ~= nil and tostring(row.dormant) or nil
end

function plain.attributes(row)
  return json.map(row.attributes, json.string)
end

-- The figures of a row, window by window, as the list has them as JSON: its writer takes a tenth of the time that others take.
local function figures_of(report, number)
  local list = {}
  for value in report:json_of(number):gmatch '"%l+":([^{},]+)' do
    list[#list + 1] = value == "null" and "" or value
  end
  return list
end

local function attribute_of(name)
  local attribute = name:match "^attribute%.(.*)$"
  return attribute and stores.attribute_name(attribute)
end

local function cell_of(report, name, neutralise)
  local attribute = attribute_of(name)
  local read = attribute and function(row)
    return row.attributes[attribute]
  end or plain[name]
  if read then
    return function(row)
      return core.csv_field(read(row) or "", neutralise)
    end
  end
  local figure, window = name:match "^(%l+)_(.+)$"
  local place, place_of_figure = report.window_index[window], place_of[figure]
  if place and place_of_figure then
    place = (place - 1) * #figures.names + place_of_figure
    return function(row)
      row.figures = row.figures or figures_of(report, row.number)
      return row.figures[place]
    end
  elseif not of_figures.parse_change(report, name) then
    problem.raise(400, ("columns: there is none like %s"):format(check.shown(name)), { field = "columns" })
  end
  local column = of_figures.resolve(report, { name })[1]
  return function(row)
    return of_figures.cell(column, report:row(row.number))
  end
end

-- ---- attributes ----

local function monitor()
  return service.monitor() or problem.raise_closed()
end

local function read_singly(id)
  local attributes, message, code = monitor():attributes(id)
  return attributes or problem.raise_failure(message, code)
end

-- A function (id) that gives what a store has of the attributes that columns name.
local function attributes_reader(names, count)
  local values, several = {}, 0
  for _, name in ipairs(names) do
    local attribute = attribute_of(name)
    several = several + (attribute and not values[attribute] and count or name == "attributes" and math.huge or 0)
    values[attribute or false] = {}
  end
  values[false] = nil
  if several > VALUES_MAX then
    return read_singly
  end
  for attribute in pairs(values) do
    local message, code
    values[attribute], message, code = turns.run(function(give_turn)
      return stores.values_of(monitor().database, attribute, give_turn)
    end)
    if not values[attribute] then
      problem.raise_failure(message, code)
    end
  end
  return function(id)
    local attributes = {}
    for attribute, of in pairs(values) do
      attributes[attribute] = of[id]
    end
    return attributes
  end
end

-- ---- rows ----

local function instant_text(form, instant)
  return instant and (form(time.text(instant)):gsub('"', ""))
end

-- The row of a store, of what `fields` names, for the functions above.
local function row_of(list, number, fields, form)
  local report, status = list.report, list.status
  local row = { number = number }
  local id = report:store(number)
  local place = status and status.native:find(id) -- it may have come since, or have no polls
  if place then
    local since, last_poll
    row.state, since, last_poll, row.dormant = status.native:state(place)
    row.since, row.last_poll = instant_text(form, since), instant_text(form, last_poll)
  end
  place = list.strips and list.strips:find(id)
  row.strip = place and list.strips.native:strip_lines({ place }, 1, 1):match "^%l*"
  row.timezone_str = fields.timezone_str and report.native:zone(number)
  row.attributes = fields.attributes and list.attributes_of(id)
  return row, id
end

-- A function that gives the text of the file, piece by piece, and nil at its end.
local function pieces_of(list, numbers, names, form)
  local neutralise, cells, fields = service.neutralises_formulas(), {}, sheet.fields(names)
  local header = { "store_id" }
  for i, name in ipairs(names) do
    header[1 + i], cells[i] = core.csv_field(name, neutralise), cell_of(list.report, name, neutralise)
  end
  local lines, bytes, i = { table.concat(header, ",") .. "\n" }, 0, 0
  local function write_row()
    local row, id = row_of(list, numbers[i], fields, form)
    local line = { core.csv_field(id, neutralise) }
    for k, cell in ipairs(cells) do
      line[1 + k] = cell(row)
    end
    lines[#lines + 1] = table.concat(line, ",") .. "\n"
    bytes = bytes + #lines[#lines]
  end
  return function()
    turns.run(function(give_turn)
      while i < #numbers and bytes < PIECE do
        i = i + 1
        write_row()
        if i % ROWS == 0 then
          give_turn()
        end
      end
    end)
    local text = #lines > 0 and table.concat(lines) or nil
    lines, bytes = {}, 0
    return text
  end
end

--- Sends a list.
-- @tparam table list its `report` and, where columns need them, `status` and `strips`, all of them in use (see
--   `loom.http.fleet.use`)
-- @tparam {int,...} numbers of rows of the report
-- @tparam {string,...} names of columns
-- @tparam ?string form of instants: see `loom.formats.instants`
-- @treturn bool false if the client has gone
function sheet.send(list, numbers, names, form)
  list.attributes_of = attributes_reader(names, #numbers)
  local next_piece = pieces_of(list, numbers, names, instants.of(form)) -- raises what is wrong before the answer begins
  tasks.enter()
  return response.stream(sheet.headers(list.report.as_of_utc), next_piece)
end

--- Sends a list of no stores, where no figures are known.
-- @tparam {string,...} names of columns
function sheet.send_empty(names)
  local line = { "store_id" }
  for i, name in ipairs(names) do
    line[1 + i] = core.csv_field(name, service.neutralises_formulas())
  end
  response.send(200, sheet.headers(), table.concat(line, ",") .. "\n")
end

--- The headers of a file.
-- @tparam ?string as_of the instant that it is of, as text
function sheet.headers(as_of)
  return {
    ["Content-Type"] = "text/csv", ["Vary"] = "Accept", ["Cache-Control"] = "no-store",
    ["Content-Disposition"] = ('attachment; filename="stores%s.csv"'):format(as_of and "_" .. as_of:sub(1, 10) or ""),
  }
end

return sheet
