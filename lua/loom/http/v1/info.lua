--- What the database holds, in numbers: see `loom.monitor:info`.
--
-- Polls are counted by the lengths of what they are packed in, all of which a thread reads.
-- @module loom.http.v1.info

local info = require "loom.formats.info"
local request = require "loom.http.request"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"

local function get()
  request.parameters {}
  local monitor = service.monitor()
  tasks.enter()
  local spool = service.call({}, function()
    return tasks.run("info", { database = monitor.path, default_zone = monitor.default_zone })
  end)
  tasks.send(spool, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" })
end

local descriptions = {
  stores = "All that any file named.", polled_stores = "With a poll.", days = "UTC dates with polls.",
  hours = "Openings of weeks.", overrides = "What was set by hand.",
  attributes = "Values, of all stores.", size = "Bytes of the database's file.",
}

local required, properties = { "first_poll", "newest_poll" }, {}
for _, name in ipairs(info.counts) do
  required[#required + 1] = name
  properties[name] = { type = "integer", minimum = 0, description = descriptions[name] }
end
for _, name in ipairs { "first_poll", "newest_poll" } do
  properties[name] = { type = { "string", "null" }, description = "An instant." }
end

return {
  schemas = {
    Info = { type = "object", additionalProperties = false, required = required, properties = properties },
  },
  {
    method = "GET", path = "/v1/info", access = "read", handler = get, tag = "service",
    summary = "What the database holds, in numbers", parameters = {},
    responses = { [200] = { description = "The numbers.", schema = "Info" } },
  },
}
