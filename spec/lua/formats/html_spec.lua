local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local html = require "loom.formats.html"
local loom = require "loom"
local report = require "support.report"
local shell = require "support.shell"
local slo = require "loom.slo"

local HOUR = 3600 * 1000000
local week = { name = "last_week", unit = "hours" }

-- Bytes written in hexadecimal, in base64 (RFC 4648).
local function base64(hexadecimal)
  local bytes = hexadecimal:gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  return (bytes:gsub("..?.?", function(three)
    local a, b, c = three:byte(1, 3)
    local number, text = a * 65536 + (b or 0) * 256 + (c or 0), ""
    for place = 0, 3 do
      local digit = math.floor(number / 64 ^ (3 - place)) % 64
      text = text .. (place > #three and "=" or alphabet:sub(digit + 1, digit + 1))
    end
    return text
  end))
end

-- What a page's script reads.
local function data_of(page)
  return cjson.decode(page:match('<script type="application/json" id="data">(.-)</script>'))
end

-- A page without the texts of its elements style and script.
local function markup_of(page)
  return (page:gsub("(<style>).-(</style>)", "%1%2"):gsub("(<script[^>]*>).-(</script>)", "%1%2"))
end

local void = { meta = true, input = true, path = true, rect = true } -- the latter two close themselves

-- Every element is closed in the right place, and no stray markup is left.
local function check_well_formed(page)
  local open = {}
  local rest = markup_of(page):gsub("^<!DOCTYPE html>\n", ""):gsub("<(/?)(%w+)([^<>]*)>", function(slash, name, attributes)
    assert.is_nil(attributes:gsub('%s[%w%-]+="[^"<>]*"', ""):find("[^%s/]") and attributes)
    if slash == "/" then
      assert.equal(name, table.remove(open))
    elseif not void[name] and attributes:sub(-1) ~= "/" then
      open[#open + 1] = name
    end
    return ""
  end)
  assert.same({}, open)
  assert.is_nil(rest:find("[<>]"))
end

-- The text of a page's cards: a table for each, by the name of its lines.
local function cards_of(page)
  local cards = {}
  for card in page:gmatch('<section class="card">(.-)</section>') do
    local lines = { name = card:match("<h3>(.-)</h3>"), ratio = card:match('<p class="ratio">(.-)</p>') }
    for name, value in card:gmatch("<dt>(.-)</dt><dd>(.-)</dd>") do
      lines[name:gsub("<.->", "")] = value
    end
    cards[#cards + 1] = lines
  end
  return cards
end

local function with_report(options, check)
  local monitor = assert(loom.open ":memory:")
  assert(monitor:ingest(database.files(database.small)))
  assert(monitor:set_attributes("1481966498820158979", { region = "<north>" }))
  local made = assert(monitor:report(options))
  local zones = {}
  for store in monitor:stores() do
    zones[store.store_id] = store.timezone_str
  end
  local good, err = pcall(check, made, zones)
  made:close()
  monitor:close()
  if not good then
    error(err, 0)
  end
end

describe("the format html", function()
  it("allows its own style and script by their hashes, and nothing else", function()
    local page = report.text(html, report.make({ week }, {}))
    for _, part in ipairs { "style", "script" } do
      local asset = require("loom.formats.html." .. part)
      assert.is_truthy(page:find(("<%s>%s</%s>"):format(part, asset.text, part), 1, true))
      assert.is_truthy(page:find(("%s-src 'sha256-%s'"):format(part, asset.sha256), 1, true))
      local folder = files.make_folder()
      local result = shell.run("sha256sum <" .. files.write(folder .. "/text", asset.text))
      files.remove_folder(folder)
      assert.equal(base64(result.out:match("^%x+")), asset.sha256, "the hash of " .. part .. ".lua")
    end
    assert.is_truthy(page:find("default-src 'none'", 1, true))
  end)

  it("needs nothing from elsewhere", function()
    local page = report.text(html, report.make({ week }, { { "a", { HOUR, 0, 0, 0, 0, 0, 1 } } }))
    page = page:gsub("http://www%.w3%.org/2000/svg", "") -- a name, of which nothing is fetched
    assert.is_nil(page:find("https?:"))
    assert.is_nil(page:find("@import"))
    assert.is_nil(page:find("url%("))
    assert.is_nil(markup_of(page):find("src="))
    for link in page:gmatch('href="([^"]*)"') do
      assert.matches("^#row%-%d+$", link)
    end
  end)

  it("shows ids that are markup as text", function()
    local ids = { '"><img src=x onerror="alert(1)">', "' onclick='x", "</script><script>alert(1)</script>", "<!--<script>",
      "caf\195\169\255\0", "&amp;" }
    local list = {}
    for i, id in ipairs(ids) do
      list[i] = { id, { 0, HOUR * i, 0, 0, HOUR, 1, 1 }, { HOUR, 1, 0, 0, 1, 1, 1 } }
    end
    local made = report.make({ week, { name = "last_hour", unit = "minutes" } }, list)
    local page = report.text(html, made, { title = "<title>" })
    check_well_formed(page)
    assert.equal(2, select(2, page:gsub("</script>", "")))
    assert.is_nil(markup_of(page):find("<img"))
    assert.is_truthy(page:find("<title>&lt;title&gt;</title>", 1, true))
    assert.is_truthy(page:find("<bdi>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</bdi>", 1, true))
    for i, row in ipairs(data_of(page).rows) do
      assert.equal((ids[i]:gsub("\255", "\239\191\189")), row[2])
    end
  end)

  it("has totals that are the sums of what CSV has", function()
    with_report({ preset = "monitoring" }, function(made)
      local exact = report.text(loom.formats.exact, made)
      local page = report.text(html, made)
      check_well_formed(page)
      local sums = {}
      for line in exact:gsub("^[^\n]*\n", ""):gmatch("[^\n]+") do
        local place = 0
        for number in line:gsub('^"[^"]*"', ""):gsub("^[^,]*,", ""):gmatch("%d+") do
          place = place + 1
          sums[place] = (sums[place] or 0) + tonumber(number)
        end
      end
      local hours = require("loom.formats.html.markup").hours
      for place, card in ipairs(cards_of(page)) do
        local at = (place - 1) * 6
        assert.equal(hours(sums[at + 1]) .. " h", card.Up)
        assert.equal(hours(sums[at + 2]) .. " h", card.Down)
        assert.equal(hours(sums[at + 3]) .. " h", card.Unknown)
        assert.equal(hours(sums[at + 4]) .. " h", card.Excluded)
        assert.equal(("%d"):format(sums[at + 5]), card.Outages)
        assert.equal(math.floor(sums[at + 1] / (sums[at + 1] + sums[at + 2]) * 1e4) / 100, tonumber((card.ratio:gsub("%%", ""))))
      end
      assert.equal(3, #cards_of(page))
    end)
  end)

  it("has rows that are what CSV has", function()
    with_report({}, function(made)
      local csv, data = report.text(loom.formats.csv, made), data_of(report.text(html, made))
      local figures = require "loom.figures"
      local lines = { "store_id,uptime_last_hour,uptime_last_day,uptime_last_week,"
        .. "downtime_last_hour,downtime_last_day,downtime_last_week" }
      for i, row in ipairs(data.rows) do
        local function hours(value)
          return figures.hours(value * HOUR)
        end
        local id = row[2]:find('[",]') and '"' .. row[2]:gsub('"', '""') .. '"' or row[2]
        lines[i + 1] = table.concat({ id, ("%d"):format(row[3]), hours(row[7]), hours(row[11]), ("%d"):format(row[4]),
          hours(row[8]), hours(row[12]) }, ",")
      end
      assert.equal(csv, table.concat(lines, "\n") .. "\n")
    end)
  end)

  it("says of how much the ratio is, and names no worst store where none was down", function()
    local made = report.make({ week }, { { "a", { HOUR, 0, 3 * HOUR, 0, 0, 0, 1 } }, { "b", { HOUR, 0, 0, 0, 0, 0, 1 } } })
    local page = report.text(html, made)
    check_well_formed(page)
    assert.is_truthy(page:find("of the 40.00% of the open time that is known", 1, true))
    assert.is_truthy(page:find("No store is known to have been down in last week.", 1, true))
    made = report.make({ week }, { { "a", { HOUR, 0, 0, 0, 0, 0, 1 } }, { "b", { HOUR, 1, 0, 0, 1, 1, 1 } } })
    page = report.text(html, made)
    assert.is_nil(page:find("that is known", 1, true))
    assert.is_truthy(page:find('href="#row-2"', 1, true))
    assert.is_nil(page:find('href="#row-1"', 1, true))
  end)

  it("has strips where the report has them", function()
    with_report({ strips = { bins = 24, window = "last_day" } }, function(made, zones)
      assert.same({ window = "last_day", bins = 24 }, made.strips)
      local page = report.text(html, made)
      check_well_formed(page)
      local data = data_of(page)
      assert.same({ made.as_of - 86400, made.as_of, 24 }, { data.strips.from, data.strips.to, data.strips.bins })
      local names = {}
      for i, zone in ipairs(data.strips.zones) do
        names[i] = zone.name
        assert.same({ data.strips.from, data.strips.to, 1 }, { zone.from, zone.to, #zone.days })
        assert.equal(zone.first + 1, zone.days[1][2])
      end
      for _, row in ipairs(data.rows) do
        local number = tonumber(row[3]:match "@(%d+)$" or 0)
        assert.equal(zones[row[2]] or "America/Chicago", names[number + 1])
      end
      assert.equal("strip", data.kinds[2])
      for i, row in ipairs(data.rows) do
        assert.equal(made:strip(i), (row[3]:gsub("@%d+$", ""):gsub("(%d+)(%l)", function(count, letter)
          return letter:rep(tonumber(count))
        end)))
      end
      assert.is_truthy(page:find('class="legend"', 1, true))
    end)
    with_report({ strips = true }, function(made)
      assert.same({ window = "last_week", bins = 168 }, made.strips)
    end)
    with_report({}, function(made)
      local page = report.text(html, made)
      assert.is_nil(made.strips)
      assert.is_nil(data_of(page).strips)
      assert.is_nil(page:find('class="legend"', 1, true))
    end)
  end)

  it("tells in the card of a window how the one before was, and has both in the table", function()
    with_report({ compare = true, preset = "monitoring", windows = { "yesterday", { name = "week", seconds = "7d" } } },
      function(made)
        local page = report.text(html, made)
        check_well_formed(page)
        local names, before = {}, {}
        for i, card in ipairs(cards_of(page)) do
          names[i] = card.name
        end
        for text in page:gmatch('<p class="before">(.-)</p>') do
          before[#before + 1] = text
        end
        assert.same({ "yesterday", "week" }, names)
        local totals, figures = made:totals(), require "loom.figures"
        for i, name in ipairs(names) do
          local now, earlier = figures.ratio_of(totals[name]), figures.ratio_of(totals[name .. "_before"])
          assert.equal((earlier and figures.percent(earlier) or "\226\128\147") .. " before"
            .. (now and earlier and ", " .. figures.points(now, earlier) .. " points" or ""), before[i])
        end
        assert.is_truthy(page:find("yesterday by each store's clock", 1, true))
        assert.matches(">week before <small>h</small></th>", page)
        assert.is_truthy(page:find("<caption>The lowest ratio of week</caption>", 1, true))
        assert.equal(2 + 4 * 4, #data_of(page).rows[1])
      end)
  end)

  it("tells how the objective is met", function()
    local made = report.make({ week }, { { "good", { 99 * HOUR, HOUR, 0, 0, 0, 0, 1 } },
      { "just", { 90 * HOUR - 1, 10 * HOUR + 1, 0, 0, 0, 0, 1 } }, { "none", { 0, 0, 0, 0, 0, 0, 0 } } })
    made.plain.has_slo = true
    local target = 0.9
    function made.plain:slo_budget(_, _, up, down)
      return slo.budget(target, up, down), target
    end
    local page = report.text(html, made)
    check_well_formed(page)
    local card = cards_of(page)[1]
    assert.same({ "1", "1" }, { card["SLO met"], card["SLO missed"] })
    local rows = data_of(page).rows
    assert.same({ 0.1, 1.0001, cjson.null }, { rows[1][7], rows[2][7], rows[3][7] }) -- a microsecond too much is missed
    target = 1
    rows = data_of(report.text(html, made)).rows
    assert.equal(math.huge, rows[1][7])
  end)

  it("has totals by the attribute that the report groups by", function()
    with_report({ group_by = "region", slo = 0.9 }, function(made)
      local page = report.text(html, made)
      check_well_formed(page)
      assert.is_truthy(page:find("<h2>By region</h2>", 1, true))
      assert.is_truthy(page:find('<a href="#group-2"><bdi>&lt;north&gt;</bdi></a></th><td class="number">1</td>', 1, true))
      assert.is_truthy(page:find('<label for="group">region</label><select id="group"><option value="">all</option>'
        .. '<option value="1">\226\128\147</option><option value="2">&lt;north&gt;</option></select>', 1, true))
      local data = data_of(page)
      for _, row in ipairs(data.rows) do
        assert.equal(row[2] == "1481966498820158979" and 2 or 1, row[data.group + 1])
        assert.equal(data.group + 1, #row)
      end
      local groups = report.text(html, made:groups())
      check_well_formed(groups)
      assert.is_truthy(groups:find("<h2>All 2 groups</h2>", 1, true))
      assert.same({ "key", "count" }, { data_of(groups).kinds[1], data_of(groups).kinds[2] })
      assert.equal("<north>", data_of(groups).rows[2][2])
    end)
  end)

  it("calls stores by an attribute, those that have it", function()
    with_report({ name_attribute = "region", strips = true }, function(made)
      local page = report.text(html, made)
      check_well_formed(page)
      local data = data_of(page)
      for _, row in ipairs(data.rows) do
        assert.equal(row[2] == "1481966498820158979" and "<north>" or cjson.null, row[data.name + 1])
      end
      assert.is_truthy(page:find('class="name" title="1481966498820158979"><bdi>&lt;north&gt;</bdi></a>', 1, true))
      assert.is_truthy(page:find(">region, store_id</button>", 1, true))
      local chosen = data_of(report.text(html, made, { columns = { "strip", "store_id" } }))
      assert.equal(3, chosen.name)
    end)
  end)

  -- What the page says that it is of: a table by the name of its lines.
  local function about(page)
    local lines = {}
    for name, text in page:match('<dl class="about">(.-)</dl>'):gmatch "<dt>(.-)</dt><dd>(.-)</dd>" do
      lines[name] = text
    end
    return lines
  end

  it("says what it is of", function()
    with_report({ where = { region = { "<north>", "south" } }, stores = "1*", slo = { target = 0.995, attribute = "goal" },
      preset = "monitoring", default_zone = "Europe/Berlin" }, function(made)
      local page = report.text(html, made)
      check_well_formed(page)
      local lines = about(page)
      assert.equal("store_id is 1*; region is &lt;north&gt; or south", lines.Stores)
      assert.equal("up for 99.5% of the time that is known, or for what the attribute goal says", lines.Objective)
      assert.equal("by each store&#39;s own clock; Europe/Berlin where no zone is given", lines.Hours)
      assert.matches("monitoring: slack 60 s, fill forward, evidence around, no_data unknown, max_gap 2 hours", lines.Rules)
      assert.matches("Time further than 2 hours from its poll is unknown.", lines.Rules)
    end)
    with_report({}, function(made)
      local lines = about(report.text(html, made))
      assert.equal("every one with a poll", lines.Stores)
      assert.is_nil(lines.Objective)
    end)
  end)

  it("has the columns and rows that were asked for", function()
    local made = report.make({ week }, { { "a", { HOUR, HOUR, 0, 0, 0, 0, 1 } }, { "b", { HOUR, 0, 0, 0, 0, 0, 1 } } })
    local page = report.text(html, made, { sort = "store_id", descending = true, limit = 1, columns = { "ratio_last_week",
      "store_id", "uptime_last_week", { name = "<strip>", value = function() return "</script>" end },
      { name = "strip", value = function() end } } })
    check_well_formed(page)
    local data = data_of(page)
    assert.same({ "any", "key", "hours", "any", "any" }, data.kinds)
    assert.same({ { 2, 1, "b", 1, "</script>", cjson.null } }, data.rows)
    assert.equal(2, data.all)
  end)

  it("is a page when there are no rows, or nothing is known", function()
    local page = report.text(html, report.make({ week }, {}))
    check_well_formed(page)
    assert.same({}, data_of(page).rows)
    assert.is_truthy(page:find("<h2>All 0 stores</h2>", 1, true))
    page = report.text(html, report.make({ week }, { { "a", { 0, 0, HOUR, 0, 0, 0, 0 } } }))
    check_well_formed(page)
    assert.equal(cjson.null, data_of(page).rows[1][5])
    assert.equal("\226\128\147", cards_of(page)[1].ratio)
  end)

  it("is written piece by piece", function()
    local list, pieces, longest = {}, 0, 0
    for i = 1, 1500 do
      list[i] = { ("store %d"):format(i), { HOUR, i, 0, 0, i, 1, 1 } }
    end
    assert(report.make({ week }, list):write(function(text)
      pieces, longest = pieces + 1, math.max(longest, #text)
    end, { format = "html" }))
    assert.is_true(pieces > 3 and longest < 40000)
    local rows = data_of(report.text(html, report.make({ week }, list))).rows
    assert.equal(1500, #rows)
    assert.equal("store 1500", rows[1500][2])
  end)

  it("is what the command writes, with strips", function()
    local page = shell.good("report", database.small, "--format", "html")
    check_well_formed(page)
    assert.equal(168, data_of(page).strips.bins)
    assert.equal(3, #data_of(page).rows)
  end)
end)
