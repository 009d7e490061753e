--- What alerts go by, as it is stored: rules, channels, mutes, silences, objectives and settings. Whoever sets them does so here,
-- where they are checked and told of in the audit; what a definition refers to is there, and stays as long as it is referred to.
--
-- A definition is kept as it was given (`"30m"` stays that), so that what is exported is what was applied. Secrets of channels
-- are kept by `loom.agent.channel_store`, and shown by nothing.
-- @module loom.alerts.configuration

local author = require "loom.author"
local canonical = require "loom.canonical"
local channel_store = require "loom.agent.channel_store"
local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local Evaluation = require "loom.alerts.evaluation"
local hours = require "loom.hours"
local rules = require "loom.alerts.rules"
local stores = require "loom.stores"
local time = require "loom.time"
local transaction = require "loom.transaction"
local ulid = require "loom.ulid"

local configuration = {}

--- The kinds, those first that others refer to; and the names that lists of them have.
configuration.kinds = { "setting", "channel", "mute", "objective", "silence", "rule" }
configuration.plurals = { setting = "settings", channel = "channels", mute = "mutes", objective = "objectives",
  silence = "silences", rule = "rules" }

-- How many there may be: what people look after; channels have a bound of their own.
local MOST = { rule = 1000, silence = 1000, mute = 100, objective = 1000, setting = 2 }
configuration.MOST = { rule = 1000, channel = 100, silence = 1000, mute = 100, objective = 1000, setting = 2 }

local DEFINITION_MAX = 64 * 1024 -- bytes: a few thousand ids of stores, beyond which attributes choose them
local SILENCE_KEPT = 30 * 86400 * 1000000 -- microseconds after its end, so that it can be seen what was silent
local WORD_MAX = 1000 -- bytes of a comment

-- ---- checkers: a value, or nil and what was expected ----

local function comment(value)
  return type(value) == "string" and #value <= WORD_MAX and value or nil, ("text of up to %d bytes"):format(WORD_MAX)
end

local severities = check.one_or_list(check.choice(rules.severities))

local function target(value)
  if type(value) == "number" and value > 0 and value < 1 then
    return value
  end
  return nil, "ratio between 0 and 1"
end

local matcher_fields = { rule = rules.checkers.texts, store = rules.checkers.texts, severity = severities,
  where = stores.conditions }

-- Of each kind, the fields, and those it must have. A field that is a table has fields of its own.
local kinds = {
  mute = { known = { hours = hours.weekly, zone = check.string, passes = check.choice(rules.severities), comment = comment },
    must = { "hours", "zone" } },
  silence = { known = { matchers = matcher_fields, from = time.instant, to = time.instant, author = author.name,
    comment = comment }, must = { "matchers", "to" } },
  objective = { known = { stores = rules.checkers.stores, target = target, window = rules.checkers.window, comment = comment },
    must = { "target" } },
  setting = { known = { value = rules.checkers.stretch }, must = { "value" } },
}

--- The settings that there are.
configuration.settings = { "stale_after", "dormant_after" }

local function wrong(kind, name, field, expected, value)
  transaction.fail("EINVAL", "%s %s: %s: %s expected, got %s", kind, check.shown(name), field, expected, check.shown(value))
end

local function read_fields(kind, name, given, known, place)
  local read = {}
  if type(given) ~= "table" then
    wrong(kind, name, place, "table", given)
  end
  for key, value in pairs(given) do
    local field, checker = (place == "" and "" or place .. ".") .. tostring(key), known[key]
    if not checker then
      transaction.fail("EINVAL", "%s %s: %s is unknown", kind, check.shown(name), field)
    elseif type(checker) == "table" then
      read[key] = read_fields(kind, name, value, checker, field)
    else
      local checked, expected, _, part = checker(value)
      if checked == nil then
        wrong(kind, name, field, expected, part == nil and value or part)
      end
      read[key] = checked
    end
  end
  return read
end

local function check_zone(monitor, name, zone)
  local known, reason = core.is_timezone(monitor.database, zone)
  if not known then
    transaction.fail("EINVAL", "mute %s: zone: timezone %s %s", check.shown(name), check.shown(zone), reason)
  end
