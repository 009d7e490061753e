--- Cursors: where a page of a list ended, as text that clients hand back with the next request and need not understand.
-- @module loom.http.v1.cursor

local problem = require "loom.http.problem"

local cursor = {}

--- Bytes of one, more than an id in two encodings has.
cursor.LENGTH_MAX = 2048

--- What lists have where their next page begins.
cursor.schema = { type = { "string", "null" }, description = "Null on the last page." }

-- Tells cursors of this list, as they were written, from others.
local function digest_of(list, place, id)
  return ngx.md5(("%s\0%s\0%s"):format(list, place, id)):sub(1, 16)
end

--- A cursor.
-- @tparam string list what the list is of, and how it is sorted: a cursor of another one is refused
-- @tparam string place texts of the last item, without NUL
-- @tparam string id of the last item
function cursor.write(list, place, id)
  local text = ("%s\0%s\0%s"):format(digest_of(list, place, id), place, id)
  return (ngx.encode_base64(text, true):gsub("[+/]", { ["+"] = "-", ["/"] = "_" }))
end

--- Checker of what may be one, until it is read.
function cursor.checker(text)
  return #text <= cursor.LENGTH_MAX and text or nil, ("text of up to %d bytes"):format(cursor.LENGTH_MAX)
end

--- What a cursor holds.
-- @treturn string place
-- @treturn string id
function cursor.read(list, text)
  local plain = text:find("^[%w_-]+$")
    and ngx.decode_base64((text:gsub("[-_]", { ["-"] = "+", ["_"] = "/" })) .. ("="):rep(-#text % 4))
  local digest, place, id = (plain or ""):match("^(%x+)%z([^%z]*)%z(.*)$")
  if not digest or digest ~= digest_of(list, place, id) then
    problem.raise(400, "cursor: is none that a page of this list has ended with", { field = "cursor" })
  end
  return place, id
end

return cursor
