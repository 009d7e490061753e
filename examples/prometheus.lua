-- A format of one's own: the figures as Prometheus reads them (text exposition format), for node_exporter's textfile
-- collector or a file that is scraped.
--
--   lua5.4 prometheus.lua DATABASE FILE
--   lua5.4 examples/prometheus.lua stores.db loom.prom
--
-- A format is a function in `loom.formats`; report:write gives it the rows and writes the file, complete or not at all.
-- In a checkout, `make` and `eval "$(make -s env)"` first.

local loom = require "loom"

local metrics = {
  { name = "loom_up_seconds", figure = "up", help = "Time that the store was up inside its business hours." },
  { name = "loom_down_seconds", figure = "down", help = "Time that it was down inside its business hours." },
  { name = "loom_uptime_ratio", figure = "ratio", help = "Up time as a share of up and down time." },
  { name = "loom_outages", figure = "outages", help = "How many outages there were." },
}

local escapes = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

local function label(text)
  return '"' .. text:gsub('[\\"\n]', escapes) .. '"'
end

function loom.formats.prometheus(report, write, options)
  for _, metric in ipairs(metrics) do
    write(("# HELP %s %s\n# TYPE %s gauge\n"):format(metric.name, metric.help, metric.name))
    for row in options.rows() do
      for _, window in ipairs(report.windows) do
        local value = row[window.name][metric.figure]
        if value then -- a store that was closed has no ratio
          write(("%s{store=%s,window=%s} %.12g\n"):format(metric.name, label(row[report.key]), label(window.name),
            value))
        end
      end
    end
  end
end

local database, path = arg[1], arg[2]
if not path then
  io.stderr:write "usage: prometheus.lua DATABASE FILE\n"
  os.exit(2)
end
local monitor = assert(loom.open(database))
local report = assert(monitor:report())
assert(report:write(path, { format = "prometheus" }))
monitor:close()
