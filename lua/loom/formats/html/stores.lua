--- The table of all rows: its head, and the data that the page's script makes its rows of.
--
-- The data is JSON. A row is a list: its number in the report, from 1, then a cell for each column. Numbers are as CSV prints
-- them; a ratio is in millionths; an objective is the share of its budget that is spent, over 1 where it is missed (1e999,
-- which a JSON parser takes for infinite, where there is no budget); a strip is in runs (see `markup.runs`); null is what is
-- not defined. Behind the columns come what the store is called, null where that is its id, and the number of its group, where
-- the report has such.
-- @module loom.formats.html.stores

local figures = require "loom.figures"
local json = require "loom.json"
local markup = require "loom.formats.html.markup"
local time = require "loom.time"
local values = require "loom.formats.values"

local stores = {}

local ROWS_TO_A_WRITE = 500

-- A column's `name` is what its head says, `kind` how the script prints its cells, `title` what the head says in full.
-- `window` is the place of the one that it is under; `first` columns have a line on their left.

local function window_columns(report, list, place)
  local window = report.windows[place]
  for i, column in ipairs { { "Up", "uptime_", window.unit }, { "Down", "downtime_", window.unit },
    { "Up %", "ratio_", "percent" }, { "Outages", "outages_", "count" } } do
    list[#list + 1] = { name = column[1], title = column[2] .. window.name, kind = column[3], window = place, first = i == 1 }
  end
  if report.has_slo then
    list[#list + 1] = { name = "SLO", title = "slo_burn_" .. window.name .. ": down time as a share of the error budget",
      kind = "burn", window = place }
  end
end

--- What rows are searched by.
function stores.searched(report)
  return report.name_attribute and ("%s, %s"):format(report.name_attribute, report.key) or report.key
end

local function standard_columns(report)
  local list = { { name = stores.searched(report), kind = "key" } }
  if report.grouped then
    list[2] = { name = "stores", kind = "count" }
  end
  if report.strips then
    list[#list + 1] = { name = "", kind = "strip", first = true }
  end
  for place = 1, #report.windows do
    window_columns(report, list, place)
  end
  return list
end

-- A column that the report knows has `is_key`, true or false: one of the caller's that is called "strip" has not.
local function chosen_kind(report, column)
  if column.is_key then
    return "key"
  elseif column.name == "strip" and column.is_key == false and report.strips then
    return "strip"
  elseif column.text and not column.is_ratio then
    return report.windows[report.window_index[column.name:match("^%l+time_(.+)$")]].unit
  end
  return "any"
end

--- The columns of the table.
function stores.columns(report, options)
  if not options.chosen then
    return standard_columns(report)
  end
  local list = {}
  for i, column in ipairs(options.columns) do
    local kind = chosen_kind(report, column)
    list[i] = { name = kind == "strip" and "" or column.name, kind = kind, source = column }
  end
  return list
end

-- ---- the head ----

local classes = { key = "id", strip = "strip", any = "any" }

local function write_column(write, column, number, rowspan)
  local class = (classes[column.kind] or "number") .. (column.first and " first" or "")
  if column.kind == "strip" then
    write(('<th scope="col" class="%s"%s data-column="%d"></th>'):format(class, rowspan, number))
    return
  end
  local title = column.title and (' title="%s"'):format(markup.text(column.title)) or ""
  write(('<th scope="col" class="%s"%s data-column="%d"><button type="button"%s>%s</button></th>')
    :format(class, rowspan, number, title, markup.text(column.name)))
end

--- The head of the table: the windows above their columns.
function stores.write_head(report, write, list)
  local has_windows, under = false, nil
  for _, column in ipairs(list) do
    has_windows = has_windows or column.window ~= nil
  end
  local rowspan = has_windows and ' rowspan="2"' or ""
  write("<thead>\n<tr>")
  for number, column in ipairs(list) do
    if not column.window then
      write_column(write, column, number, rowspan)
    elseif column.window ~= under then
      under = column.window
      local window = report.windows[under]
      write(('<th scope="colgroup" class="window first" colspan="%d">%s <small>%s</small></th>')
        :format(report.has_slo and 5 or 4, markup.name(window), window.unit == "minutes" and "min" or "h"))
    end
  end
  write("</tr>\n")
  if has_windows then
    write("<tr>")
    for number, column in ipairs(list) do
      if column.window then
        write_column(write, column, number, "")
      end
    end
    write("</tr>\n")
  end
  write("</thead>\n")
end

-- ---- the data ----

-- How much of a budget is spent, rounded away from 1: above it the objective is missed.
local function burn(report, index, place, up, down)
  local budget = report:slo_budget(index, place, up, down)
  if not budget or up + down == 0 then
    return "null"
  elseif down > budget then
    return budget == 0 and "1e999" or json.number(math.max(10001, math.ceil(down / budget * 1e4)) / 1e4)
  end
  return budget == 0 and "0" or json.number(math.floor(figures.millionths(down, budget - down) / 100) / 1e4)
end

--- The strip of a row as the page has it: behind its runs the number of the zone whose days it has, where that is not the first.
function stores.strip(report, index)
  local zone = report.zone_number and report:zone_number(index)
  return markup.runs(report:strip(index) or "") .. (zone and zone > 1 and "@" .. zone - 1 or "")
end

local function standard_cells(report, index, cells)
  if report.strips then
    cells[#cells + 1] = '"' .. stores.strip(report, index) .. '"'
  end
  local n, has_slo = #cells, report.has_slo
  for place, window in ipairs(report.windows) do
    local print_in = figures[window.unit]
    local up, down, _, _, _, outages = report:figures(index, place)
    cells[n + 1], cells[n + 2] = print_in(up), print_in(down)
    local millionths = figures.millionths(up, down)
    cells[n + 3] = millionths and ("%d"):format(millionths) or "null"
    cells[n + 4] = ("%d"):format(outages)
    n = n + 4
    if has_slo then
      n = n + 1
      cells[n] = burn(report, index, place, up, down)
    end
  end
end

local function chosen_cell(report, column, row)
  local source = column.source
  if column.kind == "key" then
    return markup.json(report:store(row.index))
  elseif column.kind == "strip" then
    return '"' .. stores.strip(report, row.index) .. '"'
  elseif source.text and not source.is_ratio then
    return source.text(row)
  end
  return (values.cell(source, row):gsub("<", "\\u003c"))
end

-- What comes behind the columns of a row.
local function extra_cells(report, index, cells, group_of)
  if report.name_attribute then
    local name = report:name(index)
    cells[#cells + 1] = name and markup.json(name) or "null"
  end
  if group_of then
    cells[#cells + 1] = ("%d"):format(group_of(index))
  end
end

local function row_text(report, list, row, chosen, group_of)
  local cells = { ("%d"):format(row.index) }
  if chosen then
    for i, column in ipairs(list) do
      cells[i + 1] = chosen_cell(report, column, row)
    end
  else
    cells[2] = markup.json(report:store(row.index))
    if report.grouped then
      cells[3] = ("%d"):format(row.stores)
    end
    standard_cells(report, row.index, cells)
  end
  extra_cells(report, row.index, cells, group_of)
  return "[" .. table.concat(cells, ",") .. "]"
end

local function seconds(instant)
  return json.number(time.seconds(time.instant(instant)))
end

-- The days of the zones that the stores are in: see `loom.report:zones`.
local function write_zones(report, write)
  local zones = report.zones and report:zones() or {}
  for i, zone in ipairs(zones) do
    local days = {}
    for number, day in ipairs(zone.days) do
      days[number] = ("[%s,%d]"):format(seconds(day.from_utc), day.date)
    end
    write(('%s{"name":%s,"from":%s,"to":%s,"first":%d,"days":[%s]}'):format(i == 1 and ',"zones":[' or ",",
      markup.json(zone.name), seconds(zone.from_utc), seconds(zone.to_utc), zone.first, table.concat(days, ",")))
  end
  write(zones[1] and "]" or "")
end

-- What the page has to know of the rows.
local function write_facts(report, write, list, group_of)
  local kinds = {}
  for i, column in ipairs(list) do
    kinds[i] = '"' .. column.kind .. '"'
  end
  write(('{"noun":"%s","all":%d,"kinds":[%s],'):format(report.grouped and "group" or "store", report:count(),
    table.concat(kinds, ",")))
  local behind = #list
  if report.name_attribute then
    behind = behind + 1
    write(('"name":%d,'):format(behind))
  end
  if group_of then
    write(('"group":%d,'):format(behind + 1))
  end
  if report.strips then
    local window = report.windows[report.window_index[report.strips.window]]
    write(('"strips":{"from":%s,"to":%s,"bins":%d'):format(json.number(window.from), json.number(window.to), report.strips.bins))
    write_zones(report, write)
    write("},")
  end
end

--- The data.
-- @tparam ?function group_of the number of a row's group, by the row's
function stores.write_data(report, write, list, options, group_of)
  write_facts(report, write, list, group_of)
  write('"rows":[')
  local lines, count, separator = {}, 0, "\n"
  for row in options.rows() do
    count = count + 1
    lines[count] = row_text(report, list, row, options.chosen, group_of)
    if count == ROWS_TO_A_WRITE then
      write(separator .. table.concat(lines, ",\n", 1, count))
      count, separator = 0, ",\n"
    end
  end
  if count > 0 then
    write(separator .. table.concat(lines, ",\n", 1, count))
  end
  write("\n]}")
end

return stores
