--- Writing: polls as they come, and whole files as they arrive. Threads parse and write (see src/core/write/writer.h); here their
-- work is handed to them, and awaited without ever blocking the event loop.
-- @module loom.http.writing

local access = require "loom.http.access"
local editing = require "loom.http.editing"
local events = require "loom.http.events"
local flushing = require "loom.http.flushing"
local loading = require "loom.loading"
local metrics = require "loom.http.metrics"
local Places = require "loom.http.places"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local stream = require "loom.http.stream"

local POLL_STEP = 0.001 -- seconds between two looks at polls that are being written
local INGEST_STEP = 0.005 -- and at an ingest
local FULL_STEP = 0.002 -- and at an upload's queue that was full
local TURN = 512 * 1024 -- bytes of a body taken before other requests get their turn
local TURN_STEP = 0.001 -- seconds of it: less would be none, nginx's clock counts milliseconds
local SORT_CAPACITY = 1024 * 1024 -- polls of an upload sorted in memory at a time: 40 to 68 MiB, see staging.h
local POLLS_TEXT_MAX = 64 * 1024 * 1024 * 1024 -- bytes of an upload once decompressed: polls go to a file
local SOURCE_MAX = 255 -- bytes of a file's name, as file systems have them
local RECORDS_TEXT_MAX = 256 * 1024 * 1024 -- and the other kinds stay in memory

local poll_formats = {
  ["application/json"] = "json", ["application/x-ndjson"] = "ndjson", ["application/ndjson"] = "ndjson",
  ["text/csv"] = "csv",
}

local file_types = {
  ["text/csv"] = true, ["application/gzip"] = true, ["application/x-gzip"] = true, ["application/octet-stream"] = true,
}

-- ---- what a request asks for ----

local function content_type()
  return (ngx.var.http_content_type or ""):match("^%s*([^;%s]*)"):lower()
end

-- Reader of how many bad rows are left out.
local function max_rejects(text)
  if text == "all" then
    return -1
  elseif not text:find("^%d+$") or #text > 15 then
    return nil, 'a whole number or "all"'
  end
  return tonumber(text)
end

-- Reader of where polls are when they are answered.
local function durable(text)
  if text == "cluster" and not flushing.is_on() then
    return nil, '"head": the service has its polls in its database'
  elseif text == "cluster" or text == "head" then
    return text
  end
  return nil, '"head" or "cluster"'
end

-- ---- what became of it ----

local function error_list(write, is_file)
  local errors = {}
  for i, reject in ipairs(write:rejects()) do
    errors[i] = {
      index = not is_file and reject.number - 1 or nil, -- of an array, so from 0
      line = is_file and reject.line or nil,
      column = reject.column ~= "" and reject.column or nil,
      value = reject.column ~= "" and reject.value or nil,
      reason = reject.reason,
    }
  end
  return #errors > 0 and errors or nil
end

-- Ends the request with the failure of a write. Of a file the last bad row is the one that was too many, and is told of in
-- the message; of polls it is the first one. Where that one is written as it should be, but cannot be taken, that is 422.
local function raise_failure(write, message, code, is_file)
  if code ~= "EINPUT" then
    problem.raise_failure(message, code)
  end
  local rejects, errors = write:rejects(), error_list(write, is_file)
  local at = is_file and #rejects or 1
  local told = errors and errors[at] or {}
  local more = { errors = errors, index = told.index, line = told.line, column = told.column, value = told.value,
    reason = told.reason }
  if rejects[at] and rejects[at].well_formed then
    problem.raise(422, (message:gsub("^E%u+: ", "")), more)
  end
  problem.raise_failure(message, code, more)
end

-- Tells the metrics, and of a file everybody who listens.
local function tell(counts, kind)
  if kind then
    metrics.count("loom_ingests_total", ('kind="%s"'):format(kind))
    events.publish("ingest", { kind = kind, rows = counts.rows, new = counts.new, duplicates = counts.duplicates,
      conflicts = counts.conflicts, rejected = counts.rejected })
  end
  if not kind or kind == "polls" then
    for _, outcome in ipairs { "new", "duplicates", "conflicts", "rejected" } do
      metrics.count("loom_polls_received_total", ('outcome="%s"'):format(outcome), counts[outcome])
    end
  end
