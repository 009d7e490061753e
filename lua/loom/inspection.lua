--- One store, looked at closely: its timeline, its outages, and what its figures are made of.
-- @module loom.inspection

local check = require "loom.check"
local core = require "loom.core"
local figures = require "loom.figures"
local hours = require "loom.hours"
local overrides = require "loom.overrides"
local rules = require "loom.rules"
local time = require "loom.time"
local windows = require "loom.windows"

local inspection = {}

local seconds = time.seconds

local checkers = {
  as_of = time.seen_from,
  most = check.integer(1, 2 ^ 53), -- polls and openings, for the service: more is EINVAL
}
for name, checker in pairs(rules.checkers) do
  checkers[name] = checker
end

local function inspect(monitor, store, window, options, told, overlay, hours_alone)
  local native = rules.pass_on(options, { id = store, as_of = time.as_of(monitor, options.as_of), most = options.most,
    told = told, overlay = overlay, hours_alone = hours_alone })
  native.default_zone = options.default_zone or monitor.default_zone
  for _, field in ipairs { "length", "from", "to", "calendar", "first", "after_last", "before" } do
    native[field] = window[field]
  end
  return core.inspect(monitor.database, native)
end

--- The polls of a store from one instant to another, both among them.
-- @tparam loom.monitor monitor
-- @tparam string store
-- @tparam int from in microseconds, before `to`
-- @tparam int to
-- @treturn table|nil `from`, and `polls` in order: `at`, in microseconds since that, and `active`
-- @treturn ?string the failure
-- @treturn ?string its code
function inspection.polls(monitor, store, from, to)
  return inspect(monitor, store, { from = from, to = to }, { as_of = to })
end

-- Checker of either end of a span: dates stay text.
local function end_of_span(value)
  local instant = time.days(value) and value or time.instant(value)
  return instant, not instant and "timestamp, date, or seconds since 1970" or nil
end

-- The window that `timeline` and `outages` are asked for: a word, or from one instant or date to another.
local function span_window(name, from, to)
  if to == nil and windows.is_word[from] then
    return { calendar = from }
  end
  from, to = check.argument(name, 2, from, end_of_span), check.argument(name, 3, to, end_of_span)
  local first, after_last = time.days(from), time.days(to)
  if (first == nil) ~= (after_last == nil) then
    check.fail("bad argument #3 to '%s' (%s expected, as #2 is)", name, first and "a date" or "an instant")
  elseif first and after_last > first then
    return { calendar = "dates", first = first, after_last = after_last }
  elseif first then
    check.fail("bad argument #3 to '%s' (a date after #2, %s, expected, got %s)", name, from, to)
  elseif time.between(from, to) <= 0 then
    check.fail("bad argument #3 to '%s' (an instant after #2, %s, expected, got %s)", name, time.text(from), time.text(to))
  end
  return { from = from, to = to }
end

local WEEK = 7 -- days
local DAY = 86400 * 1000000 -- microseconds

-- The dates up to an instant, or a week of them, where one end is left out. What is later than `as_of` is cut off anyway, so that
-- the date after the last may be one that has begun nowhere.
local function dates_up_to(first, after_last, seen_from)
  after_last = after_last or math.max(first + 1, core.parse_date(seen_from():sub(1, 10)) + 2)
  first = first or after_last - WEEK
  return core.format_date(first), core.format_date(after_last)
end

--- Both ends of a span of which either may be left out: it is a week then, and ends at what it is seen from.
-- @tparam ?string from an instant, or a local date
-- @tparam ?string to likewise
-- @tparam function seen_from gives an instant as text; it is called where that is needed
-- @treturn ?string from; nil where one is a date and the other is not
-- @treturn ?string to
-- @treturn bool whether there is anything between them
function inspection.ends(from, to, seen_from)
  local first, after_last = time.days(from), time.days(to)
  if first or after_last then
    if (from and not first) or (to and not after_last) then
      return nil
    end
    from, to = dates_up_to(first, after_last, seen_from)
    return from, to, time.days(from) < time.days(to)
  end
  to = to or seen_from()
  from = from or time.text_after(time.instant(to), -WEEK * DAY)
  return from, to, time.between(time.instant(from), time.instant(to)) > 0
end

-- Checks the arguments that `timeline` and `outages` share, and looks.
local function inspect_span(name, monitor, store, from, to, options)
  check.argument(name, 1, store, check.store_id)
  local window = span_window(name, from, to)
  return inspect(monitor, store, window, check.options(name, options, checkers))
end

-- ---- timelines ----

local utc = { from = "from_utc", to = "to_utc", timestamp = "timestamp_utc" }

