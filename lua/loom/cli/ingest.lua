--- loom ingest
-- @module loom.cli.ingest

local check = require "loom.check"
local common = require "loom.cli.common"
local core = require "loom.core"
local loading = require "loom.loading"
local loom = require "loom"
local options = require "loom.cli.options"
local words = require "loom.formats.text"

local command = { name = "ingest" }

local counted, grouped = words.counted, words.grouped

local read_number = options.number(check.integer(0, 2 ^ 31)) -- for more there is "all"

local function read_max_rejects(text)
  if text == "all" then
    return text
  end
  return read_number(text)
end

function command.add_to(parser)
  local ingest = parser:command "ingest"
    :summary "Load input files into a database."
    :description("Load input files into a database, which is made if it does not exist. All files are one "
      .. "transaction: if one fails, nothing has changed. A file may be gzipped; - is standard input.")
  ingest:argument "database":description "A database."
  ingest:argument "files"
    :args "*"
    :argname "FILE|DIR"
    :description("Files, whose headers tell what they are, and folders of such. Those by their usual names are that: "
      .. "store_status.csv, menu_hours.csv, timezones.csv, special_days.csv, exclusions.csv, attributes.csv, each also with .gz.")
  ingest:option "--polls --status":argname "FILE":count "*":description "Polls: store_id, status, timestamp_utc."
  ingest:option "--hours":argname "FILE":count "*"
    :description "Weekly hours: store_id, dayOfWeek, start_time_local, end_time_local [, effective_from, origin]."
  ingest:option "--timezones":argname "FILE":count "*":description "Timezones: store_id, timezone_str [, origin]."
  ingest:option "--special-days":argname "FILE":count "*"
    :description "Special days: store_id or *, date, open, close [, note, origin]; no times, or closed: closed."
  ingest:option "--exclusions":argname "FILE":count "*"
    :description "Maintenance: store_id or *, from_utc, to_utc [, reason; of rules weekly, zone, from_local, to_local]."
  ingest:option "--attributes":argname "FILE":count "*"
    :description "Attributes to choose and group by: store_id and a column for each."
  ingest:flag "--replace-overrides"
    :description "Hours, timezones and special days that were set by hand give way to those in the files."
  options.add(ingest, "--max-rejects", "N",
    "Leave out up to N bad rows of each file, or all of them with 'all' (default: 0).", read_max_rejects)
  options.add(ingest, "--max-ahead", "DUR",
    "A poll further ahead of the clock is a bad row; or none, for any (default: 24h).", options.max_ahead)
  ingest:option "--rejects":argname "FILE"
    :description "Write the bad rows there, with line and reason. Without --max-rejects: all of them."
  options.add_reason(ingest)
  ingest:flag "--quiet":description "No progress, no summary and no warnings about the data."
end

local function add(files, kind, path)
  files[kind] = files[kind] or {}
  table.insert(files[kind], path)
end

-- Adds a file whose kind is not said.
local function add_file(files, path)
  if path == "-" then
    common.wrong_use("standard input: say of what kind it is, such as --polls -")
  end
  local kind, message, code = loading.recognize(path)
  if not kind then
    if code == "EINVAL" then -- it says so itself
      message = message .. ", such as --polls " .. common.shell_word(path)
    elseif message:find("its header is not that of a file that is known", 1, true) then
      message = message .. "; say of what kind it is, such as --attributes " .. common.shell_word(path)
    end
    return nil, message
  end
  add(files, kind, path)
  return true
end

-- Adds what is known of a folder, and tells what is not.
local function add_folder(files, folder, args)
  local found, left_out = loading.find(folder)
  if not found then
    return nil, left_out
  end
  for kind, paths in pairs(found) do
    for _, path in ipairs(paths) do
      add(files, kind, path)
    end
  end
  if not args.quiet then
    common.tell_left_out(left_out)
  end
  return true
end

