--- Metrics of all workers together, in Prometheus's text format (version 0.0.4).
--
-- Workers count by themselves, and together in the shared dictionary `loom`; what the database knows is asked when metrics
-- are. Stores have metrics of their own where `store_id` asks for them, with their attributes as labels where `labels` does.
-- @module loom.http.metrics

local book = require "loom.alerts.book"
local core = require "loom.core"
local figures = require "loom.figures"
local fleet = require "loom.http.fleet"
local flushing = require "loom.http.flushing"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local Queue = require "loom.queue"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local Status = require "loom.status"
local stores = require "loom.stores"
local tokens = require "loom.http.tokens"

local metrics = {}

local BUCKETS = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10 } -- seconds
local STORES_MAX = 100000 -- with metrics of their own: 60 MB of text, which Prometheus reads in some seconds
local LABELS_MAX = 10 -- attributes of theirs
local LABELS_SIZE = 16 * 1024 * 1024 -- bytes of their values, each of which is there some six times
local PIECE = 100 -- of them that are told before others may have their turn
local TELL_EVERY = 0.25 -- seconds between two times that a worker tells the others what it has counted

local function shared()
  return ngx.shared.loom
end

-- ---- counting ----

local counted = {} -- since the last time that all workers were told, by name with labels
local will_tell = false

--- Tells all workers what this one has counted: from time to time, before metrics are given, and when the worker ends.
function metrics.tell()
  local news = shared() and counted or {}
  counted, will_tell = {}, false
  for key, amount in pairs(news) do
    shared():incr(key, amount, 0)
  end
end

local function add(key, amount)
  counted[key] = (counted[key] or 0) + amount
  if not will_tell then
    will_tell = ngx.timer.at(TELL_EVERY, metrics.tell) or false -- where it cannot be made, the next count tries again
  end
end

--- Adds to a counter.
-- @tparam string name without labels
-- @tparam string labels such as `kind="polls"`
-- @tparam[opt=1] number amount
function metrics.count(name, labels, amount)
  add(("%s{%s}"):format(name, labels), amount or 1)
end

local names = {} -- of what is counted of a request, by route, method and status

local function names_of(path, method, status)
  local of_path = names[path] or {}
  names[path] = of_path
  local of_method = of_path[method] or {}
  of_path[method] = of_method
  local found = of_method[status]
  if not found then
    local labels = ('route="%s",method="%s"'):format(path, method)
    found = {
      requests = ('loom_http_requests_total{%s,status="%d"}'):format(labels, status),
      count = ("loom_http_request_duration_seconds_count{%s}"):format(labels),
      sum = ("loom_http_request_duration_seconds_sum{%s}"):format(labels),
      buckets = {},
    }
    for i, limit in ipairs(BUCKETS) do
      found.buckets[i] = ('loom_http_request_duration_seconds_bucket{%s,le="%s"}'):format(labels, limit)
    end
    of_method[status] = found
  end
  return found
end

--- For `log_by_lua`: counts the request that has ended. Routes are labelled by their template, so that ids do not become
-- labels without end.
function metrics.log(path)
  path = path or (ngx.ctx.route and ngx.ctx.route.path)
  local of_request = names_of(path or "none", path and ngx.req.get_method() or "other", response.status())
  local duration = math.max(ngx.now() - ngx.req.start_time(), 0)
  add(of_request.requests, 1)
  add(of_request.count, 1)
  add(of_request.sum, duration)
  for i = 1, #BUCKETS do
    if duration <= BUCKETS[i] then
      add(of_request.buckets[i], 1)
      break
    end
  end
end

-- ---- what is told ----

