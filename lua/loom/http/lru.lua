--- A cache with a limit: what was not used for the longest time goes first.
--
-- Everything that a worker keeps by something that clients choose is kept in one of these. Weights and the limit are in
-- whatever unit the cache's owner counts in, such as bytes.
-- @module loom.http.lru

local Lru = {}
Lru.__index = Lru

--- What an entry takes beside its key and its value, in bytes, for those who count these: a table of six fields, and two slots.
Lru.OVERHEAD = 256

--- Makes a cache.
-- @tparam number limit of the weights together; the newest entry is kept even where it alone is heavier, since it is in use
-- @tparam[opt] function on_evict called with each value that goes, whether it had to make room, was removed or replaced
-- @treturn loom.http.lru `weight` and `count` tell how full it is
function Lru.new(limit, on_evict)
  local ring = {} -- the entries in a ring, the last used one after this head, the one to go first before it
  ring.before, ring.after = ring, ring
  return setmetatable({ limit = limit, on_evict = on_evict, ring = ring, entries = {}, weight = 0, count = 0 }, Lru)
end

local function unlink(entry)
  entry.before.after, entry.after.before = entry.after, entry.before
end

local function link_first(self, entry)
  local ring = self.ring
  entry.before, entry.after = ring, ring.after
  ring.after.before, ring.after = entry, entry
end

local function evict(self, entry)
  unlink(entry)
  self.entries[entry.key] = nil
  self.weight, self.count = self.weight - entry.weight, self.count - 1
  if self.on_evict then
    self.on_evict(entry.value)
  end
end

--- The value of a key, which is used by that.
-- @return nil if it is not there
function Lru:get(key)
  local entry = self.entries[key]
  if entry then
    unlink(entry)
    link_first(self, entry)
    return entry.value
  end
end

--- Keeps a value, and lets go of others until the limit is kept.
-- @param key anything but nil
-- @param value anything but nil
-- @tparam[opt=1] number weight
-- @return the value
function Lru:put(key, value, weight)
  self:remove(key)
  local entry = { key = key, value = value, weight = weight or 1 }
  self.entries[key] = entry
  link_first(self, entry)
  self.weight, self.count = self.weight + entry.weight, self.count + 1
  while self.weight > self.limit and self.ring.before ~= entry do
    evict(self, self.ring.before)
  end
  return value
end

--- Lets go of a key, if it is there.
function Lru:remove(key)
  local entry = self.entries[key]
  if entry then
    evict(self, entry)
  end
end

--- Lets go of everything.
function Lru:clear()
  while self.count > 0 do
    evict(self, self.ring.before)
  end
end

--- An iterator over keys and values, in no order and without using them; nothing may be put or removed meanwhile.
function Lru:each()
  local key, entry
  return function()
    key, entry = next(self.entries, key)
    if key ~= nil then
      return key, entry.value
    end
  end
end

return Lru
