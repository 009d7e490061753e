--- Answers that take longer than other requests should wait: what the threads of `loom.http.tasks` do. They have Lua states of
-- their own, in which there is no nginx.
--
-- A function is called with a function that writes, and its arguments as JSON. It returns true, or nil, a message and a code;
-- what is misuse of the library has the code EMISUSE, and as its message JSON of what `loom.check.misuse` tells.
-- @module loom.http.background

local alert_shapes = require "loom.formats.alert_shapes"
local audit = require "loom.audit"
local book = require "loom.alerts.book"
local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local exclusions = require "loom.exclusions"
local findings = require "loom.formats.findings"
local info_format = require "loom.formats.info"
local inspection = require "loom.inspection"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local later = require "loom.later"
local Monitor = require "loom.monitor"
local overview = require "loom.alerts.overview"
local shapes = require "loom.formats.shapes"
local Stored = require "loom.stored_report"

later.load_all()

local PATIENCE = 5 -- seconds for which a cluster is asked, as of the service's: see loom.http.service

-- Where the database was opened before, it is still open, unless it was deleted or replaced: a thread has one.
local monitor, opened

local function open(arguments)
  local key = arguments.database .. "\0" .. (arguments.default_zone or "")
  if opened ~= key or monitor.database:is_lost() then
    local message, code
    if monitor then
      monitor:close()
      opened = nil
    end
    monitor, message, code = Monitor.open(arguments.database,
      { checkpoint = false, patience = PATIENCE, default_zone = arguments.default_zone })
    if not monitor then
      return nil, message, code
    end
    opened = key
  end
  return monitor
end

-- A task of two halves: what find(at, arguments, write) returns of a monitor, tell(write, found, arguments, at, more) tells,
-- `more` being the second value that it returned. Where it is nil, the task fails with the message and the code beside it.
local function task(find, tell)
  return function(write, arguments)
    local at, message, code = open(arguments)
    local found
    if at then
      found, message, code = find(at, arguments, write)
    end
    if not found then
      return nil, message, code
    end
    return tell(write, found, arguments, at, message)
  end
end

-- Nothing, but where the task was cancelled: that ends it.
local function pause(write)
  write ""
end

-- ---- timelines and outages ----

