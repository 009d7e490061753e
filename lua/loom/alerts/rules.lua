--- Definitions of alert rules: read, checked, and made what the evaluator (src/core/alert/rule.h) takes.
--
-- A definition is a table, or an object of JSON:
--
--     { "name": "down", "severity": "critical", "when": { "kind": "down_for", "time": "30m" },
--       "for": { "count": 2, "of": 3 }, "keep": { "time": "10m" }, "stores": { "where": { "region": "west" } } }
--
-- Times are seconds or text such as `"30m"`; they are business time unless `"clock": "wall"` is beside them. A window is as a
-- report's, a stretch up to the instant, of which business time counts. `when` has of each kind:
--
--     inactive_polls   count, of
--     down_for         time
--     down_time        window, time
--     ratio            window, below
--     outages          window, count
--     unknown          window, share
--     late_open        time
--     no_poll          time [, scope = "fleet"]
--     group_down       count (1), share (0)
--     budget           target, window = "28d" or "month", left, or burnt with within and still: a share that was burnt within
--                      a stretch of business time, and still burns in the shorter one
--
-- and what has a window also `min_known`. With `group_by`, an attribute's name or `"timezone"`, and `scope = "group"` (which is
-- that of `group_down`), stores are judged together.
-- @module loom.alerts.rules

local canonical = require "loom.canonical"
local check = require "loom.check"
local stores = require "loom.stores"
local time = require "loom.time"

local rules = {}

-- How many rules there may be, how long names and texts: what people read and type, and what fits a message.
local MOST, NAME_MAX, TEXT_MAX = 1000, 100, 1000

--- The severities, the worst first.
rules.severities = { "critical", "error", "warning", "info" }

--- What a text may name in braces.
rules.fields = { rule = true, severity = true, store = true, group = true, timezone = true, state = true, reason = true,
  value = true, threshold = true, since = true, at = true, runbook = true }

-- ---- checkers: a value, or nil and what was expected ----

local share = check.number(0, 1)

local function list_of_texts(value)
  local list = type(value) == "string" and { value } or value
  if type(list) ~= "table" or not check.length(list) then
    return nil, "text or list of texts"
  end
  for _, item in ipairs(list) do
    if type(item) ~= "string" or item == "" then
      return nil, "text or list of texts"
    end
  end
  return list
end

local function name(value)
  if type(value) == "string" and value:find "^[%w][%w_.-]*$" and #value <= NAME_MAX then
    return value
  end
  return nil, ("name of letters, digits, '_', '.' and '-', up to %d"):format(NAME_MAX)
end

-- The name of a rule: not that of an alert of the system, whose events would pass for the rule's. (The others have a space.)
local function name_of_rule(value)
  if value == "stale" then
    return nil, "another name than that of the alert of a feed that is stale"
  end
  return name(value)
end

local function template(value)
  local expected = ("text of up to %d bytes"):format(TEXT_MAX)
  if type(value) ~= "string" or #value > TEXT_MAX then
    return nil, expected
  end
  for field in value:gmatch "{([^{}]*)}" do
    if not rules.fields[field] then
      return nil, "text whose fields are known ({" .. field:sub(1, 40) .. "} is not)"
    end
  end
  return value
end

local function text(value)
  return type(value) == "string" and #value <= TEXT_MAX and value or nil, ("text of up to %d bytes"):format(TEXT_MAX)
end

local DAY = 86400 * 1000000
local STRETCH_MAX = 31 * DAY -- of what a rule looks back on: LOOM_ALERT_WINDOW_MAX
local GAP_MAX = 36525 * DAY -- LOOM_MAX_GAP_MAX

-- A duration up to one: the evaluator takes no longer ones.
local function up_to(most)
  return function(value)
    local length, expected = time.duration(value)
    if length and length <= most then
      return length
    end
    return nil, expected or ("duration of up to %d days"):format(most / DAY)
  end
end

local stretch = up_to(STRETCH_MAX)

-- What a checker takes of a kind, but for 0.
local function some(checker, kind)
  return function(value)
    local checked, expected = checker(value)
    if checked and checked > 0 then
      return checked
    end
    return nil, expected or kind .. " of more than 0"
  end
end

local some_stretch, some_share = some(stretch, "duration"), some(share, "number")

local function window(value)
  if value == "month" then
    return value
  end
  return some_stretch(value)
end

local function is_true(value)
  return value == nil and nil or value
end

local function fields(known)
  return { known = known }
end

local clock = check.choice { "business", "wall" }
local count = check.integer(1, 2 ^ 31 - 1)
local result_count = check.integer(1, 64)

