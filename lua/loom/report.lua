--- A report: the figures of every store in every window. `loom.monitor:report` and `loom.job:result` give one.
--
-- `#report` is how many stores there are and `report[i]` a row (see `loom.row`), counted from 1 in order of store id as
-- bytes. The methods of `loom.rows` find, sort, add up and write rows. A report stays as it is when the database changes,
-- but for attributes of stores: those that no option of the report names are read when they are first looked at.
-- @classmod loom.report

local check = require "loom.check"
local columns = require "loom.columns"
local core = require "loom.core"
local figures = require "loom.figures"
local hours = require "loom.hours"
local rows = require "loom.rows"
local rules = require "loom.rules"
local slo = require "loom.slo"
local stores = require "loom.stores"
local time = require "loom.time"
local windows = require "loom.windows"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local Report = setmetatable({}, { __index = rows })
Report.__index = Report

--- What a report is of.
-- @table fields
-- @tfield number as_of the end of the windows that end there, in seconds since 1970
-- @tfield string as_of_utc the same as text, with every digit
-- @tfield {table,...} windows `name`, `unit`, and `from` and `to` in seconds since 1970, and as text: `from_utc` and `to_utc`.
--   One on the calendar has `calendar`, its word or dates; it is another one for each zone, and `from` and `to` are the
--   earliest and the latest of any store (see `span`). With `compare`, the one before another has its name as `before_of`
-- @tfield table rules those in force: `preset`, `slack` and `max_gap` in seconds (nil: none), `fill`, `evidence`, `no_data`,
--   `default_zone`
-- @tfield string key the name of the first column: `"store_id"`
-- @tfield ?table strips what strips are of: `window`, its name, and `bins`
-- @tfield ?string name_attribute the attribute that pages call stores by

local STRIP_BINS = 168 -- an hour of a week each

-- ---- options ----

-- Hours of this report: a week for each store id, "*" for all others, or a function (store_id, date, spans).
local function hours_checker(value)
  if type(value) == "function" then
    return value
  elseif type(value) ~= "table" then
    return nil, "weeks of opening hours by store id, or function"
  end
  local weeks = {}
  for id, week in pairs(value) do
    local list, expected, _, wrong = hours.week(week)
    if type(id) ~= "string" or not list then
      return nil, expected or "weeks of opening hours by store id", false, wrong
    end
    weeks[id] = list
  end
  return weeks
end

local function strips_checker(value)
  local expected = "true, or table of window and bins"
  if value == true then
    return { bins = STRIP_BINS }
  elseif type(value) ~= "table" or (value.bins ~= nil and not check.integer(1, core.limits.strip_bins)(value.bins)) then
    return nil, expected
  end
  for key in pairs(value) do
    if key ~= "window" and key ~= "bins" then
      return nil, expected
    end
  end
  return { window = value.window, bins = value.bins or STRIP_BINS }
end

local function shard_checker(value)
  local is_number = check.integer(1, core.limits.shards)
  if type(value) == "table" and is_number(value.number) and is_number(value.of) and value.number <= value.of then
    return { number = value.number, of = value.of }
  end
  return nil, "table of number and of, how many shards there are"
end

local checkers = {
  as_of = time.seen_from,
  windows = windows.checker,
  hours = hours_checker,
  slo = slo.checker,
  group_by = stores.attribute_name,
  name_attribute = stores.attribute_name,
  strips = strips_checker,
  threads = check.integer(0, core.limits.threads),
  progress = check.callable,
  shard = shard_checker,
  compare = check.boolean,
}
for _, more in ipairs { rules.checkers, stores.checkers } do
  for name, checker in pairs(more) do
    checkers[name] = checker
  end
end

