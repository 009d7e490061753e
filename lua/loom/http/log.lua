--- The log of errors: one line to a message, whatever bytes of clients are in it.
-- @module loom.http.log

local log = {}

local function escaped(bytes)
  return (bytes:gsub(".", function(byte)
    return ("\\x%02X"):format(byte:byte())
  end))
end

--- A text as one line that is safe to look at in a terminal: control characters, those of C1 in UTF-8 among them, are escaped.
-- @tparam string text
-- @treturn string
function log.line(text)
  return (text:gsub("%c+", escaped):gsub("\194[\128-\159]", escaped))
end

--- Writes a line.
-- @tparam int level one of nginx's, such as `ngx.ERR`
-- @param ... texts and numbers
function log.write(level, ...)
  ngx.log(level, log.line(table.concat({ ... })))
end

return log
