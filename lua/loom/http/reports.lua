--- The two endpoints of the service that Loom replaces: a report is asked for, and fetched once it is complete.
-- @module loom.http.reports

local accept = require "loom.http.accept"
local access = require "loom.http.access"
local budget = require "loom.http.budget"
local json = require "loom.json"
local problem = require "loom.http.problem"
local Queue = require "loom.queue"
local Report = require "loom.report"
local report_options = require "loom.http.v1.report_options"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"
local zones = require "loom.http.v1.zones"

local reports = {}

local KEEP = 24 * 3600 -- seconds for which it is known who has asked for reports

-- The internal location from which nginx sends report files.
local LOCATION = "/loom-report/"

-- ---- asking ----

local KEY = "reports of " -- and a client, in the shared dictionary: ids of the last reports that it has asked for

-- The ids of reports that a client has asked for by any worker, each once, of which some may wait. They are forgotten when nginx
-- ends.
local function ids_of(client)
  local ids = {}
  for id in ((ngx.shared.loom and ngx.shared.loom:get(KEY .. client)) or ""):gmatch "%S+" do
    ids[#ids + 1] = id
  end
  return ids
end

-- Notes another one, as many as may be in the queue. One that waits already may be asked for again, and stays one. One that
-- cannot be noted is not counted.
local function note_id(client, ids, id)
  for _, known in ipairs(ids) do
    if known == id then
      return
    end
  end
  local first = #ids - 2 * service.state().queue:own_places() + 2
  ids[#ids + 1] = id
  if ngx.shared.loom then
    ngx.shared.loom:safe_set(KEY .. client, table.concat(ids, " ", math.max(1, first)), KEEP)
  end
end

-- Asks the queue for a report. One client leaves places for others, however many reports it asks for.
local function ask(options)
  local client = access.client()
  return service.call(nil, function(state)
    local ids = ids_of(client)
    local id, message, code, are_own = state.queue:trigger(options, ids)
    if are_own then
      problem.raise(429, (message:gsub("^E%u+: ", "")), { headers = { ["Retry-After"] = "1" } })
    elseif id then
      note_id(client, ids, id)
    end
    return id, message, code
  end)
end

-- The options of a report as JSON, or nothing.
local function trigger()
  request.parameters {}
  local options = request.json_object(Queue.OPTIONS_MAX)
  service.call(nil, function()
    Report.check_options("report", options)
    return true
  end)
  if options.threads ~= nil then -- how many there are is not for one client to say
    problem.raise(400, "threads: there is no such field", { field = "threads" })
  end
  zones.check("default_zone", options.default_zone)
  budget.check(service.monitor().database, options)
  response.json(200, json.object("report_id", json.string((ask(options)))))
end

local types = { csv = "text/csv", json = "application/json", ndjson = "application/x-ndjson",
  markdown = "text/markdown; charset=utf-8", html = "text/html; charset=utf-8", table = "text/plain; charset=utf-8",
  exact = "text/csv" }

local extensions = { csv = "csv", exact = "csv", html = "html", json = "json", markdown = "md", ndjson = "ndjson", table = "txt" }

-- What Accept chooses from: the first one that is accepted at all, and of the others that which is wanted the most, the first of
-- equals. The service that this one replaces had nothing but CSV, and its clients accept everything without meaning it.
local FIRST, OTHERS = "csv", { "json", "html", "table", "markdown", "ndjson" }

local vary = { Vary = "Accept" }

-- Whether the lines of NDJSON are to be flat.
local function wants_flat(format)
  local text = request.parameter "flat"
  local flat = text and request.flag(text)
  if text and flat == nil then
    problem.raise(400, "flat is not true or false", { field = "flat" })
  elseif flat and format ~= "ndjson" then
    problem.raise(400, "flat is for format=ndjson only", { field = "flat" })
  end
  return flat or false
end

-- The header Accept, whose lines are one list.
local function accepted_ranges()
  local header = ngx.req.get_headers().accept
  return accept.parse(type(header) == "table" and table.concat(header, ",") or header)
end

-- The format that is asked for.
local function wanted_format()
  local format = request.parameter("format")
  if format then
    return types[format] and format
      or problem.raise(400, "format is not one of csv, exact, html, json, markdown, ndjson, table", { field = "format" })
  end
  if not ngx.var.http_accept then
    return FIRST
  end
  local ranges = accepted_ranges()
  if accept.weight(ranges, types[FIRST]) > 0 then
    return FIRST
  end
  local best, most = nil, 0
  for _, name in ipairs(OTHERS) do
    local weight = accept.weight(ranges, types[name]:match "^[^;]*")
    if weight > most then
      best, most = name, weight
    end
  end
  return best or problem.raise(406, "a report is text/csv, application/json, text/html, text/plain, text/markdown or "
    .. "application/x-ndjson", { field = "Accept", headers = vary })
end

-- Sends a report in another format than that of its file.
local function send_in_format(row, format, flat)
  local headers = {
    ["Content-Type"] = types[format],
    ["Content-Disposition"] = ('%s; filename="report_%s.%s"'):format(format == "html" and "inline" or "attachment",
      row.report_id, extensions[format]),
    ["Vary"] = vary.Vary,
    ["Cache-Control"] = "private, no-cache", -- it may be removed
  }
  if ngx.req.get_method() == "HEAD" then
    for name, value in pairs(headers) do
      ngx.header[name] = value
    end
    return
  end
  tasks.enter()
  local spool = service.call(nil, function()
    return tasks.run("report", { path = service.figures_path(row.report_id), details = row.details, format = format, flat = flat,
      neutralise_formulas = service.neutralises_formulas() })
  end)
  tasks.send(spool, headers)
end

-- Answers with how a report stands, as the service that this one replaces did.
local function send_status(status, text, progress)
  ngx.header["Vary"] = vary.Vary
  ngx.header["Loom-Progress"] = progress and json.number(progress)
  response.json(status, text)
end

local function get(arguments)
  local text = arguments.report_id or request.parameter("report_id")
  if not text then
    problem.raise(400, "the parameter report_id is missing", { field = "report_id" })
  end
  local id = service.report_id(text)
  if not id then
    problem.raise(400, "report_id is not a UUID", { field = "report_id" })
  end
  local format = wanted_format()
  local flat = wants_flat(format)
  if format == "csv" and service.has_file(id) and not restriction.where() then
    return ngx.exec(LOCATION .. id .. ".csv")
  end
  local row, message, code = service.report(id)
  if row == nil then
    problem.raise_failure(message, code)
  elseif not (row and restriction.covers(row.options)) then
    send_status(404, '{"status":"NotFound"}')
  elseif row.state == "failed" then
    send_status(500, json.object("status", '"Failed"', "error", json.string(problem.public(row.error))))
  elseif row.state ~= "complete" then
    send_status(200, '{"status":"Running"}', row.progress)
  elseif format == "csv" and service.has_file(id) then
    ngx.exec(LOCATION .. row.report_id .. ".csv")
  else
    send_in_format(row, format, flat)
  end
end

--- Answers for a report whose file is not there any more.
function reports.send_gone(id)
  service.forget(id)
  send_status(404, '{"status":"NotFound"}')
end

local id_schema = { type = "string", format = "uuid" }

local format_parameter = {
  name = "format",
  description = "By default csv wherever Accept allows it, else what Accept asks for. Text in csv and exact that a "
    .. "spreadsheet would take for a formula (it begins with = + - @ or a control character, or so after apostrophes) has "
    .. "a ' in front, unless the service was told otherwise.",
  schema = { enum = { "csv", "exact", "html", "json", "markdown", "ndjson", "table" } },
}

local flat_parameter = {
  name = "flat",
  description = "Of ndjson: every figure of every window as a value of its own, by the name of its column: down_last_day.",
  schema = { enum = { "true", "false" } },
}

local text = { type = "string" }

local get_responses = {
  [200] = {
    description = "The report, or how far it is.",
    content = {
      ["text/csv"] = { schema = text },
      ["application/json"] = { schema = { anyOf = { "ReportProgress", "ReportDocument" } } },
      ["application/x-ndjson"] = { schema = text }, ["text/markdown"] = { schema = text }, ["text/html"] = { schema = text },
      ["text/plain"] = { schema = text },
    },
    headers = {
      ["Loom-Progress"] = { description = "Of a report that waits or runs: from 0 to 1.", schema = { type = "number" } },
    },
  },
  [206] = { description = "A range of the CSV.", content = { ["text/csv"] = { schema = text } } },
  [304] = { description = "The CSV is the one that is known." },
  [404] = { description = "There is no such report.", schema = "ReportNotFound" },
  [406] = { description = "No format is accepted.", problem = true },
  [500] = {
    description = "The report has failed, or what became of it cannot be read.",
    content = { ["application/json"] = { schema = "ReportFailed" }, ["application/problem+json"] = { schema = "Problem" } },
  },
}

--- Its routes.
reports.routes = {
  schemas = {
    ReportProgress = {
      type = "object", required = { "status" }, additionalProperties = false,
      properties = { status = { const = "Running" } },
    },
    ReportDocument = {
      type = "object", required = { "as_of", "rules", "windows" },
      description = "What `loom report --format json` writes: stores, or groups of them where the option group_by is there.",
      properties = {
        as_of = "Instant", rules = "Rules", windows = { type = "array", items = "Window" },
        stores = { type = "array", items = { type = "object" } }, groups = { type = "array", items = { type = "object" } },
      },
    },
    ReportNotFound = { type = "object", required = { "status" }, properties = { status = { const = "NotFound" } } },
    ReportFailed = {
      type = "object", required = { "status", "error" },
      properties = { status = { const = "Failed" }, error = { type = "string" } },
    },
    ReportId = { type = "object", required = { "report_id" }, properties = { report_id = id_schema } },
    ReportOptions = {
      type = "object", additionalProperties = false, properties = report_options,
      description = "The options of a report, as in the Lua module.",
    },
  },
  {
    method = "POST", path = "/trigger_report", access = "write", forgives_slashes = true, handler = trigger, tag = "reports",
    summary = "Ask for a report",
    request = { schema = "ReportOptions", optional = true },
    responses = { [200] = { description = "The report's id.", schema = "ReportId" } },
  },
  {
    method = "GET", path = "/get_report", access = "read", restricted = "choice", handler = get, tag = "reports",
    sends_file = true, may_be_linked = true, forgives_slashes = true,
    summary = "Fetch a report",
    parameters = { { name = "report_id", required = true, schema = id_schema }, format_parameter, flat_parameter },
    responses = get_responses,
  },
  {
    method = "GET", path = "/get_report/{report_id}", access = "read", restricted = "choice", handler = get, tag = "reports",
    sends_file = true, may_be_linked = true, forgives_slashes = true,
    summary = "Fetch a report", parameters = { format_parameter, flat_parameter }, responses = get_responses,
  },
}

return reports
