--- What `loom timeline` and `loom outages` share: a store between two instants.
-- @module loom.cli.span

local check = require "loom.check"
local common = require "loom.cli.common"
local inspection = require "loom.inspection"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"
local time = require "loom.time"
local windows = require "loom.windows"

local span = {}

function span.add_to(parser, name, summary, description)
  local command = parser:command(name):summary(summary):description(description)
  options.add_store(command, "A database, or a folder of input files.")
  local from = options.add(command, "--from", "T", "The first instant, or local date (default: a week before the last one).",
    options.instant_or_date)
  local to = options.add(command, "--to", "T", "The last instant, or the date after the last (default: that of --as-of, or else "
    .. "the newest poll).", options.instant_or_date)
  local window = options.add(command, "--window", "WORD", "On the store's calendar, up to --as-of: "
    .. table.concat(windows.words, ", ") .. ".", options.text(check.choice(windows.words)))
  command:mutex(from, window)
  command:mutex(to, window)
  options.add_format_or_file(command, listing.formats)
  options.add_output(command)
  options.add_rules(command, "Polls after it are not known yet (default: the newest poll).")
end

-- What all ends at that has no end of its own, as text; nil and the failure if there is nothing.
local function seen_from(monitor, args)
  if args.as_of then
    return time.text(time.as_of(monitor, time.seen_from(args.as_of)))
  end
  local info, message = monitor:info()
  if not info then
    return nil, message
  elseif not info.newest_poll then
    return nil, args.database .. ": there are no polls yet: --to is needed"
  end
  return info.newest_poll_utc
end

-- An end as messages show it.
local function shown(text)
  return time.days(text) and text or listing.short_instant(text)
end

-- The two ends, as text, or a word alone; nil and the failure if there is nothing to begin with.
local function ends_of(monitor, args)
  local seen, message = args.to or args.window, nil
  if not seen then
    seen, message = seen_from(monitor, args)
  end
  if not seen then
    return nil, message
  elseif args.window then
    return args.window
  end
  local from, to, is_span = inspection.ends(args.from, args.to, function()
    return seen
  end)
  if not from then
    common.wrong_use("--from and --to: two dates, or two instants expected, got %s and %s", check.shown(args.from),
      check.shown(args.to))
  elseif not is_span then
    common.wrong_use("--from: %s is not before %s", shown(from), shown(to))
  end
  return from, to
end

local function local_column(monitor, name, field, zone)
  return { name = name, left = true, value = function(row)
    return monitor:local_time(zone, row[field])
  end }
end

-- The columns of a segment; `middle` are those between its ends and their local times.
local function columns_of(monitor, args, zone, middle)
  local format = common.format_of(args)
  local duration = { name = "seconds", value = function(row)
    return row.seconds
  end }
  if format == "table" then
    duration = { name = "duration", value = function(row)
      return listing.duration(row.seconds)
    end }
  end
  local list = { listing.instant("from_utc", format), listing.instant("to_utc", format) }
  for _, column in ipairs(middle) do
    list[#list + 1] = column
  end
  list[#list + 1] = duration
  list[#list + 1] = local_column(monitor, "from_local", "from_utc", zone)
  list[#list + 1] = local_column(monitor, "to_local", "to_utc", zone)
  return list
end

--- Runs one of the two commands.
-- @tparam string method of the monitor
-- @tparam {table,...} middle columns of its own
-- @tparam[opt] function close (segments) makes the text that ends a table
function span.run(args, method, middle, close)
  local rules = options.rules_of(args)
  return common.with_data(args.database, function(monitor)
    local from, to = ends_of(monitor, args)
    if not from then
      return nil, to
    end
    local segments, message = monitor[method](monitor, args.store, from, to, rules)
    local zone
    if segments then
      zone, message = monitor:timezone(args.store)
    end
    if not zone then
      return nil, message
    end
    local name = zone.origin == "default" and args.default_zone or zone.timezone_str
    return listing.write(args, columns_of(monitor, args, name, middle), segments, close and function()
      return close(segments)
    end)
  end)
end

return span
