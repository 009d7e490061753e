--- The two endpoints of the service that Loom replaces: a report is asked for, and fetched once it is complete.
-- @module loom.http.reports

local cjson = require "cjson.safe"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local service = require "loom.http.service"

-- The internal location from which nginx sends report files.
local LOCATION = "/loom-report/"

local function send_json(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.say((cjson.encode(value)))
end

-- JSON has null for what is not given, which the library's options have no word for.
local function without_nulls(value)
  if type(value) ~= "table" then
    return value
  end
  local clean = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then
      clean[key] = without_nulls(item)
    end
  end
  return clean
end

-- The options of a report as JSON, or nothing.
local function trigger()
  local options = without_nulls(request.json_object())
  local called, id, message, code = pcall(service.patiently, function(state)
    return state.queue:trigger(options)
  end)
  if not called then
    -- Misuse of the library is misuse by the client: what it says names the option.
    problem.raise(400, (tostring(id):gsub("^.-:%d+: ", ""):gsub(" to 'trigger'", "")),
      { field = tostring(id):match("option '([^']*)'") })
  elseif not id then
    problem.raise_failure(message, code)
  end
  send_json(200, { report_id = id })
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
    send_json(404, { status = "NotFound" })
  elseif row.state == "complete" then
    ngx.exec(LOCATION .. row.report_id .. ".csv")
  elseif row.state == "failed" then
    send_json(500, { status = "Failed", error = (row.error:gsub("^E%u+: ", "")) })
  else
    send_json(200, { status = "Running", progress = row.progress })
  end
end

--- Its routes.
return {
  { method = "POST", path = "/trigger_report", access = "write", handler = trigger },
  { method = "GET", path = "/get_report", access = "read", handler = get },
  { method = "GET", path = "/get_report/{report_id}", access = "read", handler = get },
}
