--- loom audit
-- @module loom.cli.audit

local audit = require "loom.audit"
local check = require "loom.check"
local common = require "loom.cli.common"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

local command = { name = "audit" }

local LIMIT = 100

-- Reader of how many: nil for all.
local function limit(text)
  local number, reason = options.number(check.integer(1, 2 ^ 53))(text)
  if text == "all" then
    return math.huge
  end
  return number, reason and reason .. ', or "all"'
end

function command.add_to(parser)
  local audited = parser:command(command.name):summary "List who changed what by hand, when, from what to what, and why."
    :description("List who changed what by hand, when, from what to what, and why, the newest first. It tells of hours, special "
      .. "days, exclusions, timezones and attributes that were set or removed, and of stores and polls that were removed, by "
      .. "commands, over HTTP, or by programs; and of files that were loaded, though not of what each row brought.")
  options.argument(audited, "database")
  options.add(audited, "--store", "STORE", "Only what was set for this store, or '*': for every store.",
    options.text(check.store_id))
  options.add(audited, "--kind", "KIND", "Only this: " .. table.concat(audit.kinds, ", ") .. ".",
    options.text(check.choice(audit.kinds)))
  options.add(audited, "--limit", "N", ("How many at the most, or all (default: %d)."):format(LIMIT), limit)
  options.add_format_or_file(audited, listing.formats)
  options.add_output(audited)
end

-- Either side of a change, which is JSON already.
local function side(name)
  local column = listing.text(name)
  column.json = function(value)
    return value or "null"
  end
  return column
end

function command.run(args)
  local format = common.format_of(args)
  local columns = {
    listing.instant("at_utc", format), listing.text "by", listing.text "store_id", listing.text "kind", side "before",
    side "after", listing.text "reason",
  }
  return common.with_database(args.database, function(monitor)
    local next_entry, left = audit.each(monitor.database, args), args.limit or LIMIT
    return listing.write(args, columns, function()
      left = left - 1
      if left < 0 then
        return nil
      end
      local entry, message = next_entry()
      if message then
        error(message, 0)
      end
      return entry
    end)
  end)
end

return command
