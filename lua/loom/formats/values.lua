--- Rows as JSON (RFC 8259), for the formats that write it. Ids and texts that are not UTF-8 have their stray bytes replaced
-- by U+FFFD, since JSON is UTF-8 (section 8.1).
-- @module loom.formats.values

local columns = require "loom.columns"
local figures = require "loom.figures"

local values = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t" }

local function escape(c)
  return escapes[c] or ("\\u%04x"):format(c:byte())
end

-- How many bytes the sequence that begins at `at` has (RFC 3629); nil if it is none.
local function sequence_length(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  local function continues(byte, least, most)
    return byte and byte >= (least or 0x80) and byte <= (most or 0xBF)
  end
  if a < 0x80 then
    return 1
  elseif a >= 0xC2 and a <= 0xDF then
    return continues(b) and 2 or nil
  elseif a >= 0xE0 and a <= 0xEF then
    return continues(b, a == 0xE0 and 0xA0 or nil, a == 0xED and 0x9F or nil) and continues(c) and 3 or nil
  elseif a >= 0xF0 and a <= 0xF4 then
    return continues(b, a == 0xF0 and 0x90 or nil, a == 0xF4 and 0x8F or nil) and continues(c) and continues(d) and 4 or nil
  end
end

--- Text in which what is not UTF-8 is replaced.
function values.utf8(text)
  if not text:find("[\128-\255]") then
    return text
  end
  local parts, at = {}, 1
  while at <= #text do
    local length = sequence_length(text, at)
    parts[#parts + 1] = length and text:sub(at, at + length - 1) or "\239\191\189"
    at = at + (length or 1)
  end
  return table.concat(parts)
end

--- A text as JSON.
function values.string(text)
  return '"' .. values.utf8(text):gsub('[%c"\\]', escape) .. '"'
end

--- A number with up to six decimals; null if there is none, or if it is not finite.
function values.number(value)
  return value ~= nil and figures.decimal(value) or "null"
end

--- Any value of a column.
function values.any(value)
  local kind = type(value)
  if kind == "number" then
    return values.number(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif value == nil then
    return "null"
  end
  return values.string(tostring(value))
end

--- What a column has of a row.
function values.cell(column, row)
  if column.is_ratio then
    local text = column.text(row)
    return text ~= "" and text or "null"
  end
  return values.any(column.value(row))
end

local function ratio(of_window)
  return of_window.ratio and figures.ratio(figures.ratio_of(of_window)) or "null"
end

-- Members that are ratios, which are cut.
local ratios = {
  ratio = ratio,
  target = function(slo)
    return columns.ratio_of(slo.target) or "null"
  end,
  burn = function(slo)
    return columns.ratio_of(slo.burn) or "null"
  end,
}

local order = { "up", "down", "unknown", "excluded", "scheduled", "ratio", "outages", "longest", "mttr", "mtbf", "polls" }
local slo_order = { "target", "met", "budget", "spent", "left", "burn" }

local function object(fields, names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = ('"%s":%s'):format(name, ratios[name] and ratios[name](fields) or values.any(fields[name]))
  end
  return table.concat(parts, ",")
end

--- The figures of a window: durations in seconds, those of the objective in minutes.
function values.figures(of_window)
  local text = object(of_window, order)
  if of_window.slo then
    text = ('%s,"slo":{%s}'):format(text, object(of_window.slo, slo_order))
  end
  return "{" .. text .. "}"
end

--- A row: its key and all its windows, or the columns that were asked for.
function values.row(report, row, options)
  local parts = {}
  if options.chosen then
    for i, column in ipairs(options.columns) do
      parts[i] = values.string(column.name) .. ":" .. values.cell(column, row)
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  for i, window in ipairs(report.windows) do
    parts[i] = values.string(window.name) .. ":" .. values.figures(row[window.name])
  end
  local head = values.string(report.key) .. ":" .. values.string(report:store(row.index))
  if report.grouped and report.key ~= "stores" then
    head = ('%s,"stores":%d'):format(head, row.stores)
  end
  return ('{%s,"windows":{%s}}'):format(head, table.concat(parts, ","))
end

return values