-- Of each kind: the fields of `when`, those it must have (as `true`), and its scopes, the default first.
local STORE, BOTH = { "store" }, { "store", "group" }
local kinds = {
  inactive_polls = { known = { count = check.integer(1, 60), of = check.integer(1, 60) }, must = { "count", "of" },
    scopes = STORE },
  down_for = { known = { time = stretch, clock = clock }, must = { "time" }, scopes = STORE },
  down_time = { known = { window = window, time = stretch, min_known = stretch }, must = { "window", "time" },
    scopes = BOTH },
  ratio = { known = { window = window, below = share, min_known = stretch }, must = { "window", "below" }, scopes = BOTH },
  outages = { known = { window = window, count = count, min_known = stretch }, must = { "window", "count" },
    scopes = BOTH },
  unknown = { known = { window = window, share = share, min_known = stretch }, must = { "window", "share" },
    scopes = BOTH },
  late_open = { known = { time = stretch, clock = clock }, must = { "time" }, scopes = STORE },
  no_poll = { known = { time = stretch, clock = clock }, must = { "time" }, scopes = { "store", "group", "fleet" } },
  group_down = { known = { count = count, share = share }, must = {}, scopes = { "group" } },
  budget = { known = { target = share, window = window, left = share, burnt = some_share, within = stretch,
    still = stretch, min_known = stretch }, must = { "target" }, scopes = BOTH },
}

--- The kinds of rules.
rules.kinds = { "inactive_polls", "down_for", "down_time", "ratio", "outages", "unknown", "late_open", "no_poll", "group_down",
  "budget" }

--- Whether `when` of a kind may have a field.
function rules.known(name_of_kind, field)
  return kinds[name_of_kind].known[field] ~= nil or field == "scope"
end

local function kind(value)
  return kinds[value] and value or nil, "kind of rule"
end

local top = {
  name = name_of_rule,
  enabled = check.boolean,
  severity = check.choice(rules.severities),
  stores = fields { where = stores.conditions, ids = list_of_texts, dormant = check.boolean },
  when = fields(nil), -- of its kind
  ["for"] = fields { count = result_count, of = result_count, time = stretch, clock = clock },
  keep = fields { count = result_count, time = stretch, clock = clock },
  group_by = name,
  ["repeat"] = time.duration,
  storm = check.integer(1, 2 ^ 31 - 1),
  mute = list_of_texts,
  channels = list_of_texts,
  text = template,
  runbook = text,
  max_gap = up_to(GAP_MAX),
}

--- Checkers that other definitions share with those of rules: a name, that of a rule, texts, a window, a stretch of time, a
-- choice of stores.
rules.checkers = { name = name, name_of_rule = name_of_rule, texts = list_of_texts, window = window,
  stretch = some_stretch,
  stores = { where = stores.conditions, ids = list_of_texts, dormant = check.boolean } }

-- ---- reading ----

-- Ends the reading with a failure: {rule, field, expected, value}.
local function wrong(field, expected, value)
  error({ field = field, expected = expected, value = value }, 0)
end

local function read_fields(table_, known, place)
  local read = {}
  if type(table_) ~= "table" then
    wrong(place, "table", table_)
  end
  for key, value in pairs(table_) do
    local field = (place == "" and "" or place .. ".") .. tostring(key)
    local checker = known[key]
    if not checker then
      error({ field = field, unknown = true }, 0)
    elseif type(checker) == "table" then
      read[key] = checker.known and read_fields(value, checker.known, field) or value
    else
      local checked, expected = checker(value)
      if checked == nil then
        wrong(field, expected, value)
      end
      read[key] = checked
    end
  end
  return read
end

local function read_when(when)
  if type(when) ~= "table" then
    wrong("when", "table", when)
  elseif not kind(when.kind) then
    wrong("when.kind", "kind of rule", when.kind)
  end
  local of = kinds[when.kind]
  local known = { kind = kind, scope = check.choice(of.scopes) }
  for key, checker in pairs(of.known) do
    known[key] = checker
  end
  local read = read_fields(when, known, "when")
  for _, key in ipairs(of.must) do
    if read[key] == nil then
      wrong("when." .. key, "value", nil)
    end
  end
  read.scope = read.scope or of.scopes[1]
  return read
end

