--- loom report
-- @module loom.cli.report

local check = require "loom.check"
local columns = require "loom.columns"
local common = require "loom.cli.common"
local core = require "loom.core"
local doctor = require "loom.doctor"
local opening = require "loom.opening"
local options = require "loom.cli.options"
local slo = require "loom.slo"
local stores = require "loom.stores"
local windows = require "loom.windows"

local command = { name = "report" }

local formats = { "csv", "table", "json", "ndjson", "markdown", "html", "exact" }

-- Reader of names with commas between them.
local function read_names(text)
  local names = {}
  for name in text:gmatch("[^,]+") do
    names[#names + 1] = name:match("^%s*(.-)%s*$")
  end
  if not names[1] then
    return nil, "names of columns expected, got " .. check.shown(text)
  end
  return names
end

local function add_choice(report)
  options.add_choice(report)
  report:flag "--quiet":description "No warnings about the data on standard error: see loom doctor."
  options.add(report, "--shard", "K", "Of a cluster, only the stores of one shard, from 1.",
    options.number(check.integer(1, core.limits.shards)))
  report:option "--workers":args "?":argname "URLS"
    :description("Of a cluster: have workers beside the shards compute it (see loom worker), at these addresses, with commas "
      .. "between them, or at those that the conf has. In csv and ndjson, in order of store id.")
  report:flag "--all-stores":description "Also stores that have hours or a timezone but no poll."
  options.add(report, "--group-by", "NAME", "Totals for each value of this attribute instead of stores; in html, beside them.",
    options.text(stores.attribute_name))
  options.add(report, "--name-attribute", "NAME", "In html, call stores by this attribute, beside their ids.",
    options.text(stores.attribute_name))
end

local function add_objective(report)
  local ratio = options.number(check.number(0, 1))
  options.add(report, "--slo", "RATIO", "Hold up time against a target, such as 0.995. Adds columns for the last window "
    .. "to csv, table and markdown, and the error budget of all windows to json.", ratio)
  options.add(report, "--slo-attribute", "NAME", "The attribute that holds a store's own target, if it has one.")
end

local function add_layout(report)
  options.add(report, "--columns", "NAMES", "These columns, with commas between them: store_id, FIGURE_WINDOW (uptime, "
    .. "downtime, up, down, unknown, excluded, scheduled, ratio, outages, longest, mttr, mtbf, polls; times in seconds "
    .. "but for the first two), slo_PART_WINDOW (target, met, budget, spent, left, burn), attributes.NAME, strip. "
    .. "For example store_id,ratio_last_week.", read_names)
  local sort = options.add(report, "--sort", "COLUMN", "Sort by a column (default: by store id).")
  local descending = report:flag "--descending":description "The other way round."
  local limit = options.add(report, "--limit", "N", "No more than N rows.", options.number(check.integer(0, 2 ^ 53)))
  local worst = options.add(report, "--worst", "N", "Only the N rows with the lowest ratio of up time in the last window, "
    .. "the worst one first.", options.number(check.integer(1, 2 ^ 53)))
  report:mutex(worst, sort)
  report:mutex(worst, descending)
  report:mutex(worst, limit)
  report:flag "--neutralise-formulas"
    :description "In csv and exact, put ' before text that a spreadsheet would take for a formula."
end

function command.add_to(parser)
  local report = parser:command "report"
    :summary "Report uptime and downtime."
    :description "Report uptime and downtime of each store that has a poll."
  options.argument(report, "database", "A database, or a folder of input files.")
  options.add_output(report)
  options.add_format_or_file(report, formats)
  report:flag "--flat":description("In ndjson, which it asks for: every figure of every window as a value of its own, by the "
    .. "name of its column.")
  options.add_windows(report)
  options.add_compare(report, " Columns change_FIGURE_WINDOW have the difference.")
  options.add_rules(report, "The end of the windows (default: the newest poll).")
  add_choice(report)
  add_objective(report)
  add_layout(report)
  options.add(report, "--threads", "N", "Threads to use (default: one for each processor, up to 8).",
    options.number(check.integer(1, core.limits.threads)))
end

-- The stores of one shard, whose number the cluster has to have.
local function shard_of(args)
  if not args.shard then
    return nil
  end
  local count, message = opening.shards(args.database)
  if not count then
    return message and common.fail(message) or common.wrong_use("--shard: %s is no cluster", args.database)
  elseif args.shard > count then
    common.wrong_use("--shard: %s has %d shards", args.database, count)
  end
  return { number = args.shard, of = count }
end

local function objective_of(args)
  if args.slo or args.slo_attribute then
    return slo.checker { target = args.slo, attribute = args.slo_attribute }
  end
end

-- Those of the user's FILE.lua.
local function own_columns(args)
  return args.own and args.own.columns
end

local function asks_for(names, wanted)
  for _, name in ipairs(names or {}) do
    if name == wanted then
      return true
    end
  end
end

local function options_of(args, format)
  local wanted = options.rules_of(args)
  wanted.windows = options.windows_of(args)
  wanted.compare = args.compare
  for name, value in pairs(options.choice_of(args)) do
    wanted[name] = value
  end
  wanted.all_stores = args.all_stores
  wanted.shard = shard_of(args)
  wanted.group_by = args.group_by
  wanted.name_attribute = args.name_attribute
  wanted.slo = objective_of(args)
  wanted.strips = (format == "html" or asks_for(args.columns or own_columns(args), "strip")) or nil
  wanted.threads = args.threads
  return wanted
end

local function check_column(option, rows, name)
  if name and not columns.exists(rows, name) then
    common.wrong_use("%s: name of a column, such as uptime_%s or ratio_%s, expected, got %s", option, rows.windows[1].name,
      rows.windows[windows.last_place(rows.windows)].name, check.shown(name))
  end
  return name
end

-- The rows that did worst: a key to sort by that others do not have, and how many they are.
local function worst_of(rows, count)
  local rank, worst = {}, rows:worst(count)
  for i, row in ipairs(worst) do
    rank[row.index] = i
  end
  return function(row)
    return rank[row.index]
  end, #worst
end

-- The user's own columns, which may be named like others, by name. What else the file names has to be there.
local function by_name(args, rows)
  local own = {}
  for _, column in ipairs(own_columns(args) or {}) do
    if type(column) == "table" then
      own[column.name] = column
    elseif not columns.exists(rows, column) then
      common.fail(("%s: columns: the name of a column, such as %s or ratio_%s, expected, got %s"):format(args.own.path, rows.key,
        rows.windows[windows.last_place(rows.windows)].name, check.shown(column)))
    end
  end
  return own
end

-- The columns that --columns names; nil where it is not there.
local function named_columns(args, rows, own)
  local list = args.columns and {}
  for i, name in ipairs(args.columns or {}) do
    list[i] = own[name] or check_column("--columns", rows, name)
  end
  return list
end

local function write(args, format, report)
  local rows = args.group_by and format ~= "html" and report:groups() or report
  local own = by_name(args, rows)
  local sort = args.sort and own[args.sort] and own[args.sort].value or check_column("--sort", rows, args.sort)
  local wanted = {
    format = format,
    flat = args.flat,
    width = format == "table" and common.width_of(args) or nil,
    columns = named_columns(args, rows, own) or own_columns(args) or columns.usual(rows, format, args.worst ~= nil),
    sort = sort,
    descending = args.descending,
    limit = args.limit,
    neutralise_formulas = args.neutralise_formulas,
  }
  if args.worst then
    wanted.sort, wanted.limit = worst_of(rows, args.worst)
  end
  return rows:write(args.output or io.stdout, wanted)
end

-- What workers are asked with; the end of the command where they cannot do what is asked for.
local function workers_of(args, format)
  if not args.workers then
    return nil
  end
  for _, name in ipairs { "sort", "descending", "limit", "worst", "group_by", "shard", "own" } do
    if args[name] then
      common.wrong_use("--workers: not with --%s", name == "own" and "format of a file of one's own" or (name:gsub("_", "-")))
    end
  end
  if format ~= "csv" and format ~= "ndjson" then
    common.wrong_use("--workers: in csv and ndjson alone, not in %s", format)
  end
  local count, message = opening.shards(args.database)
  if not count then
    return message and common.fail(message) or common.wrong_use("--workers: %s is no cluster", args.database)
  end
  local cluster = opening.cluster()
  local conf = cluster.read(args.database)
  local urls = {}
  for url in (args.workers[1] or ""):gmatch "[^,]+" do
    urls[#urls + 1] = url:gsub("/+$", "")
  end
  urls = urls[1] and urls or conf.workers
  if not urls[1] then
    common.wrong_use("--workers: %s has no line 'worker'", args.database)
  elseif not conf.worker_token_file then
    common.wrong_use("--workers: %s has no line 'worker-token-file'", args.database)
  end
  local token
  token, message = cluster.secret(conf.worker_token_file)
  return token and { conf = args.database, workers = urls, token = token, patience = conf.patience } or common.fail(message)
end

-- --flat asks for the format that it belongs to.
local function format_of(args)
  if args.flat then
    args.format = args.format or "ndjson"
  end
  local format = common.format_of(args)
  return (not args.flat or format == "ndjson") and format or common.wrong_use("--flat: of --format ndjson only")
end

-- Windows on the calendar end with the data, and may begin after them.
local function tell_empty_windows(report)
  for _, window in ipairs(report.windows) do
    if window.calendar and not window.before_of and window.from_utc == window.to_utc then
      common.note("window %s is empty: it begins after %s, which the report is as of; see --as-of", window.name, report.as_of_utc)
    end
  end
end

-- The short form of loom doctor: of a folder, which has just been read, its warnings; of a database what the report itself shows,
-- since to look at all of it takes longer than a report.
local function tell_warnings(args, monitor, report)
  if args.quiet then
    return
  end
  tell_empty_windows(report)
  if common.is_folder(args.database) then
    return common.tell_warnings(monitor, args.database)
  end
  local silence, effect = doctor.silence(report)
  if silence then
    common.note("no-evidence: %s: %s, or loom doctor %s", silence, effect, common.shell_word(args.database))
  end
end

-- Has workers make it: once more, of the snapshot that there is then, where the cluster has gone on meanwhile. One that polls
-- come to all the time stands still for seconds between two commits, and nothing is written before all workers are at the same.
local function run_by_workers(args, format, asked)
  local deadline = core.clock() + asked.patience
  local wanted = options_of(args, format)
  wanted.slo = (args.slo or args.slo_attribute) and { target = args.slo, attribute = args.slo_attribute } or nil
  wanted.threads, wanted.name_attribute = nil, nil
  local draw, clear = common.progress_bar(false)
  asked.progress = draw and function(share)
    draw(share, "computing")
  end
  local coordinator = require "loom.workers.coordinator"
  local found, message, code
  repeat
    local opened, problem = common.with_data(args.database, function(monitor)
      found, message, code = coordinator.write(monitor, asked, wanted, { format = format, flat = args.flat,
        columns = args.columns, neutralise_formulas = args.neutralise_formulas }, args.output or io.stdout)
      return true
    end)
    if not opened then
      found, message, code = nil, problem, nil
    end
  until found or code ~= "EBUSY" or core.clock() > deadline
  clear()
  if not found then
    return nil, message
  end
  common.tell_stores_left_out(found, args)
  tell_warnings(args, nil, found)
  return true
end

function command.run(args)
  local format = format_of(args)
  local asked = workers_of(args, format)
  if asked then
    return run_by_workers(args, format, asked)
  end
  local wanted = options_of(args, format)
  return common.with_data(args.database, function(monitor)
    local draw, clear = common.progress_bar(false)
    wanted.progress = draw and function(share)
      draw(share, "computing")
    end
    local report, message = monitor:report(wanted)
    clear()
    if not report then
      return nil, message
    end
    common.tell_stores_left_out(report, args)
    local written
    written, message = write(args, format, report)
    if written then
      tell_warnings(args, monitor, report)
    end
    report:close()
    return written, message
  end)
end

return command