end

-- What one field alone does not show to be wrong.
local whole = {}

function whole.mute(monitor, name, read)
  check_zone(monitor, name, read.zone)
end

function whole.silence(_, name, read)
  if next(read.matchers) == nil then
    wrong("silence", name, "matchers", "rule, store, severity or where", read.matchers)
  elseif time.between(read.from, read.to) <= 0 then
    wrong("silence", name, "to", "an instant after " .. time.short(read.from), time.short(read.to))
  end
end

function whole.setting(_, name)
  if not check.choice(configuration.settings)(name) then
    transaction.fail("EINVAL", "setting %s is unknown: it is none of %s", check.shown(name),
      table.concat(configuration.settings, ", "))
  end
end

-- A definition that has been read, with its name, and defaults; `given` is it as it was given, without these.
local function read_kind(monitor, kind, name, given, now)
  local read = read_fields(kind, name, given, kinds[kind].known, "")
  if kind == "silence" then
    read.from = read.from or now
  elseif kind == "objective" then
    read.window = read.window or 28 * 86400 * 1000000
  end
  for _, field in ipairs(kinds[kind].must) do
    if read[field] == nil then
      transaction.fail("EINVAL", "%s %s: %s is missing", kind, check.shown(name), field)
    end
  end
  if whole[kind] then
    whole[kind](monitor, name, read)
  end
  read.name = name
  return read
end

-- A rule of kind `budget` may name an objective, whose stores, target and window it has where it has none of its own.
local function with_objective(rule, objective_of)
  local when = type(rule) == "table" and rule.when
  local name = type(when) == "table" and when.objective
  if name == nil or name == false then
    return rule
  end
  local objective = type(name) == "string" and objective_of(name)
  if not objective then
    transaction.fail("EINVAL", "rule %s: when.objective: %s is not known", check.shown(rule.name), check.shown(name))
  end
  local copy, made = {}, {}
  for key, value in pairs(rule) do
    copy[key] = value
  end
  for key, value in pairs(when) do
    made[key] = key ~= "objective" and value or nil
  end
  made.target, made.window = made.target or objective.target, made.window or objective.window
  copy.when, copy.stores = made, rule.stores or objective.stores
  return copy
end

-- ---- what is stored ----

local function failed(message, code)
  transaction.fail(code, "%s", (message:gsub("^%u+: ", "", 1)))
end

local function with_name(kind, name, definition)
  definition[kind == "silence" and "id" or "name"] = name
  return definition
end

local function item_of(row)
  return { number = row.number, name = row.name, kind = row.kind, changed = row.changed,
    definition = with_name(row.kind, row.name, cjson.decode(row.definition)) }
end

-- A channel as an item: its definition flat, as it is set.
local function channel_item(row)
  local definition = row.definition
  definition.name, definition.kind, row.definition = row.name, row.kind, nil
  return { number = row.number, name = row.name, kind = "channel", definition = definition, channel = row }
end

--- How often the configuration has changed: a number that is another one after each change, and that is quick to read.
-- @tparam loom.monitor monitor
-- @treturn int|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function configuration.revision(monitor)
  local rows, message, code = monitor.database:rows "SELECT value FROM service WHERE name = 'configuration'"
  if not rows then
    return nil, message, code
  end
  return rows[1] and math.floor(tonumber(rows[1].value)) or 0
end

--- What there is of a kind, in order of the names.
-- @tparam loom.monitor monitor
-- @tparam string kind one of `configuration.kinds`
-- @tparam[opt] string name of one
-- @tparam[opt] table page `after`, a name, and `limit`: those that come next
-- @treturn {table,...}|nil `number`, which no other has had, `name`, `kind`, `changed` (in microseconds; not of channels) and
--   `definition`, as it was given, with its name (of a silence as `id`); of a channel with `true` for its secrets, and also
--   `channel`, what `loom.agent.channel_store.list` tells
-- @treturn ?string the failure
-- @treturn ?string its code
function configuration.list(monitor, kind, name, page)
  local rows, message, code
  page = page or {}
  if kind == "channel" then
    rows, message, code = channel_store.list(monitor, name, page)
  else
    rows, message, code = monitor.database:rows([[SELECT number, name, kind, definition, changed FROM configuration
      WHERE kind = ?1 AND (?2 IS NULL OR name = ?2) AND name > ?3 ORDER BY name LIMIT ?4]], kind, name, page.after or "",
      page.limit or -1)
  end
  for i, row in ipairs(rows or {}) do
    rows[i] = kind == "channel" and channel_item(row) or item_of(row)
  end
  return rows, message, code