-- What the native half is asked for. The caller's filter is called meanwhile.
local function native_options(monitor, options, wanted, private)
  local chosen, message, code = stores.choose(monitor.database, options, options.default_zone or monitor.default_zone)
  if not chosen then
    return nil, message, code
  end
  local native = rules.pass_on(options, {
    windows = {},
    as_of = time.as_of(monitor, options.as_of),
    all_stores = options.all_stores,
    threads = options.threads,
    private = private or type(options.hours) == "function",
    ids = chosen.ids,
    globs = chosen.globs,
    shard = options.shard and options.shard.number - 1,
    shards = options.shard and options.shard.of,
  })
  for i, window in ipairs(wanted) do
    native.windows[i] = window.native
  end
  if options.strips then
    native.strip_bins = options.strips.bins
    native.strip_window = windows.last_place(wanted)
    for i, window in ipairs(wanted) do
      if window.name == options.strips.window then
        native.strip_window = i
      end
    end
  end
  if options.default_zone == nil then
    native.default_zone = monitor.default_zone
  end
  return native
end

-- ---- hours for this report alone ----

local function same_spans(a, b)
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then
      return false
    end
  end
  return true
end

-- Calls the caller's function for a date and passes on what it changes.
local function override_date(native, walk, id, date, change)
  local before = walk:openings(date)
  local text = core.format_date(date)
  local answer = change(id, text, hours.texts(before), hours.openings(before))
  if answer == nil then
    return
  end
  local after, expected, _, wrong = hours.spans(answer)
  if not after then
    check.fail("bad result of the function 'hours' for %s on %s (%s expected, got %s)", id, text, expected,
      check.shown(answer, wrong))
  elseif not same_spans(before, after) then
    native:override_date(id, date, after)
  end
end

local function override_dates(monitor, native, change)
  local from, to = native:hull()
  local walk, message, code = core.walk(monitor.database, from, to)
  if not walk then
    return nil, message, code
  end
  local called, good
  called, good, message, code = pcall(function()
    local id, first, last = walk:next()
    while id do
      for date = first, last do
        override_date(native, walk, id, date, change)
      end
      id, first, last = walk:next()
    end
    return first == nil, first, last
  end)
  walk:close()
  if not called then
    error(good, 0)
  elseif not good then
    return nil, message, code
  end
  return true
end

local function override_hours(monitor, native, change)
  if type(change) == "function" then
    return override_dates(monitor, native, change)
  elseif type(change) == "userdata" then
    native:lay_over(change)
    return true
  end
  for id, week in pairs(change or {}) do
    native:override_week(id, week)
  end
  return true
end

-- ---- computing ----

-- The caller's function is not to leave threads behind. `change` is of hours, or an overlay (`src/lua/overlay.c`).
local function start(monitor, native, change)
  local called, good, message, code = pcall(override_hours, monitor, native, change)
  if called and good then
    called, good, message, code = pcall(native.start, native)
  end
  if not called or not good then
    native:close()
    if not called then
      error(good, 0)
    end
    return nil, message, code
  end
  return native
end

-- Which windows are printed in minutes.
local function in_minutes(of)
  local minutes = {}
  for i, window in ipairs(of) do
    minutes[i] = window.unit == "minutes"
  end
  return minutes
end

