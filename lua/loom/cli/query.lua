--- loom query
-- @module loom.cli.query

local common = require "loom.cli.common"
local core = require "loom.core"
local json = require "loom.json"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

local command = { name = "query" }

local unpack = table.unpack or unpack -- luacheck: compat

function command.add_to(parser)
  local query = parser:command "query":summary "Ask the database in SQL."
    :description("Ask the database in SQL. Only statements that read are allowed. The polls are the table "
      .. "polls(store_id, timestamp_utc, active, unix), the newest ones store_now; figures('month=30d', "
      .. "'preset=monitoring') has those of each store, as reports do; sqlite_schema lists the other tables. SQLite's functions "
      .. "of dates read timestamp_utc; unix is the same in seconds. docs/sql.md has recipes.")
  options.argument(query, "database", "A database, or a folder of input files.")
  options.argument(query, "sql", "One statement, with a ? for each parameter.")
  options.argument(query, "parameters", "Their values, which are text: CAST(? AS INTEGER) makes numbers."):args "*"
  options.add_format_or_file(query, listing.formats)
  options.add_output(query)
end

-- A number with all its digits; nil for one that has none.
local function digits(value)
  return type(value) == "number" and core.digits(value) or nil
end

local function to_json(value)
  return digits(value) or json.any(value)
end

local function columns_of(rows, format)
  local columns, seen = {}, {}
  for i, name in ipairs(rows:columns()) do
    if seen[name] then -- a row has a value to a name
      common.wrong_use('the query has two columns "%s": name one with AS', name)
    end
    seen[name] = true
    columns[i] = { name = name, left = true, json = to_json, value = function(row)
      return not listing.is_json(format) and digits(row[name]) or row[name]
    end }
  end
  return columns
end

-- The rows of the query. That there are too few or too many parameters is known once it has been compiled.
local function open(monitor, args)
  local called, rows, message = pcall(monitor.query, monitor, args.sql, unpack(args.parameters))
  if called then
    return rows, message
  end
  local misfit = tostring(rows):match("the query has %d+ parameters?, got %d+ values?")
  return misfit and common.wrong_use("%s", misfit) or error(rows, 0)
end

function command.run(args)
  return common.with_data(args.database, function(monitor)
    local rows, message = open(monitor, args)
    if not rows then
      return nil, message
    end
    local columns = columns_of(rows, common.format_of(args))
    local written
    written, message = listing.write(args, columns, rows)
    rows:close()
    return written, message
  end)
end

return command
