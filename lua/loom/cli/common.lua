--- What the subcommands share: how they end, databases, commands of several verbs, progress, output.
-- @module loom.cli.common

local check = require "loom.check"
local core = require "loom.core"
local lfs = require "lfs"
local loading = require "loom.loading"
local loom = require "loom"
local output = require "loom.output"
local text = require "loom.formats.text"

local common = {}

--- Ends the command as wrongly used.
function common.wrong_use(format, ...)
  error({ usage = format:format(...) }, 0)
end

--- Ends the command as failed, from inside a callback.
-- @tparam string message
-- @tparam ?int status with which it ends (default: 1)
function common.fail(message, status)
  error({ failure = message, status = status }, 0)
end

function common.is_folder(path)
  return lfs.attributes(path, "mode") == "directory"
end

function common.exists(path)
  return lfs.attributes(path, "mode") ~= nil
end

--- A path as one types it: quoted where it has to be.
function common.shell_word(path)
  return path:find "^[%w_./-]+$" and path or text.shell_quoted(path)
end

-- ---- databases ----

-- Calls work(monitor) and closes the monitor, or passes on that there is none.
local function use(work, monitor, message)
  if not monitor then
    return nil, message
  end
  local result
  result, message = work(monitor)
  monitor:close()
  return result, message
end

--- Who changes something by a command, for the audit.
function common.author()
  return "command:" .. core.user_name()
end

--- Opens a database, calls work(monitor) and closes it.
-- @return what `work` returns, or nil and the failure
function common.with_database(path, work)
  return use(work, loom.open(path, { by = common.author() }))
end

--- Has stores without a zone be in one, where it is given.
-- @treturn bool|nil true, or nil and the failure: there is no such zone
function common.use_default_zone(monitor, zone)
  if zone then
    local known, reason = core.is_timezone(monitor.database, zone)
    if not known then
      return nil, ("EINVAL: --default-zone: timezone %s %s"):format(check.shown(zone), reason)
    end
    monitor.default_zone = zone
  end
  return true
end

--- Tells which files of a folder are not taken.
function common.tell_left_out(messages)
  for _, message in ipairs(messages) do
    io.stderr:write("loom: left out: ", message, "\n")
  end
end

-- A monitor in memory with the files of a folder.
local function load_folder(path, draw)
  local files, left_out = loading.find(path)
  if not files then
    return nil, left_out
  end
  common.tell_left_out(left_out)
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

--- Opens a database, or reads a folder of input files into one in memory, and calls work(monitor).
function common.with_data(path, work)
  if not common.is_folder(path) then
    return common.with_database(path, work)
  end
  local draw, clear = common.progress_bar(false)
  local monitor, message = load_folder(path, draw)
  clear()
  return use(work, monitor, message)
end

