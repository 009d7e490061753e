--- What was made for clients of a report: choices among its stores, columns, and texts.
--
-- What is of ids and attributes alone, `of_stores`, stays good for the next report of the same stores as long as no attribute
-- changes: polls change the figures several times a second, and to look at the attributes of all stores takes as long as that.
-- Attributes that have changed are told by the notes of changes, whose ids follow each other without a gap (see `loom.watch`).
-- @module loom.http.made

local Lru = require "loom.http.lru"

local made = {}

-- Bytes of what was made for one report, and as many of what is of its stores: some 40 choices among a hundred thousand of these.
local SIZE_MAX = 4 * 1024 * 1024

local count = 0

local function new_cache(close)
  return Lru.new(SIZE_MAX, function(value)
    if type(value) ~= "string" then
      close(value)
    end
  end)
end

--- Nothing, so far.
-- @tparam function close called with each choice and column that goes
-- @treturn loom.http.lru with another such cache in `of_stores`; its `number` is another one for each report
function made.new(close)
  local cache = new_cache(close)
  count = count + 1
  cache.number, cache.of_stores = count, new_cache(close)
  return cache
end

--- Lets go of everything.
-- @tparam loom.http.lru cache
function made.clear(cache)
  cache:clear()
  cache.of_stores:clear()
end

--- A mark in the course of changes.
-- @tparam userdata database the native half
-- @treturn ?int nil if it cannot be told
function made.mark(database)
  local row = database:row "SELECT ifnull(max(id), 0) AS id FROM change"
  return row and row.id
end

-- Whether attributes are as they were at a mark, as far as that is known.
local function are_attributes_the_same(database, mark)
  local row = mark and database:row([[SELECT ifnull(min(id), 1) AS first, ifnull(max(id), 0) AS last,
    EXISTS(SELECT 1 FROM change WHERE id > ?1 AND kind = 'attributes') AS changed FROM change]], mark)
  return row and row.changed == 0 and row.first <= mark + 1 and row.last >= mark
end

--- What is still good of what was made of a report, for the one that takes its place; the rest goes.
-- @tparam loom.http.lru before
-- @tparam function close as of `new`
-- @tparam userdata database
-- @tparam ?int mark of before that report was begun
-- @tparam userdata old the report's native half, which is not closed
-- @tparam userdata new that of the one that takes its place
-- @treturn loom.http.lru
function made.next(before, close, database, mark, old, new)
  local cache = made.new(close)
  if new:has_stores_of(old) and are_attributes_the_same(database, mark) then
    cache.of_stores, before.of_stores = before.of_stores, cache.of_stores
  end
  made.clear(before)
  return cache
end

return made
