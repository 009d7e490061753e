--- The query parameters of what is made from a report: its options, and which stores it is about.
-- @module loom.http.v1.options

local check = require "loom.check"
local core = require "loom.core"
local etag = require "loom.http.etag"
local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local pass = require "loom.http.v1.pass"
local problem = require "loom.http.problem"
local Report = require "loom.report"
local request = require "loom.http.request"
local restriction = require "loom.http.restriction"
local rules = require "loom.rules"
local service = require "loom.http.service"
local states = require "loom.http.v1.states"
local stores = require "loom.stores"
local time = require "loom.time"
local turns = require "loom.http.turns"
local windows = require "loom.windows"
local zones = require "loom.http.v1.zones"

local options = {}

local WINDOWS_MAX = 8 -- of a report that is kept in memory
local GLOB_STARS_MAX = 4 -- each may multiply the time that a look at one id takes
local CONDITIONS_MAX = 20
local ZONES_MAX = 20
local IDS_MAX = 80 -- whose addresses of 36 letters are half of the longest line that nginx takes

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

local function zones_checker(list)
  return #list <= ZONES_MAX and list or nil, ("at most %d zones"):format(ZONES_MAX)
end

local function ids_checker(list)
  for _, id in ipairs(list) do
    if not check.store_id(id) then
      return nil, "ids of stores"
    end
  end
  return #list <= IDS_MAX and list or nil, ("at most %d ids"):format(IDS_MAX)
end

-- "now" is the second that has begun, so that all who ask within it share a report.
local function parse_as_of(text)
  local instant, expected = time.seen_from(text)
  if not instant then
    return nil, expected
  elseif instant == "now" then
    etag.void()
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
  { name = "default_zone", description = "The timezone of stores without one.",
    schema = { type = "string", maxLength = core.limits.zone_name } },
  { name = "time", description = "How the answer gives instants: as text (2023-01-25 18:13:22.000000 UTC), by RFC 3339 "
    .. "(2023-01-25T18:13:22Z, with a fraction only where there is one), or as milliseconds since 1970, whose fraction is cut.",
    schema = { type = "string", enum = instants.names, default = "text" } },
}

--- The same with those that choose stores.
options.fleet_parameters = {
  { name = "store_id", description = "A pattern that ids must match, with *, ? and [a-z].",
    schema = { type = "string", minLength = 1, maxLength = core.limits.store_id } },
  { name = "store", description = "The id of a store; given more than once, one of them.",
    schema = { type = "array", maxItems = IDS_MAX,
      items = { type = "string", minLength = 1, maxLength = core.limits.store_id } } },
  { name = "q", description = "A text that the id or the value of an attribute must contain, whichever case A to Z are in.",
    schema = { type = "string", minLength = 1, maxLength = core.limits.search } },
  { name = "timezone_str", description = "The zone that stores must have by the rules of the report, so that default_zone counts "
    .. "for those without one; given more than once, one of them.",
    schema = { type = "array", maxItems = ZONES_MAX, items = { type = "string", maxLength = core.limits.zone_name } } },
  { name = "where.ATTRIBUTE", description = "A value that the attribute must have; given more than once, one of them. The name "
    .. "of the parameter ends with that of the attribute.", schema = { type = "string" } },
  { name = "all_stores", description = "Also stores without polls.", schema = { type = "boolean" } },
}
for _, more in ipairs { states.choice_parameters, options.parameters } do
  for _, parameter in ipairs(more) do
    table.insert(options.fleet_parameters, parameter)
  end
end

local LISTS = { timezone_str = true, store = true } -- may be there more than once

-- Checkers of the parameters that choose stores, beside `all_stores`, which is one of reports, and "where.ATTRIBUTE".
local of_choice = { store_id = options.store_pattern, store = ids_checker, q = stores.search, timezone_str = zones_checker }
for name, checker in pairs(states.choice_checkers) do
  of_choice[name] = checker
end

--- The parameters of a query, with those of reports and `more` known.
-- @tparam table more checkers
-- @tparam bool of_fleet also those that choose stores are known
-- @treturn table
function options.read(more, of_fleet)
  local known = {}
  for _, checkers in ipairs { of_report, of_fleet and of_choice or {}, more } do
    for name, checker in pairs(checkers) do
      known[name] = checker
    end
  end
  known.time = check.choice(instants.names)
  known.all_stores = of_fleet and known.all_stores or nil
  local parameters = request.parameters(known, of_fleet and { ["where."] = true }, of_fleet and LISTS)
  for _, zone in ipairs(parameters.timezone_str or {}) do
    zones.check("timezone_str", zone)
  end
  return parameters
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
  zones.check("default_zone", chosen.default_zone)
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = name .. "=" .. ngx.escape_uri(name == "windows" and ngx.req.get_uri_args().windows or tostring(chosen[name]))
  end
  return chosen, table.concat(names, "&")
end

-- ---- which stores ----

