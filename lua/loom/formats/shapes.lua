--- JSON of what the monitor and reports tell, which the command and the service write alike. Fields have the names that they have
-- in the Lua tables and, where there are such, in the columns of the files: `timezone_str`, `effective_from`, `timestamp_utc`,
-- `status`. Instants are text, which in a Lua table is beside the number under a name that ends in `_utc`; what takes `instant`
-- writes them in another form where that is one of `loom.formats.instants`.
-- @module loom.formats.shapes

local figures = require "loom.figures"
local hours = require "loom.hours"
local instants = require "loom.formats.instants"
local json = require "loom.json"

local shapes = {}

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local number, text = json.number, json.string

-- ---- reports ----

local LEFT_OUT_MAX = 10 -- of which an answer tells: who has more has the log, and `loom check`

local function left_out_store(store)
  return json.object("store_id", text(store.store_id), "reason", text(store.reason))
end

--- The stores that a report leaves out: see `loom.report:left_out`.
-- @tparam {table,...} list the first of them
-- @tparam int count of all
function shapes.left_out(list, count)
  local first = {}
  for i = 1, math.min(#list, LEFT_OUT_MAX) do
    first[i] = list[i]
  end
  return json.object("count", number(count), "stores", json.array(first, left_out_store))
end

--- The rules in force: see `loom.rules.in_force`.
function shapes.rules(rules)
  return json.object("preset", text(rules.preset), "slack", number(rules.slack), "fill", text(rules.fill),
    "evidence", text(rules.evidence), "no_data", text(rules.no_data), "max_gap", number(rules.max_gap),
    "default_zone", text(rules.default_zone))
end

--- A window of a report: `calendar` where it is on the calendar, `before_of` where it is the one before another.
-- @tparam table window
-- @tparam[opt] function instant
function shapes.window(window, instant)
  instant = instant or text
  local members = { "name", text(window.name), "from", instant(window.from_utc), "to", instant(window.to_utc) }
  for _, name in ipairs { "calendar", "before_of" } do
    if window[name] then
      members[#members + 1], members[#members + 2] = name, text(window[name])
    end
  end
  return json.object(unpack(members))
end

--- The windows of a report.
-- @tparam {table,...} windows
-- @tparam[opt] function instant
function shapes.windows(windows, instant)
  return json.array(windows, function(window)
    return shapes.window(window, instant)
  end)
end

-- ---- hours ----

-- Every day of a week; null for none, which is open all day.
local function week_json(week)
  if not week then
    return json.null
  end
  local members = {}
  for i, day in ipairs(hours.days) do
    members[2 * i - 1], members[2 * i] = day, json.array(week[day] or {}, text)
  end
  return json.object(unpack(members))
end

local function change_json(change)
  return json.object("effective_from", json.text(change.effective_from), "origin", text(change.origin),
    "reverts", json.boolean(change.reverts), "week", week_json(change.week))
end

--- What is stored of a store's weekly hours, by whoever it was brought.
-- @tparam table found as `loom.monitor:hours` gives them
function shapes.hours_changes(found)
  return json.array(found.changes, change_json)
end

--- The weekly hours of a store.
-- @tparam string store_id
-- @tparam table found as `loom.monitor:hours` gives them
-- @tparam[opt] string next_cursor where the changes are a page, and others follow
-- @tparam[opt] string notice what there is to tell of hours that have just been set
-- @treturn string
function shapes.hours(store_id, found, next_cursor, notice)
  return json.object("store_id", text(store_id), "week", week_json(found.week),
    "effective_from", json.text(found.effective_from), "origin", json.text(found.origin),
    "changes", json.array(found.changes, change_json), "next_cursor", json.text(next_cursor),
    unpack(notice and { "notice", text(notice) } or {}))
end

--- An exclusion.
-- @tparam table exclusion as `loom.monitor:exclusions` gives it
function shapes.exclusion(exclusion)
  local rule = exclusion.zone and { "zone", text(exclusion.zone), "weekly", json.text(exclusion.weekly),
    "from_local", json.text(exclusion.from_local), "to_local", json.text(exclusion.to_local) } or {}
  return json.object("number", number(exclusion.number), "store_id", text(exclusion.store_id),
    "from_utc", json.text(exclusion.from_utc), "to_utc", json.text(exclusion.to_utc), "reason", text(exclusion.reason),
    unpack(rule))
end

--- The timezone of a store.
-- @tparam string store_id
-- @tparam table found as `loom.monitor:timezone` gives it
function shapes.zone(store_id, found)
  return json.object("store_id", text(store_id), "timezone_str", text(found.timezone_str), "origin", text(found.origin))
end

--- A special day.
-- @tparam table day as `loom.monitor:special_days` gives it
function shapes.special_day(day)
  return json.object("store_id", text(day.store_id), "date", text(day.date), "spans", json.array(day.spans, text),
    "note", text(day.note), "origin", text(day.origin))
end

-- ---- explanations ----

-- What is put between quotes as it is are words of Loom's own.

--- Writes a list, piece by piece, since it may be long.
-- @tparam function write
-- @tparam table list
-- @tparam function piece_of makes JSON of an item
-- @tparam ?function instant what `piece_of` gets beside it
-- @tparam[opt=",\n"] string between two pieces
function shapes.write_list(write, list, piece_of, instant, between)
  between = between or ",\n"
  write "["
  for i, item in ipairs(list) do
    local piece = piece_of(item, instant)
    write(i > 1 and between .. piece or piece)
  end
  write "]"
end

local write_list = shapes.write_list

local function opening_json(opening, instant)
  return ('{"date":"%s","span":"%s","rule":"%s","from":%s,"to":%s}'):format(opening.date, opening.span, opening.rule,
    instant(opening.from_utc), instant(opening.to_utc))
end

--- A stretch of time.
function shapes.span(span, instant)
  return ('{"from":%s,"to":%s,"seconds":%s}'):format(instant(span.from_utc), instant(span.to_utc), number(span.seconds))
end

--- One of a timeline.
function shapes.segment(segment, instant)
  return ('{"from":%s,"to":%s,"seconds":%s,"state":"%s"}'):format(instant(segment.from_utc), instant(segment.to_utc),
    number(segment.seconds), segment.state)
end

--- Writes a list of what a store was in a span of time.
-- @tparam function write
-- @tparam string store_id
-- @tparam string name what the list is called
-- @tparam {table,...} list
-- @tparam table span of `from_utc` and `to_utc`
-- @tparam function piece_of `shapes.span` or `shapes.segment`
-- @tparam[opt] function instant
function shapes.write_spans(write, store_id, name, list, span, piece_of, instant)
  instant = instant or instants.of "text"
  write(('{"store_id":%s,"from":%s,"to":%s,"%s":'):format(text(store_id), instant(span.from_utc), instant(span.to_utc), name))
  write_list(write, list, piece_of, instant, ",")
  write "}"
end

local function quoted(word)
  return word and '"' .. word .. '"' or "null"
end

local function cell_json(cell, instant)
  return ('{"from":%s,"to":%s,"seconds":%s,"state":"%s","poll":%s,"status":%s,"reason":"%s"}'):format(
    instant(cell.from_utc), instant(cell.to_utc), number(cell.seconds), cell.state, instant(cell.poll_utc), quoted(cell.status),
    cell.reason)
end

local function poll_json(poll, instant)
  return ('{"timestamp_utc":%s,"status":"%s"}'):format(instant(poll.timestamp_utc), poll.status)
end

local function write_piece(write, piece, instant)
  write(('{"from":%s,"to":%s,"seconds":%s,"polls":'):format(instant(piece.from_utc), instant(piece.to_utc),
    number(piece.seconds)))
  write_list(write, piece.polls, poll_json, instant)
  write ',"cells":'
  write_list(write, piece.cells, cell_json, instant)
  write "}"
end

local function write_window(write, window, instant)
  write(('%s,"uptime":%s,"downtime":%s,"unit":%s,"figures":%s,"openings":'):format(
    shapes.window(window, instant):sub(1, -2), text(window.uptime), text(window.downtime), text(window.unit),
    figures.json_of(window.figures)))
  write_list(write, window.openings, opening_json, instant)
  write ',"intervals":'
  write_list(write, window.intervals, shapes.span, instant)
  write ',"exclusions":'
  write_list(write, window.exclusions, shapes.span, instant)
  write ',"pieces":['
  for i, piece in ipairs(window.pieces) do
    write(i > 1 and ",\n" or "")
    write_piece(write, piece, instant)
  end
  write '],"polls_outside":'
  write_list(write, window.polls_outside, poll_json, instant)
  write "}"
end

--- Everything that made a store's figures, piece by piece, since it may be long.
-- @tparam function write
-- @tparam table found as `loom.monitor:explain` gives it
-- @tparam[opt] function instant
function shapes.write_explanation(write, found, instant)
  instant = instant or instants.of "text"
  write(('{"store_id":%s,"timezone_str":%s,"as_of":%s,"rules":%s,"windows":['):format(text(found.store_id),
    text(found.timezone_str), instant(found.as_of_utc), shapes.rules(found.rules)))
  for i, window in ipairs(found.windows) do
    write(i > 1 and ",\n" or "")
    write_window(write, window, instant)
  end
  write "]}"
end

local function write_day(write, day, instant)
  write(('{"date":"%s","from":%s,"to":%s,"rule":"%s","note":%s,"openings":'):format(day.date, instant(day.from_utc),
    instant(day.to_utc), day.rule, day.note and text(day.note) or "null"))
  write_list(write, day.openings, opening_json, instant)
  write "}"
end

--- The hours of a store, day by day.
-- @tparam function write
-- @tparam table found as `loom.monitor:schedule` gives it
-- @tparam[opt] function instant
function shapes.write_schedule(write, found, instant)
  instant = instant or instants.of "text"
  write(('{"store_id":%s,"timezone_str":%s,"as_of":%s,"days":['):format(text(found.store_id), text(found.timezone_str),
    instant(found.as_of_utc)))
  for i, day in ipairs(found.days) do
    write(i > 1 and ",\n" or "")
    write_day(write, day, instant)
  end
  write "]}"
end

return shapes
