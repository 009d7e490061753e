--- What is likely wrong with the data: see `loom.doctor`.
--
-- A survey of all stores takes up to a second of a thread, and more on large databases: the threads keep what they have found
-- (see `loom.http.background`), and give up what takes too long.
-- @module loom.http.v1.doctor

local request = require "loom.http.request"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"

local EXAMPLES = 10 -- of each finding: an answer is some kilobytes, and who wants more has the command
local TIME_MAX = 20 -- seconds of a thread

local function get()
  request.parameters {}
  local monitor = service.monitor()
  tasks.enter()
  local spool = service.call({}, function()
    return tasks.run("doctor", { database = monitor.path, default_zone = monitor.default_zone, examples = EXAMPLES,
      time_limit = TIME_MAX })
  end)
  tasks.send(spool, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" })
end

local function count(description)
  return { type = "integer", minimum = 0, description = description }
end

local share = { type = { "number", "null" }, minimum = 0, maximum = 1 }
local instant = { anyOf = { "Instant", { type = "null" } } }

return {
  schemas = {
    Finding = {
      type = "object", additionalProperties = false,
      required = { "code", "severity", "count", "of", "share", "text", "effect", "command", "examples" },
      properties = {
        code = { type = "string", description = "Such as no-timezone; docs/doctor.md has them all." },
        severity = { enum = { "warning", "note" }, description = "A note may be how it is meant." },
        count = count "How many.",
        of = { type = { "integer", "null" }, minimum = 0, description = "Of how many." },
        share = share,
        text = { type = "string", description = "What it is." },
        effect = { type = "string", description = "What it makes of the figures." },
        command = { type = "string", description = "What mends it; DB stands for the database." },
        examples = {
          type = "array",
          items = {
            type = "object", additionalProperties = false,
            properties = {
              store_id = { type = "string" }, other_id = { type = "string" }, timezone_str = { type = "string" },
              timestamp_utc = "Instant", polls = count "Of the store.", outside = count "Of these, outside of its hours.",
              from_utc = "Instant", to_utc = "Instant",
            },
          },
        },
        windows = {
          type = "array", description = "Of no-evidence alone.",
          items = {
            type = "object", required = { "name", "stores", "silent", "share" }, additionalProperties = false,
            properties = {
              name = { enum = { "last_hour", "last_day", "last_week" } }, stores = count "That were open.",
              silent = count "Of these, without a poll.",
              share = { type = "number", minimum = 0, maximum = 1, description = "Of the open time, without a poll." },
            },
          },
        },
      },
    },
    Findings = {
      type = "object", additionalProperties = false,
      required = { "as_of", "from", "stores", "polled_stores", "days", "polls", "interval", "findings" },
      properties = {
        as_of = instant, from = instant, stores = count(), polled_stores = count(),
        days = count "With polls that were looked at.", polls = count "Of these days.",
        interval = { type = { "integer", "null" }, minimum = 0,
          description = "Seconds from a poll of a store to the next one, the median." },
        findings = { type = "array", items = "Finding", description = "Warnings first." },
      },
    },
  },
  {
    method = "GET", path = "/v1/doctor", access = "read", handler = get, tag = "stores",
    summary = "What is likely wrong with the data, and what mends it", parameters = {},
    responses = { [200] = { description = "What was found, as of a few seconds ago where the data keep changing.",
      schema = "Findings" } },
  },
}
