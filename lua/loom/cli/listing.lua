--- Lists that commands write: as an aligned table for people, as CSV, or as JSON, an object to a line.
-- @module loom.cli.listing

local common = require "loom.cli.common"
local formats = require "loom.formats"
local json = require "loom.json"
local time = require "loom.time"

local listing = {}

--- What --format takes.
listing.formats = { "table", "csv", "json" }

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
    return format == "table" and listing.short_instant(row[name]) or row[name]
  end }
end

local function write_json(write, options)
  local separator = "[\n"
  for row in options.rows() do
    local parts = {}
    for i, column in ipairs(options.columns) do
      parts[i] = json.string(column.name) .. ":" .. (column.json or json.any)(column.value(row), row)
    end
    write(separator .. "{" .. table.concat(parts, ",") .. "}")
    separator = ",\n"
  end
  write(separator == "[\n" and "[]\n" or "\n]\n")
end

--- Writes a list.
-- @tparam table args `format` and `output`
-- @tparam {table,...} columns each a `name` and `value`, a function (row); and, if wanted, `left` (its place in a table) and
--   `json`, a function (value, row) that writes it
-- @tparam table|function|loom.rows rows a list, or what gives the next row when it is called
-- @tparam[opt] function close makes the text that ends a table
function listing.write(args, columns, rows, close)
  local format, at = common.format_of(args), 0
  local options = { columns = columns, width = common.width_of(args), rows = function()
    return type(rows) ~= "table" and rows or function()
      at = at + 1
      return rows[at]
    end
  end }
  return common.write(args.output, function(write)
    if format == "json" then
      write_json(write, options)
    else
      formats[format](nil, write, options)
    end
    if close and format == "table" then
      write(close())
    end
  end)
end

return listing
