--- Options and arguments of the command line that several commands have, and how their values are read.
--
-- A reader is a function (text) that returns the value, or nil and what is wrong with the text. Values are read before
-- anything is opened, by the library's own checkers, so that its limits are written down once.
-- @module loom.cli.options

local check = require "loom.check"
local common = require "loom.cli.common"
local core = require "loom.core"
local hours = require "loom.hours"
local rules = require "loom.rules"
local stores = require "loom.stores"
local time = require "loom.time"
local windows = require "loom.windows"

local options = {}

-- ---- readers ----

--- What is wrong with a text.
function options.expected_but(expected, text)
  return ("%s expected, got %s"):format(expected, check.shown(text))
end

--- Reader of text that one of the library's checkers accepts.
function options.text(checker)
  return function(text)
    local value, expected = checker(text)
    if value == nil then
      return nil, options.expected_but(expected, text)
    end
    return text
  end
end

--- Reader of a number in digits that a checker accepts.
function options.number(checker)
  return function(text)
    local value, expected = checker(text:find("^%d+%.?%d*$") and tonumber(text) or nil)
    if value == nil then
      return nil, options.expected_but(expected, text)
    end
    return value
  end
end

--- Reader of an address of a web page; in it is nothing that would have to be quoted.
function options.url(text)
  if not text:find "^https?://[^%s\"'<>\\%c]+$" then
    return nil, options.expected_but("address, such as https://example.org/loom,", text)
  end
  return text
end

-- Reader of text that one of the native half's parsers accepts, which say what is wrong, or of one other word.
local function parsed(parse, other)
  return function(text)
    if text == other then
      return text
    end
    local value, reason = parse(text)
    if not value then
      return nil, check.shown(text) .. " " .. reason
    end
    return text
  end
end

--- Reader of an instant.
options.instant = parsed(core.parse_timestamp)

--- Reader of an instant that is seen from.
function options.seen_from(text)
  if time.seen_from(text) then
    return text
  end
  return options.instant(text)
end

--- Reader of an instant, or of a local date.
function options.instant_or_date(text)
  if time.days(text) then
    return text
  end
  return options.instant(text)
end

--- Reader of a local time.
options.shown = parsed(core.parse_local)

--- Reader of a local date.
options.date = parsed(core.parse_date)

--- Reader of a local date from which something holds.
options.date_or_always = parsed(core.parse_date, "always")

--- Adds the zone of stores without one: see `loom.cli.common.use_default_zone`.
function options.add_default_zone(parser)
  options.add(parser, "--default-zone", "ZONE", "Timezone of stores without one (default: America/Chicago).",
    options.text(check.text))
end

--- Reader of a duration.
options.duration = parsed(core.parse_duration)

--- The same, or "none".
options.duration_or_none = parsed(core.parse_duration, "none")

--- Reader of how far a poll may lie ahead of the clock.
options.max_ahead = options.duration_or_none

