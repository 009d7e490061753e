local loom = require "loom"
local stores = require "loom.stores"
local words = require "loom.formats.words"

local MINUTE, HOUR, DAY = 60000000, 3600000000, 86400000000

describe("words", function()
  it("name the weekday of every date", function()
    -- One that is known, and from there a day after the other: a year after each leap rule.
    local names, at = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }, 0
    local first = assert(loom.parse_timestamp "1999-12-27 00:00:00")
    for day = 0, 900 do
      local text = words.instant(loom.format_timestamp(first + day * 86400 + 5 * 3600))
      assert.equal(names[at + 1], text:sub(1, 3), text)
      assert.matches(", 05:00 UTC$", text)
      at = (at + 1) % 7
    end
    assert.equal("Mon 1 Jan 1, 00:00 UTC", words.instant "0001-01-01 00:00:00.000000 UTC")
    assert.equal("Fri 31 Dec 9999, 23:59:59 UTC", words.instant "9999-12-31 23:59:59.999999 UTC")
    assert.equal("Thu 29 Feb 2024, 00:00:01 UTC", words.instant "2024-02-29 00:00:01 UTC")
  end)

  it("tell a date once where it is the same", function()
    assert.equal("Mon 4 Mar 2024, 15:30 \226\128\147 16:30 UTC",
      words.range("2024-03-04 15:30:00 UTC", "2024-03-04 16:30:00 UTC"))
    assert.equal("Sun 3 Mar 2024, 16:30 \226\128\147 Mon 4 Mar 2024, 16:30:05 UTC",
      words.range("2024-03-03 16:30:00.000000 UTC", "2024-03-04 16:30:05.999999 UTC"))
  end)

  it("have durations in the largest unit that they are whole of", function()
    for text, duration in pairs { ["1 day"] = DAY, ["7 days"] = 7 * DAY, ["36 hours"] = 36 * HOUR, ["1 hour"] = HOUR,
      ["90 minutes"] = 90 * MINUTE, ["61 seconds"] = 61000000, ["1.5 seconds"] = 1500000, ["0.000001 seconds"] = 1,
      ["0 seconds"] = 0 } do
      assert.equal(text, words.duration(duration))
    end
  end)

  it("tell a window's length and its instants", function()
    assert.equal("7 days, Mon 26 Feb 2024, 16:30 \226\128\147 Mon 4 Mar 2024, 16:30 UTC",
      words.window { name = "w", from_utc = "2024-02-26 16:30:00 UTC", to_utc = "2024-03-04 16:30:00 UTC" })
    assert.equal("yesterday by each store's clock, Sun 3 Mar 2024, 05:00 \226\128\147 Mon 4 Mar 2024, 08:00 UTC",
      words.window { name = "w", calendar = "yesterday",
        from_utc = "2024-03-03 05:00:00 UTC", to_utc = "2024-03-04 08:00:00 UTC" })
  end)

  it("tell the stores that were chosen", function()
    local function filter(selection, where, all)
      return words.filter(stores.described { stores = selection and stores.selection(selection),
        where = where and stores.conditions(where), all_stores = all })
    end
    assert.equal("every one with a poll", filter())
    assert.equal("every one with a poll", words.filter(nil))
    assert.equal("also without a poll", filter(nil, nil, true))
    assert.equal("store_id is a", filter("a"))
    assert.equal("store_id is a, b* or c; also without a poll", filter({ "a", "b*", "c" }, nil, true))
    assert.equal("store_id is none", filter({ ids = {} }))
    assert.equal("chosen by a function; n is 1", filter(function() end, { n = 1 }))
    assert.equal("brand is x; region is north or south", filter(nil, { region = { "south", "north" }, brand = "x" }))
    assert.equal('"ta\\"co" is in an id or an attribute; timezone is UTC or Asia/Tokyo; also without a poll',
      words.filter(stores.described { search = 'ta"co', zones = { "UTC", "Asia/Tokyo" }, all_stores = true }))
    local many = {}
    for i = 1, 200 do
      many[i] = ("s%03d"):format(i)
    end
    assert.equal("store_id is s001, s002, s003, s004, s005, s006, s007, s008, s009, s010 and 190 more", filter(many))
  end)

  it("tell an objective", function()
    assert.is_nil(words.objective(nil))
    assert.equal("up for 99.9% of the time that is known", words.objective { target = 0.999 })
    assert.equal("up for 57% of the time that is known, or for what is set for single stores",
      words.objective { target = 0.57, stores = { a = 1 } })
    assert.equal("up for what the attribute tier says", words.objective { attribute = "tier" })
  end)
end)
