--- A command, which is given the webhook's JSON on its standard input: exit status 0 is delivered, 75 is to be tried again.
-- @module loom.agent.channels.command

local verdict = require "loom.agent.verdict"
local webhook = require "loom.agent.channels.webhook"

local command = { kind = "command", secrets = {}, required = { "command" }, optional = {}, judge = verdict.command }

--- A message as what is run, without a shell seeing any of its words.
function command.requests(message, channel)
  return { { command = channel.command, body = webhook.body(message) } }
end

return command
