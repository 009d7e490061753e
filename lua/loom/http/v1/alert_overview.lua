--- What there is of alerts beside those that fire: what is about to, and how often rules have fired.
-- @module loom.http.v1.alert_overview

local check = require "loom.check"
local core = require "loom.core"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local overview = require "loom.alerts.overview"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"
local time = require "loom.time"

local DAYS = 28
local DAY = 86400 * 1000000 -- microseconds

-- ---- what is about to fire ----

-- By a thread, since it looks at all states, of which each store has one with each rule.
local function get_pending()
  local parameters = request.parameters { limit = request.whole(1, overview.LIMIT_MAX), time = check.choice(instants.names) }
  tasks.enter()
  local spool = service.call({}, function(state)
    return tasks.run("pending_alerts", { database = state.monitor.path, default_zone = state.monitor.default_zone,
      options = { limit = parameters.limit, where = restriction.where() }, time = parameters.time })
  end)
  tasks.send(spool, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" })
end

-- ---- how often rules have fired ----

-- The instant whose day is the last one: that of the newest poll, by which rules are evaluated.
local function last_of(monitor)
  local newest, message, code = monitor.database:newest()
  if newest == nil and code then
    problem.raise_failure(message, code)
  end
  return newest or time.now(monitor)
end

local function dates_json(last, days)
  local dates = {}
  for i = 1, days do
    dates[i] = json.string(core.format_timestamp((math.floor(last / DAY) - days + i) * DAY):sub(1, 10))
  end
  return "[" .. table.concat(dates, ",") .. "]"
end

local function get_days()
  local parameters = request.parameters { days = request.whole(1, overview.DAYS_MAX) }
  local days, last = parameters.days or DAYS, nil
  local by_rule = service.call({}, function(state)
    last = last_of(state.monitor)
    return overview.days(state.monitor, last, days)
  end)
  response.json(200, json.object("days", dates_json(last, days), "rules", json.map(by_rule, function(counts)
    return json.array(counts, json.number)
  end)))
end

local instant = "FormattedInstant"

return {
  schemas = {
    PendingAlert = {
      type = "object", required = { "rule", "severity", "subject", "since" }, additionalProperties = false,
      properties = {
        rule = { type = "string", description = "Its name." },
        severity = { enum = { "critical", "error", "warning", "info" } },
        subject = {
          type = "object", required = { "kind", "id", "timezone_str" }, additionalProperties = false,
          properties = {
            kind = { enum = { "store", "group", "fleet" } }, id = { type = "string" },
            timezone_str = { type = { "string", "null" }, description = "Of a store." },
          },
        },
        since = instant,
      },
    },
  },
  {
    method = "GET", path = "/v1/alerts/pending", access = "read", restricted = "choice", handler = get_pending, tag = "alerts",
    summary = "What is about to fire: what is true, but not yet for as long or as often as its rule asks for",
    parameters = {
      { name = "limit", schema = { type = "integer", minimum = 1, maximum = overview.LIMIT_MAX, default = overview.LIMIT_MAX } },
      { name = "time", description = "The form of instants.",
        schema = { type = "string", enum = instants.names, default = "text" } },
    },
    responses = {
      [200] = {
        description = "By rule and subject; since is when it was true first.",
        schema = {
          type = "object", required = { "pending" }, additionalProperties = false,
          properties = { pending = { type = "array", items = "PendingAlert" } },
        },
      },
    },
  },
  {
    method = "GET", path = "/v1/alerts/days", access = "read", handler = get_days, tag = "alerts",
    summary = "How often rules fired, by day",
    parameters = {
      { name = "days", description = "How many, up to that of the newest poll.",
        schema = { type = "integer", minimum = 1, maximum = overview.DAYS_MAX, default = DAYS } },
    },
    responses = {
      [200] = {
        description = "The days, in UTC, and of each rule that fired in any of them how often in each.",
        schema = {
          type = "object", required = { "days", "rules" }, additionalProperties = false,
          properties = {
            days = { type = "array", items = { type = "string", format = "date" } },
            rules = { type = "object", description = "By name.",
              additionalProperties = { type = "array", items = { type = "integer", minimum = 0 } } },
          },
        },
      },
    },
  },
}
