--- loom outages
-- @module loom.cli.outages

local listing = require "loom.cli.listing"
local span = require "loom.cli.span"
local text = require "loom.formats.text"

local command = { name = "outages" }

function command.add_to(parser)
  span.add_to(parser, "outages", "List the outages of a store.",
    "List the outages of a store: the longest stretches through which it was down. Closed hours end an outage. "
    .. "In a table, the last line tells how many there are, the longest one and their sum.")
end

local function summary(outages)
  local longest, total = 0, 0
  for _, outage in ipairs(outages) do
    longest, total = math.max(longest, outage.seconds), total + outage.seconds
  end
  if #outages == 0 then
    return "no outages\n"
  end
  return ("%s, longest %s, total %s\n"):format(text.counted(#outages, "outage"), listing.duration(longest),
    listing.duration(total))
end

function command.run(args)
  return span.run(args, "outages", {}, summary)
end

return command
