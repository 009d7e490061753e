local core = require "loom.core"
local hours = require "loom.hours"
local random_of = require "support.random".new

local HOUR = 3600
local EXPECTED = 'opening hours (such as "09:00-17:00", a list of them, or "closed")'

describe("the openings of a day", function()
  it("are a span, a list of spans, or nothing", function()
    for _, case in ipairs {
      { "09:00-17:00", { 9 * HOUR, 17 * HOUR } },
      { " 09:00 - 17:00 ", { 9 * HOUR, 17 * HOUR } },
      { "9:00-17:00", { 9 * HOUR, 17 * HOUR } },
      { "9:00 AM-5:00 PM", { 9 * HOUR, 17 * HOUR } },
      { " 9:00am - 12:00 am ", { 9 * HOUR, 0 } },
      { "09:00:30-17:00:01", { 9 * HOUR + 30, 17 * HOUR + 1 } },
      { "00:00-24:00", { 0, 24 * HOUR } },
      { "18:00-02:00", { 18 * HOUR, 2 * HOUR } },
      { "08:00-08:00", { 8 * HOUR, 8 * HOUR } },
      { { "11:00-14:30", "17:00-02:00" }, { 11 * HOUR, 14.5 * HOUR, 17 * HOUR, 2 * HOUR } },
      { { "17:00-18:00", "09:00-10:00" }, { 17 * HOUR, 18 * HOUR, 9 * HOUR, 10 * HOUR } },
      { "closed", {} },
      { {}, {} },
    } do
      assert.same(case[2], hours.spans(case[1]))
    end
  end)

  it("are not nonsense", function()
    for _, wrong in ipairs {
      "", "-", "9-5", "9am-5pm", "9:00 XM-17:00", "13:00 PM-17:00", "9:00  AM-17:00",
      "9:00 -17:00 P", "09:00", "09:00-", "-17:00", "09:00-17:00-18:00", "09:00-25:00", "25:00-26:00", "09:60-17:00",
      "24:00:01-01:00", "09:00–17:00", "09:00-17:00,18:00-19:00", "CLOSED", "open", 9, true,
      { 9 }, { "closed" }, { "09:00-17:00", "9-5" }, { "09:00-17:00", 5 }, { { "09:00-17:00" } },
      { nil, "09:00-17:00" }, { "09:00-10:00", nil, "11:00-12:00" }, { "09:00-17:00", note = "x" }, { mon = "09:00-17:00" },
      { 9 * HOUR, 17 * HOUR },
    } do
      local list, expected = hours.spans(wrong)
      assert.same({ nil, EXPECTED }, { list, expected })
    end
    assert.is_nil((hours.spans(nil)))
  end)

  it("are a hundred at the most", function()
    local list = {}
    for i = 1, 100 do
      list[i] = "09:00-17:00"
    end
    assert.equal(200, #hours.spans(list))
    list[101] = "09:00-17:00"
    assert.is_nil((hours.spans(list)))
  end)
end)

describe("a week", function()
  it("has the days that are named, and is closed on the others", function()
    assert.same({ 0, 9 * HOUR, 17 * HOUR, 4, 11 * HOUR, 14 * HOUR, 4, 17 * HOUR, 2 * HOUR },
      hours.week { fri = { "11:00-14:00", "17:00-02:00" }, mon = "09:00-17:00", tue = "closed", wed = {} })
    assert.same({}, hours.week {})
  end)

  it("is not nonsense", function()
    for _, case in ipairs {
      { "09:00-17:00", "week of opening hours (days from mon to sun)" },
      { 1, "week of opening hours (days from mon to sun)" },
      { { "09:00-17:00" }, "week of opening hours (days from mon to sun)" },
      { { monday = "09:00-17:00" }, "week of opening hours (days from mon to sun)" },
      { { Mon = "09:00-17:00" }, "week of opening hours (days from mon to sun)" },
      { { mon = "09:00-17:00", hol = "closed" }, "week of opening hours (days from mon to sun)" },
      { { mon = "09:00-17:00", sun = "9-5" }, EXPECTED .. " for sun" },
      { { wed = false }, EXPECTED .. " for wed" },
      { { wed = { "09:00-10:00", nil, "11:00-12:00" } }, EXPECTED .. " for wed" },
    } do
      local list, expected = hours.week(case[1])
      assert.same({ nil, case[2] }, { list, expected })
    end
  end)
end)

describe("openings as text", function()
  it("have seconds where there are any", function()
    assert.same({ "09:00-17:00", "18:00-02:00:30", "00:00-24:00" },
      hours.texts { 9 * HOUR, 17 * HOUR, 18 * HOUR, 2 * HOUR + 30, 0, 24 * HOUR })
    assert.same({}, hours.texts {})
  end)

  it("are read again as they were, spans and weeks alike", function()
    local random = random_of(2)
    for _ = 1, 300 do
      local week = {}
      for weekday = 0, 6 do
        for _ = 1, random(0, 3) do
          week[#week + 1] = weekday
          for _ = 1, 2 do
            week[#week + 1] = ({ 1, 60, HOUR })[random(1, 3)] * random(0, 24)
          end
        end
      end
      local texts = hours.week_texts(week)
      assert.same(week, hours.week(texts))
      for i, day in ipairs(hours.days) do
        for j, text in ipairs(texts[day] or {}) do
          assert.same(hours.spans(texts[day][j]), hours.spans { text })
        end
        assert.same(texts[day], texts[day] and hours.texts(hours.spans(texts[day])), i)
      end
    end
  end)

  it("are what the native half prints, without its seconds of zero", function()
    for seconds = 0, 86400, 77 do
      local text = hours.texts({ seconds, 0 })[1]:match "^(.*)%-00:00$"
      local whole = core.format_time_of_day(seconds)
      assert.equal(whole, #text == 5 and text .. ":00" or text)
      assert.equal(seconds, core.parse_time_of_day(text))
    end
  end)
end)