-- The file that the native half is to write, as it takes it.
local function native_file(file, wanted)
  local header = { "store_id" }
  for i, window in ipairs(wanted) do
    header[1 + i], header[1 + #wanted + i] = "uptime_" .. window.name, "downtime_" .. window.name
  end
  return { path = file.path, figures_path = file.figures_path, header = table.concat(header, ","), minutes = in_minutes(wanted),
    neutralise_formulas = file.neutralise_formulas }
end

-- Every store's values of the attributes that the options name, by attribute: the monitor may be closed when they are
-- looked at.
local function read_attributes(database, options)
  local values = {}
  for _, attribute in pairs { options.group_by, options.name_attribute, options.slo and options.slo.attribute } do
    local message, code
    values[attribute], message, code = stores.values_of(database, attribute)
    if not values[attribute] then
      return nil, message, code
    end
  end
  return values
end

-- The checked options, windows always among them.
local function checked_options(name, options)
  options = check.options(name, options, checkers)
  options.windows = options.windows or windows.checker(windows.standard)
  if options.compare then
    local list, expected = windows.compared(options.windows)
    options.windows = list or check.impossible("compare", name, expected, true)
  end
  local strips = options.strips
  if strips and strips.window ~= nil and not rows.index_windows(options.windows)[strips.window] then
    check.impossible("strips", name, "window: name of one of the windows", strips.window)
  end
  return options
end

-- Starts the native half.
-- @treturn loom.report.native|nil
-- @treturn table|string the checked options, or the failure
-- @treturn ?string its code
local function begin(monitor, name, options, private, file, overlay, commit)
  options = checked_options(name, options)
  local wanted = options.windows
  local asked, message, code = native_options(monitor, options, wanted, private)
  if not asked then
    return nil, message, code
  end
  asked.file = file and native_file(file, wanted)
  asked.commit, asked.ingest = commit and commit.number, commit and commit.ingest
  options.attribute_values, message, code = read_attributes(monitor.database, options)
  if not options.attribute_values then
    return nil, message, code
  end
  local native
  native, message, code = core.report(monitor.database, asked)
  if not native then
    return nil, message, code
  end
  native, message, code = start(monitor, native, overlay or options.hours)
  return native, native and options or message, code
end

-- Waits for the native half, telling how far it is.
local function wait(native, progress)
  local done, share, code
  repeat
    done, share, code = native:wait(progress and 200 or 1000)
    if done == false and progress then
      progress(share)
    end
  until done ~= false
  return done, share, code
end

-- The windows as they were resolved.
local function resolved_windows(native, wanted)
  local list = {}
  for i, window in ipairs(wanted) do
    local from, to = native:window(i)
    list[i] = { name = window.name, unit = window.unit, calendar = window.calendar, before_of = window.before_of }
    time.set(list[i], "from", from)
    time.set(list[i], "to", to)
  end
  return list
end

local function names_of(resolved)
  local names = {}
  for i, window in ipairs(resolved) do
    names[i] = window.name
  end
  return names
end

-- The report of a native half that is complete.
local function finish(monitor, native, options)
  local resolved = resolved_windows(native, options.windows)
  local in_force = rules.in_force(options)
  in_force.default_zone = in_force.default_zone or monitor.default_zone
  return rows.object(setmetatable({
    key = "store_id",
    native = native,
    monitor = monitor,
    windows = resolved,
    window_names = names_of(resolved),
    window_index = rows.index_windows(resolved),
    rules = in_force,
    as_of = time.seconds(native:as_of()),
    as_of_utc = time.text(native:as_of()),
    objective = options.slo,
    has_slo = options.slo ~= nil,
    group_by = options.group_by,
    name_attribute = options.name_attribute,
    filter = stores.described(options),
    strips = options.strips
      and { window = options.strips.window or resolved[windows.last_place(resolved)].name, bins = options.strips.bins } or nil,
    attribute_values = options.attribute_values,
  }, Report), "loom.report")
end

--- Raises what is wrong with options of a report, as far as that can be known without computing one.
-- @local
function Report.check_options(name, options)
  options = checked_options(name, options)
  for _, window in ipairs(options.windows) do
    local length, as_of = window.native.length, options.as_of
    length = length and window.before_of and 2 * length or length
    if length and as_of and as_of ~= "now" and time.between(time.FIRST, as_of) < length then
      check.impossible("windows", name, "windows that begin in the year 1 or later", window.name)
    end
  end
end

--- Computes a report and waits for it: see `loom.monitor:report`.
-- @local
-- @tparam loom.monitor monitor
-- @tparam[opt] table options
-- @tparam[opt] loom.overlay overlay facts of a store in place of those that are stored: it is used up
function Report.compute(monitor, options, overlay)
  local native, checked, code = begin(monitor, "report", options, false, nil, overlay)
  if not native then
    return nil, checked, code
  end
  local called, done, message, failure = pcall(wait, native, checked.progress)
  if not called or not done then
    native:close()
    if not called then
      error(done, 0) -- raised by the progress function
    end
    return nil, message, failure
  end
  return finish(monitor, native, checked)
end

--- Starts a report: see `loom.monitor:start_report`.
-- @local
-- @tparam loom.monitor monitor
-- @tparam[opt] table options
-- @tparam[opt] table file see `loom.native.report_start`
-- @tparam[opt] table commit of a cluster, of which it is to be, or fails: `number` and `ingest`
-- @treturn ?loom.report.native
-- @treturn function (native) that makes the report once the native half is complete
function Report.start(monitor, options, file, commit)
  if type(options) == "table" and options.progress ~= nil then
    check.fail("bad option 'progress' to 'start_report' (nothing expected: ask the job)")
  end
  local native, checked, code = begin(monitor, "start_report", options, not (file and file.monitor_is_free), file, nil, commit)
  if not native then
    return nil, checked, code
  end
  return native, function()
    return finish(monitor, native, checked)
  end
end

-- ---- rows ----

--- How many stores the report has; also `#report`.
-- @treturn int
-- @usage print(report:count())
function Report:count()
  return self.native:count()
end

--- Stores without a row because their zone is not in the tz database any more: in another one their figures would be wrong. A
-- report that would have no row at all for that reason fails instead. `loom check` finds such stores.
-- @treturn {table,...} the first hundred, by id: `store_id`, and `reason`, which names the store and its zone
-- @treturn int how many there are
-- @usage for _, store in ipairs(report:left_out()) do print(store.reason) end
function Report:left_out()
  return self.native:left_out()
end

--- The same for a log.
-- @treturn ?string one line; nil if no store is left out
-- @local
function Report:left_out_line()
  local list, count = self.native:left_out()
  if count > 0 then
    return ("%s%s left out"):format(list[1].reason, count > 1 and (" and %d other stores:"):format(count - 1) or ":")
  end
end

--- The id of the store in a row.
-- @tparam int index from 1
-- @treturn string
-- @usage print(report:store(1))
function Report:store(index)
  return self.native:store(index)
end

--- The number of a store's row.
-- @tparam string id of the store
-- @treturn ?int nil if it has none
-- @usage print(report:find("shop 1"))
function Report:find(id)
  return self.native:find(check.argument("find", 1, id, check.string))
end

--- The instants of a window for one store: others for each zone where it is on the calendar.
-- @tparam int index of the row, from 1
-- @tparam int window its place in `windows`, from 1
-- @treturn table `from` and `to` in seconds since 1970, and as text: `from_utc` and `to_utc`
-- @usage print(report:span(1, 3).from_utc)
function Report:span(index, window)
  local span, from, to = {}, self.native:window(window, index)
  time.set(span, "from", from)
  time.set(span, "to", to)
  return span
end

--- What a store was in a window, exactly.
-- @tparam int index of the row, from 1
-- @tparam int window its place in `windows`, from 1
-- @treturn int up, in microseconds like the next four; up + down + unknown is what was scheduled
-- @treturn int down
-- @treturn int unknown
-- @treturn int excluded
-- @treturn int the longest outage
-- @treturn int how many outages
-- @treturn int how many polls inside the pieces
-- @usage local up, down = report:figures(1, 3)
function Report:figures(index, window)
  return self.native:figures(index, window)
end

-- Every store's value of an attribute, read once: raises what reading fails with. Without a monitor those are known alone that
-- the report's options name.
local function values_of(self, attribute)
  local values = self.attribute_values[attribute]
  if not values and not self.monitor then
    return {}
  elseif not values then
    values = assert(stores.values_of(self.monitor.database, attribute))
    self.attribute_values[attribute] = values
  end
  return values
end

-- All attributes of a store that are known: raises what reading fails with.
local function known_attributes(self, id)
  local known = self.monitor and assert(self.monitor:attributes(id)) or {}
  for attribute, values in pairs(self.attribute_values) do
    known[attribute] = values[id]
  end
  return known
end

--- The attributes of the store in row number `index`: a table that is read from the database as it is asked.
-- @local
function Report:attributes_of(index)
  local id = self:store(index)
  return setmetatable({}, {
    __index = function(_, attribute)
      return values_of(self, attribute)[id]
    end,
    __pairs = function()
      return next, known_attributes(self, id), nil
    end,
  })
end

--- What the store in row number `index` is called by its attribute that `name_attribute` names; nil where it has none.
-- @local
function Report:name(index)
  local name = self.name_attribute and values_of(self, self.name_attribute)[self:store(index)]
  return name ~= "" and name or nil
end

--- The strip of the store in row number `index`: a letter to a bin (see the option `strips`); nil without strips.
-- @local
function Report:strip(index)
  local strip = self.native:strip(index)
  return strip ~= "" and strip or nil
end

-- The days of the strips of a row, as of all rows whose stores are in its zone.
local function zone_of(self, index)
  local place = self.window_index[self.strips.window]
  local zone, from, to = { name = self.native:zone(index), days = {} }, self.native:window(place, index)
  zone.from_utc, zone.to_utc = time.text(from), time.text(to)
  local days
  zone.first, days = self.native:days(index, place)
  for i = 1, #days, 2 do
    zone.days[#zone.days + 1] = { date = days[i], from_utc = time.text(days[i + 1]) }
  end
  return zone
end

--- The zones that the stores are in, in the order in which rows name them; nil without strips. `from_utc` and `to_utc` are those
-- of the strips, `first` the date that the clock shows at the start, and `days` those that begin there or later: `date` and
-- `from_utc`. Dates are in days since 1970-01-01.
-- @local
function Report:zones()
  if not self.zone_list and self.strips then
    local list, numbers = {}, {}
    for index = 1, self:count() do
      local name = self.native:zone(index)
      if not numbers[name] then
        list[#list + 1] = zone_of(self, index)
        numbers[name] = #list
      end
    end
    self.plain.zone_list, self.plain.zone_numbers = list, numbers
  end
  return self.zone_list
end

--- The place in `zones` of that of a row.
-- @local
function Report:zone_number(index)
  return self:zones() and self.zone_numbers[self.native:zone(index)]
end

--- The error budget of a store in a window, and its target; nil without an objective.
-- @local
-- @tparam int index of the row
-- @tparam int _ the window
-- @tparam int up microseconds
-- @tparam int down microseconds
-- @treturn ?int microseconds
-- @treturn ?number
function Report:slo_budget(index, _, up, down)
  local objective = self.objective
  if not objective then
    return nil
  end
  local id = self:store(index)
  local target = slo.target(objective, id, objective.attribute and values_of(self, objective.attribute)[id])
  return target and slo.budget(target, up, down), target
end

--- The up and down time of a store in a window, in microseconds.
-- @local
function Report:times(index, window)
  return self.native:times(index, window)
end

--- Totals by the attribute that the report's option `group_by` names; see `loom.rows:group`.
-- @treturn loom.groups
-- @usage
-- local by_region = assert(monitor:report { group_by = "region" })
-- for group in by_region:groups():rows() do print(group.region, group.stores, group.last_week.ratio) end
function Report:groups()
  if not self.group_by then
    check.fail("the report has no option 'group_by': use report:group(attribute)")
  end
  return self:group(self.group_by)
end

-- ---- all rows at once ----

-- What the native half has of a column: what to sort by and the window, if it is one of its figures.
local function native_order(self, column)
  if column == self.key then
    return { by = "id" }
  end
  local figure, place, before = columns.parse_change(self, column)
  if before then
    return { by = "change", figure = figure, window = place, before = before }
  end
  local name
  figure, name = column:match("^(%l+)_(.+)$")
  place = figure and self.window_index[name]
  if not place then
    return nil
  elseif figure == "uptime" or figure == "downtime" then
    return { by = self.windows[place].unit, figure = figure == "uptime" and "up" or "down", window = place }
  end
  return figures.is_name[figure] and { by = "figure", figure = figure, window = place } or nil
end

--- Numbers of at most so many rows in order of a column, or of what a function gives.
-- @local
function Report:ordered(by, descending, limit)
  local order = type(by) == "string" and native_order(self, by)
  if not order then
    return rows.ordered(self, by, descending)
  end
  order.descending, order.limit = descending, limit
  return (self.native:order(order))
end

--- Numbers of the rows that did worst in a window, by its place.
-- @local
function Report:worst_of(place, limit)
  return (self.native:order { by = "worst", window = place, limit = limit })
end

--- A page of the rows in an order.
-- @local
-- @tparam ?string figure nil: in order of id
-- @tparam int place of the window
-- @tparam bool descending
-- @tparam int limit
-- @tparam ?loom.choice only which rows to choose from: see `chooser`
-- @tparam ?table after where the page before ended: its last row's store and the value that was returned with it
-- @tparam ?int before the place of the window before, where the order is that of the figure's change
-- @tparam[opt=1] int first the place in the order of the first one; not with `after`
-- @treturn {int,...} numbers of rows
-- @treturn int how many there are from the first of them to the end
-- @treturn int how many in all
-- @treturn ?number the figure of the last one, where it is defined
function Report:page(figure, place, descending, limit, only, after, before, first)
  return self.native:order { by = before and "change" or figure and "figure" or "id", figure = figure, window = place,
    before = before, descending = descending, limit = limit, only = only, after = after, first = first }
end

--- Percentiles in a window, by its place.
-- @local
function Report:percentiles_of(figure, place, percents, only)
  return self.native:percentiles(figure, place, percents, only)
end

--- How many rows lie in each of so many bins from 0 to `most`.
-- @local
-- @treturn {int,...}
function Report:histogram(figure, place, most, bins, only)
  return (self.native:histogram(figure, place, most, bins, only))
end

--- For each of some shares, how few rows have it of a figure's sum in a window, by its place.
-- @local
-- @treturn {int,...}
function Report:concentration(figure, place, shares, only)
  return self.native:concentration(figure, place, shares, only)
end

--- How many stores were open in a window, by its place, and how many of these have no poll in their openings.
-- @local
-- @treturn int
-- @treturn int
function Report:silence(place)
  return self.native:silence(place)
end

--- The sums of a window, by its place, for groups of rows.
-- @local
function Report:sums_of(place, count, group_of)
  if count == 0 then
    return {}
  end
  return self.native:group_sums(place, count, group_of)
end

--- The up and down time of all stores, or of a choice of them, in a window, by its place, in microseconds.
-- @local
function Report:totals_of(place, only)
  local sums = self.native:sum(place, only)
  return sums[1], sums[2]
end

--- A choice among the stores: see `loom.stores.chooser`.
-- @local
function Report:chooser(glob, conditions, text)
  return stores.chooser(self.native, glob, conditions, text)
end

-- ---- rows as text ----

--- The figures of a row as a JSON object by the names of the windows.
-- @local
function Report:json_of(index)
  return self.native:json(index, self.window_names)
end

--- Rows as JSON objects of `store_id` and `windows`, with a separator between them, by default a comma.
-- @local
function Report:json_stores(numbers, separator)
  return self.native:json_stores(numbers, self.window_names, separator)
end

--- The sums of a window, by its place, as a JSON object; those that no whole number holds are rounded, once.
-- @local
-- @treturn string
-- @treturn int how many rows they are of
function Report:json_sums(place, only)
  local sums, text = self.native:sum(place, only)
  return text or figures.json(unpack(sums)), sums.stores
end

--- So many rows from one on as CSV, in the standard columns.
-- @local
function Report:csv_rows(first, count, neutralise_formulas)
  return self.native:csv_rows(first, count, in_minutes(self.windows), neutralise_formulas)
end

--- The same rows, each as a frame of a stream: see `loom.workers.lines`.
-- @local
function Report:csv_frames(first, count, neutralise_formulas)
  return self.native:csv_frames(first, count, in_minutes(self.windows), neutralise_formulas)
end

--- Frees the report's memory before the collector would. In Lua 5.4 a report can be a to-be-closed variable.
-- @usage report:close()
function Report:close()
  self.native:close()
end

function Report:__tostring()
  local is_open, count = pcall(self.count, self)
  return ("loom.report (as of %s, %s, windows %s)"):format(self.as_of_utc,
    is_open and ("%d %s"):format(count, count == 1 and "store" or "stores") or "closed", table.concat(self.window_names, ", "))
end

return Report
