--- The two endpoints of the service that Loom replaces: a report is asked for, and fetched once it is complete.
-- @module loom.http.reports

local cjson = require "cjson.safe"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local service = require "loom.http.service"
local Stored = require "loom.stored_report"

local reports = {}

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

-- Formats by what clients accept (RFC 9110, section 12.5.1, without weights: the first one known is taken).
local media_types = {
  ["text/csv"] = "csv", ["application/json"] = "json", ["application/x-ndjson"] = "ndjson", ["text/markdown"] = "markdown",
  ["text/html"] = "html", ["text/plain"] = "table",
}
local types = { csv = "text/csv", json = "application/json", ndjson = "application/x-ndjson",
  markdown = "text/markdown; charset=utf-8", html = "text/html; charset=utf-8", table = "text/plain; charset=utf-8",
  exact = "text/csv" }

-- The format that is asked for.
local function wanted_format()
  local format = request.parameter("format")
  if format then
    return types[format] and format
      or problem.raise(400, "format is not one of csv, exact, html, json, markdown, ndjson, table", { field = "format" })
  end
  for item in (ngx.var.http_accept or ""):gmatch("[^,]+") do
    local known = media_types[item:match("^%s*([^;%s]+)")]
    if known then
      return known
    end
  end
  return "csv"
end

local PIECE = 64 * 1024 -- bytes sent before others get their turn

-- Writes a report in a format that is made as it is sent.
local function send_in_format(row, format)
  local function pause()
    ngx.sleep(0)
  end
  local stored, message = Stored.read(service.figures_path(row.report_id), row.details, pause)
  if not stored then
    problem.raise_failure(message, "EIO")
  end
  ngx.header["Content-Type"] = types[format]
  ngx.header["Content-Disposition"] = ('%s; filename="report_%s.%s"'):format(format == "html" and "inline" or "attachment",
    row.report_id, format == "table" and "txt" or format == "markdown" and "md" or format == "exact" and "csv" or format)
  local waiting = 0
  assert(stored:write(function(text)
    ngx.print(text)
    waiting = waiting + #text
    if waiting >= PIECE then
      assert(ngx.flush(true))
      pause()
      waiting = 0
    end
  end, { format = format }))
end

local function get(arguments)
  local id = arguments.report_id or request.parameter("report_id")
  if not id then
    problem.raise(400, "the parameter report_id is missing", { field = "report_id" })
  elseif not service.is_report_id(id) then
    problem.raise(400, "report_id is not a UUID", { field = "report_id" })
  end
  local format = wanted_format()
  id = id:lower()
  if format == "csv" and service.is_complete(id) then
    return ngx.exec(LOCATION .. id .. ".csv")
  end
  local row, message, code = service.report(id)
  if row == nil then
    problem.raise_failure(message, code)
  elseif not row then
    send_json(404, { status = "NotFound" })
  elseif row.state == "failed" then
    send_json(500, { status = "Failed", error = (row.error:gsub("^E%u+: ", "")) })
  elseif row.state ~= "complete" then
    send_json(200, { status = "Running", progress = row.progress })
  elseif format == "csv" then
    ngx.exec(LOCATION .. row.report_id .. ".csv")
  else
    send_in_format(row, format)
  end
end

--- Answers for a report whose file is not there any more.
function reports.send_gone(id)
  service.forget(id)
  send_json(404, { status = "NotFound" })
end

--- Its routes.
reports.routes = {
  { method = "POST", path = "/trigger_report", access = "write", handler = trigger },
  { method = "GET", path = "/get_report", access = "read", handler = get },
  { method = "GET", path = "/get_report/{report_id}", access = "read", handler = get },
}

return reports
