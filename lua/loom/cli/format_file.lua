--- Formats and columns of the user's own: `--format FILE.lua`.
--
-- The file returns a format, a function (report, write, options) as `loom.formats` has them, or a table of `format`, such a
-- function or the name of one, and `columns`, a list as `loom.columns` takes it; both may be left out. Of commands that list
-- something other than figures there is no report: it is nil. Of commands that tell of one thing, such as `loom explain`, the
-- file returns a function (found, write), whose first argument is what the library's function of that name gives.
-- @module loom.cli.format_file

local check = require "loom.check"
local common = require "loom.cli.common"

local format_file = {}

-- Raises the failure of something in the file. The interpreter names the place; what is raised without one gets the path.
-- Ctrl-C, which the interpreter makes an error too, and what is the command's own pass, such as failures of writing.
local function fail(path, err)
  local message = tostring(err)
  local is_of_others = type(err) == "table" and (err.failure or err.usage or err.code)
  if is_of_others or message:find "interrupted!$" then
    error(err, 0)
  end
  common.fail(message:find "^[^\n]-:%d+: " and message or path .. ": " .. message)
end

-- A function of the file's, whose errors name it.
local function guarded(path, call)
  return function(...)
    local called, result = pcall(call, ...)
    if not called then
      fail(path, result)
    end
    return result
  end
end

local function columns_of(path, list)
  if type(list) ~= "table" or #list == 0 then
    common.fail(("%s: columns: list of columns expected, got %s"):format(path, check.shown(list)))
  end
  local columns = {}
  for i, column in ipairs(list) do
    if type(column) == "table" and type(column.name) == "string" and type(column.value) == "function" then
      columns[i] = { name = column.name, value = guarded(path, column.value) }
    elseif type(column) == "string" then
      columns[i] = column
    else
      common.fail(("%s: columns: the name of a column, or a table of name and value, expected as number %d, got %s")
        :format(path, i, check.shown(column)))
    end
  end
  return columns
end

local function take(path, found)
  if type(found) == "function" then
    found = { format = found }
  elseif type(found) ~= "table" then
    common.fail(("%s: returns %s, not a format: a function, or a table of format and columns"):format(path, check.shown(found)))
  end
  for key in pairs(found) do
    if key ~= "format" and key ~= "columns" then
      common.fail(("%s: returns a table with %s, which is neither format nor columns"):format(path, check.shown(key)))
    end
  end
  local format = found.format
  if type(format) == "function" then
    format = guarded(path, format)
  elseif format ~= nil and (type(format) ~= "string" or not require("loom.formats")[format]) then
    common.fail(("%s: format: the name of a format, or a function, expected, got %s"):format(path, check.shown(format)))
  end
  return { path = path, format = format, columns = found.columns and columns_of(path, found.columns) }
end

local function run(path)
  local chunk, message = loadfile(path)
  if not chunk then
    common.fail(message)
  end
  local called, found = pcall(chunk)
  if not called then
    fail(path, found)
  end
  return found
end

--- Runs a file that is to return a function.
-- @tparam string path
-- @treturn function whose errors end the command, with the file's name and the line
function format_file.load_function(path)
  local found = run(path)
  if type(found) ~= "function" then
    common.fail(("%s: returns %s, not a function (found, write)"):format(path, check.shown(found)))
  end
  return guarded(path, found)
end

--- Runs the file.
-- @tparam string path
-- @treturn table `path`; `format`, a function or a name, and `columns`, of which those that are tables are the file's own;
--   either may be nil. It ends the command where that fails, with the file's name and the line
function format_file.load(path)
  return take(path, run(path))
end

return format_file
