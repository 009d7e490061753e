local files = require "support.files"
local loom = require "loom"
local random = require "support.random"

local NOW = 1767225600 -- 2026-01-01

describe("the audit", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true, by = "ann", clock = function()
      return NOW
    end }))
  end)

  after_each(function()
    monitor:close()
  end)

  local function newest(options)
    return assert(monitor:audit(options))[1]
  end

  local week = { mon = "09:00-17:00", tue = { "22:00-02:00", "09:00-12:30:15" } }
  local week_told = { mon = { "09:00-17:00" }, tue = { "09:00-12:30:15", "22:00-02:00" } }

  it("tells who changed what, from what to what, when and why", function()
    assert(monitor:set_timezone("a", "Europe/Paris", { reason = "moved" }))
    local entry = newest()
    assert.same({ number = 1, by = "ann", store_id = "a", kind = "timezone", at = NOW, at_utc = "2026-01-01 00:00:00.000000 UTC",
      after = { timezone_str = "Europe/Paris" }, reason = "moved" }, entry)
    assert(monitor:set_timezone("a", nil, { by = "bob" }))
    entry = newest()
    assert.same({ "bob", { timezone_str = "Europe/Paris" } }, { entry.by, entry.before })
    assert.is_nil(entry.after)
    assert.is_nil(entry.reason)
  end)

  it("tells of hours date by date", function()
    assert(monitor:set_hours("a", week, { effective_from = "2026-01-01", to = "2026-02-01" }))
    assert.same({ changes = { { effective_from = "2026-02-01", removed = true },
      { effective_from = "2026-01-01", removed = true } } }, newest().before)
    assert.same({ changes = { { effective_from = "2026-02-01", reverts = true },
      { effective_from = "2026-01-01", week = week_told } } }, newest().after)
    assert(monitor:clear_hours("a", { effective_from = "always" }))
    assert.same({ changes = { { effective_from = "2026-01-01", week = week_told },
      { effective_from = "2026-02-01", reverts = true } } }, newest().before)
    assert(monitor:set_hours("a", {}, { effective_from = "always" }))
    assert.same({ changes = { { effective_from = "always", week = {} } } }, newest().after)
    assert.equal(3, #monitor:audit { kind = "hours" })
  end)

  it("tells of special days, of one store and of all", function()
    assert(monitor:set_special_day("*", "2026-12-25", "closed", "Christmas"))
    assert.same({ "*", { date = "2026-12-25", spans = {}, note = "Christmas" } }, { newest().store_id, newest().after })
    assert(monitor:set_special_day("a", "2026-12-24", { "12:00-14:00", "10:00-11:00", "12:00-14:00" }))
    assert.same({ date = "2026-12-24", spans = { "10:00-11:00", "12:00-14:00" }, note = "" }, newest().after)
    assert(monitor:clear_special_day("a", "2026-12-24"))
    assert.same({ date = "2026-12-24", spans = { "10:00-11:00", "12:00-14:00" }, note = "" }, newest().before)
    assert.equal(1, #monitor:audit { store = "*" })
    assert.equal(2, #monitor:audit { store = "a" })
  end)

  it("tells of exclusions, whose reason is the change's", function()
    local exclusion = { store = "a", from = "2026-01-01 10:00:00", to = "2026-01-01 11:00:00.5", reason = "net" }
    local number = assert(monitor:exclude(exclusion))
    local told = { number = number, store_id = "a", from_utc = "2026-01-01 10:00:00.000000 UTC",
      to_utc = "2026-01-01 11:00:00.500000 UTC", reason = "net" }
    assert.same({ "net", told }, { newest().reason, newest().after })
    assert(monitor:remove_exclusion(number, { reason = "was none" }))
    assert.same({ "was none", told }, { newest().reason, newest().before })
    local rules = {
      { weekly = "sun 02:00-04:00", from = "2026-01-01" }, { weekly = "daily 02:00-04:00", zone = "Europe/Paris" },
      { zone = "store", from = "2026-01-01 10:00", to = "2026-01-01 11:00" },
    }
    for _, rule in ipairs(rules) do
      rule.store = "*"
      number = assert(monitor:exclude(rule))
      local listed, after = monitor:exclusions()[1], newest().after
      for name, value in pairs(after) do -- a rule has no bound where it says none
        assert.equal(listed[name], value)
      end
      assert(monitor:remove_exclusion(number))
    end
    assert.same({ number = number, store_id = "*", zone = "store", from_local = "2026-01-01 10:00:00",
      to_local = "2026-01-01 11:00:00", reason = "" }, newest().before)
  end)

  it("tells of attributes by name, and of what has gone with a store", function()
    assert(monitor:set_attributes("a", { brand = "x", region = "north" }))
    assert(monitor:set_attributes("a", { brand = "y", region = "north", city = 'q"' }, { replace = true }))
    assert.same({ attributes = { brand = "x", city = false } }, newest().before)
    assert.same({ attributes = { brand = "y", city = 'q"' } }, newest().after)
    assert(monitor:polls { { "a", true, "2025-12-31 10:00:00" }, { "a", true, "2025-12-31 11:00:00" },
      { "b", true, "2025-12-31 10:00:00" } })
    assert(monitor:delete_polls("a", nil, "2025-12-31 10:30:00", { reason = "wrong" }))
    assert.same({ "polls", "a", "wrong", { polls = 1, days = 1, first_poll = "2025-12-31 10:00:00.000000 UTC",
      last_poll = "2025-12-31 10:00:00.000000 UTC" } }, { newest().kind, newest().store_id, newest().reason, newest().before })
    assert(monitor:delete_store("a", { by = "eve" }))
    assert.same({ "store", "a", "eve" }, { newest().kind, newest().store_id, newest().by })
    assert.equal(3, newest().before.attributes)
    assert.equal(4, #monitor:audit { store = "a" }) -- which stay
    assert(monitor:poll("b", true, "2025-12-01 10:00:00"))
    assert(monitor:prune("7d", { reason = "old" }))
    assert.same({ "polls", "*", "old" }, { newest().kind, newest().store_id, newest().reason })
    assert.equal(1, newest().before.polls)
  end)

  it("tells of files that are loaded, by their names without folders", function()
    local folder = files.make_folder()
    files.write(folder .. "/polls.csv", "store_id,status,timestamp_utc\na,active,2026-01-01 00:00:00\na,off,2026-01-01\n")
    assert(monitor:ingest { polls = folder .. "/polls.csv", max_rejects = 1, reason = "late" })
    files.remove_folder(folder)
    local entry = newest { kind = "ingest" }
    assert.same({ "ann", "*", "late" }, { entry.by, entry.store_id, entry.reason })
    assert.same({ kind = "polls", source = "polls.csv", rows = 2, new = 1, duplicates = 0, conflicts = 0, rejected = 1 },
      entry.after)
    local ingester = assert(monitor:ingester("timezones", { by = "bob" }))
    assert(ingester:feed "store_id,timezone_str\na,Europe/Paris\n")
    assert(ingester:finish())
    entry = newest()
    assert.same({ "bob", "timezones", 1 }, { entry.by, entry.after.kind, entry.after.new })
    ingester = assert(monitor:ingester "timezones")
    assert(ingester:feed "store_id,timezone_str\na,Nowhere/Else\n")
    assert.is_nil((ingester:finish()))
    assert.equal(2, #assert(monitor:audit { kind = "ingest" }))
  end)

  it("does not tell of what changes nothing", function()
    assert(monitor:set_hours("a", week, { effective_from = "always" }))
    assert(monitor:set_special_day("a", "2026-01-01", "closed"))
    assert(monitor:set_timezone("a", "UTC"))
    assert(monitor:set_attributes("a", { x = "y" }))
    local exclusion = { store = "a", from = 1, to = 2 }
    assert(monitor:exclude(exclusion))
    local count = #monitor:audit()
    assert.equal(5, count)
    assert(monitor:set_hours("a", week, { effective_from = "always" }))
    assert(monitor:set_special_day("a", "2026-01-01", "closed"))
    assert(monitor:set_timezone("a", "UTC"))
    assert(monitor:set_attributes("a", { x = "y" }, { replace = true }))
    assert(monitor:exclude(exclusion))
    assert(monitor:set_attributes("b", { x = false }))
    assert.is_nil(monitor:clear_special_day("a", "2026-01-02"))
    assert(monitor:prune("7d", { dry_run = true }))
    assert.equal(count, #monitor:audit())
  end)

  it("is of the changes that were kept", function()
    monitor:transaction(function()
      assert(monitor:set_timezone("a", "UTC"))
      monitor:transaction(function()
        assert(monitor:set_timezone("b", "UTC"))
        return nil, "no"
      end)
      return true
    end)
    monitor:transaction(function()
      assert(monitor:set_timezone("c", "UTC"))
      return nil, "no"
    end)
    assert.equal(1, #monitor:audit())
    assert.equal("a", newest().store_id)
  end)

  it("comes in pages, the newest first", function()
    local ids = {}
    for i = 1, 350 do
      ids[i] = ("s%03d"):format(i)
    end
    assert(monitor:set_special_day(ids, "2026-01-01", "closed"))
    local seen, after = {}, nil
    repeat
      local page = assert(monitor:audit { limit = 120, after = after })
      for _, entry in ipairs(page) do
        seen[#seen + 1] = entry.store_id
        after = entry.number
      end
    until not page[1]
    assert.equal(350, #seen)
    for i = 1, 350 do
      assert.equal(ids[351 - i], seen[i])
    end
    assert.equal(100, #monitor:audit())
    assert.equal(250, #monitor:audit { limit = 250 })
  end)

  it("is in a backup, and in whole files", function()
    local folder = files.make_folder()
    assert(monitor:set_timezone("a", "UTC", { by = ("x"):rep(255), reason = ("y"):rep(4096) }))
    assert(monitor:backup(folder .. "/copy.db"))
    local copy = assert(loom.open(folder .. "/copy.db"))
    assert.same(monitor:audit(), copy:audit())
    assert.same({}, copy:check())
    copy:close()
    files.remove_folder(folder)
  end)

  it("raises for what it cannot take", function()
    assert.has_error(function()
      monitor:set_timezone("a", "UTC", { by = ("x"):rep(256) })
    end)
    assert.has_error(function()
      monitor:audit { kind = "something" }
    end)
    assert.has_error(function()
      monitor:audit { limit = 1001 }
    end)
    assert.has_error(function()
      monitor:set_hours_changes("a", { { effective_from = "always" } })
    end)
    assert.has_error(function()
      monitor:set_hours_changes("a", { { effective_from = "always", week = {}, removed = true } })
    end)
  end)

  -- ---- undoing ----

  local dates = { "2026-01-01", "2026-01-05", "2026-02-01", "always" }
  local ids = { "a", "b", "ü", 'q"\\' }

  local function some_week(next_random)
    local saturday = next_random(2) == 1 and { "10:00-12:00", "13:00-02:00" } or nil
    return { mon = ("09:00-1%d:00"):format(next_random(9)), sat = saturday }
  end

  local changes = {
    function(id, pick)
      local from = pick(3)
      assert(monitor:set_hours(id, some_week(pick), { effective_from = dates[from], to = pick(2) == 1 and "2026-03-01" or nil }))
    end,
    function(id, pick)
      local known = monitor:store(id)
      assert(not known or monitor:clear_hours(id, { effective_from = dates[pick(4)] }))
    end,
    function(id, pick)
      assert(monitor:set_special_day(pick(4) == 1 and "*" or id, dates[pick(3)], pick(2) == 1 and "closed" or "10:00-12:00", id))
    end,
    function(id, pick)
      monitor:clear_special_day(pick(4) == 1 and "*" or id, dates[pick(3)])
    end,
    function(id, pick)
      assert(monitor:set_timezone(id, pick(2) == 1 and "UTC" or "Europe/Paris"))
    end,
    function(id)
      assert(not monitor:store(id) or monitor:set_timezone(id, nil))
    end,
    function(id, pick)
      assert(monitor:set_attributes(id, { [("n%d"):format(pick(3))] = pick(3) > 1 and ("v%d"):format(pick(3)), n4 = "x" },
        { replace = pick(4) == 1 }))
    end,
    function(id, pick)
      local exclusion = { store = pick(3) == 1 and "*" or id, reason = id }
      if pick(2) == 1 then
        exclusion.from, exclusion.to = pick(5), 5 + pick(5)
      else
        exclusion.weekly = "sun 02:00-04:00"
      end
      assert(monitor:exclude(exclusion))
    end,
    function(_, pick)
      local list = monitor:exclusions()
      assert(not list[1] or monitor:remove_exclusion(list[pick(#list)].number))
    end,
  }

  -- All that is set; exclusions without their numbers, since one that is taken out again has another.
  local function state()
    local parts = {}
    for _, kind in ipairs { "hours", "timezones", "special_days", "exclusions", "attributes" } do
      assert(monitor:export(kind, function(text)
        parts[#parts + 1] = text
        return true
      end))
    end
    return table.concat(parts)
  end

  local numbers -- of exclusions that were taken out again, by those that they had

  local undo = {
    hours = function(entry)
      assert(monitor:set_hours_changes(entry.store_id, entry.before.changes))
    end,
    special_day = function(entry)
      local before = entry.before
      if before then
        assert(monitor:set_special_day(entry.store_id, before.date, before.spans, before.note))
      else
        assert(monitor:clear_special_day(entry.store_id, entry.after.date))
      end
    end,
    timezone = function(entry)
      assert(monitor:set_timezone(entry.store_id, entry.before and entry.before.timezone_str))
    end,
    attributes = function(entry)
      assert(monitor:set_attributes(entry.store_id, entry.before.attributes))
    end,
    exclusion = function(entry)
      local before = entry.before
      if not before then
        local number = entry.after.number
        assert(monitor:remove_exclusion(numbers[number] or number))
        numbers[number] = nil -- it may have been another's before
      elseif before.zone then
        numbers[before.number] = assert(monitor:exclude { store = before.store_id, weekly = before.weekly, zone = before.zone,
          from = before.from_local, to = before.to_local, reason = before.reason })
      else
        numbers[before.number] = assert(monitor:exclude { store = before.store_id, from = before.from_utc, to = before.to_utc,
          reason = before.reason })
      end
    end,
  }

  it("tells all that is needed to undo whatever was set", function()
    for seed = 1, 15 do
      local next_random = random.new(seed)
      local function pick(n)
        return next_random(1, n)
      end
      numbers = {}
      local states = { { number = (newest() or { number = 0 }).number, text = state() } }
      for i = 1, 25 do
        changes[pick(#changes)](ids[pick(#ids)], pick)
        states[i + 1] = { number = (newest() or { number = 0 }).number, text = state() }
      end
      local list = assert(monitor:audit { limit = 1000 })
      local at = #states
      for _, entry in ipairs(list) do
        while at > 1 and states[at].number > entry.number do
          at = at - 1
        end
        if entry.number <= states[1].number then
          break
        end
        if states[at].number == entry.number then
          assert.equal(states[at].text, state(), ("seed %d, before entry %d is undone"):format(seed, entry.number))
        end
        undo[entry.kind](entry)
      end
      assert.equal(states[1].text, state(), ("seed %d"):format(seed))
      assert.same({}, monitor:check())
    end
  end)
end)
