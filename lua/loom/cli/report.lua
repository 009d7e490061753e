--- loom report
-- @module loom.cli.report

local common = require "loom.cli.common"
local core = require "loom.core"
local loading = require "loom.loading"
local loom = require "loom"

local command = { name = "report" }

-- The library's limits: past them it raises errors, which are meant for programs.
local CENTURY = 36525 * 86400 * 1000000 -- microseconds
local NAME_LENGTH_MAX = 64
local WINDOWS_MAX = 64
local PATTERNS_MAX = 1000
local PATTERN_LENGTH_MAX = 1024
local THREADS_MAX = 64

function command.add_to(parser)
  local report = parser:command "report"
    :summary "Report uptime and downtime."
    :description "Report uptime and downtime of each store that has a poll."
  report:argument "database":description "A database, or a folder of input files."
  report:option "-o --output":argname "FILE":description "Write there instead of to standard output."
  report:option "--format":argname "FORMAT":choices { "csv", "table", "json", "exact", "html" }
    :description("csv, table, json, exact (microseconds) or html (a page to look at). "
      .. "Default: table on a terminal, csv otherwise.")
  report:option "--as-of":argname "T":description "The end of the windows (default: the newest poll)."
  report:option "--preset":argname "P":choices { "loom", "seed", "monitoring" }
    :description "loom, seed or monitoring: rules that the options below override (default: loom)."
  report:option "--fill":argname "F":choices { "backward", "forward", "nearest" }
    :description "Which time a poll vouches for: backward, forward or nearest."
  report:option "--evidence":argname "E":choices { "inside", "around" }
    :description "Which polls count for an opening: those inside, or around it too."
  report:option "--no-data":argname "N":choices { "down", "up", "unknown" }
    :description "What an opening without evidence is: down, up or unknown."
  report:option "--max-gap":argname "DUR"
    :description "Time further than this from its poll is unknown; or none."
  report:option "--slack":argname "DUR":description "A close this near midnight is midnight."
  report:option "--default-zone":argname "ZONE"
    :description "Zone of stores without one (default: America/Chicago)."
  report:option "--stores":argname "GLOB":count "*"
    :description "Only stores whose id matches (* ? [a-z]); may be given again."
  report:flag "--all-stores":description "Also stores that have hours or a zone but no poll."
  report:option "--window":argname "NAME=DUR":count "*"
    :description "Instead of the last hour, day and week; NAME=DUR:minutes for whole minutes. May be given again."
  report:option "--threads":argname "N":description "Threads to use (default: one for each processor, up to 8)."
end

local function windows_of(args)
  if #args.window == 0 then
    return nil
  elseif #args.window > WINDOWS_MAX then
    common.wrong_use("--window: there are %d, more than %d", #args.window, WINDOWS_MAX)
  end
  local windows, seen = {}, {}
  for i, text in ipairs(args.window) do
    local name, duration, unit = text:match("^([%w_]+)=([^:]*):?(.*)$")
    if not name or (unit ~= "" and unit ~= "minutes" and unit ~= "hours") or text:sub(-1) == ":" then
      common.wrong_use('--window: "%s" is not NAME=DUR or NAME=DUR:minutes', text)
    elseif #name > NAME_LENGTH_MAX then
      common.wrong_use("--window: the name %s is longer than %d characters", name, NAME_LENGTH_MAX)
    elseif seen[name] then
      common.wrong_use("--window: there are two windows %s", name)
    end
    local length = common.duration(duration, "--window " .. name)
    if length < 1000000 or length > CENTURY then
      common.wrong_use("--window %s: %s is not between a second and 100 years", name, duration)
    end
    seen[name] = true
    windows[i] = { name = name, seconds = length / 1000000, unit = unit ~= "" and unit or "hours" }
  end
  return windows
end

local function check_as_of(text)
  if text then
    local parsed, reason = core.parse_timestamp(text)
    if not parsed then
      common.wrong_use('--as-of: "%s" %s', text, reason)
    end
  end
  return text
end

local function slack_of(text)
  if not text then
    return nil
  end
  local slack = math.floor(common.duration(text, "--slack") / 1000000)
  return slack < 86400 and slack or common.wrong_use("--slack: %s is not less than a day", text)
end

local function max_gap_of(text)
  if not text or text == "none" then
    return text
  end
  local gap = common.duration(text, "--max-gap")
  return gap <= CENTURY and gap / 1000000 or common.wrong_use("--max-gap: %s is longer than 100 years", text)
end

local function stores_of(args)
  if #args.stores > PATTERNS_MAX then
    common.wrong_use("--stores: there are %d patterns, more than %d", #args.stores, PATTERNS_MAX)
  end
  for _, pattern in ipairs(args.stores) do
    if #pattern > PATTERN_LENGTH_MAX then
      common.wrong_use("--stores: a pattern is longer than %d bytes", PATTERN_LENGTH_MAX)
    end
  end
  return #args.stores > 0 and args.stores or nil
end

local function options_of(args)
  return {
    as_of = check_as_of(args.as_of),
    preset = args.preset,
    fill = args.fill,
    evidence = args.evidence,
    no_data = args.no_data,
    max_gap = max_gap_of(args.max_gap),
    slack = slack_of(args.slack),
    default_zone = args.default_zone,
    stores = stores_of(args),
    all_stores = args.all_stores,
    windows = windows_of(args),
    strips = args.format == "html" or nil,
    threads = args.threads and common.whole(args.threads, "--threads", 1, THREADS_MAX),
  }
end

-- A folder is read into a database in memory.
local function open(path, draw)
  if not common.is_folder(path) then
    return loom.open(path)
  end
  local files = loading.find(path, common.exists)
  if not files then
    return nil, path .. ": has none of the files that loom ingest knows"
  end
  files.progress = draw and function(done, total, source, phase)
    draw(total and total > 0 and done / total or 0, phase .. " " .. source)
  end
  local monitor, message = loom.open(":memory:", { create = true })
  local loaded
  if monitor then
    loaded, message = monitor:ingest(files)
  end
  return loaded and monitor, message
end

function command.run(args)
  local options = options_of(args)
  local draw, clear = common.progress_bar(false)
  local monitor, message = open(args.database, draw)
  if not monitor then
    clear()
    return nil, message
  end
  options.progress = draw and function(share)
    draw(share, "computing")
  end
  local report
  report, message = monitor:report(options)
  clear()
  if not report then
    monitor:close()
    return nil, message
  end
  local format = args.format or (not args.output and core.is_terminal("stdout") and "table" or "csv")
  local written
  written, message = report:write(args.output or io.stdout, { format = format })
  report:close()
  monitor:close()
  return written, message
end

return command