-- Paths by kind: of each folder what is of no kind that is named by an option, then what is named, then files whose headers tell.
local function files_of(args)
  local files = {}
  for _, path in ipairs(args.files) do
    if common.is_folder(path) then
      local added, message = add_folder(files, path, args)
      if not added then
        return nil, message
      end
    end
  end
  for _, kind in ipairs(loading.kinds) do
    if #args[kind.name] > 0 then
      files[kind.name] = args[kind.name]
    end
  end
  for _, path in ipairs(args.files) do
    if not common.is_folder(path) then
      local added, message = add_file(files, path)
      if not added then
        return nil, message
      end
    end
  end
  if not next(files) then
    common.wrong_use("nothing to ingest: name a folder or a file")
  end
  return files
end

local function max_rejects(args)
  return args.max_rejects or (args.rejects and "all" or 0)
end

local function quoted(value)
  return core.csv_field(tostring(value))
end

-- A file for the bad rows, and the function that writes one.
local function open_rejects(path)
  if not path then
    return nil
  end
  local file, why = core.output(path)
  if not file then
    return nil, nil, why
  end
  local function write(text)
    local written, message = file:write(text)
    if not written then
      common.fail(message)
    end
  end
  write "source,line,column,value,reason,row\n"
  return file, function(reject)
    write(table.concat({ quoted(reject.source), ("%d"):format(reject.line), reject.column, quoted(reject.value),
      quoted(reject.reason), quoted(reject.row) }, ",") .. "\n")
  end
end

-- What a file is taken for, where neither its name nor an option says it.
local function taken_for(file, args)
  local usual = loading.usual_name(file.kind)
  local name = file.source:match "[^/]*$"
  local is_said = name == usual or name == usual .. ".gz"
  for _, path in ipairs(args[file.kind]) do
    is_said = is_said or path == file.source or path == "-"
  end
  return is_said and "" or (" (as %s)"):format(usual)
end

local function print_summary(files, args)
  for _, file in ipairs(files) do
    local rate = file.seconds > 0 and file.rows / file.seconds or 0
    io.stderr:write(("%s%s: %s: %s new, %s, %s, %s rejected; %.2f s, %s rows/s\n"):format(
      file.source, taken_for(file, args), counted(file.rows, "row"),
      grouped(file.new), counted(file.duplicates, "duplicate"), counted(file.conflicts, "conflict"),
      grouped(file.rejected), file.seconds, grouped(math.floor(rate))))
  end
end

local function load(monitor, files, args, on_reject)
  local draw, clear = common.progress_bar(args.quiet)
  local wanted = {
    max_rejects = max_rejects(args),
    on_reject = on_reject,
    max_ahead = args.max_ahead,
    replace_overrides = args.replace_overrides,
    reason = args.reason,
  }
  for kind, paths in pairs(files) do
    wanted[kind] = paths
  end
  if draw then
    wanted.progress = function(done, total, source, phase)
      draw(total and total > 0 and done / total or 0, phase .. " " .. source)
    end
  end
  local summaries, message = monitor:ingest(wanted)
  clear()
  return summaries, message
end

function command.run(args)
  local files, message = files_of(args)
  if not files then
    return nil, message
  end
  local monitor
  monitor, message = loom.open(args.database, { create = true, by = common.author() })
  if not monitor then
    return nil, message
  end
  local rejects, on_reject, why
  if max_rejects(args) ~= 0 or args.rejects then
    rejects, on_reject, why = open_rejects(args.rejects)
    if why then
      return nil, why
    end
  end
  local summaries
  summaries, message = load(monitor, files, args, on_reject)
  local kept, failure = true, nil
  if rejects then
    kept, failure = rejects:commit()
  end
  if not summaries or not kept then
    monitor:close()
    return nil, message or failure
  end
  if not args.quiet then
    print_summary(summaries, args)
    common.tell_warnings(monitor, args.database)
  end
  monitor:close()
  return true
end

return command