end

--- One of a kind, as `configuration.list` has it.
-- @treturn table|false|nil false: there is none
-- @treturn ?string the failure
-- @treturn ?string its code
function configuration.get(monitor, kind, name)
  local found, message, code = configuration.list(monitor, kind, name)
  if not found then
    return nil, message, code
  end
  return found[1] or false
end

local function stored(session, kind, name)
  local found, message, code = configuration.list(session.monitor, kind, name)
  return found or failed(message, code)
end

-- ---- changing ----

-- The number of a change, which is that of what it makes.
local function next_number(session)
  session.execute [[INSERT INTO service(name, value) VALUES('configuration', '1')
    ON CONFLICT(name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)]]
  local _, _, value = session.execute "SELECT value FROM service WHERE name = 'configuration'"
  return math.floor(tonumber(value))
end

-- What the audit is told of a definition: nothing about where on this machine secrets are.
local function audited(kind, definition, others)
  if not definition then
    return nil
  end
  local hidden, copy = kind == "channel" and channel_store.local_of(definition.kind) or {}, {}
  for name, value in pairs(definition) do
    copy[name] = hidden[name] and true or value
  end
  if others and others[1] then
    copy.changed_secrets = others
  end
  return canonical(copy)
end

local function note(session, kind, name, before, after, others)
  local done, message, code = session.monitor.database:audit { kind = kind, before = audited(kind, before),
    after = audited(kind, after, others), by = session.author.by, reason = session.author.reason, at = session.author.at }
  if not done then
    failed(message, code)
  end
  session.changes[#session.changes + 1] = { kind = kind, name = name, before = before, after = after, secrets = others,
    change = not before and "new" or not after and "removed" or "changed" }
end

-- A copy without what is null in JSON.
local function tidy(value)
  local copy = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then
      if type(item) == "table" then
        copy[key] = tidy(item)
      else
        copy[key] = item
      end
    end
  end
  return copy
end

-- Whether a value can be written as JSON.
local function is_plain(value, depth)
  local kind = type(value)
  if kind ~= "table" then
    return value == cjson.null or kind == "string" or kind == "boolean"
      or kind == "number" and value == value and math.abs(value) < math.huge
  end
  local length = check.length(value)
  for key, item in pairs(value) do
    if depth == 0 or not (length or type(key) == "string") or not is_plain(item, depth - 1) then
      return false
    end
  end
  return true
end

local function check_form(kind, definition)
  if type(definition) ~= "table" or not is_plain(definition, 8) then
    transaction.fail("EINVAL", "%s: table of texts, numbers, booleans and tables expected, got %s", kind, check.shown(definition))
  elseif type(definition.name) == "string" and kind == "silence" then
    transaction.fail("EINVAL", "silence: name is unknown")
  end
end

local function name_of(kind, definition)
  local key = kind == "silence" and "id" or "name"
  local name, expected = rules.checkers.name(definition[key])
  if not name then
    transaction.fail("EINVAL", "%s: %s: %s expected, got %s", kind, key, expected, check.shown(definition[key]))
  end
  return name
end

local function without_name(definition)
  local copy = {}
  for key, value in pairs(definition) do
    if key ~= "name" and key ~= "id" then
      copy[key] = value
    end
  end
  return copy
end

-- Whether a name that a rule refers to is that of something.
local function check_reference(session, rule, field, kind, names)
  for _, name in ipairs(type(names) == "string" and { names } or names or {}) do
    if not stored(session, kind, name)[1] then
      transaction.fail("EINVAL", "rule %s: %s: %s %s is not known", check.shown(rule.name), field, kind, check.shown(name))
    end
  end
