--- The two endpoints of the service that Loom replaces: a report is asked for, and fetched once it is complete.
-- @module loom.http.reports

local json = require "loom.http.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"

-- The internal location from which nginx sends report files.
local LOCATION = "/loom-report/"

-- The options of a report as JSON, or nothing.
local function trigger()
  local options = request.json_object()
  local id = service.call(nil, function(state)
    return state.queue:trigger(options)
  end)
  response.json(200, json.object("report_id", json.string(id)))
end

local function get(arguments)
  local id = arguments.report_id or request.parameter("report_id")
  if not id then
    problem.raise(400, "the parameter report_id is missing", { field = "report_id" })
  elseif not service.is_report_id(id) then
    problem.raise(400, "report_id is not a UUID", { field = "report_id" })
  end
  local row, message, code = service.report(id:lower())
  if row == nil then
    problem.raise_failure(message, code)
  elseif not row then
    response.json(404, '{"status":"NotFound"}')
  elseif row.state == "complete" then
    ngx.exec(LOCATION .. row.report_id .. ".csv")
  elseif row.state == "failed" then
    response.json(500, json.object("status", '"Failed"', "error", json.string((row.error:gsub("^E%u+: ", "")))))
  else
    response.json(200, json.object("status", '"Running"', "progress", json.number(row.progress)))
  end
end

local id_schema = { type = "string", format = "uuid" }

local get_responses = {
  [200] = {
    description = "The report, or how far it is.",
    content = {
      ["text/csv"] = { schema = { type = "string" } },
      ["application/json"] = { schema = "ReportProgress" },
    },
  },
  [404] = { description = "There is no such report.", schema = "ReportNotFound" },
  [500] = { description = "The report has failed.", schema = "ReportFailed" },
}

--- Its routes.
return {
  schemas = {
    ReportProgress = {
      type = "object", required = { "status", "progress" },
      properties = { status = { const = "Running" }, progress = { type = "number", minimum = 0, maximum = 1 } },
    },
    ReportNotFound = { type = "object", required = { "status" }, properties = { status = { const = "NotFound" } } },
    ReportFailed = {
      type = "object", required = { "status", "error" },
      properties = { status = { const = "Failed" }, error = { type = "string" } },
    },
    ReportId = { type = "object", required = { "report_id" }, properties = { report_id = id_schema } },
    ReportOptions = {
      type = "object",
      description = "The options of a report, as in the Lua module: as_of, windows, preset, fill, evidence, no_data, max_gap, "
        .. "slack, default_zone, stores, where, all_stores, hours, slo.",
    },
  },
  {
    method = "POST", path = "/trigger_report", access = "write", handler = trigger, tag = "reports",
    summary = "Ask for a report",
    request = { schema = "ReportOptions", optional = true },
    responses = { [200] = { description = "The report's id.", schema = "ReportId" } },
  },
  {
    method = "GET", path = "/get_report", access = "read", handler = get, tag = "reports",
    summary = "Fetch a report",
    parameters = { { name = "report_id", required = true, schema = id_schema } },
    responses = get_responses,
  },
  {
    method = "GET", path = "/get_report/{report_id}", access = "read", handler = get, tag = "reports",
    summary = "Fetch a report", responses = get_responses,
  },
}
