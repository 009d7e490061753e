--- loom hours
-- @module loom.cli.hours

local common = require "loom.cli.common"
local hours = require "loom.hours"
local options = require "loom.cli.options"
local shapes = require "loom.formats.shapes"

local full_names = { mon = "Monday", tue = "Tuesday", wed = "Wednesday", thu = "Thursday", fri = "Friday",
  sat = "Saturday", sun = "Sunday" }

-- ---- get ----

local get = { name = "get", summary = "Show a store's weekly hours.",
  description = "Show a store's weekly hours: those in force on a date, and all that are stored." }

function get.add_to(parser)
  options.add_store(parser)
  options.add(parser, "--on", "DATE", "The local date (default: today where the store is).", options.date)
  options.add_text_format(parser)
end

local origins = { file = "from a file", override = "set by hand" }

local function day_text(week, day)
  return week[day] and table.concat(week[day], ", ") or "closed"
end

-- A change on one line.
local function change_text(change)
  local days = {}
  for _, day in ipairs(hours.days) do
    if change.week and change.week[day] then
      days[#days + 1] = day .. " " .. day_text(change.week, day)
    end
  end
  local what = change.reverts and "those of the file again" or days[1] and table.concat(days, "; ") or "closed"
  return ("  %-10s  %-11s  %s\n"):format(change.effective_from or "always", origins[change.origin], what)
end

local function write_text(write, found, on)
  on = on and "on " .. on or "today"
  if not found.week then
    write(("hours %s: none, open all day\n"):format(on))
  else
    write(("hours %s (%s, in force since %s):\n"):format(on, origins[found.origin], found.effective_from or "always"))
    for _, day in ipairs(hours.days) do
      write(("  %s  %s\n"):format(day, day_text(found.week, day)))
    end
  end
  if found.changes[1] then
    write("all that are stored, by their first date:\n")
  end
  for _, change in ipairs(found.changes) do
    write(change_text(change))
  end
end

function get.run(args)
  local write = common.writer_of(args, { text = function(found, put)
    write_text(put, found, args.on)
  end, json = function(found, put)
    put(shapes.hours(args.store, found) .. "\n")
  end })
  return common.with_database(args.database, function(monitor)
    local found, message = monitor:hours(args.store, { on = args.on })
    if not found then
      return nil, message
    end
    return write(found)
  end)
end

-- ---- set ----

local set = { name = "set", summary = "Set a store's weekly hours.",
  description = "Set a store's weekly hours from a date on. They prevail over those that files bring; the past stays as it "
    .. "was. SPANS are such as 09:00-17:00 or 11:00-14:30,17:00-02:00, or closed; a day that is not named is closed." }

function set.add_to(parser)
  for _, day in ipairs(hours.days) do
    options.add(parser, "--" .. day, "SPANS", full_names[day] .. "'s openings.", options.spans):count "*"
  end
  options.add(parser, "--daily", "SPANS", "The openings of each day that is not named.", options.spans):count "*"
  options.add(parser, "--from", "DATE", "The first local date; always: the past too (default: today where the store is).",
    options.date_or_always)
  options.add(parser, "--to", "DATE", "The local date from which on what was in force before is so again.", options.date)
  options.add_reason(parser)
  options.add_setting(parser)
end

-- The openings that a day's option was given, all times together; nil if it was not given.
local function spans_of(args, name)
  if #args[name] == 0 then
    return nil
  end
  local list = {}
  for _, spans in ipairs(args[name]) do
    for _, span in ipairs(spans) do
      list[#list + 1] = span
    end
  end
  local day = list[2] and list or list[1]
  local good, expected = hours.spans(day)
  return good and day or common.wrong_use("--%s: %s", name, options.expected_but(expected, table.concat(list, ",")))
end

local function week_of(args)
  local week, daily = {}, spans_of(args, "daily")
  for _, day in ipairs(hours.days) do
    week[day] = spans_of(args, day) or daily
  end
  return next(week) and week or common.wrong_use("no openings are given: name a day, such as --mon 09:00-17:00")
end

-- Passes on what has become of a change of hours, and tells of a notice.
local function told(good, notice)
  if good and notice then
    common.note("%s", notice:text("--from"))
  end
  return good, notice
end

function set.run(args)
  local choice, week = options.read_setting(args), week_of(args)
  return common.with_stores(args, choice, function(monitor, store)
    return told(monitor:set_hours(store, week, { from = args.from, to = args.to, reason = args.reason }))
  end)
end

-- ---- clear ----

local clear = { name = "clear", summary = "Take back what was set by hand.",
  description = "Take back what was set by hand: from a date on the hours of the file are in force again, and no change is "
    .. "planned any more." }

function clear.add_to(parser)
  options.add(parser, "--from", "DATE", "The first local date; always: as if nothing had been set (default: today where the "
    .. "store is).", options.date_or_always)
  options.add_reason(parser)
  options.add_setting(parser)
end

function clear.run(args)
  local choice = options.read_setting(args)
  return common.with_stores(args, choice, function(monitor, store)
    return told(monitor:clear_hours(store, { from = args.from, reason = args.reason }))
  end)
end

return common.group("hours", "Show and set a store's weekly hours.", { get, set, clear })
