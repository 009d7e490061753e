--- What `monitor:explain` gives, as text that the owner of a store can follow.
-- @module loom.cli.explanation

local core = require "loom.core"
local figures = require "loom.figures"
local formats = require "loom.formats"
local hours = require "loom.hours"
local listing = require "loom.cli.listing"
local text = require "loom.formats.text"

local explanation = {}

local duration, short = listing.duration, listing.short_instant

local INDENT, GAP = "    ", 2

-- What is left out first where a line is too long: the ends follow from the beginnings.
local EXPENDABLE = { "to_utc", "local" }

-- The places of the columns that are shown in a table of some width, that of a column which stands below its row, and the
-- names of those that are left out.
local function choose(names, rows, width)
  local kept, place_of, widths, total = {}, {}, {}, #INDENT - GAP
  for i, name in ipairs(names) do
    kept[i], place_of[name], widths[i] = true, i, core.utf8_width(name)
    for _, row in ipairs(rows) do
      widths[i] = math.max(widths[i], core.utf8_width(row[i] or ""))
    end
    total = total + widths[i] + GAP
  end
  local function leave_out(place)
    if not place or not width or total <= width then
      return nil
    end
    kept[place], total = false, total - widths[place] - GAP
    return place
  end
  local below = leave_out(place_of.why)
  local left_out = {}
  for _, name in ipairs(EXPENDABLE) do
    left_out[#left_out + 1] = leave_out(place_of[name]) and name
  end
  local places = {}
  for i = 1, #names do
    places[#places + 1] = kept[i] and i or nil
  end
  return places, below, left_out
end

-- A table of rows, which are lists, under a heading; or the heading with a word for nothing. Without a width lines are as long as
-- they need to be.
local function write_rows(write, width, heading, names, rows, nothing)
  if #rows == 0 then
    write(("  %s: %s\n"):format(heading, nothing))
    return
  end
  write(("  %s:\n"):format(heading))
  local places, below, left_out = choose(names, rows, width)
  local list, at, lines = {}, 0, {}
  for i, place in ipairs(places) do
    list[i] = { name = names[place], left = names[place] ~= "duration", value = function(row)
      return row[place]
    end }
  end
  formats.table(nil, function(line)
    lines[#lines + 1] = line
  end, { columns = list, width = width and width - #INDENT, rows = function()
    return function()
      at = at + 1
      return rows[at]
    end
  end })
  at = -1 -- the head is no row
  for line in table.concat(lines):gmatch "[^\n]*\n" do
    at = at + 1
    write(INDENT .. line)
    if below and at > 0 and rows[at] then
      write(INDENT .. INDENT .. rows[at][below] .. "\n")
    end
  end
  if left_out[1] then
    write(("%s(width %d: left out: %s)\n"):format(INDENT, width, table.concat(left_out, ", ")))
  end
end

-- "Mon 2024-03-04".
local function day(date)
  local name = hours.days[(core.parse_date(date) + 3) % 7 + 1] -- 1970-01-01 was a Thursday
  return name:sub(1, 1):upper() .. name:sub(2) .. " " .. date
end

local function write_rules(write, rules)
  local parts = { "preset " .. rules.preset, "fill " .. rules.fill, "evidence " .. rules.evidence,
    "no data " .. rules.no_data, "max gap " .. (rules.max_gap and duration(rules.max_gap) or "none"),
    "slack " .. duration(rules.slack) }
  write("rules: " .. table.concat(parts, ", ") .. "\n")
end

-- The ratio of up time as it is printed.
local function ratio_of(f)
  return f.ratio and figures.ratio(figures.ratio_of(f)) or "none"
end

local function write_figures(write, window, before)
  local f = window.figures
  write(("\n%s: uptime %s, downtime %s %s\n"):format(window.name, window.uptime, window.downtime,
    window.unit))
  write(("  from %s to %s UTC\n"):format(short(window.from_utc), short(window.to_utc)))
  write(("  up %s + down %s + unknown %s = %s scheduled; %s excluded\n"):format(duration(f.up), duration(f.down),
    duration(f.unknown), duration(f.scheduled), duration(f.excluded)))
  write(("  ratio of up time %s; %s, longest %s; %s inside\n"):format(ratio_of(f), text.counted(f.outages, "outage"),
    duration(f.longest), text.counted(f.polls, "poll")))
  if before then
    write(("  before, from %s: uptime %s, downtime %s %s, ratio of up time %s\n"):format(short(before.from_utc), before.uptime,
      before.downtime, before.unit, ratio_of(before.figures)))
  end
end

-- "Mon 09:00:00", from "2024-03-04 09:00:00".
local function day_and_time(shown)
  local date, clock = shown:match("^(%S+) (%S+)$")
  return date and day(date):sub(1, 3) .. " " .. clock or shown
end

-- Two instants in UTC, and what the store's clocks show at them.
local function ends(on_clock, item)
  local from, to = on_clock(item.from_utc), on_clock(item.to_utc)
  local same_day = from:match("^%S+ ") == to:match("^%S+ ")
  return short(item.from_utc), short(item.to_utc),
    day_and_time(from) .. " - " .. (same_day and to:match("(%S+)$") or day_and_time(to))
end

local function write_openings(write, width, on_clock, window)
  local rows = {}
  for i, opening in ipairs(window.openings) do
    rows[i] = { day(opening.date), opening.span, opening.rule, ends(on_clock, opening) }
  end
  write_rows(write, width, "openings", { "date", "hours", "rule", "from_utc", "to_utc", "local" }, rows,
    "none, closed all through")
end

local function write_spans(write, width, on_clock, heading, spans)
  local rows, names = {}, { "", "duration", "from_utc", "to_utc", "local" }
  for i, span in ipairs(spans) do
    rows[i] = { tostring(i), duration(span.seconds), ends(on_clock, span) }
    if span.polls then
      names[6], rows[i][6] = "polls", tostring(#span.polls)
    end
  end
  write_rows(write, width, heading, names, rows, "none")
end

local function write_cells(write, width, on_clock, window)
  local rows = {}
  for number, piece in ipairs(window.pieces) do
    for _, cell in ipairs(piece.cells) do
      local from, to, on_clocks = ends(on_clock, cell)
      local why = cell.poll and ("%s, %s at %s"):format(cell.reason, cell.status, short(cell.poll_utc)) or cell.reason
      rows[#rows + 1] = { tostring(number), cell.state, duration(cell.seconds), from, to, on_clocks, why }
    end
  end
  write_rows(write, width, "what they were, and what vouches for it",
    { "piece", "state", "duration", "from_utc", "to_utc", "local", "why" }, rows, "there are none")
end

--- Writes an explanation.
-- @tparam function write
-- @tparam loom.monitor monitor whose zones are used
-- @tparam table explained as `monitor:explain` gives it
-- @tparam[opt] int width of the terminal that it is for
function explanation.write(write, monitor, explained, width)
  local function on_clock(instant)
    return monitor:local_time(explained.timezone_str, instant) or "-"
  end
  write(("store %s, whose clocks show the time of %s\nas of %s UTC\n"):format(text.shown(explained.store_id),
    text.shown(explained.timezone_str), short(explained.as_of_utc)))
  write_rules(write, explained.rules)
  for i, window in ipairs(explained.windows) do
    local next_one = explained.windows[i + 1]
    write_figures(write, window, next_one and next_one.before_of == window.name and next_one)
    write_openings(write, width, on_clock, window)
    write_spans(write, width, on_clock, "intervals (openings, overlapping ones merged)", window.intervals)
    write_spans(write, width, on_clock, "exclusions", window.exclusions)
    write_spans(write, width, on_clock, "pieces (intervals inside the window)", window.pieces)
    write_cells(write, width, on_clock, window)
  end
end

return explanation
