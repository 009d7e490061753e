-- A nightly report: loads a folder of files, drops what is older than 90 days, writes the report in several formats.
--
--   lua5.4 nightly.lua DATABASE FOLDER REPORT...
--   lua5.4 examples/nightly.lua stores.db examples/data report.csv report.md
--
-- The end of a report's name tells its format: .csv, .md, .json, .ndjson or .html. Each file is complete, or as it was.
-- Exit status: 0; 1 with one line on standard error; 2 for wrong use. `crontab` beside this file runs it every night.
-- In a checkout, `make` and `eval "$(make -s env)"` first.

local loom = require "loom"

local KEEP = "90d"

local usual_names = {
  polls = "store_status.csv",
  hours = "menu_hours.csv",
  timezones = "timezones.csv",
  special_days = "special_days.csv",
  exclusions = "exclusions.csv",
  attributes = "attributes.csv",
}

local format_of = { csv = "csv", md = "markdown", json = "json", ndjson = "ndjson", html = "html" }

local function fail(status, message)
  io.stderr:write("nightly: ", message, "\n")
  os.exit(status)
end

-- The files that are there, as options of monitor:ingest.
local function files_in(folder)
  local files = {}
  for kind, name in pairs(usual_names) do
    local path = folder .. "/" .. name
    local file = io.open(path)
    if file then
      file:close()
      files[kind] = path
    end
  end
  return next(files) and files or fail(1, folder .. ": there is nothing to load")
end

local database, folder = arg[1], arg[2]
if #arg < 3 then
  fail(2, "usage: nightly.lua DATABASE FOLDER REPORT...")
end
for i = 3, #arg do
  if not format_of[arg[i]:match "%.(%w+)$"] then
    fail(2, arg[i] .. ": the name ends with none of the formats")
  end
end

-- What returns nil and a message ends the run.
local function need(result, message)
  return result or fail(1, message)
end

local monitor = need(loom.open(database, { create = true }))
local new = 0
for _, file in ipairs(need(monitor:ingest(files_in(folder)))) do
  new = new + file.new
end
local removed = need(monitor:prune(KEEP)).gone.polls
local report = need(monitor:report())
for i = 3, #arg do
  need(report:write(arg[i], { format = format_of[arg[i]:match "%.(%w+)$"] }))
end
print(("%d new rows, %d old polls removed, %d stores until %s"):format(new, removed, #report,
  loom.format_timestamp(report.as_of)))
monitor:close()