-- Sets a field of a table to an instant, in microseconds since the window's start, as callers get it: in seconds, and as text.
-- For those who only write it in a form of their own it is counted alone, which takes a tenth of the time.
local function set_after(seen, item, name, offset)
  if seen.counts then
    item[utc[name]] = seen.from + offset
  else
    time.set_after(item, name, seen.from, offset)
  end
end

-- A stretch, which is in microseconds since the window's start, as callers get it.
local function shown(seen, stretch, item)
  item = item or {}
  set_after(seen, item, "from", stretch.from)
  set_after(seen, item, "to", stretch.to)
  item.seconds = seconds(stretch.to - stretch.from)
  return item
end

local function all_shown(seen, stretches)
  local list = {}
  for i, stretch in ipairs(stretches) do
    list[i] = shown(seen, stretch, { state = stretch.state })
  end
  return list
end

-- Adds a segment in microseconds since the window's start, or lengthens the last one.
local function add(spans, from, to, state)
  local last = spans[#spans]
  if from >= to then
    return
  elseif last and last.state == state and last.to == from then
    last.to = to
  else
    spans[#spans + 1] = { from = from, to = to, state = state }
  end
end

-- The segments of what was looked at, in microseconds since it begins.
local function segments_of(seen)
  local spans, at = {}, 0
  for _, cell in ipairs(seen.cells) do
    add(spans, at, cell.from, "closed") -- cells cover the pieces
    add(spans, cell.from, cell.to, cell.state)
    at = cell.to
  end
  add(spans, at, seen.length, "closed")
  return spans
end

--- What a store was, as `timeline` tells, or would be.
-- @tparam loom.monitor monitor
-- @tparam string store
-- @tparam string|number from an instant
-- @tparam string|number to an instant after it
-- @tparam table options as of `loom.monitor:timeline`
-- @tparam[opt] loom.overlay overlay facts in place of those that are stored: it is used up
-- @treturn {table,...}|nil `from` and `to` in microseconds since the first instant, and `state`
-- @treturn ?string the failure
-- @treturn ?string its code
function inspection.segments(monitor, store, from, to, options, overlay)
  local window = { from = time.instant(from), to = time.instant(to) }
  local seen, message, code = inspect(monitor, store, window, check.options("segments", options, checkers), nil, overlay)
  if not seen then
    return nil, message, code
  end
  return segments_of(seen)
end

-- The instants that were looked at.
local function span_of(seen)
  return shown(seen, { from = 0, to = seen.length })
end

--- See `loom.monitor:timeline`.
-- @treturn ?table the span: `from`, `to` and `seconds`, which are the caller's, or those of dates
function inspection.timeline(monitor, store, from, to, options)
  local seen, message, code = inspect_span("timeline", monitor, store, from, to, options)
  if not seen then
    return nil, message, code
  end
  return all_shown(seen, segments_of(seen)), span_of(seen)
end

local function outages_of(seen)
  local spans = {}
  for _, cell in ipairs(seen.cells) do
    if cell.state == "down" then
      add(spans, cell.from, cell.to)
    end
  end
  return all_shown(seen, spans)
end

--- See `loom.monitor:outages`.
-- @treturn ?table the span, as of `timeline`
function inspection.outages(monitor, store, from, to, options)
  local seen, message, code = inspect_span("outages", monitor, store, from, to, options)
  if not seen then
    return nil, message, code
  end
  return outages_of(seen), span_of(seen)
end

-- ---- explaining ----

local function openings_of(seen)
  local list = {}
  for i, opening in ipairs(seen.openings) do
    list[i] = {
      date = opening.date,
      span = hours.texts({ opening.open, opening.close })[1],
      open = opening.open,
      close = opening.close,
      rule = opening.rule,
    }
    set_after(seen, list[i], "from", opening.from)
    set_after(seen, list[i], "to", opening.to)
  end
  return list
end

-- Why a cell is in its state.
local function reason_of(seen, cell, piece, rule)
  local poll = cell.poll and time.between(seen.from, cell.poll)
  if cell.state == "excluded" then
    return "taken out by an exclusion"
  elseif not poll then
    return "no poll speaks for this piece: no_data = " .. rule.no_data
  elseif cell.state == "unknown" then
    return "further than max_gap from the poll"
  elseif poll < piece.from then
    return "the poll before this piece"
  elseif poll > piece.to then
    return "the poll after this piece"
  elseif cell.to <= poll then
    return "the poll that follows"
  elseif cell.from >= poll then
    return "the poll before"
  end
  return "the poll in it"
end

local function status_of(active)
  return active and "active" or "inactive"
end

local function shown_poll(seen, poll)
  local item = { status = status_of(poll.active) }
  set_after(seen, item, "timestamp", poll.at)
  return item
end

-- The polls that belong to a piece, in order; `at` is where to look on in the list of all.
local function polls_of(seen, piece, at)
  local list = {}
  while seen.polls[at] and seen.polls[at].at <= piece.to do
    if seen.polls[at].at >= piece.from then
      list[#list + 1] = shown_poll(seen, seen.polls[at])
    end
    at = at + 1
  end
  return list, math.max(at - 1, 1) -- a poll at the end of a piece may be at the start of the next one
end

-- The polls of the window that belong to no piece, in order.
local function polls_outside(seen)
  local list, place = {}, 1
  for _, poll in ipairs(seen.polls) do
    while seen.pieces[place] and seen.pieces[place].to < poll.at do
      place = place + 1
    end
    local piece = seen.pieces[place]
    if poll.at < seen.length and not (piece and poll.at >= piece.from) then
      list[#list + 1] = shown_poll(seen, poll)
    end
  end
  return list
end

local function pieces_of(seen, rule)
  local list, at = {}, 1
  for i, piece in ipairs(seen.pieces) do
    list[i] = shown(seen, piece, { cells = {} })
    list[i].polls, at = polls_of(seen, piece, at)
  end
  for _, cell in ipairs(seen.cells) do
    local cells = list[cell.piece].cells
    local item = shown(seen, cell, { state = cell.state, reason = reason_of(seen, cell, seen.pieces[cell.piece], rule) })
    if cell.poll then
      item.status = status_of(cell.active)
      if seen.counts then
        item.poll_utc = cell.poll
      else
        time.set(item, "poll", cell.poll) -- it may be centuries away
      end
    end
    cells[#cells + 1] = item
  end
  return list
end

local function explain_window(seen, window, rule)
  local f = seen.figures
  local shown_window = {
    name = window.name,
    unit = window.unit,
    calendar = window.calendar,
    before_of = window.before_of,
    figures = figures.of(f.up, f.down, f.unknown, f.excluded, f.longest, f.outages, f.polls),
    uptime = figures[window.unit](f.up),
    downtime = figures[window.unit](f.down),
    openings = openings_of(seen),
    intervals = all_shown(seen, seen.intervals),
    exclusions = all_shown(seen, seen.exclusions),
    pieces = pieces_of(seen, rule),
    polls_outside = polls_outside(seen),
  }
  time.set(shown_window, "from", seen.from)
  set_after(seen, shown_window, "to", seen.length)
  return shown_window
end

--- The same as `explain`, and the outages.
-- @tparam loom.monitor monitor
-- @tparam string store
-- @tparam table options
-- @tparam bool counts instants of what is in the windows are microseconds since 1970, in the fields whose names end with `_utc`,
--   and nowhere else; but for those that LuaJIT's numbers do not hold, which are as of `explain`
-- @treturn table|nil
-- @treturn {table,...}|string of each window `list` and `span`, as `outages` returns them; or the failure
-- @treturn ?string its code
function inspection.explain_outages(monitor, store, options, counts)
  check.argument("explain", 1, store, check.store_id)
  local known = { windows = windows.checker, compare = check.boolean }
  for name, checker in pairs(checkers) do
    known[name] = checker
  end
  options = check.options("explain", options, known)
  local list = options.windows or windows.checker(windows.standard)
  if options.compare then
    local compared, expected = windows.compared(list)
    list = compared or check.impossible("compare", "explain", expected, true)
  end
  local rule = rules.in_force(options)
  rule.default_zone = rule.default_zone or monitor.default_zone
  local result, outages, told = { store_id = store, rules = rule, windows = {} }, {}, 0
  for i, window in ipairs(list) do
    local seen, message, code = inspect(monitor, store, window.native, options, told)
    if not seen then
      return nil, message, code
    end
    seen.counts = counts and type(seen.from) == "number"
    result.timezone_str = seen.zone
    time.set(result, "as_of", seen.as_of)
    result.windows[i] = explain_window(seen, window, rule)
    outages[i] = { list = outages_of(seen), span = span_of(seen) }
    told = told + #seen.polls + #seen.openings -- all windows share what may be looked at
  end
  return result, outages
end

--- See `loom.monitor:explain`.
function inspection.explain(monitor, store, options)
  local result, message, code = inspection.explain_outages(monitor, store, options, false)
  return result, not result and message or nil, code
end

-- ---- schedules ----

local SCHEDULE_DAYS_MAX = 62 -- two months
local SCHEDULE_DAYS = 2 * WEEK -- up to the day that it is, and after it
local FIRST_DATE, LAST_DATE = core.parse_date "0001-01-01", core.parse_date "9999-12-31" -- that can be written

-- The special days in force by date: a store's own ones before those of all.
local function special_days_of(monitor, store, first, after_last)
  local by_date = {}
  for _, whose in ipairs { "*", store } do
    local days, message, code = overrides.special_days(monitor,
      { store = whose, from = core.format_date(first), to = core.format_date(after_last - 1) })
    if not days then
      return nil, message, code
    end
    for _, day in ipairs(days) do
      by_date[day.date] = day
    end
  end
  return by_date
end

local function rule_of(special_day)
  return not special_day and "weekly hours" or special_day.store_id == "*" and "special day of all stores" or "special day"
end

-- The openings of a date among those of more dates, without what is left of the night before.
local function openings_on(openings, day)
  local list = {}
  for _, opening in ipairs(openings) do
    if opening.date == day.date and opening.to > day.from and opening.from < day.to then
      list[#list + 1] = opening
    end
  end
  return list
end

-- Local days, from a date to the one before another: looked at from when they are over, so that all of them is there; without
-- those that the clock skips.
local function days_of(monitor, store, first, after_last, options)
  local over = (after_last + 2) * DAY
  local seen, message, code = inspect(monitor, store, { calendar = "dates", first = first, after_last = after_last },
    { as_of = over < tonumber(time.LAST) and over or time.LAST, slack = options.slack, preset = options.preset,
      default_zone = options.default_zone }, nil, nil, true)
  if not seen then
    return nil, message, code
  end
  local days, openings = {}, openings_of(seen)
  for i = 1, after_last - first do
    local from, to = seen.midnights[i], seen.midnights[i + 1]
    if from < to then
      local day = { date = core.format_date(first + i - 1) }
      time.set_after(day, "from", seen.from, from)
      time.set_after(day, "to", seen.from, to)
      day.openings = openings_on(openings, day)
      days[#days + 1] = day
    end
  end
  return days, seen.zone
end

-- The first date and the one after the last, as days since 1970, around the date that the store's clock shows at an instant.
local function schedule_dates(monitor, store, instant, options)
  local first, after_last = time.days(options.from), time.days(options.to)
  if not first and not after_last then
    local seen, message, code = inspect(monitor, store, { length = DAY },
      { as_of = instant, default_zone = options.default_zone })
    local clock = seen and time.on_clock(monitor.database, seen.zone, instant)
    if not clock then
      return nil, message, code
    end
    first = math.max(time.days(clock:sub(1, 10)) - WEEK + 1, FIRST_DATE)
  end
  first = first or math.max(after_last - SCHEDULE_DAYS, FIRST_DATE)
  after_last = after_last or math.min(first + SCHEDULE_DAYS, LAST_DATE)
  if after_last <= first or after_last - first > SCHEDULE_DAYS_MAX then
    check.impossible("to", "schedule", ("a date after from, by at most %d days"):format(SCHEDULE_DAYS_MAX), options.to)
  end
  return first, after_last
end

-- The instant around which a schedule is: `as_of`, or the newest poll, or now where there are none.
local function instant_of(monitor, as_of)
  local instant, message, code = time.as_of(monitor, as_of), nil, nil
  if not instant then
    instant, message, code = monitor.database:newest()
  end
  if not instant and code == "EEMPTY" then
    return time.now(monitor)
  end
  return instant, message, code
end

-- Adds the days between two dates to a schedule. True, or nil and the failure.
local function add_days(monitor, schedule, first, after_last, options)
  local special, message, code = special_days_of(monitor, schedule.store_id, first, after_last)
  if not special then
    return nil, message, code
  end
  local days, zone
  days, zone, code = days_of(monitor, schedule.store_id, first, after_last, options)
  if not days then
    return nil, zone, code
  end
  for _, day in ipairs(days) do
    local special_day = special[day.date]
    day.rule = day.openings[1] and day.openings[1].rule or rule_of(special_day)
    day.note = special_day and special_day.note or nil
  end
  schedule.days, schedule.timezone_str = days, zone
  return true
end

--- See `loom.monitor:schedule`.
function inspection.schedule(monitor, store, options)
  check.argument("schedule", 1, store, check.store_id)
  local known = { from = time.date, to = time.date }
  for name, checker in pairs(checkers) do
    known[name] = checker
  end
  options = check.options("schedule", options, known)
  local instant, message, code = instant_of(monitor, options.as_of)
  if not instant then
    return nil, message, code
  end
  local first, after_last
  first, after_last, code = schedule_dates(monitor, store, instant, options)
  if not first then
    return nil, after_last, code
  end
  local schedule, added = { store_id = store, days = {} }
  time.set(schedule, "as_of", instant)
  added, message, code = add_days(monitor, schedule, first, after_last, options)
  return added and schedule, message, code
end

return inspection
