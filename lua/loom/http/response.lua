--- Responses, also on a connection whose raw socket the request's body was read from.
-- @module loom.http.response

local cjson = require "cjson.safe"
local core = require "loom.core"
local etag = require "loom.http.etag"
local journal = require "loom.http.journal"

local response = {}

local PIECE = 64 * 1024 -- bytes sent before others get their turn: nginx gzips them in a millisecond
local TURN = 0.001 -- seconds that others get between two pieces
local GRACE, RATE_MIN = 30, 16 * 1024 -- a client who has read for longer reads so many bytes a second at the least

--- JSON of a value. Store ids and values may hold any bytes, JSON is UTF-8: others are replaced.
function response.encode(value)
  local text = cjson.encode(value)
  return core.utf8(text)
end

--- The reason phrases of the statuses that there are.
response.reasons = {
  [200] = "OK", [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed", [406] = "Not Acceptable", [408] = "Request Timeout", [409] = "Conflict",
  [412] = "Precondition Failed", [413] = "Content Too Large", [414] = "URI Too Long", [415] = "Unsupported Media Type",
  [416] = "Range Not Satisfiable",
  [422] = "Unprocessable Content", [429] = "Too Many Requests", [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error", [501] = "Not Implemented", [503] = "Service Unavailable", [505] = "HTTP Version Not Supported",
  [507] = "Insufficient Storage",
}

-- Of every response; nginx adds them by itself where it sends the headers.
local raw_headers = {
  "X-Content-Type-Options: nosniff",
  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy: no-referrer",
}

--- Lets pages of another origin read responses on a raw socket.
function response.allow_origin(origin)
  raw_headers[#raw_headers + 1] = "Access-Control-Allow-Origin: " .. origin
  raw_headers[#raw_headers + 1] = "Vary: Origin"
end

--- The status of the response that was sent.
function response.status()
  return ngx.ctx.loom_raw_status or ngx.status
end

local function send_raw(socket, status, headers, text)
  ngx.ctx.loom_raw_status = status
  journal.note_status(status)
  local lines = { ("HTTP/1.1 %d %s"):format(status, response.reasons[status] or ""), unpack(raw_headers) }
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  lines[#lines + 1] = "Content-Length: " .. #text
  lines[#lines + 1] = "Date: " .. ngx.http_time(ngx.time())
  lines[#lines + 1] = "Connection: close"
  lines[#lines + 1] = "\r\n" .. text
  socket:send(table.concat(lines, "\r\n"))
end

-- Tells what an answer is made from, where that is known.
-- @treturn bool whether it may be asked for again
local function tell_revision(header)
  local revision, tag = etag.revision(), etag.now()
  if revision then
    header["Loom-Revision"] = revision
  end
  if tag then
    header.ETag = tag
    header["Cache-Control"] = "private, no-cache"
  end
  return tag ~= nil
end

--- Sets headers of a response that is good, also those of an answer that may be asked for again (see `loom.http.etag`), which
-- the client may keep as long as it does ask.
-- @tparam table headers by name
function response.set_headers(headers)
  local header = ngx.header
  for name, value in pairs(headers) do
    header[name] = value
  end
  tell_revision(header)
end

-- Ends what is sent to a client who reads too slowly.
local function check_speed(started, sent)
  if core.clock() - started > GRACE + sent / RATE_MIN then
    error(("the client reads too slowly: %d bytes so far"):format(sent), 0)
  end
end

--- Sends the body piece by piece, once the headers are set: nginx holds no more of it for a client who reads slowly, and others
-- have their turn after each.
-- @tparam int size in bytes
-- @tparam function read (first, last) returns the piece from one byte to another, counted from 1; it may be shorter
function response.send_pieces(size, read)
  local sent, started = 0, core.clock()
  ngx.header["Content-Length"] = size
  while sent < size and ngx.req.get_method() ~= "HEAD" do
    local text = read(sent + 1, math.min(sent + PIECE, size))
    if not (ngx.print(text) and ngx.flush(true)) then -- the client has gone
      ngx.exit(499)
    end
    sent = sent + #text
    check_speed(started, sent)
    if sent < size then
      ngx.sleep(TURN)
    end
  end
end

--- Sends a body whose length is not known while it is made. It returns where the client has gone, so that the caller gives back
-- what it holds before it ends the request.
-- @tparam table headers by name
-- @tparam function next_piece returns a text, or nil at the end; it may yield
-- @treturn bool whether all was sent
function response.stream(headers, next_piece)
  response.set_headers(headers)
  local sent, started = 0, core.clock()
  local text = ngx.req.get_method() ~= "HEAD" and next_piece() or nil
  while text do
    if not (ngx.print(text) and ngx.flush(true)) then
      return false
    end
    sent = sent + #text
    check_speed(started, sent)
    ngx.sleep(TURN)
    text = next_piece()
  end
  return true
end

--- Sends a response. The caller yields where it is long.
-- @tparam int status
-- @tparam table headers by name
-- @tparam string text the body
function response.send(status, headers, text)
  local socket = ngx.ctx.loom_raw_socket
  if socket then
    return send_raw(socket, status, headers, text)
  end
  ngx.status = status
  if status ~= 200 then
    etag.void()
  end
  response.set_headers(headers)
  if #text > PIECE then
    return response.send_pieces(#text, function(first, last)
      return text:sub(first, last)
    end)
  end
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

--- Sends a value as JSON that is not to be kept.
function response.send_json(status, value)
  response.send(status, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" }, response.encode(value) .. "\n")
end

--- Sends a JSON document that is not to be kept.
-- @tparam int status
-- @tparam string text
function response.json(status, text)
  if status ~= 200 or #text > PIECE or ngx.ctx.loom_raw_socket then
    return response.send(status, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" }, text)
  end
  -- The same for what is asked for the most, without a loop, which LuaJIT would not compile.
  local header = ngx.header
  header["Content-Type"] = "application/json"
  header["Content-Length"] = #text
  if not tell_revision(header) then
    header["Cache-Control"] = "no-store"
  end
  ngx.print(text)
end

--- Sends that nothing has changed since the client had the answer.
function response.not_modified()
  ngx.status = 304
  response.set_headers {}
end

--- Sends that all is done, and there is nothing to say.
function response.none()
  ngx.status = 204
  ngx.header["Cache-Control"] = "no-store"
end

return response
