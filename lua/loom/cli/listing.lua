--- Lists that commands write: as an aligned table for people, as CSV, or as JSON, an object to a line; or in a format or with
-- columns of the user's own.
-- @module loom.cli.listing

local check = require "loom.check"
local common = require "loom.cli.common"
local formats = require "loom.formats"
local json = require "loom.json"
local time = require "loom.time"

local listing = {}

--- What --format takes.
listing.formats = { "table", "csv", "json", "ndjson" }

--- A duration as people read it: hours:minutes:seconds.
function listing.duration(seconds)
  local whole = math.floor(seconds)
  local fraction = ("%.6f"):format(seconds - whole):gsub("0+$", ""):gsub("%.$", ""):sub(2)
  return ("%d:%02d:%02d%s"):format(math.floor(whole / 3600), math.floor(whole / 60) % 60, whole % 60, fraction)
end

--- An instant, given as text, as people read it: in UTC, without saying so.
function listing.short_instant(text)
  return time.short(time.instant(text))
end

--- A column of a field that is text.
function listing.text(name, field)
  return { name = name, left = true, value = function(row)
    return row[field or name]
  end }
end

--- A column of an instant, which is shorter in tables than for programs; its field is the one of the same name.
function listing.instant(name, format)
  return { name = name, left = true, value = function(row)
    return format == "table" and row[name] and listing.short_instant(row[name]) or row[name]
  end }
end

local function object_of(columns, row)
  local parts = {}
  for i, column in ipairs(columns) do
    parts[i] = json.string(column.name) .. ":" .. (column.json or json.any)(column.value(row), row)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function write_json(write, options)
  local separator = "[\n"
  for row in options.rows() do
    write(separator .. object_of(options.columns, row))
    separator = ",\n"
  end
  write(separator == "[\n" and "[]\n" or "\n]\n")
end

local function write_ndjson(write, options)
  for row in options.rows() do
    write(object_of(options.columns, row) .. "\n")
  end
end

--- Whether a format is one of JSON.
function listing.is_json(format)
  return format == "json" or format == "ndjson"
end

-- A function (write, options).
local function writer_of(format)
  if listing.is_json(format) then
    return format == "json" and write_json or write_ndjson
  end
  local writer = formats[format] or format
  return function(write, options)
    writer(nil, write, options)
  end
end

-- The columns of a file of the user's, which may name those that there are.
local function own_columns(own, columns)
  local list, by_name, names = {}, {}, {}
  for i, column in ipairs(columns) do
    by_name[column.name], names[i] = column, column.name
  end
  for i, column in ipairs(own.columns) do
    list[i] = type(column) == "table" and column or by_name[column]
      or common.fail(("%s: columns: one of %s expected, got %s"):format(own.path, table.concat(names, ", "), check.shown(column)))
  end
  return list
end

--- Writes a list.
-- @tparam table args `format` and `output`
-- @tparam {table,...} columns each a `name` and `value`, a function (row); and, if wanted, `left` (its place in a table) and
--   `json`, a function (value, row) that writes it
-- @tparam table|function|loom.rows rows a list, or what gives the next row when it is called
-- @tparam[opt] function close makes the text that ends a table
function listing.write(args, columns, rows, close)
  local format, at = common.format_of(args), 0
  local own = args.own and args.own.columns and own_columns(args.own, columns)
  local options = { columns = own or columns, width = common.width_of(args), rows = function()
    return type(rows) ~= "table" and rows or function()
      at = at + 1
      return rows[at]
    end
  end }
  return common.write(args.output, function(write)
    writer_of(format)(write, options)
    if close and format == "table" then
      write(close())
    end
  end)
end

return listing
