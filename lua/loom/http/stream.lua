--- The body of a request, piece by piece as it arrives.
--
-- nginx's Lua module reads a body of known length from the request's socket; for one in chunks there is only the raw
-- connection, on which this module takes the chunks apart, and on which the response must be written too (see
-- `loom.http.response`).
--
-- A body has to come at some rate, since whoever sends one holds a place that others wait for: it has a credit of seconds,
-- which waiting for its bytes uses up, and bytes earn back. One that has used it up is a timeout. Time in which this side
-- does not read costs nothing.
-- @module loom.http.stream

local core = require "loom.core"
local problem = require "loom.http.problem"

local stream = {}

local PIECE = 65536 -- bytes read at a time
local LINE_MAX = 4096 -- bytes of a chunk's header, with its extensions, and of a trailer
local TRAILERS_MAX = 100
local DRAIN_MAX = 64 * 1024 * 1024 -- bytes that are read after a refusal, so that the client gets to read it
local DRAIN_TIMEOUT = 5 -- seconds without a byte
local DRAIN_TIME = 30 -- seconds in all
local BROKEN_TIMEOUT = 0.2 -- seconds in all, after a timeout or chunks that make no sense: there is no telling what comes

local Body = {}
Body.__index = Body

local function too_long(limit)
  problem.raise(413, ("the body is longer than %d bytes"):format(limit))
end

--- Opens the body. One that says that it is too long is refused at once.
-- @tparam int limit bytes
-- @tparam number rate bytes a second that it has to come by
-- @tparam number patience seconds that it may lag behind
function stream.open(limit, rate, patience)
  local headers = ngx.req.get_headers()
  local length = tonumber(headers["content-length"])
  local chunked = headers["transfer-encoding"] ~= nil
  if length and length > limit then
    too_long(limit)
  end
  local body = setmetatable({ left = chunked and 0 or length or 0, chunked = chunked, limit = limit, total = 0,
    rate = rate, patience = patience, credit = patience }, Body)
  if chunked then
    body.socket = assert(ngx.req.socket(true))
    ngx.ctx.loom_raw_socket = body.socket
  elseif body.left > 0 then
    body.socket = assert(ngx.req.socket())
  end
  if chunked and headers["expect"] then
    body.socket:send("HTTP/1.1 100 Continue\r\n\r\n")
  end
  return body
end

-- Calls a function that receives, within the credit that the body has left.
local function receive(self, call, ...)
  if self.credit <= 0 then
    return nil, "timeout"
  end
  self.socket:settimeout(math.max(1, math.ceil(self.credit * 1000)))
  local before = core.clock()
  local text, why, rest = call(...)
  self.credit = math.min(self.patience, self.credit - (core.clock() - before) + #(text or "") / self.rate)
  return text, why, rest
end

-- A line of the framing; nil if there is none of sane length.
local function read_line(self)
  self.lines = self.lines or self.socket:receiveuntil("\r\n")
  local line, why, rest = receive(self, self.lines, LINE_MAX)
  if not line then
    return nil, why or "a line of the chunked body is malformed: " .. tostring(rest)
  end
  local past = receive(self, self.lines, 1) -- nil, nil, nil at the line's end
  if past then
    return nil, "a line of the chunked body is too long"
  end
  return line
end

-- Reads the next chunk's header: true if there is one, false at the end.
local function next_chunk(self)
  if self.total > 0 then
    local text, why = receive(self, self.socket.receive, self.socket, 2)
    if text ~= "\r\n" then
      return nil, why or "a chunk of the body is malformed"
    end
  end
  local line, why = read_line(self)
  local size = line and line:match("^(%x+)%s*$") or line and line:match("^(%x+)%s*;")
  if not size or #size > 12 then
    return nil, why or "a chunk of the body is malformed"
  end
  self.left = tonumber(size, 16)
  if self.left > 0 then
    return true
  end
  for _ = 1, TRAILERS_MAX do
    line, why = read_line(self)
    if not line or line == "" then
      return line and false, why
    end
  end
  return nil, "the body has too many trailers"
end

--- The next bytes.
-- @treturn ?string nil at the end
-- @treturn ?string why there are none: "closed" and "timeout" among others
function Body:read()
  if self.chunked and self.left == 0 and not self.ended then
    local more, why = next_chunk(self)
    if more == nil then
      self.broken = true
      return nil, why
    end
    self.ended = not more
  end
  if self.left == 0 then
    return nil
  end
  local piece, why = receive(self, self.socket.receiveany, self.socket, math.min(self.left, PIECE))
  if not piece then
    self.broken = why == "timeout"
    return nil, why
  end
  self.left = self.left - #piece
  self.total = self.total + #piece
  if self.total > self.limit then
    too_long(self.limit)
  end
  return piece
end

--- Reads on for a while, after a response that did not wait for the whole body: to close a connection on unread bytes takes
-- the response away from a client that still writes.
function Body:drain()
  if not self.socket or (self.left == 0 and (self.ended or not self.chunked)) then
    return
  end
  self.socket:settimeout((self.broken and BROKEN_TIMEOUT or DRAIN_TIMEOUT) * 1000)
  local drained, deadline = 0, core.clock() + (self.broken and BROKEN_TIMEOUT or DRAIN_TIME)
  repeat
    local piece = self.socket:receiveany(PIECE)
    drained = drained + (piece and #piece or 0)
    ngx.sleep(0.001) -- others get their turn
  until not piece or drained > DRAIN_MAX or core.clock() > deadline
end

return stream
