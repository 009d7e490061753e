--- loom timeline
-- @module loom.cli.timeline

local listing = require "loom.cli.listing"
local span = require "loom.cli.span"

local command = { name = "timeline" }

function command.add_to(parser)
  span.add_to(parser, "timeline", "Tell what a store was, moment by moment.",
    "Tell what a store was, moment by moment: up, down, unknown, closed or excluded, without gaps.")
end

function command.run(args)
  return span.run(args, "timeline", { listing.text "state" })
end

return command
