--- loom token
-- @module loom.cli.token

local common = require "loom.cli.common"
local options = require "loom.cli.options"

local command = { name = "token" }

local BYTES = 32

function command.add_to(parser)
  local token = parser:command "token":summary "Make a token for loom serve."
    :description("Make a random token, and the line that lets it in: add that to the file which loom serve --token-file reads. "
      .. "The token itself is shown now and kept nowhere.")
  token:argument "scope":choices { "read", "write", "board" }
    :description "What the token may do: read, or write too; board: read what is of the stores that --where chooses."
  token:argument "name":description "Who it is for."
  options.add_where(token)
end

-- The conditions that the arguments name, as they stand in a line.
local function conditions_of(args)
  local where = options.choice_of(args).where
  if (where ~= nil) ~= (args.scope == "board") then
    common.wrong_use(where and "--where is for the scope board alone" or "the scope board needs --where NAME=VALUE")
  end
  return where
end

function command.run(args)
  local where = conditions_of(args)
  local found, random = pcall(require, "openssl.rand")
  if not found then
    return nil, "tokens need the Lua module luaossl (on Debian: the package lua-luaossl)"
  end
  local tokens = require "loom.http.tokens"
  local token = "loom_" .. tokens.hex(random.bytes(BYTES))
  if #args.where > tokens.CONDITIONS_MAX then
    common.wrong_use("--where: at most %d expected", tokens.CONDITIONS_MAX)
  end
  io.stdout:write(("token: %s\nline:  %s %s %s%s\n"):format(token, args.scope, tokens.hex(tokens.hash(token)),
    where and tokens.conditions_text(where) .. " " or "", (args.name:gsub("%c", "?"))))
  return true
end

return command