end

local function check_rule(session, definition)
  local rule = with_objective(definition, function(name)
    local found = stored(session, "objective", name)[1]
    return found and found.definition
  end)
  local read, message, code = rules.read { rule }
  if not read then
    failed(message, code)
  end
  check_reference(session, definition, "channels", "channel", definition.channels)
  check_reference(session, definition, "mute", "mute", definition.mute)
end

local function put_channel(session, definition)
  local before, after, others, is_changed = channel_store.put(session.execute, definition, session.now)
  if not is_changed then
    return definition.name, "unchanged"
  end
  next_number(session)
  note(session, "channel", definition.name, before and channel_item(before).definition, channel_item(after).definition, others)
  return definition.name, before and "changed" or "new"
end

-- The id of a silence that has none: of one that says the same, or a new one.
local function identify(session, definition)
  local wanted = without_name(definition)
  for _, item in ipairs(stored(session, "silence")) do
    local there = without_name(item.definition)
    there.from = wanted.from ~= nil and there.from or nil
    if canonical(there) == canonical(wanted) then
      return item.name
    end
  end
  return ulid.new(session.now)
end

local function write(session, kind, name, definition)
  local text = canonical(without_name(definition))
  if #text > DEFINITION_MAX then
    transaction.fail("EINVAL", "%s %s: it has more than %d bytes", kind, check.shown(name), DEFINITION_MAX)
  end
  local before = stored(session, kind, name)[1]
  if before and canonical(without_name(before.definition)) == text then
    return "unchanged"
  end
  session.execute([[INSERT INTO configuration(number, kind, name, definition, changed) VALUES(?1, ?2, ?3, ?4, ?5)
    ON CONFLICT(kind, name) DO UPDATE SET definition = ?4, changed = ?5]], next_number(session), kind, name, text, session.now)
  local _, _, count = session.execute("SELECT count(*) FROM configuration WHERE kind = ?", kind)
  if count > MOST[kind] then
    transaction.fail("EINVAL", "there may be at most %d %s", MOST[kind], configuration.plurals[kind])
  end
  note(session, kind, name, before and before.definition, definition)
  session.judged[name] = kind == "rule" or session.judged[name]
  return before and "changed" or "new"
end

-- Rules that go by an objective still make sense with another one.
local function check_users(session, name)
  for _, item in ipairs(stored(session, "rule")) do
    local when = item.definition.when
    if when.objective == name then
      check_rule(session, item.definition)
      session.judged[item.name] = true
    end
  end
end

local function put_silence(session, definition)
  for _, item in ipairs(stored(session, "silence")) do
    if time.between(time.instant(item.definition.to), session.now) > SILENCE_KEPT then
      session.execute("DELETE FROM configuration WHERE number = ?", item.number)
    end
  end
  local name = definition.id == nil and identify(session, definition) or name_of("silence", definition)
  local before = stored(session, "silence", name)[1]
  definition.id = name
  if definition.from == nil then
    definition.from = before and before.definition.from or time.text(session.now)
  end
  read_kind(session.monitor, "silence", name, without_name(definition), session.now)
  return name, write(session, "silence", name, definition)
end

-- Puts one; its name, and whether it is "new", "changed" or "unchanged".
local function put(session, kind, given)
  check_form(kind, given)
  local definition = tidy(given)
  if kind == "channel" then
    return put_channel(session, definition)
  elseif kind == "silence" then
    return put_silence(session, definition)
  end
  local name = name_of(kind, definition)
  if kind == "rule" then
    check_rule(session, definition)
  else
    read_kind(session.monitor, kind, name, without_name(definition), session.now)
  end
  local change = write(session, kind, name, definition)
  if kind == "objective" and change == "changed" then
    check_users(session, name)
  end
  return name, change
end

local function names_it(names, name)
  for _, one in ipairs(type(names) == "table" and names or { names }) do
    if one == name then
      return true
    end
  end
  return false
end

