-- The agent's judgement: what is told of a fleet whose polls come one after another, by agents that are killed at any time, is
-- what a replay of the finished data tells; and what flags hold back.
local cjson = require "cjson.safe"
local configuration = require "loom.alerts.configuration"
local files = require "support.files"
local Judge = require "loom.agent.judge"
local loom = require "loom"
local random = require "support.random"
local transaction = require "loom.transaction"

local SECOND, DAY = 1000000, 86400
local START = loom.parse_timestamp "2024-03-07 12:00:00" -- a Thursday; clocks of New York spring forward on the 10th

local function text_of(lines)
  local given = false
  return function()
    local text = not given and #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
    given = true
    return text
  end
end

local function ingest_polls(monitor, polls)
  local lines = { "store_id,status,timestamp_utc" }
  for _, item in ipairs(polls) do
    lines[#lines + 1] = ("%s,%s,%d"):format(item[1], item[3] and "active" or "inactive", item[2])
  end
  assert(monitor:ingest { polls = text_of(lines) })
end

-- The events of the evaluation as a replay tells them, from the database.
local function events_of(monitor)
  local list = {}
  for row in monitor:query "SELECT event FROM alert_event ORDER BY number" do
    local event = cjson.decode(row.event)
    list[#list + 1] = ("%s %s %s %s %s %s"):format(event.id, event.alert, event.rule, event.subject.id, event.state,
      event.inhibited or "-")
  end
  table.sort(list)
  return list
end

describe("the agent's judgement", function()
  local folder, monitor, now

  local function open()
    return assert(loom.open(folder .. "/db", { create = true, default_zone = "America/New_York", clock = function()
      return now
    end }))
  end

  local function judge_of(of, options)
    options = options or {}
    options.now = function() return math.floor(now * SECOND) end
    return Judge.new(of or monitor, options)
  end

  local function put(kind, definition)
    return assert(configuration.put(monitor, kind, definition))
  end

  before_each(function()
    folder, now = files.make_folder(), START
    monitor = open()
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  -- ---- causality ----

  local definitions = {
    { name = "down", severity = "critical", when = { kind = "down_for", time = "20m" }, ["for"] = { count = 2, of = 3 } },
    { name = "polls", when = { kind = "inactive_polls", count = 2, of = 3 }, keep = { count = 2 } },
    { name = "hours", when = { kind = "down_time", window = "6h", time = "1h" }, ["for"] = { time = "10m" },
      keep = { time = "20m" } },
    { name = "silent", when = { kind = "no_poll", time = "45m" } },
    { name = "many", when = { kind = "group_down", count = 2, share = 0.5 }, group_by = "region" },
    { name = "west", when = { kind = "ratio", window = "1d", below = 0.8, scope = "group" }, group_by = "region",
      stores = { where = { region = "west" } } },
    { name = "feed", when = { kind = "no_poll", scope = "fleet", time = "20m", clock = "wall" } },
  }

  local function make_fleet(choose)
    local polls = {}
    for i = 1, 6 do
      local id = "s" .. i
      assert(monitor:set_attributes(id, { region = i % 2 == 0 and "west" or "east" }))
      if i <= 4 then
        assert(monitor:set_hours(id, { mon = "08:00-20:00", tue = "08:00-20:00", thu = "06:00-23:00", fri = "08:00-02:00",
          sat = "00:00-24:00", sun = "01:00-05:00" }))
      end
      local active, at = true, START - DAY + choose(0, 900)
      while at < START + 4 * DAY do
        if choose(1, 7) == 1 then
          active = not active
        end
        polls[#polls + 1] = { id, at, active }
        at = at + choose(500, 1300) + (choose(1, 80) == 1 and 3 * 3600 or 0)
      end
    end
    table.sort(polls, function(a, b)
      return a[2] < b[2] or a[2] == b[2] and a[1] < b[1]
    end)
    assert(monitor:exclude { store = "s1", from = START + DAY, to = START + DAY + 4 * 3600, reason = "works" })
    return polls
  end

  it("comes to the events of a replay, however often the agent is killed", function()
    for seed = 1, 2 do
      local choose = random.new(seed * 7919)
      local polls, next_poll = make_fleet(choose), 1
      for _, rule in ipairs(definitions) do
        put("rule", rule)
      end
      local judge, first, step, kills = nil, START, 600, 0
      for clock = first, START + 3 * DAY + 12 * 3600, step do
        local new = {}
        while polls[next_poll] and polls[next_poll][2] <= clock do
          new[#new + 1], next_poll = polls[next_poll], next_poll + 1
        end
        ingest_polls(monitor, new)
        now = clock
        local dies = choose(1, 4)
        if dies == 1 then -- in the transaction
          judge = judge_of(nil, { fence = function()
            transaction.fail("EIO", "killed")
          end })
          assert.is_nil(judge:round())
          judge, kills = nil, kills + 1
        end
        judge = judge or judge_of()
        assert(judge:round())
        if dies == 2 then -- after it
          judge, kills = nil, kills + 1
        end
      end
      local last = START + 3 * DAY + 12 * 3600
      local replayed, found = {}, assert(monitor:replay_alerts { rules = definitions, from = first, to = last, step = step })
      for _, event in ipairs(found.events) do
        replayed[#replayed + 1] = ("%s %s %s %s %s %s"):format(event.id, event.alert, event.rule, event.subject.id, event.state,
          event.inhibited or "-")
      end
      table.sort(replayed)
      assert.is_true(#replayed > 60 and kills > 100, #replayed .. " " .. kills)
      assert.same(replayed, events_of(monitor), "seed " .. seed)
      monitor:close()
      files.remove_folder(folder)
      folder = files.make_folder()
      monitor = open()
    end
  end)
end)
