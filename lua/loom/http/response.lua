--- Responses, also on a connection whose raw socket the request's body was read from.
-- @module loom.http.response

local cjson = require "cjson.safe"
local values = require "loom.formats.values"

local response = {}

--- JSON of a value. Store ids and values may hold any bytes, JSON is UTF-8: others are replaced.
function response.encode(value)
  local text = cjson.encode(value)
  return text:find("[\128-\255]") and values.utf8(text) or text
end

local reasons = {
  [200] = "OK", [400] = "Bad Request", [408] = "Request Timeout", [413] = "Content Too Large", [500] = "Internal Server Error",
  [503] = "Service Unavailable", [507] = "Insufficient Storage",
}

local function send_raw(socket, status, headers, text)
  local lines = { ("HTTP/1.1 %d %s"):format(status, reasons[status] or "") }
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  lines[#lines + 1] = "Content-Length: " .. #text
  lines[#lines + 1] = "Date: " .. ngx.http_time(ngx.time())
  lines[#lines + 1] = "Connection: close"
  lines[#lines + 1] = "\r\n" .. text
  socket:send(table.concat(lines, "\r\n"))
end

--- Sends a response.
-- @tparam int status
-- @tparam table headers by name
-- @tparam string text the body
function response.send(status, headers, text)
  local socket = ngx.ctx.loom_raw_socket
  if socket then
    return send_raw(socket, status, headers, text)
  end
  ngx.status = status
  for name, value in pairs(headers) do
    ngx.header[name] = value
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
  response.send(status, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" }, text)
end

--- Sends that all is done, and there is nothing to say.
function response.none()
  ngx.status = 204
  ngx.header["Cache-Control"] = "no-store"
end

return response
