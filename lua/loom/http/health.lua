--- Whether the service lives, and whether it can do its work.
-- @module loom.http.health

local problem = require "loom.http.problem"
local readiness = require "loom.http.readiness"
local response = require "loom.http.response"
local service = require "loom.http.service"

-- The worker answers: that is all.
local function live()
  response.json(200, '{"status":"ok"}\n')
end

local words = {
  read = "the database cannot be read", write = "the database cannot be written",
  reports = "reports cannot be written to their folder", queue = "too many reports are waiting",
  owner = "another head alone writes to the cluster",
  tokens = "there is no token by which anybody gets in",
}

local function ready()
  local failing = readiness.failing(service.state())
  if #failing > 0 then
    local details = {}
    for i, name in ipairs(failing) do
      details[i] = words[name]
    end
    problem.raise(503, table.concat(details, "; "), { failing = failing, headers = { ["Retry-After"] = "1" } })
  end
  local warnings = readiness.warnings()
  response.send_json(200, { status = "ok", warnings = #warnings > 0 and warnings or nil })
end

--- Its routes.
return {
  schemas = {
    Health = { type = "object", required = { "status" }, properties = { status = { const = "ok" } } },
    Readiness = {
      type = "object", required = { "status" },
      properties = {
        status = { const = "ok" },
        warnings = { type = "array", items = { enum = { "tokens" } }, description = "What is wrong, but keeps nothing from being "
          .. "done: lines of the token file that cannot be read." },
      },
    },
  },
  {
    method = "GET", path = "/healthz", access = "none", handler = live, tag = "service", without_database = true,
    summary = "Whether the service lives", responses = { [200] = { description = "It does.", schema = "Health" } },
  },
  {
    method = "GET", path = "/readyz", access = "none", handler = ready, tag = "service", without_database = true,
    summary = "Whether all can be done; if not, `failing` lists what cannot: read, write, reports, queue, owner, tokens",
    responses = {
      [200] = { description = "All can be done.", schema = "Readiness" },
      [503] = { description = "Something cannot.", problem = true },
    },
  },
}
