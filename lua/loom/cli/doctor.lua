--- loom doctor
-- @module loom.cli.doctor

local check = require "loom.check"
local common = require "loom.cli.common"
local core = require "loom.core"
local findings = require "loom.formats.findings"
local options = require "loom.cli.options"
local text = require "loom.formats.text"

local command = { name = "doctor" }

local grouped = text.grouped

function command.add_to(parser)
  local doctor = parser:command "doctor":summary "Tell what is likely wrong with the data."
    :description("Tell what is likely wrong with the data, and how to mend it: ids that do not match, stores without hours or a "
      .. "timezone, gaps of the feed, stores without polls, polls that are far from all others. It looks at all stores, and at "
      .. "the polls of the last 15 days that have any. docs/doctor.md explains each finding.")
  options.argument(doctor, "database", "A database, or a folder of input files.")
  options.add_text_format(doctor)
  options.add_output(doctor)
  options.add(doctor, "--examples", "N", "Up to N examples of each finding (default: 3).",
    options.number(check.integer(0, core.limits.examples)))
  doctor:flag "--fail":description "Exit status 1 if there is a warning."
end

-- The command of a finding, for the database that was looked at; of a folder nothing can be mended by one.
local function mending(finding, args)
  if common.is_folder(args.database) then
    return finding.command
  end
  return (finding.command:gsub("DB", function()
    return common.shell_word(args.database)
  end, 1))
end

local function capitalised(words)
  return words:sub(1, 1):upper() .. words:sub(2)
end

-- How many, of how many, and the share.
local function extent(finding)
  local of = finding.of and " of " .. grouped(finding.of) or ""
  local share = finding.share and (", %.4g %%"):format(finding.share * 100) or ""
  return grouped(finding.count) .. of .. share
end

local function write_finding(write, finding, args)
  local examples = findings.examples(finding)
  write(("\n%s  %s  (%s)\n"):format(finding.severity, finding.code, extent(finding)))
  write(("  %s.\n  %s.\n"):format(text.shown(capitalised(finding.text)), text.shown(capitalised(finding.effect))))
  if examples then
    write("  examples: " .. examples .. "\n")
  end
  write("  mend: " .. text.shown(mending(finding, args)) .. "\n")
end

local function write_text(write, found, args)
  write(("%s: %s, %s of them with polls"):format(text.shown(args.database), text.counted(found.stores, "store"),
    grouped(found.polled_stores)))
  if found.as_of_utc then
    write(("; looked at %s of %s up to %s"):format(text.counted(found.polls, "poll"), text.counted(found.days, "day"),
      found.as_of_utc:sub(1, 16)))
  end
  if found.interval then
    write(("; a store is polled every %s (median)"):format(text.duration(found.interval)))
  end
  write "\n"
  for _, finding in ipairs(found.findings) do
    write_finding(write, finding, args)
  end
  local warnings, notes = findings.count(found)
  write(#found.findings == 0 and "nothing found\n"
    or ("\n%s, %s\n"):format(text.counted(warnings, "warning"), text.counted(notes, "note")))
end

function command.run(args)
  local warnings
  local write = common.writer_of(args, { text = function(found, put)
    write_text(put, found, args)
  end, json = function(found, put)
    put(findings.json(found) .. "\n")
  end })
  local written, message = common.with_data(args.database, function(monitor)
    local found, why = monitor:doctor { examples = args.examples }
    if not found then
      return nil, why
    end
    warnings = findings.count(found)
    return write(found)
  end)
  if written and args.fail and warnings > 0 then
    return nil, ("%s: %s"):format(args.database, text.counted(warnings, "warning"))
  end
  return written, message
end

return command
