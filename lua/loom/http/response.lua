--- What most handlers answer with.
-- @module loom.http.response

local response = {}

--- Sends a JSON document.
-- @tparam int status
-- @tparam string text
function response.json(status, text)
  local header = ngx.header
  ngx.status = status
  header["Content-Type"] = "application/json"
  header["Content-Length"] = #text
  header["Cache-Control"] = "no-store"
  ngx.print(text)
end

--- Sends that all is done, and there is nothing to say.
function response.none()
  ngx.status = 204
  ngx.header["Cache-Control"] = "no-store"
end

return response
