--- The query parameters of what is made from a report: its options, and which stores it is about.
-- @module loom.http.v1.options

local check = require "loom.check"
local core = require "loom.core"
local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local problem = require "loom.http.problem"
local Report = require "loom.report"
local request = require "loom.http.request"
local rules = require "loom.rules"
local service = require "loom.http.service"
local stores = require "loom.stores"
local time = require "loom.time"
local turns = require "loom.http.turns"
local windows = require "loom.windows"

local options = {}

local WINDOWS_MAX = 8 -- of a report that is kept in memory
local GLOB_STARS_MAX = 4 -- each may multiply the time that a look at one id takes
local CONDITIONS_MAX = 20

-- NAME:DURATION, NAME:FROM/TO, NAME:WORD or WORD, with commas between windows.
local function parse_windows(text)
  local list = {}
  for item in (text .. ","):gmatch("([^,]*),") do
    local name, span = item:match("^([^:]*):(.*)$")
    local from, to = (span or ""):match("^(.-)/(.*)$")
    if windows.is_word[item] then
      list[#list + 1] = windows.of_word(item)
    elseif windows.is_word[span] then
      list[#list + 1] = { name = name, calendar = span }
    else
      list[#list + 1] = { name = name, from = from, to = to, seconds = not from and span or nil }
    end
  end
  local good, expected, is_impossible = windows.checker(list)
  if not good or #list > WINDOWS_MAX then
    return nil, good and ("at most %d windows"):format(WINDOWS_MAX) or expected, is_impossible
  end
  return list
end

--- The checker of a pattern of store ids.
function options.store_pattern(text)
  local _, stars = text:gsub("%*+", "")
  if #text >= 1 and #text <= core.limits.store_id and stars <= GLOB_STARS_MAX and not text:find("\0", 1, true) then
    return text
  end
  return nil, ("pattern of 1 to %d bytes, with at most %d stars"):format(core.limits.store_id, GLOB_STARS_MAX)
end

-- "now" is the second that has begun, so that all who ask within it share a report.
local function parse_as_of(text)
  local instant, expected = time.seen_from(text)
  if not instant then
    return nil, expected
  elseif instant == "now" then
    local monitor = service.monitor() or problem.raise_closed()
    local now = tonumber(time.now(monitor))
    return time.text(now - now % 1000000)
  end
  return text
end

-- Those that are options of a report; their values stay text, so that they are also its key.
local of_report = { as_of = parse_as_of, windows = parse_windows, all_stores = request.flag, compare = request.flag }
for name, checker in pairs(rules.checkers) do
  of_report[name] = request.as_text(checker)
end

--- Checkers of the parameters that are options of a report.
options.of_report = of_report

--- What the parameters are, for the document of the API.
options.parameters = {
  { name = "as_of", description = "What all is seen from, and the end of windows that are given by their length: an instant, a "
    .. "date, which is its first instant in UTC, or now (default: the newest poll).", schema = "Instant" },
  { name = "windows", description = "NAME:DURATION or NAME:FROM/TO, with commas between them (default: the last hour, day "
    .. "and week), such as month:30d,january:2023-01-01T00:00:00Z/2023-02-01T00:00:00Z. Two dates, the first one and the one "
    .. "after the last, are those of each store's own calendar, cut at as_of, and so are NAME:WORD and WORD alone, one of "
    .. table.concat(windows.words, ", ") .. ".", schema = { type = "string" } },
  { name = "compare", description = "Puts beside each window, as NAME_before, the one before it: as long, or of as many dates or "
    .. "whole months.", schema = { type = "boolean" } },
  { name = "preset", description = "The rules that polls are judged by.",
    schema = { type = "string", enum = rules.names.preset } },
  { name = "fill", schema = { type = "string", enum = rules.names.fill } },
  { name = "evidence", schema = { type = "string", enum = rules.names.evidence } },
  { name = "no_data", schema = { type = "string", enum = rules.names.no_data } },
  { name = "max_gap", description = 'A duration, or "none".', schema = { type = "string" } },
  { name = "slack", description = "A duration.", schema = { type = "string" } },
  { name = "default_zone", description = "The timezone of stores without one.", schema = { type = "string" } },
  { name = "time", description = "How the answer gives instants: as text (2023-01-25 18:13:22.000000 UTC), by RFC 3339 "
    .. "(2023-01-25T18:13:22Z, with a fraction only where there is one), or as milliseconds since 1970, whose fraction is cut.",
    schema = { type = "string", enum = instants.names, default = "text" } },
}

--- The same with those that choose stores.
options.fleet_parameters = {
  { name = "store_id", description = "A pattern that ids must match, with *, ? and [a-z].", schema = { type = "string" } },
  { name = "where.ATTRIBUTE", description = "A value that the attribute must have; given more than once, one of them. The name "
    .. "of the parameter ends with that of the attribute.", schema = { type = "string" } },
  { name = "all_stores", description = "Also stores without polls.", schema = { type = "boolean" } },
}
for _, parameter in ipairs(options.parameters) do
  table.insert(options.fleet_parameters, parameter)
end

--- The parameters of a query, with those of reports and `more` known.
-- @tparam table more checkers
-- @tparam bool of_fleet also those that choose stores are known
-- @treturn table
function options.read(more, of_fleet)
  local known = {}
  for name, checker in pairs(of_report) do
    known[name] = checker
  end
  for name, checker in pairs(more) do
    known[name] = checker
  end
  known.time = check.choice(instants.names)
  known.store_id = of_fleet and options.store_pattern or nil
  known.all_stores = of_fleet and known.all_stores or nil
  return request.parameters(known, of_fleet and { ["where."] = true })
end

--- Ends the request if a parameter of reports is there that is none where there are no windows to choose, or none to compare.
-- @tparam table parameters as `read` gives them
-- @tparam string name
function options.refuse(parameters, name)
  if parameters[name] ~= nil then
    problem.raise(400, name .. ": there is no such parameter", { field = name })
  end
end

--- Parameters without some of them.
-- @tparam {table,...} list
-- @tparam table names those to leave out, as keys
-- @treturn {table,...}
function options.without(list, names)
  local rest = {}
  for _, parameter in ipairs(list) do
    if not names[parameter.name] then
      rest[#rest + 1] = parameter
    end
  end
  return rest
end

--- Ends the request if a timezone, where there is one, is none of the tz database.
function options.check_zone(zone)
  local known, reason = true, nil
  if type(zone) == "string" then
    known, reason = core.is_timezone(service.monitor().database, zone)
  end
  if not known then
    problem.raise(422, ("default_zone: %s"):format(reason), { field = "default_zone" })
  end
end

--- The options of a report among the parameters, and the same as text.
function options.report(parameters)
  local chosen, names = {}, {}
  if parameters.compare and #(parameters.windows or windows.standard) * 2 > WINDOWS_MAX then
    problem.raise(400, ("compare: at most %d windows expected"):format(WINDOWS_MAX / 2), { field = "compare" })
  end
  for name in pairs(of_report) do
    chosen[name] = parameters[name]
    if parameters[name] ~= nil then
      names[#names + 1] = name
    end
  end
  service.call(nil, function()
    Report.check_options("report", chosen)
    return true
  end)
  options.check_zone(chosen.default_zone)
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = name .. "=" .. ngx.escape_uri(name == "windows" and ngx.req.get_uri_args().windows or tostring(chosen[name]))
  end
  return chosen, table.concat(names, "&")
end

--- What of the parameters chooses stores, as text: "" for all of them.
function options.choice(parameters)
  local parts = {}
  for name, values in pairs(parameters["where."] or {}) do
    local texts = {}
    for i, value in ipairs(values) do
      texts[i] = ngx.escape_uri(value)
    end
    table.sort(texts)
    parts[#parts + 1] = "where." .. ngx.escape_uri(name) .. "=" .. table.concat(texts, ",")
  end
  table.sort(parts)
  if parameters.store_id then
    table.insert(parts, 1, "store_id=" .. ngx.escape_uri(parameters.store_id))
  end
  return table.concat(parts, "&")
end

-- The attributes that the parameters ask for, as `stores.conditions` gives them.
local function conditions_of(parameters)
  local count = 0
  for name, values in pairs(parameters["where."] or {}) do
    count = count + #values
    if name == "" then
      problem.raise(400, "where.: the name of an attribute expected", { field = "where." })
    end
  end
  if count > CONDITIONS_MAX then
    problem.raise(400, ("where: at most %d values expected"):format(CONDITIONS_MAX), { field = "where" })
  end
  local conditions, expected = stores.conditions(parameters["where."] or {})
  return conditions or problem.raise(400, ("where: %s expected"):format(expected), { field = "where" })
end

-- Chooses in turns with others.
local function choose(report, glob, conditions)
  local choice, go_on = report:chooser(glob, conditions)
  local called, done, message, code = pcall(turns.run, function(give_turn)
    local good, why, why_code
    repeat
      local seconds, monitor = give_turn(), service.monitor()
      if not monitor then
        problem.raise_closed()
      end
      good, why, why_code = go_on(monitor.database, seconds)
    until good ~= false
    return good, why, why_code
  end)
  if called and done then
    return choice, choice:size()
  end
  choice:close()
  if not called then
    error(done, 0)
  end
  return problem.raise_failure(message, code)
end

--- Has a report looked at in turns with others: see `loom.http.turns`.
-- @tparam table parameters as `read` gives them
-- @tparam loom.report report
-- @tparam loom.http.lru made what was made of the report before: see `loom.http.fleet`
-- @tparam function work called with the stores that the parameters choose, as a choice for the native half or nil for all of
--   them, and a function that is to be called after each piece of the work
-- @return what it returns
function options.look(parameters, report, made, work)
  local key, conditions = options.choice(parameters), conditions_of(parameters)
  local function look(only)
    return turns.run(function(give_turn)
      return work(only, give_turn)
    end)
  end
  return fleet.use(report, function()
    if key == "" then
      return look()
    end
    local only = fleet.once(made, key, function()
      return choose(report, parameters.store_id, conditions)
    end)
    return fleet.use(only, function()
      return look(only)
    end)
  end)
end

return options