-- What of the parameters, and of what who asks may see, chooses stores by their ids and attributes, as text: "" for all of them.
local function names_key(parameters)
  local parts = {}
  for name, values in pairs(restriction.narrow(parameters["where."])) do
    local texts = {}
    for i, value in ipairs(values) do
      texts[i] = ngx.escape_uri(value)
    end
    table.sort(texts)
    parts[#parts + 1] = "where." .. ngx.escape_uri(name) .. (texts[1] and "=" or "") .. table.concat(texts, ",")
  end
  table.sort(parts)
  for _, name in ipairs { "q", "store_id" } do
    if parameters[name] then
      table.insert(parts, 1, name .. "=" .. ngx.escape_uri(parameters[name]))
    end
  end
  return table.concat(parts, "&")
end

--- What of the parameters chooses stores, as text: "" for all of them.
function options.choice(parameters)
  local parts = {}
  local zone_names = parameters.timezone_str and "timezone_str=" .. table.concat(parameters.timezone_str, ",") or ""
  local ids = {}
  for i, id in ipairs(parameters.store or {}) do
    ids[i] = "store=" .. ngx.escape_uri(id)
  end
  for _, part in ipairs { names_key(parameters), table.concat(ids, "&"), zone_names, states.key(parameters) } do
    parts[#parts + 1] = part ~= "" and part or nil
  end
  return table.concat(parts, "&")
end

-- The attributes that stores must have, as `stores.conditions` gives them.
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
  local conditions, expected = stores.conditions(restriction.narrow(parameters["where."]))
  return conditions or problem.raise(400, ("where: %s expected"):format(expected), { field = "where" })
end

-- Calls work(status, number) with the states that parameters choose by, and a number that tells them from others; with nil where
-- they do not, or where there are no polls.
local function with_status(parameters, status, work)
  if status or not states.filter(parameters) then
    return work(status)
  end
  local found, made = states.of(parameters)
  if not found then
    return work()
  end
  return fleet.use(found, function()
    return work(found, made.number)
  end)
end

-- Calls work(only) with a choice among a report's rows while it is there: fill(choice) makes it.
local function with_choice(report, fill, work)
  local choice = report.native:choice()
  local good, result = pcall(function()
    fill(choice)
    return work(choice)
  end)
  choice:close()
  if not good then
    error(result, 0)
  end
  return result
end

-- Calls work(only) with those of a report's rows, or of the choice among them, whose stores have ids, zones and states that
-- parameters ask for: to look for these takes so little time that they are not kept.
local function narrow(parameters, report, status, only, work)
  local filter = states.filter(parameters)
  local function by_states(in_zones)
    if not filter then
      return work(in_zones)
    end
    return with_choice(report, function(choice)
      if status then
        choice:take_states(report.native, status.native, filter, in_zones)
      end
    end, work)
  end
  local function by_zones(among)
    if not parameters.timezone_str then
      return by_states(among)
    end
    return with_choice(report, function(choice)
      choice:take_zones(report.native, parameters.timezone_str, among)
    end, by_states)
  end
  if not parameters.store then
    return by_zones(only)
  end
  return with_choice(report, function(choice)
    choice:take_ids(report.native, parameters.store, only)
  end, by_zones)
end

--- Has a report looked at in turns with others: see `loom.http.turns`.
-- @tparam table parameters as `read` gives them
-- @tparam loom.report|loom.status report
-- @tparam loom.http.lru made what was made of the report before: see `loom.http.fleet`
-- @tparam function work called with the stores that the parameters choose, as a choice for the native half or nil for all of
--   them, and a function that is to be called after each piece of the work
-- @tparam[opt] loom.status status that of the parameters, for who has it; it is in use (see `loom.http.fleet.use`)
-- @return what it returns
function options.look(parameters, report, made, work, status)
  local key, conditions = names_key(parameters), conditions_of(parameters)
  local function look(of_states, only)
    return turns.run(function(give_turn)
      return narrow(parameters, report, of_states, only, function(wanted)
        return work(wanted, give_turn)
      end)
    end)
  end
  return fleet.use(report, function()
    return with_status(parameters, status, function(of_states)
      if key == "" then
        return look(of_states)
      end
      local only = fleet.once(made.of_stores, key, function()
        return pass.complete(report:chooser(parameters.store_id, conditions, parameters.q))
      end)
      return fleet.use(only, function()
        return look(of_states, only)
      end)
    end)
  end)
end

--- A text that is made of a report and the stores that parameters choose, and kept for those who ask for it again.
-- @tparam table parameters
-- @tparam loom.report|loom.status report
-- @tparam loom.http.lru made
-- @tparam string key what the text is, beside the stores that it is of
-- @tparam function make called without a turn, with the states that parameters choose by, if they do, as `look` takes them; it
--   returns the text
-- @tparam[opt] loom.status status
-- @treturn string
function options.kept(parameters, report, made, key, make, status)
  return fleet.use(report, function()
    return with_status(parameters, status, function(of_states, number)
      local whole_key = table.concat({ key, options.choice(parameters), number or "", restriction.key() }, "\0")
      return fleet.once(made, whole_key, function()
        local text = make(of_states)
        return text, #text
      end)
    end)
  end)
end

--- The same of what takes one look.
-- @tparam table parameters
-- @tparam loom.report|loom.status report
-- @tparam loom.http.lru made
-- @tparam string key
-- @tparam function work as `look` takes it; it returns the text
-- @tparam[opt] loom.status status
-- @treturn string
function options.answer(parameters, report, made, key, work, status)
  return options.kept(parameters, report, made, key, function(of_states)
    return options.look(parameters, report, made, work, of_states)
  end, status)
end

return options
