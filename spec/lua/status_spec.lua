local fleets = require "support.fleets"
local states = require "support.states"

local DAY = 86400 * 1000000
local HOUR = 3600 * 1000000

local text = fleets.text

-- An instant in the time of a fleet: any one, or one that means something.
local function some_instant(choose, fleet, first, last)
  local store = fleet["shop " .. choose(1, 12)]
  local kind = choose(1, 4)
  if kind == 1 and #store.polls > 0 then
    return store.polls[choose(1, #store.polls)][1]
  elseif kind == 2 then
    return math.floor(first / HOUR + choose(0, 15 * 24)) * HOUR
  end
  return first + choose(-4 * 86400, math.floor((last - first) / 1000000) + 8 * 86400) * 1000000
end

local function instant(seconds)
  return seconds and math.floor(seconds * 1000000 + 0.5)
end

describe("what stores are now", function()
  it("is what the rules say, at any instant, under any rules", function()
    local compared, counts = 0, {}
    for seed = 1, 40 do
      local monitor, fleet, choose, first, last = fleets.make(seed)
      for _ = 1, 5 do
        local at = some_instant(choose, fleet, first, last)
        local rules, asked = fleets.some_rules(choose)
        asked.as_of, asked.all_stores = text(at), true
        local status = assert(monitor:status(asked))
        assert(#status == 12)
        for i = 1, #status do
          local found = status[i]
          local expected = states.at(fleet[found.store_id], rules, at)
          local where = ("seed %d, %s, as of %s, %s"):format(seed, found.store_id, text(at), asked.preset)
          assert(found.state == expected.state, where .. ": " .. found.state .. ", not " .. expected.state)
          assert(instant(found.since) == expected.since, ("%s: %s since %s, not %s"):format(where, found.state,
            tostring(found.since_utc), expected.since and text(expected.since) or "ever"))
          assert(instant(found.last_poll) == expected.last_poll, where)
          assert(found.dormant == expected.dormant, where .. ": dormant")
          counts[found.state] = (counts[found.state] or 0) + 1
          compared = compared + 1
        end
        status:close()
      end
      monitor:close()
    end
    assert.equal(2400, compared)
    for _, state in ipairs { "up", "down", "unknown", "excluded", "closed" } do
      assert.is_true((counts[state] or 0) > 20, state)
    end
  end)

  it("is the last segment of a timeline", function()
    for seed = 100, 110 do
      local monitor, fleet, choose, first, last = fleets.make(seed)
      local at = some_instant(choose, fleet, first, last)
      local _, asked = fleets.some_rules(choose)
      asked.as_of = text(at)
      local status = assert(monitor:status(asked))
      local from = at - 40 * DAY
      for store in status:stores() do
        local timeline = assert(monitor:timeline(store.store_id, text(from), text(at), asked))
        local segment = timeline[#timeline]
        assert.equal(segment.state, store.state)
        if store.since and instant(store.since) > from then
          assert.equal(segment.from_utc, store.since_utc)
        end
      end
      monitor:close()
    end
  end)

  it("is written as its rows tell, in whatever order and however many", function()
    local monitor = assert(require "loom".open(":memory:"))
    local polls = {}
    for i = 1, 2100 do
      polls[i] = { ("=%d,"):format(i), i % 3 > 0, ("2023-01-%02d 12:00:00"):format(1 + i % 20) }
    end
    assert(monitor:polls(polls))
    local status = assert(monitor:status())
    for _, choice in ipairs { {}, { limit = 1 }, { limit = 1000 }, { state = "excluded" },
      { sort = "since", descending = true, limit = 2001 } } do
      local csv, ndjson, written = { "store_id,state,since_utc,dormant,last_poll_utc\n" }, {}, {}
      for store in status:stores(choice) do
        csv[#csv + 1] = ('"%s",%s,%s,%s,%s\n'):format(store.store_id, store.state, store.since_utc or "",
          tostring(store.dormant), store.last_poll_utc)
        ndjson[#ndjson + 1] = ('{"store_id":"%s","state":"%s","since":%s,"dormant":%s,"last_poll":"%s"}\n'):format(store.store_id,
          store.state, store.since_utc and ('"%s"'):format(store.since_utc) or "null", tostring(store.dormant),
          store.last_poll_utc)
      end
      for _, format in ipairs { "csv", "ndjson", "json" } do
        local parts = {}
        local options = { format = format }
        for name, value in pairs(choice) do
          options[name] = value
        end
        assert(status:write(function(part)
          parts[#parts + 1] = part
        end, options))
        written[format] = table.concat(parts)
      end
      assert.equal(table.concat(csv), written.csv)
      assert.equal(table.concat(ndjson), written.ndjson)
      local stores = table.concat(ndjson):gsub("}\n{", "},\n{"):gsub("\n$", "")
      assert.equal(stores .. "\n]}\n", written.json:match('"stores":%[\n(.*)$'))
    end
    status:close()
    monitor:close()
  end)
end)
