--- loom status
-- @module loom.cli.status

local check = require "loom.check"
local common = require "loom.cli.common"
local formats = require "loom.formats"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"
local Status = require "loom.status"
local text = require "loom.formats.text"
local time = require "loom.time"

local command = { name = "status" }

local HELD = 3 -- the exit status where a condition of --fail-if holds

local dormant_values = { ["true"] = true, ["false"] = false, any = "any" }

function command.add_to(parser)
  local status = parser:command "status":summary "Tell what every store is now, and since when."
    :description("Tell what every store is now, or was at an instant: up, down, unknown, closed or excluded, and since when. The "
      .. "table has counts, then the stores that are down, the longest first, then those that are dormant; csv and the others "
      .. "have all stores, by id. Exit status: 3 if a condition of --fail-if holds.")
  options.argument(status, "database", "A database, or a folder of input files.")
  options.add_choice(status)
  status:flag "--all-stores":description "Also stores that have hours or a timezone but no poll."
  options.add(status, "--state", "STATE", "Only stores in this state, without dormant ones. May be given again.",
    options.text(Status.states)):count "*"
  options.add(status, "--dormant", "WHICH", "true: only dormant stores; false: none of them; any: both."):choices {
    "true", "false", "any" }
  options.add(status, "--dormant-after", "DUR", "How long without an active poll makes a store with openings dormant "
    .. "(default: 7d).", options.text(Status.checkers.dormant_after))
  options.add(status, "--fail-if", "CONDITION", "Exit with 3 if it holds: a state or dormant, >, >=, < or <=, and how many "
    .. "stores, or which share: 'down>5%' of those that are up, down or unknown. May be given again. A watch asks with --as-of "
    .. "now, so that polls that stop coming are noticed.",
    options.text(Status.condition)):count "*"
  options.add(status, "--sort", "BY", "store_id, since (the longest first) or last_poll."):choices {
    "store_id", "since", "last_poll" }
  status:flag "--descending":description "The other way round."
  options.add(status, "--limit", "N", "No more than N stores.", options.number(check.integer(0, 2 ^ 53)))
  options.add_format_or_file(status, { "csv", "table", "json", "ndjson" })
  options.add_output(status)
  status:flag "--neutralise-formulas":description "In csv, put ' before text that a spreadsheet would take for a formula."
  options.add_rules(status, "The instant (default: the newest poll).", "monitoring")
end

-- ---- the table ----

-- How long, in the two largest units: people do not care for the seconds of an outage that has lasted for days.
local function duration(seconds)
  local minutes = math.floor(seconds / 60)
  local hours, days = math.floor(minutes / 60), math.floor(minutes / 1440)
  if days > 0 then
    return ("%dd %dh"):format(days, hours % 24)
  elseif hours > 0 then
    return ("%dh %dm"):format(hours, minutes % 60)
  end
  return minutes > 0 and ("%dm"):format(minutes) or ("%ds"):format(math.floor(seconds))
end

local function instant(name)
  return { name = name, left = true, value = function(store)
    return store[name .. "_utc"] and listing.short_instant(store[name .. "_utc"]):gsub("%.%d+$", "")
  end }
end

local function write_list(write, status, args, choice)
  local as_of = status.native:as_of()
  local columns = { listing.text "store_id", listing.text "state", instant "since", { name = "for", value = function(store)
    return store.since_utc and duration(time.between(time.instant(store.since_utc), as_of) / 1000000)
  end }, instant "last_poll" }
  formats.table(nil, write, { columns = columns, width = common.width_of(args), rows = function()
    return (status:stores(choice))
  end })
end

-- Counts by state, on as many lines as they take.
local function write_counts(write, counts, width)
  local line = ""
  for _, name in ipairs(Status.counted) do
    local part = text.grouped(counts[name]) .. " " .. name
    if line ~= "" and #line + #part + 3 > width then
      write(line .. "\n")
      line = part
    else
      line = line == "" and part or line .. "   " .. part
    end
  end
  write(line .. "\n")
end

local function write_table(write, status, args, choice)
  write(("as of %s UTC, preset %s\n"):format(listing.short_instant(status.as_of_utc):gsub("%.%d+$", ""), status.rules.preset))
  write_counts(write, status.counts, common.width_of(args) or math.huge)
  choice.sort = choice.sort or "since"
  if choice.state or choice.dormant ~= nil then
    write "\n"
    return write_list(write, status, args, choice)
  end
  choice.state = "down"
  if status.counts.down > 0 then
    write "\n"
    write_list(write, status, args, choice)
  end
  if status.counts.dormant > 0 then
    write(("\ndormant: no active poll for %s\n"):format(duration(status.dormant_after)))
    choice.state, choice.dormant, choice.sort = nil, true, args.sort or "last_poll"
    write_list(write, status, args, choice)
  end
end

-- ---- running ----

local function write(args, status)
  local format = common.format_of(args)
  local choice = { state = #args.state > 0 and args.state or nil, dormant = dormant_values[args.dormant], sort = args.sort,
    descending = args.descending, limit = args.limit }
  if args.own then
    local columns = {}
    for i, name in ipairs { "store_id", "state", "since_utc", "dormant", "last_poll_utc" } do
      columns[i] = listing.text(name)
    end
    return listing.write(args, columns, status:stores(choice))
  elseif format == "table" then
    return common.write(args.output, function(put)
      write_table(put, status, args, choice)
    end)
  end
  choice.format, choice.neutralise_formulas = format, args.neutralise_formulas
  return status:write(args.output or io.stdout, choice)
end

-- Which conditions hold: the exit status.
local function judge(args, status)
  local result
  for _, condition in ipairs(args.fail_if) do
    local holds, words = status:is(condition)
    if holds then
      common.note("%s: %s", condition, words)
      result = HELD
    end
  end
  return result
end

function command.run(args)
  local wanted = options.rules_of(args)
  for name, value in pairs(options.choice_of(args)) do
    wanted[name] = value
  end
  wanted.all_stores = args.all_stores
  wanted.dormant_after = args.dormant_after
  local held
  local done, message = common.with_data(args.database, function(monitor)
    local status, failure = monitor:status(wanted)
    if not status then
      return nil, failure
    end
    common.tell_stores_left_out(status, args)
    local written
    written, failure = write(args, status)
    held = judge(args, status)
    status:close()
    return written, failure
  end)
  return done, message, held
end

return command