--- Reader of a day's openings: spans with commas between them, or "closed".
function options.spans(text)
  local list = {}
  for span in (text .. ","):gmatch("([^,]*),") do
    list[#list + 1] = span
  end
  local value = list[2] and list or text
  local good, expected = hours.spans(value)
  if not good then
    return nil, options.expected_but(expected, text)
  end
  return list
end

--- Reader of NAME=VALUE: a list of both.
function options.pair(text)
  local name, value = text:match("^([^=]+)=(.*)$")
  if not name then
    return nil, options.expected_but("NAME=VALUE", text)
  end
  return { name, value }
end

-- ---- adding ----

local function named(name, read)
  return function(text)
    local value, reason = read(text)
    if value == nil then
      return nil, name .. ": " .. reason
    end
    return value
  end
end

--- Adds an option with a value.
-- @param parser
-- @tparam string flags for example "-o --output"
-- @tparam string argname what the help calls the value
-- @tparam string description
-- @tparam[opt] function read (default: any text)
-- @return the option
function options.add(parser, flags, argname, description, read)
  local option = parser:option(flags):argname(argname):description(description)
  return read and option:convert(named(flags:match("%-%-[%w-]+"), read)) or option
end

--- Adds an argument; one without a description is the database.
function options.argument(parser, name, description, read)
  local argument = parser:argument(name):description(description or "A database.")
  return read and argument:convert(named(name, read)) or argument
end

--- Adds the arguments that begin a command about one store.
function options.add_store(parser, database, or_all)
  options.argument(parser, "database", database)
  options.argument(parser, "store", or_all and "The id of a store, or '*' for every store." or "The id of a store.",
    options.text(check.store_id))
end

--- Adds why something is changed.
function options.add_reason(parser)
  options.add(parser, "--reason", "TEXT", "Why: loom audit tells it.", options.text(check.note))
end

--- Adds the options that choose stores.
function options.add_choice(parser)
  options.add(parser, "--stores", "GLOB", "Only the store of this id, or those whose id matches (* ? [a-z]). "
    .. "May be given again.", options.text(stores.selection)):count "*"
  options.add_where(parser)
  options.add(parser, "--search", "TEXT", "Only stores whose id or an attribute contains this, in any case.",
    options.text(stores.search))
  options.add(parser, "--in-zone", "ZONE", "Only stores in this timezone. May be given again.", options.text(check.text))
    :count "*"
end

--- Adds the option that chooses stores by their attributes.
function options.add_where(parser)
  options.add(parser, "--where", "NAME=VALUE", "Only stores with this attribute. May be given again: another name is "
    .. "another condition, the same name another value that will do.", options.pair):count "*"
end

--- The choice among the arguments, as options of the library: `stores`, `where`, `search` and `zones`, nil where they are not
-- given.
function options.choice_of(args)
  local where
  for _, pair in ipairs(args.where) do -- conditions by attribute, each with the values that will do
    where = where or {}
    local values = where[pair[1]] or {}
    where[pair[1]], values[#values + 1] = values, pair[2]
  end
  return { stores = args.stores and #args.stores > 0 and args.stores or nil, where = where, search = args.search,
    zones = args.in_zone and #args.in_zone > 0 and args.in_zone or nil }
end

-- Reads an argument's text, or ends the command as wrongly used.
local function read_argument(name, text, read)
  if text == nil then
    common.wrong_use("missing argument '%s'", name)
  end
  local value, reason = (read or function() return text end)(text)
  return value == nil and common.wrong_use("%s: %s", name, reason) or value
end

--- Adds the arguments of a command that sets something about a store, or about stores that options choose, which are named in
-- its place. It comes after the command's other options, since it writes the usage.
-- @param parser
-- @tparam[opt] table more arguments behind them, each `{ name, description, reader, args = }`
-- @tparam[opt] bool or_all the store may be every store
function options.add_setting(parser, more, or_all)
  options.argument(parser, "database")
  local left_out = " Left out where options choose."
  options.argument(parser, "store", (or_all and "The id of a store, or '*' for every store." or "The id of a store.")
    .. left_out):args "?"
  for _, argument in ipairs(more or {}) do -- which read_setting asks for, since what comes first may not be the store
    options.argument(parser, argument[1], argument[2]):args(argument.args or "?")
  end
  options.add_choice(parser)
  parser:usage((parser:get_usage():gsub("%[<(%l+)>%]", function(name)
    return name ~= "store" and "<" .. name .. ">" or nil
  end)))
end

--- Reads what `add_setting` has added: the arguments are put where they belong.
-- @treturn ?table the choice, as `options.choice_of` gives it; nil where a store is named
function options.read_setting(args, more)
  local choice, names = options.choice_of(args), { "store" }
  for _, argument in ipairs(more or {}) do
    names[#names + 1] = argument[1]
  end
  if next(choice) then
    if args[names[#names]] then
      common.wrong_use("a store is named, and stores are chosen: either will do")
    end
    for i = #names, 2, -1 do
      args[names[i]] = args[names[i - 1]]
    end
    args.store = nil
  else
    choice = nil
    args.store = read_argument("store", args.store, options.text(check.store_id))
  end
  for _, argument in ipairs(more or {}) do
    args[argument[1]] = read_argument(argument[1], args[argument[1]], argument[3])
  end
  return choice
end

function options.add_output(parser)
  options.add(parser, "-o --output", "FILE", "Write there instead of to standard output, which - is, too.")
end

local BY_TERMINAL = "table on a terminal, whose width it fits, csv otherwise"

-- Reader of the name of a format, or of a FILE.lua.
local function format_or_file(formats)
  local names = table.concat(formats, "', '")
  return function(text)
    if text:find "%.lua$" then
      return { path = text }
    elseif ("', '" .. names .. "', '"):find("', '" .. text .. "', '", 1, true) then
      return text
    end
    return nil, ("argument for option '--format' must be one of '%s', or a FILE.lua"):format(names)
  end
end

local function add_format(parser, formats, of_file, default)
  local option = options.add(parser, "--format", "FORMAT", ("%s, or a FILE.lua that returns %s. Default: %s."):format(
    table.concat(formats, ", "), of_file, default))
  option:convert(format_or_file(formats))
  option.formats = formats -- for completion: as choices they would be all that is taken
end

--- Adds --format of lists. `loom.cli.common.format_of` reads it.
-- @param parser
-- @tparam {string,...} formats
function options.add_format_or_file(parser, formats)
  add_format(parser, formats, "a format, columns, or both", BY_TERMINAL)
end

--- Adds --format of what is no list. `loom.cli.common.writer_of` reads it.
function options.add_text_format(parser)
  add_format(parser, { "text", "json" }, "a function (found, write)", "text")
end

-- ---- rules ----

-- Names as a sentence has them: "a, b or c".
local function any_of(names)
  return table.concat(names, ", ", 1, #names - 1) .. " or " .. names[#names]
end

--- Adds the rules that turn polls into figures, and the instant that they are seen from.
-- @param parser
-- @tparam string as_of what that instant is for
-- @tparam[opt] string preset the one that is in force where none is given (default: the first)
function options.add_rules(parser, as_of, preset)
  local checkers = rules.checkers
  options.add(parser, "--as-of", "T", as_of .. " A date is its first instant in UTC; or now.", options.seen_from)
  local function add_choice(name, argname, description)
    local names = rules.names[name]
    description = description:format(any_of(names), preset or names[1])
    options.add(parser, "--" .. name:gsub("_", "-"), argname, description):choices(names)
  end
  add_choice("preset", "P", "%s: rules that the options below override (default: %s).")
  add_choice("fill", "F", "Which time a poll vouches for: %s.")
  add_choice("evidence", "E", "Which polls count for an opening: those %s it.")
  add_choice("no_data", "N", "What an opening without evidence is: %s.")
  options.add(parser, "--max-gap", "DUR", "Time further than this from its poll is unknown; or none.",
    options.text(checkers.max_gap))
  options.add(parser, "--slack", "DUR", "A close this near midnight is midnight.", options.text(checkers.slack))
  options.add_default_zone(parser)
end

--- The rules among the arguments, as options of the library.
function options.rules_of(args)
  local chosen = { as_of = args.as_of }
  for name in pairs(rules.checkers) do
    chosen[name] = args[name]
  end
  return chosen
end

-- ---- windows ----

local window_forms = "NAME=DUR, NAME=FROM/TO, NAME=WORD or WORD (" .. table.concat(windows.words, ", ")
  .. "), or any with :minutes"

-- A window's option from "NAME=DUR", "NAME=FROM/TO", "NAME=WORD" or "WORD", and any with ":minutes" or ":hours" after it.
local function read_window(text)
  local span, unit = text:match("^(.*):(%l+)$")
  local name, rest = (span or text):match("^([^=]*)=(.*)$")
  local window = windows.is_word[span or text] and windows.of_word(span or text)
  if not window and not name then
    return nil, options.expected_but(window_forms, text)
  elseif not window then
    local from, to = rest:match("^(.*)/(.*)$")
    local word = windows.is_word[rest] and rest or nil
    window = { name = name, from = from, to = to, calendar = word, seconds = not from and not word and rest or nil }
  end
  window.unit = unit
  local good, expected = windows.checker { window }
  if not good and window.seconds and not time.duration(window.seconds)
      and windows.checker { { name = name, unit = unit, seconds = "1d" } } then -- all else is right
    expected = window_forms
  end
  if not good then
    return nil, options.expected_but(expected, text)
  end
  return window
end

function options.add_windows(parser)
  options.add(parser, "--window", "NAME=SPAN", "Instead of the last hour, day and week. SPAN is a duration up to the end, "
    .. "FROM/TO for two instants or for local dates, the first one and the one after the last, or "
    .. table.concat(windows.words, ", ") .. ", which do without a name; :minutes after it for whole minutes. On each store's "
    .. "own calendar, up to --as-of. May be given again.", read_window):count "*"
end

--- Adds the flag that puts the windows before beside them.
-- @param parser
-- @tparam[opt=""] string more of what it does
function options.add_compare(parser, more)
  parser:flag("--compare"):description("Beside each window, as NAME_before, the one before it: as long, or on the calendar as "
    .. "many dates or whole months." .. (more or ""))
end

--- The windows among the arguments; nil for the standard ones.
function options.windows_of(args)
  if #args.window == 0 then
    return nil
  end
  local good, expected = windows.checker(args.window)
  return good and args.window or common.wrong_use("--window: %s expected", expected)
end

return options