-- What a rule refers to cannot go before it.
local function check_unused(session, kind, name)
  for _, item in ipairs(stored(session, "rule")) do
    local rule = item.definition
    local names = kind == "channel" and rule.channels or kind == "mute" and rule.mute or
      kind == "objective" and rule.when.objective or nil
    if names and names_it(names, name) then
      transaction.fail("EINVAL", "%s %s is used by rule %s", kind, check.shown(name), check.shown(rule.name))
    end
  end
end

local function remove(session, kind, name)
  local before = stored(session, kind, name)[1]
  if not before then
    transaction.fail("ENOENT", "%s %s is not known", kind, check.shown(name))
  end
  check_unused(session, kind, name)
  next_number(session)
  if kind == "channel" then
    channel_store.remove(session.execute, name)
  else
    session.execute("DELETE FROM configuration WHERE kind = ? AND name = ?", kind, name)
  end
  note(session, kind, name, before.definition, nil)
end

-- The definitions of rules, with what objectives give them; and the items that they are of. One whose objective is gone is left
-- to `on_wrong`(item, failure), or fails.
local function whole_rules(monitor, on_wrong)
  local by_name, definitions, items = {}, {}, {}
  for _, item in ipairs(stored({ monitor = monitor }, "objective")) do
    by_name[item.name] = item.definition
  end
  for _, item in ipairs(stored({ monitor = monitor }, "rule")) do
    local good, found = pcall(with_objective, item.definition, function(name)
      return by_name[name]
    end)
    if good then
      definitions[#definitions + 1], items[#items + 1] = found, item
    elseif on_wrong then
      on_wrong(item, found)
    else
      error(found, 0)
    end
  end
  return definitions, items
end

-- Whether the evaluator takes what has changed, beside all that is there already. It has limits that no checker of a field knows,
-- and what it does not take would be found by the agent, at night.
local function check_judged(session)
  if next(session.judged) == nil then
    return
  end
  local before, changed = {}, {}
  for _, definition in ipairs(whole_rules(session.monitor, function() end)) do
    local read = rules.read { definition }
    local list = session.judged[definition.name] and changed or before
    list[#list + 1] = read and read[1]
  end
  for _, rule in ipairs(changed) do -- last, so that no rule is refused for another that comes after it
    before[#before + 1] = rule
  end
  local _, bad = Evaluation.sort_out(session.monitor, before)
  for _, rule in ipairs(bad) do
    if session.judged[rule.name] then
      transaction.fail("EINVAL", "rule %s: %s", check.shown(rule.name), rule.why)
    end
  end
end

-- Calls work(session) in a transaction, which changes no report. With `dry_run` all is undone, and what it returns is as if it
-- were not.
local function change(monitor, options, work)
  local result
  local done, message, code = transaction.run(monitor.database, function(execute)
    local signed = author.of(monitor, options)
    local session = { monitor = monitor, execute = execute, author = signed, now = signed.at, changes = {}, judged = {} }
    result = work(session)
    check_judged(session)
    if options.dry_run then
      transaction.fail("EDRY", "nothing is changed")
    end
    return true
  end, true, true)
  if not done and code ~= "EDRY" then
    return nil, message, code
  end
  return result
end

--- Sets one of a kind.
-- @tparam loom.monitor monitor
-- @tparam string kind one of `configuration.kinds`
-- @tparam table definition
-- @tparam[opt] table options `by` and `reason`, for the audit
-- @treturn table|nil as `configuration.list` has it; and `change`: `"new"`, `"changed"` or `"unchanged"`
-- @treturn ?string the failure: EINVAL
-- @treturn ?string its code
function configuration.put(monitor, kind, definition, options)
  options = options or {}
  return change(monitor, options, function(session)
    local name, what = put(session, kind, definition)
    local item = stored(session, kind, name)[1]
    item.change = what
    return item
  end)
end

--- Removes one of a kind.
-- @tparam loom.monitor monitor
-- @tparam string kind one of `configuration.kinds`
-- @tparam string name
-- @tparam[opt] table options as in `configuration.put`
-- @treturn bool|nil true
-- @treturn ?string the failure: ENOENT, or EINVAL where a rule refers to it
-- @treturn ?string its code
function configuration.remove(monitor, kind, name, options)
  options = options or {}
  return change(monitor, options, function(session)
    remove(session, kind, name)
    return true
  end)
end

-- ---- all of it ----

-- The lists of a table that is applied, by kind; of settings one to each name.
local function lists_of(wanted)
  local lists, known = {}, {}
  for kind, plural in pairs(configuration.plurals) do
    known[plural] = kind
  end
  for key, value in pairs(wanted) do
    local kind = known[key]
    if not kind then
      transaction.fail("EINVAL", "%s is unknown: it is none of rules, channels, mutes, silences, objectives, settings",
        check.shown(key))
    elseif type(value) ~= "table" or kind ~= "setting" and not check.length(value) then
      transaction.fail("EINVAL", "%s: %s expected, got %s", key, kind == "setting" and "table" or "list", check.shown(value))
    end
    lists[kind] = value
  end
  local settings = {}
  for name, value in pairs(lists.setting or {}) do
    settings[#settings + 1] = { name = name, value = value }
  end
  table.sort(settings, function(a, b)
    return tostring(a.name) < tostring(b.name)
  end)
  lists.setting = lists.setting and settings
  return lists
end

local function apply_kind(session, kind, list)
  local names = {}
  for _, definition in ipairs(list) do
    local name
    if kind == "setting" and definition.value == false then -- as if it had never been set
      name = name_of(kind, definition)
      if stored(session, kind, name)[1] then
        remove(session, kind, name)
      end
    else
      name = put(session, kind, definition)
    end
    if names[name] then
      transaction.fail("EINVAL", "%s %s is there twice", kind, check.shown(name))
    end
    names[name] = true
  end
  return names
end

-- A channel that is a function is of the agent that was given it.
local function is_function(item)
  return item.kind == "channel" and item.definition.kind == "lua"
end

-- Removes what a table does not name, those first that refer to others; of kinds that it does not have, everything.
local function prune(session, names)
  for i = #configuration.kinds, 1, -1 do
    local kind = configuration.kinds[i]
    for _, item in ipairs(stored(session, kind)) do
      if not (names[kind] and names[kind][item.name]) and not is_function(item) then
        remove(session, kind, item.name)
      end
    end
  end
end

--- Applies a table of definitions: all of it, or nothing. See `loom.monitor:apply`.
-- @tparam loom.monitor monitor
-- @tparam table wanted `rules`, `channels`, `mutes`, `silences`, `objectives` (lists) and `settings`
-- @tparam[opt] table options `dry_run`, `prune`, `by`, `reason`
-- @treturn {table,...}|nil what has changed: `kind`, `name`, `change` (`"new"`, `"changed"` or `"removed"`), `before` and
--   `after`, definitions, and `secrets`, the names of those of a channel that are others
-- @treturn ?string the failure: EINVAL
-- @treturn ?string its code
function configuration.apply(monitor, wanted, options)
  options = options or {}
  return change(monitor, options, function(session)
    if type(wanted) ~= "table" or not is_plain(wanted, 10) then
      transaction.fail("EINVAL", "a table of rules, channels, mutes, silences, objectives and settings expected")
    end
    local lists, names = lists_of(tidy(wanted)), {}
    for _, kind in ipairs(configuration.kinds) do
      names[kind] = lists[kind] and apply_kind(session, kind, lists[kind])
    end
    if options.prune then
      prune(session, names)
    end
    return session.changes
  end)
end

--- All of it, as `configuration.apply` takes it; `true` stands for secrets.
-- @tparam loom.monitor monitor
-- @treturn table|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function configuration.export(monitor)
  local all = {}
  for _, kind in ipairs(configuration.kinds) do
    local items, message, code = configuration.list(monitor, kind)
    if not items then
      return nil, message, code
    end
    local list = {}
    for _, item in ipairs(items) do
      if kind == "setting" then
        list[item.name] = item.definition.value
      elseif not is_function(item) then
        list[#list + 1] = item.definition
      end
    end
    all[configuration.plurals[kind]] = list
  end
  return all
end

-- ---- what the evaluation takes ----

local function leave_out(left_out, item, why)
  left_out[#left_out + 1] = { kind = item.kind, name = item.name, number = item.number, why = why }
end

-- Items that are read, without those that are of no use any more, which are left out: a zone that is not known since, say.
local function load_kind(monitor, kind, left_out)
  local read = {}
  for _, item in ipairs(stored({ monitor = monitor }, kind)) do
    local good, found = pcall(read_kind, monitor, kind, item.name, without_name(item.definition), item.changed)
    if good then
      found.number = item.number
      read[#read + 1] = found
    else
      local _, why = transaction.failure(found)
      leave_out(left_out, item, why)
    end
  end
  return read
end

--- The rules that are stored and the settings, as `loom.monitor:replay_alerts` takes them.
-- @tparam loom.monitor monitor
-- @tparam[opt] {table,...} instead rules, which may name objectives, in the place of those
-- @treturn {table,...}|nil rules
-- @return settings; or the failure
-- @treturn ?string its code
function configuration.rules(monitor, instead)
  local good, found, settings = pcall(function()
    local of_monitor, definitions = { monitor = monitor }, {}
    for i, rule in ipairs(instead or {}) do
      definitions[i] = with_objective(rule, function(name)
        local item = stored(of_monitor, "objective", name)[1]
        return item and item.definition
      end)
    end
    local values = {}
    for _, item in ipairs(stored(of_monitor, "setting")) do
      values[item.name] = item.definition.value
    end
    return instead and definitions or whole_rules(monitor), values
  end)
  if not good then
    return transaction.failure(found)
  end
  return found, settings
end

local function load_rules(monitor, left_out)
  local all, by_name = {}, {}
  local definitions, items = whole_rules(monitor, function(item, found)
    local _, why = transaction.failure(found)
    leave_out(left_out, item, why)
  end)
  for i, definition in ipairs(definitions) do
    local read, why = rules.read { definition }
    if read then
      read[1].number, by_name[read[1].name] = items[i].number, items[i]
      all[#all + 1] = read[1]
    else
      leave_out(left_out, items[i], why)
    end
  end
  local good, bad = Evaluation.sort_out(monitor, all)
  for _, rule in ipairs(bad) do
    leave_out(left_out, by_name[rule.name], ("EINVAL: rule %s: %s"):format(check.shown(rule.name), rule.why))
  end
  return good
end

--- What alerts are evaluated by.
-- @tparam loom.monitor monitor
-- @treturn table|nil `rules`, as `loom.alerts.rules.read` gives them, each with its `number`; `mutes` (`name`, `hours`: as
--   `loom.hours.weekly` returns them, `zone`, `passes`: the least severity that is told all the same, nil for none), `silences`
--   (`name`, `matchers`: `rule`, `store` and `severity`, lists of texts, those of the first two patterns, and `where`, as
--   `loom.stores.conditions` returns it; `from`, `to`, in microseconds), `objectives` (`name`, `stores`, `target`, `window`: in
--   microseconds, or `"month"`), `settings` (in microseconds), `channels` (names), `revision`, and `left_out`: what is stored and
--   of no use any more (`kind`, `name`, `number`, and `why`, a failure), which is in none of the others
-- @treturn ?string the failure
-- @treturn ?string its code
function configuration.load(monitor)
  local revision, message, code = configuration.revision(monitor) -- first: what changes meanwhile has another one
  if not revision then
    return nil, message, code
  end
  local good, found = pcall(function()
    local all = { revision = revision, settings = {}, channels = {}, left_out = {} }
    for _, item in ipairs(load_kind(monitor, "setting", all.left_out)) do
      all.settings[item.name] = item.value
    end
    for i, item in ipairs(stored({ monitor = monitor }, "channel")) do
      all.channels[i] = item.name
    end
    all.mutes, all.silences = load_kind(monitor, "mute", all.left_out), load_kind(monitor, "silence", all.left_out)
    all.objectives = load_kind(monitor, "objective", all.left_out)
    all.rules = load_rules(monitor, all.left_out)
    return all
  end)
  if not good then
    return transaction.failure(found)
  end
  return found
end

return configuration