-- What is asked for in words.
local function choice_text(args)
  local words = {}
  for _, selection in ipairs(args.stores) do
    words[#words + 1] = "--stores " .. text.shell_quoted(selection)
  end
  for _, pair in ipairs(args.where) do
    words[#words + 1] = "--where " .. text.shell_quoted(pair[1] .. "=" .. pair[2])
  end
  if args.search then
    words[#words + 1] = "--search " .. text.shell_quoted(args.search)
  end
  for _, zone in ipairs(args.in_zone) do
    words[#words + 1] = "--in-zone " .. text.shell_quoted(zone)
  end
  return table.concat(words, " ")
end

-- Calls work(monitor, ids) for the stores that are chosen. A number that it returns is how many of them were concerned.
local function with_chosen(monitor, args, choice, work)
  local ids, message = monitor:store_ids(choice)
  if ids and not ids[1] then
    return nil, "there is no store of " .. choice_text(args)
  end
  local result
  if ids then
    result, message = work(monitor, ids)
  end
  if result then
    common.note("changed %s", text.counted(type(result) == "number" and result or #ids, "store"))
  end
  return result, message
end

--- The same as `with_database`, for work(monitor, store) that sets something about a store, or about a list of those that are
-- chosen, which are counted. A store that is not known is made, which is told: its id may have been mistyped.
-- @tparam table args `database`, and `store`, or a choice: see `loom.cli.options.add_setting`
-- @tparam ?table choice as `loom.cli.options.choice_of` gives it
-- @tparam function work
function common.with_stores(args, choice, work)
  local store = args.store
  return common.with_database(args.database, function(monitor)
    if choice then
      return with_chosen(monitor, args, choice, work)
    end
    local known
    if store ~= "*" then
      known = monitor:timezone(store)
    end
    local result, message = work(monitor, store)
    if result and store ~= "*" and not known then
      common.note('store "%s" was not known: it is new', store)
    end
    return result, message
  end)
end

-- ---- the data ----

local WARNINGS_MAX = 3 -- warnings that are told; the others are to be asked for
local LOOK_MAX = 1 -- seconds: of who wanted something else, no more is taken than that

--- Tells the warnings of `loom doctor` in a few lines on standard error: nothing where there are none, or where they cannot be
-- found in time.
-- @tparam loom.monitor monitor
-- @tparam string path of the database or the folder
function common.tell_warnings(monitor, path)
  local found = monitor:doctor { examples = 1, time_limit = LOOK_MAX }
  local told = 0
  for _, finding in ipairs(found and found.findings or {}) do
    if finding.severity == "warning" and told < WARNINGS_MAX then
      common.note("%s: %s: %s", finding.code, finding.text, finding.effect)
      told = told + 1
    end
  end
  if told > 0 then
    common.note("loom doctor %s tells more, and how to mend it", common.shell_word(path))
  end
end

--- Tells what a check has found wrong; where it is nothing, that all is well.
-- @tparam string path
-- @tparam ?{string,...} problems
-- @tparam ?string message why they were not looked for
-- @treturn bool|nil true, or nil and how many there are, or why
function common.tell_problems(path, problems, message)
  if not problems then
    return nil, message
  end
  for _, problem in ipairs(problems) do
    io.stdout:write(problem, "\n")
  end
  if #problems > 0 then
    return nil, ("%s: %s"):format(path, text.counted(#problems, "problem"))
  end
  io.stdout:write(path, ": ok\n")
  return true
end

-- ---- commands of several verbs ----

--- Adds verbs such as "get" and "set" to a command's parser.
function common.add_verbs(parser, verbs)
  parser:command_target "verb"
  parser:require_command(true)
  for _, verb in ipairs(verbs) do
    verb.add_to(parser:command(verb.name):summary(verb.summary):description(verb.description or verb.summary))
  end
end

--- Runs the verb that the arguments name.
function common.run_verb(verbs, args)
  for _, verb in ipairs(verbs) do
    if verb.name == args.verb then
      return verb.run(args)
    end
  end
end

--- Makes a command such as "hours", with verbs such as "get" and "set".
-- @tparam string name
-- @tparam string summary
-- @tparam {table,...} verbs each with `name`, `summary`, and the functions `add_to(parser)` and `run(args)`
function common.group(name, summary, verbs)
  local group = { name = name }

  function group.add_to(parser)
    common.add_verbs(parser:command(name):summary(summary):description(summary), verbs)
  end

  function group.run(args)
    return common.run_verb(verbs, args)
  end

  return group
end

-- ---- output ----

local BAR_AFTER = 1 -- seconds of work before a bar is shown
local BAR_EVERY = 0.1
local BAR_WIDTH = 30

--- A line of text for people on standard error, whatever bytes the ids and paths in it hold.
function common.note(format, ...)
  io.stderr:write("loom: ", text.shown((format:format(...):gsub("\n", " "))), "\n")
end

local TOLD_MAX = 5 -- stores that are told one by one

--- Tells which stores a report leaves out.
-- @param report or status
-- @tparam[opt] table args whose choice of stores there may be none of
function common.tell_stores_left_out(report, args)
  local left_out, count = report:left_out()
  local choice = args and choice_text(args) or ""
  if choice ~= "" and count == 0 and report:count() == 0 then
    common.note(args.all_stores and "there is no store of %s" or "no store of %s has a poll", choice)
  end
  for i = 1, math.min(#left_out, TOLD_MAX) do
    common.note("%s: left out", left_out[i].reason)
  end
  if count > TOLD_MAX then
    common.note("%d stores in all were left out; loom check names their timezones", count)
  end
end

--- Writes what produce(write) makes to a path, or to standard output when it is nil.
function common.write(path, produce)
  return output.write(path or io.stdout, produce)
end

local function goes_to_terminal(args)
  return (not args.output or args.output == "-") and core.is_terminal("stdout")
end

--- The format to write in: the one asked for, or else a table on a terminal and CSV otherwise. One of the user's own is read
-- once, and then is `args.own`: see `loom.cli.format_file`.
-- @treturn string|function
function common.format_of(args)
  if type(args.format) == "table" then
    args.own = require("loom.cli.format_file").load(args.format.path)
    args.format = args.own.format
  end
  return args.format or (goes_to_terminal(args) and "table" or "csv")
end

--- What writes what is no list: one of `writers`, or a function of the user's own, which is read before anything is opened.
-- @tparam table args
-- @tparam {[string]=function,...} writers `text` and `json`, functions (found, write)
-- @treturn function (found) that writes it to where the arguments say
function common.writer_of(args, writers)
  local writer = writers[args.format or "text"]
    or require("loom.cli.format_file").load_function(args.format.path)
  return function(found)
    return common.write(args.output, function(write)
      writer(found, write)
    end)
  end
end

--- How wide a table is to be: as the terminal, where it goes to one. COLUMNS overrides what the terminal says.
function common.width_of(args)
  if not goes_to_terminal(args) then
    return nil
  end
  local wanted = (os.getenv("COLUMNS") or ""):match("^[1-9]%d?%d?%d?$")
  return wanted and tonumber(wanted) or core.terminal_width()
end

--- A progress bar on standard error: function (share, label) and function () that removes it.
-- Work of less than a second, or a standard error that is no terminal, sees none of it.
function common.progress_bar(quiet)
  if quiet or not core.is_terminal("stderr") then
    return nil, function() end
  end
  local start, last, shown = core.clock(), 0, false
  local function draw(share, label)
    local now = core.clock()
    if now - start < BAR_AFTER or now - last < BAR_EVERY then
      return
    end
    last, shown = now, true
    local filled = math.floor(share * BAR_WIDTH)
    io.stderr:write(("\r\27[K[%s%s] %3d%% %s"):format(("#"):rep(filled), (" "):rep(BAR_WIDTH - filled),
      math.floor(share * 100), label))
  end
  return draw, function()
    if shown then
      io.stderr:write("\r\27[K")
    end
  end
end

return common