-- What one field alone does not show to be wrong.
local function check_whole(rule)
  local when, need = rule.when, rule["for"]
  if when.scope == "group" and not rule.group_by then
    wrong("group_by", "name of an attribute, since its groups are judged", nil)
  elseif when.kind == "inactive_polls" and when.count > when.of then
    wrong("when.count", "number up to `of`", when.count)
  elseif need and need.of and (need.count or 1) > need.of then
    wrong("for.count", "number up to `of`", need.count)
  elseif when.kind == "budget" then
    if when.target >= 1 then
      wrong("when.target", "ratio below 1", when.target)
    elseif not when.left and not when.burnt then
      wrong("when.left", "share that is left, or burnt", nil)
    elseif when.burnt and not (when.within and when.still and when.still <= when.within) then
      wrong("when.within", "time, and still, which is shorter", when.within)
    end
  end
end

local function read_rule(definition)
  local rule = read_fields(definition, top, "")
  if not rule.name then
    wrong("name", "name", nil)
  end
  rule.when = read_when(rule.when)
  check_whole(rule)
  rule.severity = rule.severity or "warning"
  rule.enabled = is_true(rule.enabled) ~= false
  rule.storm = rule.storm or 50
  return rule
end

local function told(at, definition, err)
  if type(err) ~= "table" then
    error(err, 0)
  end
  local named = type(definition) == "table" and type(definition.name) == "string" and check.shown(definition.name) or at
  if err.unknown then
    return ("EINVAL: rule %s: %s is unknown"):format(named, err.field)
  end
  return ("EINVAL: rule %s: %s: %s expected, got %s"):format(named, err.field, err.expected, check.shown(err.value))
end

--- Reads a list of definitions.
-- @tparam {table,...} list of definitions; or a table of it as `rules`, as `loom apply` takes
-- @treturn {table,...}|nil the rules: the same, checked, with times in microseconds and what was left out
-- @treturn ?string the failure, which names the rule, the field and the value: EINVAL
-- @treturn ?string its code
function rules.read(list)
  local definitions, read, names = type(list) == "table" and list.rules or list, {}, {}
  if type(definitions) ~= "table" or not check.length(definitions) then
    return nil, "EINVAL: a list of rules expected", "EINVAL"
  elseif #definitions > MOST then
    return nil, ("EINVAL: there are more than %d rules"):format(MOST), "EINVAL"
  end
  for i, definition in ipairs(definitions) do
    local good, rule = pcall(read_rule, definition)
    if good and names[rule.name] then
      good, rule = false, { field = "name", expected = "another name than that of rule " .. names[rule.name], value = rule.name }
    end
    if not good then
      return nil, told(i, definition, rule), "EINVAL"
    end
    names[rule.name], read[i] = i, rule
  end
  return read
end

-- ---- what the evaluator takes ----

local function need_of(given, of)
  given = given or {}
  return { count = given.count or 1, of = of or given.of or given.count or 1, time = given.time or 0,
    wall = given.clock == "wall" }
end

-- All that decides results: a rule with another one is another rule. Words, channels and severity are none of it.
local function meaning_of(rule)
  local where = {}
  for attribute, allowed in pairs(rule.stores and rule.stores.where or {}) do
    local values = {}
    for value in pairs(allowed) do
      values[#values + 1] = value
    end
    table.sort(values)
    where[attribute] = values
  end
  return canonical { when = rule.when, ["for"] = rule["for"] or {}, keep = rule.keep or {}, group_by = rule.group_by or "",
    where = where, ids = rule.stores and rule.stores.ids or {}, dormant = rule.stores and rule.stores.dormant or false,
    max_gap = rule.max_gap or 0 }
end

--- What `core.alert_evaluator` takes of a rule.
function rules.compile(rule)
  local when = rule.when
  return {
    kind = when.kind, scope = when.scope, meaning = meaning_of(rule), count = when.count, of = when.of, time = when.time,
    wall = when.clock == "wall", share = when.below or when.share or when.left,
    window = when.window ~= "month" and when.window or when.kind == "budget" and not when.window and 28 * 86400 * 1000000 or nil,
    month = when.window == "month", target = when.target, burnt = when.burnt, burn_long = when.within,
    burn_short = when.still, min_known = when.min_known, max_gap = rule.max_gap,
    dormant = rule.stores and rule.stores.dormant or false, fires = need_of(rule["for"]),
    ends = need_of(rule.keep, rule.keep and rule.keep.count),
  }
end

--- What a rule compares with, and in which unit: `"s"`, `"ratio"`, `"polls"`, `"outages"` or `"stores"`.
function rules.threshold(rule)
  local when = rule.when
  if when.time then
    return time.seconds(when.time), "s"
  elseif when.kind == "inactive_polls" then
    return when.count, "polls"
  elseif when.kind == "outages" then
    return when.count, "outages"
  elseif when.kind == "group_down" then
    return when.count or 1, "stores"
  end
  return when.below or when.share or when.left or when.burnt, "ratio"
end

return rules