--- What there is, by name: its kind, and what it is.
metrics.families = {
  loom_http_requests_total = { "counter", "Requests by route, method and status." },
  loom_http_request_duration_seconds = { "histogram", "How long requests took." },
  loom_polls_received_total = { "counter", "Polls received through the service, by outcome." },
  loom_polls_spooled = { "gauge", "Polls that wait to get to the cluster." },
  loom_flushes_total = { "counter", "Tries to take polls to the cluster, by outcome." },
  loom_flush_timestamp_seconds = { "gauge", "When polls were last taken to the cluster, in seconds since 1970." },
  loom_compactions_total = { "counter", "Days of a cluster written anew, and failures of that, by outcome." },
  loom_ingests_total = { "counter", "Files ingested through the service, by kind." },
  loom_reports = { "gauge", "Reports by state." },
  loom_stores_known = { "gauge", "Stores that are known, with polls or without." },
  loom_stores = { "gauge", "Stores by what they are now; those that are dormant count as that alone." },
  loom_stores_left_out = { "gauge", "Stores without figures, since their zone has left the tz database." },
  loom_newest_poll_timestamp_seconds = { "gauge", "The newest poll of all stores, in seconds since 1970." },
  loom_newest_poll_age_seconds = { "gauge", "How long ago the newest poll was." },
  loom_uptime_ratio = { "gauge", "Up time of the whole fleet as a share of what is known, by window." },
  loom_alerts = { "gauge", "Alerts that are open." },
  loom_alert_evaluation_seconds = { "gauge", "Processor time of the last evaluation of all stores." },
  loom_alert_evaluation_timestamp_seconds = { "gauge", "When all stores were last evaluated, in seconds since 1970." },
  loom_notifications_total = { "counter", "Tries of messages of alerts by channel and by what became of them." },
  loom_notifications_pending = { "gauge", "Messages of alerts that wait, by channel." },
  loom_dead_letters = { "gauge", "Messages of alerts that were not taken, and are kept." },
  loom_tokens = { "gauge", "Tokens in force." },
  loom_token_file_bad_lines = { "gauge", "Lines of the token file that cannot be read, and let nobody in." },
  loom_store_uptime_ratio = { "gauge", "Up time of a store as a share of what is known, by window." },
  loom_store_state = { "gauge", "1 for the state that a store is in now." },
  loom_store_since_timestamp_seconds = { "gauge", "Since when a store is up, down or unknown, in seconds since 1970." },
  loom_store_last_poll_timestamp_seconds = { "gauge", "The newest poll of a store, in seconds since 1970." },
}

-- Samples under the family that they are of.
local Families = {}
Families.__index = Families