-- Writes a list as CSV, with the columns that the command has.
local function write_csv(write, arguments, at, list, has_states)
  local zone, message, code = at:timezone(arguments.store_id)
  if not zone then
    return nil, message, code
  end
  local name = zone.origin == "default" and arguments.options.default_zone or zone.timezone_str
  local instant, id = instants.of(arguments.time), core.csv_field(arguments.store_id, arguments.neutralise_formulas)
  write(("store_id,from_utc,to_utc,%sseconds,from_local,to_local\n"):format(has_states and "state," or ""))
  for _, item in ipairs(list) do
    local cells = { id, (instant(item.from_utc):gsub('"', "")), (instant(item.to_utc):gsub('"', "")) }
    cells[4] = has_states and item.state or nil
    cells[#cells + 1] = json.number(item.seconds)
    cells[#cells + 1], cells[#cells + 2] = at:local_time(name, item.from_utc), at:local_time(name, item.to_utc)
    write(table.concat(cells, ",") .. "\n")
  end
  return true
end

-- What is asked of a store between two ends, as a list under a name.
local function spans_task(method, name, piece_of)
  return task(function(at, arguments)
    return inspection[method](at, arguments.store_id, arguments.from, arguments.to, arguments.options)
  end, function(write, list, arguments, at, span)
    if arguments.csv then
      return write_csv(write, arguments, at, list, name == "segments")
    end
    shapes.write_spans(write, arguments.store_id, name, list, span, piece_of, instants.of(arguments.time))
    return true
  end)
end

-- ---- explanations and schedules ----

-- What a method of the monitor tells of a store.
local function store_task(method, write_shape)
  return task(function(at, arguments)
    return at[method](at, arguments.store_id, arguments.options)
  end, function(write, found, arguments)
    write_shape(write, found, instants.of(arguments.time))
    return true
  end)
end

-- ---- previews ----

local function figures_of(report, id)
  local found = report:find(id)
  return json.object("windows", found and report:json_of(found) or "{}")
end

local preview = task(function(at, arguments)
  return at:preview(arguments.options)
end, function(write, found, arguments)
  local instant = instants.of(arguments.time)
  write(('{"store_id":%s,"as_of":%s,"rules":%s,"windows":%s,"before":%s,"after":%s,"left_out":%s,"changed":'):format(
    json.string(found.store_id), instant(found.as_of_utc), shapes.rules(found.before.rules),
    shapes.windows(found.before.windows, instant), figures_of(found.before, found.store_id),
    figures_of(found.after, found.store_id), json.number(found.left_out)))
  found.before:close()
  found.after:close()
  shapes.write_list(write, found.changed, function(stretch)
    return ('{"from":%s,"to":%s,"seconds":%s,"before":"%s","after":"%s"}'):format(instant(stretch.from_utc),
      instant(stretch.to_utc), json.number(stretch.seconds), stretch.before, stretch.after)
  end)
  write "}"
  return true
end)

-- ---- pages ----

-- The pieces of a list that go into a page, whose bytes the last of them reaches; and the last item in it where there is
-- another one.
local function page_of(list, arguments, piece_of)
  local pieces, bytes = {}, 0
  while #pieces < math.min(#list, arguments.limit) and bytes < arguments.bytes do
    local piece = piece_of(list[#pieces + 1])
    pieces[#pieces + 1], bytes = piece, bytes + #piece
  end
  return pieces, #pieces < #list and list[#pieces] or nil
end

-- Writes a page, with a line in front: where the next one begins, if there is one.
local function write_page(write, pieces, place)
  write((place or "") .. "\n[" .. table.concat(pieces, ",\n") .. "]")
  return true
end

-- ---- exclusions ----

-- A function (store_id) that tells whether what is of a store is wanted; where conditions choose stores, it is of these, and what
-- is of all stores together where `of_all` says so.
local function wanted_by(at, where, of_all)
  if not where then
    return function()
      return true
    end
  end
  local ids, message, code = at:store_ids { where = where }
  if not ids then
    return nil, message, code
  end
  local chosen = { ["*"] = of_all }
  for _, id in ipairs(ids) do
    chosen[id] = true
  end
  return function(id)
    return chosen[id]
  end
end

-- The exclusions that come next, one more than a page has, if there are so many.
local function next_exclusions(at, arguments, write)
  local is_wanted, message, code = wanted_by(at, arguments.where, true)
  local list, after = {}, arguments.after
  while is_wanted do
    local page
    page, message, code = exclusions.page(at, { store = arguments.store, after = after, limit = arguments.limit + 1 })
    if not page then
      return nil, message, code
    end
    for _, exclusion in ipairs(page) do
      list[#list + 1] = is_wanted(exclusion.store_id) and exclusion or nil
      after = { from = exclusion.place.from, to = exclusion.place.to, number = exclusion.number }
    end
    if #list > arguments.limit or #page <= arguments.limit then
      return list
    end
    pause(write)
  end
  return nil, message, code
end

-- The place of an exclusion is two instants and a number.
local list_exclusions = task(next_exclusions, function(write, list, arguments)
  local pieces, last = page_of(list, arguments, shapes.exclusion)
  return write_page(write, pieces, last and ("%s\t%s\t%d"):format(last.place.from, last.place.to, last.number))
end)

-- ---- the audit ----

-- An iterator over the entries that are wanted. Those of files that were loaded, and of all stores, are of more than some stores.
local function wanted_entries(at, arguments, write)
  local is_wanted, message, code = wanted_by(at, arguments.where, false)
  if not is_wanted then
    return nil, message, code
  end
  local next_entry = audit.each(at.database, { store = arguments.store, kind = arguments.kind, after = arguments.after })
  return function()
    local entry, why, why_code = next_entry()
    while entry and not is_wanted(entry.store_id) do
      pause(write)
      entry, why, why_code = next_entry()
    end
    return entry, why, why_code
  end
end

local list_audit = task(wanted_entries, function(write, next_entry, arguments)
  local form, pieces, bytes, last = instants.of(arguments.time), {}, 0, nil
  local entry, message, code = next_entry()
  while entry and #pieces < arguments.limit and bytes < arguments.bytes do
    local piece = audit.json(entry, form(entry.at_utc))
    pieces[#pieces + 1], bytes, last = piece, bytes + #piece, entry.number
    entry, message, code = next_entry()
  end
  if message then
    return nil, message, code
  end
  return write_page(write, pieces, entry and ("%.0f"):format(last))
end)

-- ---- alerts ----

-- A function that makes a path as clients see it.
local function link_of(prefix)
  return function(path)
    return prefix .. path
  end
end

-- A page of what is numbered.
local function write_numbered(write, list, arguments, piece_of)
  local pieces, last = page_of(list, arguments, piece_of)
  return write_page(write, pieces, last and ("%.0f"):format(last.number))
end

local alerts = task(function(at, arguments)
  return book.list(at, arguments.filter)
end, function(write, list, arguments)
  local instant, link = instants.of(arguments.time), link_of(arguments.prefix)
  return write_numbered(write, list, arguments, function(alert)
    return alert_shapes.alert(alert, instant, link)
  end)
end)

local pending_alerts = task(function(at, arguments)
  return overview.pending(at, arguments.options)
end, function(write, list, arguments)
  local instant = instants.of(arguments.time)
  write(json.object("pending", json.array(list, function(one) return alert_shapes.pending(one, instant) end)))
  return true
end)

local notifications = task(function(at, arguments)
  return at:notifications(arguments.filter)
end, function(write, list, arguments)
  local instant = instants.of(arguments.time)
  return write_numbered(write, list, arguments, function(item)
    return alert_shapes.notification(item, instant)
  end)
end)

local explain_alert = task(function(at, arguments)
  return at:explain_alert(arguments.options)
end, function(write, found, arguments, at)
  if arguments.alert then -- which need not be the last one
    found.alert = book.get(at, arguments.alert)
  end
  if found.alert and arguments.hides_deliveries then
    found.alert.deliveries = {}
  end
  write(alert_shapes.explanation(found, instants.of(arguments.time), link_of(arguments.prefix)))
  return true
end)

local backtest = task(function(at, arguments, write)
  return require("loom.alerts.backtest").run(at, arguments.options, function()
    pause(write)
  end)
end, function(write, found, arguments)
  write(alert_shapes.backtest(found, instants.of(arguments.time)))
  return true
end)

-- ---- doctor ----

local FRESH = 60 -- seconds for which findings hold while nothing changes: a feed that has stopped is seen by the clock
local STALE, SHARE = 2, 4 -- where data change, for so many seconds, or so many times what it takes to look

local looked -- what this thread has found last: `text`, `revision`, `examples`, `at` and `took`

local function is_fresh(at, arguments)
  local age = looked and core.clock() - looked.at
  if not looked or looked.examples ~= arguments.examples or age > math.max(FRESH, SHARE * looked.took) then
    return false
  end
  return age <= math.max(STALE, SHARE * looked.took) or looked.revision == at.database:revision()
end

local function doctor(write, arguments)
  local before = opened
  local at, message, code = open(arguments)
  if not at then
    return nil, message, code
  elseif opened ~= before then -- another one, or the same anew
    looked = nil
  end
  if not is_fresh(at, arguments) then
    local revision, started = at.database:revision(), core.clock()
    local found
    found, message, code = at:doctor { examples = arguments.examples, time_limit = arguments.time_limit }
    if not found then
      return nil, message, code
    end
    looked = { text = findings.json(found), revision = revision, examples = arguments.examples, at = core.clock(),
      took = core.clock() - started }
  end
  write(looked.text)
  return true
end

-- ---- info ----

local info = task(function(at)
  return at:info()
end, function(write, found)
  write(info_format.json(found))
  return true
end)

-- ---- reports ----

-- A report whose figures are in a file, in a format.
local function report(write, arguments)
  local stored, message, code = Stored.read(arguments.path, arguments.details, function()
    pause(write)
  end)
  if not stored then
    return nil, message, code or "EIO"
  end
  return stored:write(write, { format = arguments.format, flat = arguments.flat,
    neutralise_formulas = arguments.neutralise_formulas })
end

-- What raises because of the arguments fails.
local function guarded(produce)
  return function(write, argument)
    local called, result, message, code = pcall(produce, write, assert(cjson.decode(argument)))
    if called then
      return result, message, code
    end
    local misuse = check.misuse(result)
    if not misuse then
      error(result, 0)
    end
    return nil, cjson.encode(misuse), "EMISUSE"
  end
end

return {
  timeline = guarded(spans_task("timeline", "segments", shapes.segment)),
  outages = guarded(spans_task("outages", "outages", shapes.span)),
  explain = guarded(store_task("explain", shapes.write_explanation)),
  schedule = guarded(store_task("schedule", shapes.write_schedule)),
  doctor = guarded(doctor),
  info = guarded(info),
  exclusions = guarded(list_exclusions),
  audit = guarded(list_audit),
  alerts = guarded(alerts),
  pending_alerts = guarded(pending_alerts),
  notifications = guarded(notifications),
  explain_alert = guarded(explain_alert),
  backtest = guarded(backtest),
  preview = guarded(preview),
  report = guarded(report),
}
