--- What was changed by hand.
-- @module loom.http.v1.audit

local audit = require "loom.audit"
local check = require "loom.check"
local core = require "loom.core"
local cursor = require "loom.http.v1.cursor"
local instants = require "loom.formats.instants"
local page = require "loom.http.v1.page"
local request = require "loom.http.request"
local restriction = require "loom.http.restriction"


local checkers = {
  store_id = check.store_or_all, kind = check.choice(audit.kinds), limit = request.whole(1, audit.LIMIT_MAX),
  cursor = cursor.checker, time = check.choice(instants.names),
}

-- A page is made by a thread, which passes over all entries where few are of a kind.
local function list()
  local parameters = request.parameters(checkers)
  local of = "audit\0" .. (parameters.store_id or "") .. "\0" .. (parameters.kind or "")
  local after
  if parameters.cursor then
    local _, number = cursor.read(of, parameters.cursor)
    after = tonumber(number)
  end
  page.send("audit", of, { store = parameters.store_id, kind = parameters.kind, after = after,
    limit = parameters.limit or audit.LIMIT, time = parameters.time, where = restriction.where() }, { store = "store_id" },
    "entries")
end

local side = { type = { "object", "null" }, description = "As it is written by the route of its kind; null: there was, or is, "
  .. "nothing. Of hours the changes that are others, of attributes those that are." }

return {
  schemas = {
    AuditEntry = {
      type = "object", additionalProperties = false,
      required = { "number", "at", "by", "store_id", "kind", "before", "after", "reason" },
      properties = {
        number = { type = "integer", minimum = 1, description = "They ascend one by one." }, at = "FormattedInstant",
        by = { type = "string", description = "The name of the token, or command:USER, or who a program says it is." },
        store_id = { type = "string", description = "* stands for all stores." }, kind = { enum = audit.kinds },
        before = side, after = side, reason = { type = { "string", "null" } },
      },
    },
    Audit = {
      type = "object", required = { "entries", "next_cursor" }, additionalProperties = false,
      properties = {
        entries = { type = "array", items = "AuditEntry" },
        next_cursor = cursor.schema,
      },
    },
  },
  {
    method = "GET", path = "/v1/audit", access = "read", restricted = "choice", handler = list, tag = "service",
    summary = "Who changed what by hand, when, from what to what, and why",
    parameters = {
      { name = "store_id", description = "Of this store alone; * for what was set for all stores.",
        schema = { type = "string", maxLength = core.limits.store_id } },
      { name = "kind", schema = { type = "string", enum = audit.kinds } },
      { name = "limit", description = "A page has fewer where entries are long.",
        schema = { type = "integer", minimum = 1, maximum = audit.LIMIT_MAX, default = audit.LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
      { name = "time", description = "The form of instants.",
        schema = { type = "string", enum = instants.names, default = "text" } },
    },
    responses = { [200] = { description = "A page of entries, the newest first.", schema = "Audit" } },
  },
}