function Families:add(name, labels, value, family)
  family = family or name
  if not self[family] then
    self[family] = {}
    self.order[#self.order + 1] = family
  end
  local samples = self[family]
  samples[#samples + 1] = ("%s%s %s"):format(name, labels ~= "" and "{" .. labels .. "}" or "", value)
end

local function family_of(name)
  return (name:gsub("_bucket$", ""):gsub("_count$", ""):gsub("_sum$", ""))
end

-- The counters. Buckets are counted apart and written as sums.
local function add_counters(families, dictionary)
  local keys, buckets = dictionary:get_keys(0), {}
  table.sort(keys)
  for _, key in ipairs(keys) do
    local name, labels = key:match("^([%w_]+){(.*)}$")
    local route, limit = (labels or ""):match('^(.*),le="([^"]+)"$')
    if route then
      buckets[route] = buckets[route] or {}
      buckets[route][limit] = dictionary:get(key)
    elseif name and metrics.families[family_of(name)] then
      families:add(name, labels, dictionary:get(key), family_of(name))
    end
  end
  local name = "loom_http_request_duration_seconds"
  for labels, counts in pairs(buckets) do
    local sum = 0
    for _, limit in ipairs(BUCKETS) do
      sum = sum + (counts[tostring(limit)] or 0)
      families:add(name .. "_bucket", ('%s,le="%s"'):format(labels, limit), sum, name)
    end
    families:add(name .. "_bucket", labels .. ',le="+Inf"',
      dictionary:get(name .. "_count{" .. labels .. "}") or sum, name)
  end
end

local function add_flushes(families)
  local waiting, last = flushing.figures()
  if waiting then
    families:add("loom_polls_spooled", "", waiting)
  end
  if waiting and last > 0 then
    families:add("loom_flush_timestamp_seconds", "", ("%.3f"):format(last))
  end
end

local function add_tokens(families)
  local count, wrong = tokens.state()
  if count then
    families:add("loom_tokens", "", count)
    families:add("loom_token_file_bad_lines", "", wrong)
  end
end

-- A store's id as a label's value, which is UTF-8: ids that are not are percent-encoded, as in a path, and so are those with a
-- "%", so that no two are the same.
local function label(id)
  if id:find("%", 1, true) or core.utf8(id) ~= id then
    id = id:gsub("[^%w._~-]", function(byte)
      return ("%%%02X"):format(byte:byte())
    end)
  end
  return (id:gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
end

-- What the database knows; nil, the failure and its code where it cannot be read.
local function known_of(state)
  local database = state.monitor.database
  local overall, message, code = database:row [[SELECT (SELECT count(*) FROM store) AS stores,
    newest_poll / 1e6 AS newest, printf('%s%d.%06d', CASE WHEN newest_poll < 0 THEN '-' ELSE '' END, abs(newest_poll) / 1000000,
    abs(newest_poll) % 1000000) AS digits FROM overall]]
  if not overall then
    return nil, message, code
  end
  local known = { overall = overall, reports = {} }
  for _, name in ipairs(Queue.states) do
    known.reports[name] = assert(database:row("SELECT count(*) AS n FROM report WHERE state = ?", name)).n
  end
  known.alerts, message, code = book.figures(state.monitor)
  if not known.alerts then
    return nil, message, code
  end
  return known
end

local function add_alerts(families, found)
  for _, row in ipairs(found.alerts) do
    local labels = ('rule="%s",severity="%s",state="%s"'):format(label(row.rule), row.severity, row.state)
    families:add("loom_alerts", labels, row.count)
  end
  if found.round.seconds then
    families:add("loom_alert_evaluation_seconds", "", ("%.6f"):format(found.round.seconds))
    families:add("loom_alert_evaluation_timestamp_seconds", "", ("%.3f"):format(found.round.clock / 1e6))
  end
  for _, row in ipairs(found.channels) do
    for _, outcome in ipairs { "delivered", "retried", "dead" } do
      families:add("loom_notifications_total", ('channel="%s",outcome="%s"'):format(label(row.name), outcome), row[outcome])
    end
    families:add("loom_notifications_pending", ('channel="%s"'):format(label(row.name)), row.pending)
  end
  families:add("loom_dead_letters", "", found.dead_letters)
end

local function add_database(families)
  local known = service.patiently(known_of)
  if not known then
    return
  end
  families:add("loom_stores_known", "", known.overall.stores)
  if known.overall.newest then
    families:add("loom_newest_poll_timestamp_seconds", "", known.overall.digits)
    families:add("loom_newest_poll_age_seconds", "", ("%.3f"):format(ngx.now() - known.overall.newest))
  end
  for _, name in ipairs(Queue.states) do
    families:add("loom_reports", ('state="%s"'):format(name), known.reports[name])
  end
  add_alerts(families, known.alerts)
end

-- Names that Loom's own labels have.
local own_labels = { store_id = true, state = true, dormant = true, window = true, instance = true, job = true }

-- The label of an attribute: what labels may not be called is "_", and "attribute_" stands before what would be another's.
local function label_name(attribute)
  local name = attribute:gsub("[^%w_]", "_")
  return (own_labels[name] or name:find "^%d" or name:find "^__") and "attribute_" .. name or name
end

-- Checker of the attributes that stores are to have as labels.
local function labels_checker(text)
  local list, known = {}, {}
  for name in text:gmatch "[^,]+" do
    local as_label = stores.attribute_name(name) and label_name(name)
    if not as_label or known[as_label] then
      return nil, "names of attributes, different as labels, with commas between them"
    end
    list[#list + 1], known[as_label] = name, true
  end
  if #list == 0 or #list > LABELS_MAX then
    return nil, ("1 to %d names of attributes with commas between them"):format(LABELS_MAX)
  end
  return list
end

local function check_count(count)
  if count > STORES_MAX then
    problem.raise(400, ("store_id: more than %d stores match"):format(STORES_MAX), { field = "store_id" })
  end
end

-- Nothing where it is 0 / 0.
local function add_ratio(families, name, labels, millionths)
  if millionths then
    families:add(name, labels, figures.ratio(millionths))
  end
end

-- Every store that has polls is left out, or the report would not have failed.
local function add_all_left_out(families)
  service.patiently(function(state)
    local rows, message, code = state.monitor:query "SELECT count(*) AS n FROM store WHERE newest_poll IS NOT NULL"
    if not rows then
      return nil, message, code
    end
    families:add("loom_stores_left_out", "", rows().n)
    rows:close()
    return true
  end)
end

-- ---- stores of their own ----

-- The attributes that `labels` names, each as `name`, that of the label, and `values` by store id.
local function read_labels(attributes, give_turn)
  local labels, size = {}, 0
  for i, attribute in ipairs(attributes) do
    local values, message, code = stores.values_of(service.monitor().database, attribute, give_turn)
    if not values then
      problem.raise_failure(message, code)
    end
    for _, value in pairs(values) do
      size = size + #value
    end
    if size > LABELS_SIZE then
      problem.raise(400, ("labels: the values have more than %d bytes"):format(LABELS_SIZE), { field = "labels" })
    end
    give_turn()
    labels[i] = { name = label_name(attribute), values = values }
  end
  return labels
end

-- The labels of a store.
local function labels_of(id, labels)
  local parts = { ('store_id="%s"'):format(label(id)) }
  for _, of in ipairs(labels) do
    if of.values[id] then
      parts[#parts + 1] = ('%s="%s"'):format(of.name, label(of.values[id]))
    end
  end
  return table.concat(parts, ",")
end

local function seconds(instant)
  return ("%.6f"):format(tonumber(instant) / 1000000)
end

-- What some stores are, store by store.
local function add_states(families, status, numbers, labels, give_turn)
  for i, number in ipairs(numbers) do
    local state, since, last_poll, is_dormant = status.native:state(number)
    local of_store = labels_of(status.native:store(number), labels)
    families:add("loom_store_state", ('%s,state="%s",dormant="%s"'):format(of_store, state, tostring(is_dormant)), 1)
    if since then
      families:add("loom_store_since_timestamp_seconds", of_store, seconds(since))
    end
    if last_poll then
      families:add("loom_store_last_poll_timestamp_seconds", of_store, seconds(last_poll))
    end
    if i % PIECE == 0 then
      give_turn()
    end
  end
end

-- How many stores are in each state, and what those are whose ids match a pattern.
local function add_now(families, pattern, attributes)
  local status, made = fleet.status("", {})
  if not status then
    return
  end
  fleet.use(status, function()
    options.look({}, status, made, function(only)
      local counts = status:counts_of(only)
      for _, state in ipairs(Status.counted) do
        families:add("loom_stores", ('state="%s"'):format(state), counts[state])
      end
    end)
    if pattern then
      options.look({ store_id = pattern }, status, made, function(only, give_turn)
        local numbers = status.native:state_order { only = only }
        check_count(#numbers)
        give_turn()
        add_states(families, status, numbers, read_labels(attributes, give_turn), give_turn)
      end)
    end
  end)
end

-- ---- up time ----

-- The up time of the fleet by window.
local function add_totals(families, report, only)
  for window, described in ipairs(report.windows) do
    add_ratio(families, "loom_uptime_ratio", ('window="%s"'):format(described.name),
      figures.millionths(report:totals_of(window, only)))
  end
end

-- The up time of some stores in a window.
local function add_window(families, report, window, numbers, labels, give_turn)
  local of_window = ('window="%s"'):format(report.windows[window].name)
  for i, store in ipairs(numbers) do
    add_ratio(families, "loom_store_uptime_ratio", labels_of(report:store(store), labels) .. "," .. of_window,
      figures.millionths(report:times(store, window)))
    if i % PIECE == 0 then
      give_turn()
    end
  end
  give_turn()
end

-- The up time of each store of a choice, if these are wanted.
local function add_ratios(families, report, are_wanted, attributes, only, give_turn)
  local numbers, left = {}, 0
  if are_wanted then
    numbers, left = report:page(nil, 1, false, STORES_MAX, only)
  end
  check_count(left)
  local labels = are_wanted and read_labels(attributes, give_turn) or {}
  for window in ipairs(report.windows) do
    add_window(families, report, window, numbers, labels, give_turn)
  end
end

-- The up time of the fleet, and of the stores whose ids match a pattern.
local function add_uptime(families, pattern, attributes)
  local report, made = fleet.report("", {})
  if not report then
    return
  end
  fleet.use(report, function()
    families:add("loom_stores_left_out", "", (select(2, restriction.left_out(report))))
    options.look({}, report, made, function(only)
      add_totals(families, report, only)
    end)
    options.look({ store_id = pattern }, report, made, function(only, give_turn)
      add_ratios(families, report, pattern ~= nil, attributes, only, give_turn)
    end)
  end)
end

-- Adds what can be known now: a scrape tells of all else. Whether it could.
local function try(work, families, parameters)
  local good, failure = pcall(work, families, parameters.store_id, parameters.labels or {})
  if not good and not (problem.is(failure) and (failure.status == 409 or failure.status >= 500)) then
    error(failure, 0)
  end
  return good, failure
end

-- What there is of the service, and of all stores together.
local function add_service(families)
  if shared() then
    metrics.tell()
    add_counters(families, shared())
  end
  add_tokens(families)
  add_flushes(families)
  add_database(families)
end

local function get()
  local parameters = request.parameters { store_id = options.store_pattern, labels = labels_checker }
  local families = setmetatable({ order = {} }, Families)
  local is_restricted = restriction.where() ~= nil -- to some stores, of which all that is counted together does not tell
  if not is_restricted then
    add_service(families)
  end
  local good, failure = try(add_uptime, families, parameters)
  if not good and failure.status == 409 and not is_restricted then
    add_all_left_out(families)
  end
  try(add_now, families, parameters)
  ngx.header["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  for _, family in ipairs(families.order) do
    local kind, help = metrics.families[family][1], metrics.families[family][2]
    ngx.print(("# HELP %s %s\n# TYPE %s %s\n%s\n"):format(family, help, family, kind, table.concat(families[family], "\n")))
  end
end

--- Its routes.
metrics.routes = {
  {
    method = "GET", path = "/metrics", access = "read", restricted = "choice", handler = get, tag = "service",
    summary = "Metrics for Prometheus",
    parameters = {
      { name = "store_id", description = "A pattern of ids, with *, ? and [a-z]: the stores that have metrics of their own, such "
        .. "as * for all of them.", schema = { type = "string", minLength = 1, maxLength = core.limits.store_id } },
      { name = "labels", description = "Attributes that those have as labels, up to ten, with commas between them.",
        schema = { type = "string" } },
    },
    responses = {
      [200] = { description = "Metrics of all workers.", content = { ["text/plain"] = { schema = { type = "string" } } } },
    },
  },
}

return metrics
