--- What changes in a database, told once to each who subscribes, whoever changes it: this process, another, or one that has
-- ended meanwhile.
--
--     local watch = Watch.new(monitor, since)
--     watch:subscribe(function(change) ... end)
--     repeat watch:look() until ...          -- once a second, say
--
-- Each write has a number and notes what it changes in its own transaction (`src/core/sqlite/changes.h`). A look asks for what
-- writes after the last one it has seen have changed: nothing can be missed between a commit and its notice, and what changes
-- more than once between two looks is told once, as it is then. So a subscriber that is slow, or was away, costs no memory. Who
-- begins from the number of an earlier look (`watch.seen`) goes on where that ended; of a look that was broken off, what it told
-- is told again.
--
-- A look that finds no write since the last one costs 2 µs; others pass over all stores, which takes 0.1 µs each.
-- @module loom.watch

local time = require "loom.time"

local Watch = {}
Watch.__index = Watch

local STRIDE = 2000 -- numbers of stores looked at before others get their turn

-- What is set for stores, by kind.
local FACTS = { "hours", "timezones", "special_days", "exclusions", "attributes" }

--- What a subscriber is called with.
-- @table change
-- @tfield string kind `"polls"`; `"hours"`, `"timezones"`, `"special_days"`, `"exclusions"` or `"attributes"`, which may be what
--   they were; `"removal"` of the store; `"everything"`: another database has taken the place of the one before
-- @tfield ?string store_id nil: any store's may have changed, since they are many, or changed too long ago to know
-- @tfield ?string status of polls: `"active"` or `"inactive"`, as the newest one tells; nil where none is left
-- @tfield ?string newest_poll of polls: the instant of the newest one, as text
-- @tfield ?int instant the same in microseconds: see `loom.time`
-- @tfield ?bool turned of polls: whether the newest one tells another status than the one before, or has meanwhile

--- Begins to watch.
-- @tparam loom.monitor monitor
-- @tparam[opt] int since the number of an earlier look's end; 0: tell of every store with polls; nil: what comes from now on
-- @tparam[opt] string only `"turned"`: tell of stores that have turned, and of nothing else
-- @treturn loom.watch|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function Watch.new(monitor, since, only)
  -- A query makes a database that is not there yet: one that another makes would not be seen.
  local now, message, code = monitor.database:row "SELECT revision FROM overall"
  if not now then
    return nil, message, code
  end
  return setmetatable({
    database = monitor.database,
    seen = since or now.revision,
    column = only == "turned" and "turned" or "changed",
    subscribers = {},
  }, Watch)
end

--- Subscribes.
-- @tparam function told called with each change, within a look
function Watch:subscribe(told)
  self.subscribers[#self.subscribers + 1] = told
end

local function tell(self, change)
  for _, told in ipairs(self.subscribers) do
    told(change)
  end
end

-- ---- what is set for stores, and removals ----

-- Ids follow each other without a gap: where the first one is another, those before it are not kept any more.
local facts_sql = [[SELECT id, kind, store_id, ifnull(after, 0) AS after FROM change,
    (SELECT max(id) AS after FROM change WHERE number <= ?1)
  WHERE id > ifnull(after, 0) AND number <= ?2 ORDER BY id]]

-- What there may have been.
local function anything()
  local list = { { kind = "removal" } }
  for _, kind in ipairs(FACTS) do
    list[#list + 1] = { kind = kind }
  end
  return list
end

-- The changes after the last look, each once, the last one first.
local function facts(self, upto)
  local rows, message, code = self.database:rows(facts_sql, self.seen, upto)
  if not rows then
    return nil, message, code
  elseif rows[1] and rows[1].id ~= rows[1].after + 1 then
    return anything()
  end
  local list, known = {}, {}
  for i = #rows, 1, -1 do
    local row = rows[i]
    local key = row.kind .. "\0" .. (row.store_id or "")
    if not known[key] then
      known[key] = true
      list[#list + 1] = { kind = row.kind, store_id = row.store_id }
    end
  end
  return list
end

local function tell_facts(self, upto)
  if self.column == "turned" then
    return true
  end
  local list, message, code = facts(self, upto)
  for i = #(list or {}), 1, -1 do
    tell(self, list[i])
  end
  return list and true, message, code
end

-- ---- polls ----

local polls_sql = {}
for _, column in ipairs { "changed", "turned" } do
  polls_sql[column] = ([[SELECT store_id, newest_poll, newest_active, turned FROM store
    WHERE number > ? AND number <= ? AND %s > ? AND %s <= ?]]):format(column, column)
end

local function polls_of(self, row)
  return {
    kind = "polls",
    store_id = row.store_id,
    instant = row.newest_poll,
    newest_poll = row.newest_poll and time.text(row.newest_poll),
    status = row.newest_poll and (row.newest_active == 1 and "active" or "inactive") or nil,
    turned = row.turned > self.seen,
  }
end

-- What is changed again meanwhile has a number beyond `upto`, and is told by the next look.
local function tell_polls(self, upto, pause)
  local last, message, code = self.database:row "SELECT ifnull(max(number), 0) AS number FROM store"
  if not last then
    return nil, message, code
  end
  for first = 0, last.number - 1, STRIDE do
    local rows
    rows, message, code = self.database:rows(polls_sql[self.column], first, first + STRIDE, self.seen, upto)
    if not rows then
      return nil, message, code
    end
    for _, row in ipairs(rows) do
      tell(self, polls_of(self, row))
    end
    if pause then
      pause()
    end
  end
  return true
end

-- ---- looking ----

--- Tells the subscribers what has changed since the last look.
-- @tparam[opt] function pause called now and then, while nothing of the database is held; what it raises breaks the look off
-- @treturn bool|nil whether there were any writes
-- @treturn ?string the failure; the next look tells what this one would have, and what it has
-- @treturn ?string its code
function Watch:look(pause)
  local revision, message, code = self.database:revision()
  if not revision then
    return nil, message, code
  elseif revision == self.seen then
    return false
  end
  local good
  if revision < self.seen then -- another database is in its place
    self.seen = 0
    tell(self, { kind = "everything" })
    good = true
  else
    good, message, code = tell_facts(self, revision)
  end
  if good then
    good, message, code = tell_polls(self, revision, pause)
  end
  if not good then
    return nil, message, code
  end
  self.seen = revision
  return true
end

return Watch