end

-- Waits for a write and answers with what became of it; `kind` is that of a file. Of polls, `until_durable` is called before.
local function await(write, step, kind, until_durable)
  local is_file = kind ~= nil
  local done, message, code = write:is_done()
  while done == false do
    ngx.sleep(step)
    done, message, code = write:is_done()
  end
  if not done then
    raise_failure(write, message, code, is_file)
  end
  local counts = write:counts()
  tell(counts, kind)
  if until_durable then
    until_durable(counts)
  end
  counts.errors = error_list(write, is_file)
  response.send_json(200, counts)
end

-- Calls work(write), and lets go of the write whatever happens.
local function with(write, message, code, work)
  if not write then
    problem.raise_failure(message, code)
  end
  local called, err = pcall(work, write)
  write:close()
  if not called then
    error(err, 0)
  end
end

-- ---- polls ----

local function post_polls()
  local parameters = request.parameters { max_rejects = max_rejects, durable = durable }
  local format = poll_formats[content_type()]
  if not format or ngx.var.http_content_encoding then
    problem.raise(415, "polls are expected as application/json, application/x-ndjson or text/csv, and not compressed")
  end
  local now, latest = service.now()
  local options = { now = now, latest = latest, max_rejects = parameters.max_rejects or 0 }
  local text = request.body(service.limits().polls)
  flushing.check()
  local write, message, code = service.writer():poll_text(format, text, options)
  with(write, message, code, function()
    await(write, POLL_STEP, nil, function(counts)
      flushing.note(counts.new + counts.conflicts)
      if parameters.durable == "cluster" then
        flushing.await()
      end
    end)
  end)
end

-- ---- files ----

-- Ends the request of a client that has stopped sending.
local function raise_broken(why)
  if why == "timeout" then
    problem.raise(408, "the body did not arrive in time")
  end
  problem.raise(400, why == "closed" and "the body is incomplete" or "the body cannot be read: " .. why)
end

local function push(upload, piece)
  local taken, message, code = upload:push(piece)
  while taken == false do
    ngx.sleep(FULL_STEP)
    taken, message, code = upload:push(piece)
  end
  return taken, message, code
end

-- Passes the body on until it ends, or the upload has failed, which `await` tells of.
local function pump(upload, body)
  local since = 0
  while true do
    local piece, why = body:read()
    if why then
      raise_broken(why)
    elseif not piece then
      upload:finish()
      return
    elseif not push(upload, piece) then
      return
    end
    since = since + #piece
    if since >= TURN then
      since = 0
      ngx.sleep(TURN_STEP)
    end
  end
end

local uploads = Places.new { all = math.huge } -- the writer has so many as it has

-- Calls work() as one of a client's uploads, if it may have another.
local function as_upload(work)
  local client = access.client()
  uploads.of_client = service.limits().client_uploads
  if not uploads:try(client) then
    problem.raise(429, ("files of this client are on their way already, %d at the most may be"):format(uploads.of_client),
      { headers = { ["Retry-After"] = "1" } })
  end
  local called, err = pcall(work)
  uploads:leave(client)
  if not called then
    error(err, 0)
  end
end

-- Takes the body, and answers with what became of it.
local function take_file(kind, body, options)
  as_upload(function()
    local upload, message, code = service.writer():upload(options)
    with(upload, message, code, function()
      pump(upload, body)
      await(upload, INGEST_STEP, kind)
    end)
  end)
end

-- What the file is called, of which only clients know.
local function source_checker(text)
  if #text >= 1 and #text <= SOURCE_MAX and not text:find "%c" then
    return text
  end
  return nil, ("name of 1 to %d bytes"):format(SOURCE_MAX)
end

