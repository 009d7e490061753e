--- loom token
-- @module loom.cli.token

local command = { name = "token" }

local BYTES = 32

function command.add_to(parser)
  local token = parser:command "token":summary "Make a token for loom serve."
    :description("Make a random token, and the line that lets it in: add that to the file which loom serve --token-file reads. "
      .. "The token itself is shown now and kept nowhere.")
  token:argument "scope":choices { "read", "write" }:description "What the token may do: read, or write too."
  token:argument "name":description "Who it is for."
end

function command.run(args)
  local found, random = pcall(require, "openssl.rand")
  if not found then
    return nil, "tokens need the Lua module luaossl (on Debian: the package lua-luaossl)"
  end
  local tokens = require "loom.http.tokens"
  local token = "loom_" .. tokens.hex(random.bytes(BYTES))
  io.stdout:write(("token: %s\nline:  %s %s %s\n"):format(token, args.scope, tokens.hex(tokens.hash(token)),
    (args.name:gsub("%c", "?"))))
  return true
end

return command
