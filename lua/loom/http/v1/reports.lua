--- Reports that are made in the background.
-- @module loom.http.v1.reports

local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local cursor = require "loom.http.v1.cursor"
local json = require "loom.json"
local problem = require "loom.http.problem"
local Queue = require "loom.queue"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"

local LIMIT, LIMIT_MAX = 100, 1000
local TURN = 0.001 -- seconds that others get between two looks
local PAGE_BYTES = 96 * 1024 -- of options, with which a page ends: reading and writing 256 KiB held the loop for 14 ms

-- What a report that is complete has left out. Details may be long, and seldom tell of any.
local function left_out_of(row)
  local found = row.details and row.details:find('"left_out":', 1, true) and cjson.decode(row.details).left_out
  return found and shapes.left_out(found.stores, found.count) or row.details and shapes.left_out({}, 0) or json.null
end

local function report_json(row, ...)
  return json.object("report_id", json.string(row.report_id), "status", json.string(row.state),
    "progress", json.number(row.progress), "created", json.string(row.created_utc), "started", json.text(row.started_utc),
    "finished", json.text(row.finished_utc), "error", json.text(row.error and problem.public(row.error)),
    "options", core.utf8(row.options), ...)
end

local function id_of(arguments)
  return service.report_id(arguments.report_id)
    or problem.raise(400, "report_id: a UUID expected", { field = "report_id" })
end

local checkers = {
  status = check.choice(Queue.states),
  limit = request.whole(1, LIMIT_MAX),
  cursor = cursor.checker,
}

-- A page of reports, of those that who asks sees, and whether there are more. Where others are passed over, it may take several
-- looks, between which others have their turn.
local function page_of(state_wanted, limit, before, before_id)
  local rows, has_more = {}, nil
  repeat
    local found = service.call(nil, function(state)
      local list, more, code = state.queue:list { state = state_wanted, limit = limit, bytes = PAGE_BYTES, before = before,
        before_id = before_id }
      has_more = more
      return list, more, code
    end)
    for _, row in ipairs(found) do
      before, before_id = row.created_us, row.report_id
      rows[#rows + 1] = restriction.covers(row.options) and row or nil
      if #rows == limit then
        return rows, has_more or row ~= found[#found]
      end
    end
    has_more = has_more and #found > 0
    if has_more and restriction.where() then
      ngx.sleep(TURN)
    end
  until not has_more or not restriction.where()
  return rows, has_more
end

local function list()
  local parameters = request.parameters(checkers)
  local limit = parameters.limit or LIMIT
  local of = "reports\0" .. (parameters.status or "")
  local created, id
  if parameters.cursor then
    created, id = cursor.read(of, parameters.cursor)
  end
  local rows, has_more = page_of(parameters.status, limit, tonumber(created), id)
  local last, next_cursor = rows[#rows], nil
  if has_more and last then
    next_cursor = cursor.write(of, core.digits(last.created_us), last.report_id)
  end
  response.json(200, json.object("reports", json.array(rows, report_json), "next_cursor", json.text(next_cursor)))
end

local function get(arguments)
  request.parameters {}
  local row, message, code = service.report(id_of(arguments))
  if row == nil then
    problem.raise_failure(message, code)
  elseif not (row and restriction.covers(row.options)) then
    problem.raise(404, "there is no such report")
  end
  response.json(200, report_json(row, "left_out", left_out_of(row)))
end

local function delete(arguments)
  request.parameters {}
  local id = id_of(arguments)
  service.call(nil, function(state)
    return state.queue:remove(id)
  end)
  service.forget(id)
  response.none()
end

local instant_or_null = { type = { "string", "null" } }

return {
  schemas = {
    Report = {
      type = "object", additionalProperties = false,
      required = { "report_id", "status", "progress", "created", "started", "finished", "error", "options" },
      properties = {
        report_id = { type = "string", format = "uuid" }, status = { enum = Queue.states },
        progress = { type = "number", minimum = 0, maximum = 1 }, created = "Instant", started = instant_or_null,
        finished = instant_or_null, error = { type = { "string", "null" } }, options = "ReportOptions",
        left_out = {
          anyOf = { "LeftOut", { type = "null" } },
          description = "Where one report is asked for: null until it is complete.",
        },
      },
    },
    Reports = {
      type = "object", required = { "reports", "next_cursor" }, additionalProperties = false,
      properties = { reports = { type = "array", items = "Report" }, next_cursor = cursor.schema },
    },
  },
  {
    method = "GET", path = "/v1/reports", access = "read", restricted = "choice", handler = list, tag = "reports",
    summary = "Reports, the newest first",
    parameters = {
      { name = "status", schema = { type = "string", enum = Queue.states } },
      { name = "limit", description = "A page has fewer where the reports' options are long.",
        schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
    },
    responses = { [200] = { description = "A page of reports.", schema = "Reports" } },
  },
  {
    method = "GET", path = "/v1/reports/{report_id}", access = "read", restricted = "choice", handler = get, tag = "reports",
    summary = "How a report stands", responses = { [200] = { description = "The report.", schema = "Report" } },
  },
  {
    method = "DELETE", path = "/v1/reports/{report_id}", access = "write", handler = delete, tag = "reports",
    summary = "Remove a report and its file; one that waits or runs is cancelled, and does not come back",
    responses = { [204] = { description = "Done. A worker that computes it stops within a second or so." } },
  },
}