local function post_file(kind)
  local parameters = editing.parameters { max_rejects = max_rejects, replace_overrides = request.flag, source = source_checker }
  if not file_types[content_type()] then
    problem.raise(415, "a file is expected as text/csv or application/gzip")
  end
  local now, latest = service.now()
  local limits = service.limits()
  local options = editing.signed(parameters, {
    kind = kind, source = parameters.source or "body", at = now, latest = latest, max_rejects = parameters.max_rejects or 0,
    replace_overrides = parameters.replace_overrides or false, sort_capacity = SORT_CAPACITY,
    max_size = kind == "polls" and POLLS_TEXT_MAX or RECORDS_TEXT_MAX, max_records = limits.rows,
  })
  local body = stream.open(limits.ingest, limits.body_rate, limits.body_timeout)
  local called, err = pcall(take_file, kind, body, options)
  if not called and not problem.is(err) then
    error(err, 0)
  elseif not called then
    problem.send(err)
  end
  if not ngx.ctx.loom_raw_socket then
    ngx.eof()
  end
  body:drain()
end

local count = { type = "integer", minimum = 0 }
local counts = { rows = count, new = count, duplicates = count, conflicts = count, rejected = count }

local max_rejects_parameter = {
  name = "max_rejects", description = 'How many bad rows to leave out, or "all" (default: 0, a bad row refuses them all).',
  schema = { type = "string" },
}

local text_schema = { type = "string" }

local routes = {
  schemas = {
    Poll = {
      type = "object", required = { "store_id", "status" },
      properties = {
        store_id = { type = "string" },
        status = { type = "string", pattern = "^[ \t]*([Ii][Nn])?[Aa][Cc][Tt][Ii][Vv][Ee][ \t]*$", description = "active or "
          .. "inactive, whichever case its letters are in.", examples = { "active", "inactive" } },
        timestamp_utc = {
          type = { "string", "integer" },
          description = "By default now; not far in the future. A number is seconds, milliseconds or microseconds since 1970.",
        },
      },
    },
    Written = {
      type = "object", required = { "rows", "new", "duplicates", "conflicts", "rejected" }, properties = counts,
      description = "What became of the rows; `errors` lists the first of those that were left out.",
    },
  },
  {
    method = "POST", path = "/v1/polls", access = "write", handler = post_polls, tag = "ingestion",
    summary = "Store polls; they are on the disk when the response comes",
    parameters = {
      max_rejects_parameter,
      { name = "durable", schema = { enum = { "head", "cluster" } },
        description = "Where polls are in a cluster: whether the response comes once they are on the disk of its head, which "
          .. "takes them there within seconds (head, the default), or once they are there (cluster)." },
    },
    request = {
      content = {
        ["application/json"] = { schema = { anyOf = { "Poll", { type = "array", items = "Poll" } } } },
        ["application/x-ndjson"] = { schema = text_schema },
        ["text/csv"] = { schema = text_schema },
      },
    },
    responses = {
      [200] = { description = "They are stored.", schema = "Written" },
      [422] = { description = "A timestamp is too far ahead of the clock, or null.", problem = true },
      [503] = { description = "Too many polls wait for the cluster, or another head alone writes to it; or, where the response "
        .. "was to wait for it, the polls are stored, and not there yet.", problem = true },
    },
  },
}

-- The route of a kind, which is called `name` in the path.
local function add_ingest(kind, name)
  routes[#routes + 1] = {
    method = "POST", path = "/v1/ingest/" .. name:gsub("_", "-"), access = "write", tag = "ingestion",
    summary = "Ingest a file of " .. kind:gsub("_", " ") .. ": all of it, or nothing",
    parameters = {
      max_rejects_parameter,
      { name = "replace_overrides", description = "What was set by hand gives way.", schema = { enum = { "true", "false" } } },
      { name = "source", description = "The file's name, for messages and the audit (default: body).",
        schema = { type = "string", minLength = 1, maxLength = SOURCE_MAX } },
      editing.reason,
    },
    request = {
      content = {
        ["text/csv"] = { schema = text_schema }, ["application/gzip"] = { schema = text_schema },
        ["application/octet-stream"] = { schema = text_schema },
      },
    },
    responses = {
      [200] = { description = "It is stored.", schema = "Written" },
      [408] = { description = "The body comes too slowly.", problem = true },
      [422] = { description = "A poll is too far ahead of the clock.", problem = true },
      [429] = { description = "The client has too many files on their way.", problem = true },
    },
    handler = function()
      post_file(kind)
    end,
  }
end

for _, kind in ipairs(loading.kinds) do
  add_ingest(kind.name, kind.name)
  if kind.also then
    add_ingest(kind.name, kind.also)
  end
end

--- Its routes.
return routes
