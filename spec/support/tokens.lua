--- Tokens of a service for specs.

local shell = require "support.shell"

local tokens = {}

--- Makes a token, as `loom token` with these arguments does.
-- @return it, and its line for a file of tokens
function tokens.make(...)
  local token, line = shell.good("token", ...):match "^token: (%S+)\nline:  ([^\n]+)\n$"
  return assert(token), line .. "\n"
end

return tokens
