local events = require "loom.http.events"
local restriction = require "loom.http.restriction"

local sees = restriction.sees

-- The newest events there are, of stores; a multiple of what is sent at a time, and one more.
local COUNT, FIRST = 2001, 1000000

describe("a stream of events", function()
  local log, is_gone

  -- Has nginx be one that ends once a stream has told all that there is, and that notes what it does.
  before_each(function()
    local kept = { newest = FIRST + COUNT - 1 }
    for i = 0, COUNT - 1 do
      kept[FIRST + i] = ('store\n{"store_id":"%s-%d"}'):format(i % 3 == 0 and "own" or "other", i)
    end
    log, is_gone = {}, false
    local looks = 0 -- the second one passes over what had its number before the first
    local function note(what)
      return function(text)
        log[#log + 1] = { what, text }
        return not is_gone
      end
    end
    _G.ngx = {
      ctx = { loom_who = { token = { scope = "read", where = { brand = { "Taco" } } } } },
      var = { http_last_event_id = "1" }, header = {},
      req = { get_method = function() return "GET" end },
      worker = { exiting = function()
        looks = looks + 1
        return looks > 2
      end },
      shared = { loom_events = { get = function(_, key) return kept[key] end } },
      print = note "print", flush = note "flush", sleep = note "sleep",
    }
    restriction.sees = function(id)
      note "look"()
      return id:find "^own" ~= nil
    end
  end)

  after_each(function()
    _G.ngx, restriction.sees = nil, sees
  end)

  local function numbers_sent()
    local numbers = {}
    for _, entry in ipairs(log) do
      numbers[#numbers + 1] = entry[1] == "print" and tonumber(entry[2]:match "^id: (%d+)") or nil
    end
    return numbers
  end

  it("gives others their turn, however many events a client has missed", function()
    events.routes[1].handler()
    local numbers, at_a_time, most = numbers_sent(), 0, 0
    assert.equal(COUNT / 3, #numbers)
    for i, number in ipairs(numbers) do
      assert.equal(FIRST + 3 * (i - 1), number)
    end
    for _, entry in ipairs(log) do
      at_a_time = entry[1] == "sleep" and 0 or at_a_time + (entry[1] == "look" and 1 or 0)
      most = math.max(most, at_a_time)
    end
    assert.is_true(most <= 50, most .. " looks at a time")
  end)

  it("ends in the middle of them when the client goes", function()
    is_gone = true
    events.routes[1].handler()
    assert.is_true(#numbers_sent() < 50)
  end)
end)
