--- The parts of a page that can be read without JavaScript: its head, the totals, the worst stores and the groups.
-- @module loom.formats.html.summary

local figures = require "loom.figures"
local markup = require "loom.formats.html.markup"
local windows = require "loom.windows"
local words = require "loom.formats.words"

local summary = {}

local WORST = 10
local GROUPS_MAX = 200 -- more are no overview
local PERCENTS = { 5, 25, 50, 75, 95 }
local UNDEFINED = "\226\128\147" -- an en dash

--- What the rows are, in the singular or the plural.
function summary.noun(report, count)
  local noun = report.grouped and "group" or "store"
  return count == 1 and noun or noun .. "s"
end

-- The rules as the options have them.
local function terms(rules)
  return ("%s: slack %d s, fill %s, evidence %s, no_data %s, max_gap %s"):format(rules.preset, rules.slack, rules.fill,
    rules.evidence, rules.no_data, rules.max_gap and words.duration(rules.max_gap * 1000000) or "none")
end

--- Title, end, and what the report is of.
function summary.write_head(report, write, title)
  local rules = report.rules
  write(('<header>\n<h1>%s</h1>\n<p class="as-of">As of <time datetime="%s">%s</time></p>\n<dl class="about">')
    :format(markup.text(title), (report.as_of_utc:gsub("%.?%d* UTC$", "Z"):gsub(" ", "T")), words.instant(report.as_of_utc)))
  local lines = { { "Stores", words.filter(report.filter) } }
  if report.has_slo then
    lines[#lines + 1] = { "Objective", words.objective(report.objective) or "of each store" }
  end
  lines[#lines + 1] = { "Hours", "by each store's own clock; " .. rules.default_zone .. " where no zone is given" }
  lines[#lines + 1] = { "Rules", words.rules(rules), terms(rules) }
  for _, line in ipairs(lines) do
    write(("<div><dt>%s</dt><dd>%s%s</dd></div>"):format(line[1], markup.text(line[2]),
      line[3] and " <small>" .. markup.text(line[3]) .. "</small>" or ""))
  end
  write("</dl>\n</header>\n")
end

-- ---- totals ----

-- How many rows met their objective in a window, and in how many there was something to measure.
local function met_counts(report, place)
  local met, measured = 0, 0
  for i = 1, report:count() do
    local up, down = report:figures(i, place)
    local budget = report:slo_budget(i, place, up, down)
    if budget and up + down > 0 then
      measured = measured + 1
      met = met + (down <= budget and 1 or 0)
    end
  end
  return met, measured
end

-- A bar of the shares of up, down and unknown time.
local function bar(up, down, unknown)
  local all, at, parts = up + down + unknown, 0, {}
  for _, share in ipairs { { "u", up }, { "d", down }, { "n", unknown } } do
    if share[2] > 0 then
      local width = share[2] / all * 1000
      parts[#parts + 1] = ('<rect class="%s" x="%.2f" width="%.2f" height="1"/>'):format(share[1], at, width)
      at = at + width
    end
  end
  return '<svg class="bar" viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true">' .. table.concat(parts)
    .. "</svg>"
end

-- What is said of a percentile: so many rows are at the most that.
local spread_names = { [5] = "5% of them", [25] = "25%", [50] = "half", [75] = "75%", [95] = "95%" }

-- How the ratio spreads over the rows, a line to a percentile.
local function write_spread(report, write, window)
  local of = report:percentiles("ratio", window.name, PERCENTS)
  if not of[50] then
    return
  end
  write('<table class="spread">\n<caption>Up % of single ' .. summary.noun(report, 2) .. "</caption>\n<tbody>\n")
  for _, percent in ipairs(PERCENTS) do
    write(('<tr><th scope="row">%s</th><td>%s</td><td class="number">\226\137\164 %s</td></tr>\n'):format(
      spread_names[percent], bar(of[percent], 1 - of[percent], 0), figures.percent(figures.share(of[percent]))))
  end
  write("</tbody>\n</table>\n")
end

-- How the ratio stood in the window before, and by how many points it has changed; nothing where the report does not compare.
local function write_before(report, write, totals, place, millionths)
  local before = windows.place_before(report, place)
  if not before then
    return
  end
  local up, down = totals.source:figures(totals.index, before)
  local earlier = figures.millionths(up, down)
  local change = millionths and earlier and figures.points(millionths, earlier)
  write(('<p class="before">%s before%s</p>\n'):format(markup.percent(up, down), change and ", " .. change .. " points" or ""))
end

local function write_card(report, write, totals, place)
  local window = report.windows[place]
  local up, down, unknown, excluded, longest, outages = totals.source:figures(totals.index, place)
  write(('<section class="card">\n<h3>%s</h3>\n<p class="range">%s</p>\n'):format(markup.name(window), words.window(window)))
  write(('<p class="ratio">%s</p>\n'):format(markup.percent(up, down)))
  write_before(report, write, totals, place, figures.millionths(up, down))
  if unknown > 0 and up + down > 0 then
    write(('<p class="range">of the %s of the open time that is known</p>\n'):format(markup.percent(up + down, unknown)))
  end
  write(bar(up, down, unknown) .. "\n")
  write_spread(report, write, window)
  write("<dl>")
  local lines = { { "Up", markup.hours(up) .. " h", "up" }, { "Down", markup.hours(down) .. " h", "down" },
    { "Unknown", markup.hours(unknown) .. " h", "unknown" }, { "Excluded", markup.hours(excluded) .. " h", "excluded" },
    { "Outages", markup.count(outages) }, { "Longest", markup.duration(longest) } }
  if report.has_slo then
    local met, measured = met_counts(report, place)
    lines[#lines + 1] = { "SLO met", markup.count(met) }
    lines[#lines + 1] = { "SLO missed", markup.count(measured - met) }
  end
  for _, line in ipairs(lines) do
    local key = line[3] and ('<i class="key %s"></i>'):format(line[3]) or ""
    write(("<div><dt>%s%s</dt><dd>%s</dd></div>"):format(key, line[1], line[2]))
  end
  write("</dl>\n</section>\n")
end

--- A card for each window, which tells of the one before it, too.
function summary.write_totals(report, write)
  local totals, count = report:totals(), report:count()
  write(('<h2>All %s %s</h2>\n<div class="cards">\n'):format(markup.count(count), summary.noun(report, count)))
  for place, window in ipairs(report.windows) do
    if not window.before_of then
      write_card(report, write, totals, place)
    end
  end
  write("</div>\n")
end

-- ---- the worst stores ----

--- The stores with the lowest ratio in the last window. `strip_of` gives the markup of a strip, or nil.
function summary.write_worst(report, write, strip_of)
  local place = windows.last_place(report.windows)
  local worst, noun = {}, summary.noun(report, 2)
  for i, row in ipairs(report:worst(WORST)) do
    local up, down = report:figures(row.index, place)
    worst[i] = (down > 0 or up == 0) and row or nil -- those behind were not down either
  end
  write(('<section class="worst">\n<h2>Worst %s</h2>\n'):format(noun))
  if #worst == 0 then
    write(("<p>No %s is known to have been down in %s.</p>\n</section>\n"):format(summary.noun(report, 1),
      markup.name(report.windows[place])))
    return
  end
  write(('<div class="wide"><table class="plain">\n<caption>The lowest ratio of %s</caption>\n')
    :format(markup.name(report.windows[place])))
  write(('<thead><tr><th scope="col" class="id">%s</th>'):format(markup.text(report.key)))
  for _, name in ipairs { "Up %", "Down h", "Outages", "Longest" } do
    write(('<th scope="col" class="number">%s</th>'):format(name))
  end
  write(report.strips and '<th scope="col" class="strip"></th></tr></thead>\n<tbody>\n' or "</tr></thead>\n<tbody>\n")
  for _, row in ipairs(worst) do
    local up, down, _, _, longest, outages = report:figures(row.index, place)
    local id = report:store(row.index)
    local name = report.name and report:name(row.index)
    write(('<tr><th scope="row" class="id"><a href="#row-%d"%s><bdi>%s</bdi></a></th>'):format(row.index,
      name and (' class="name" title="%s"'):format(markup.text(id)) or "", markup.text(name or id)))
    for _, cell in ipairs { markup.percent(up, down), markup.hours(down), markup.count(outages),
      markup.duration(longest) } do
      write(('<td class="number">%s</td>'):format(cell))
    end
    write(report.strips and ('<td class="strip" data-strip="%s"></td></tr>\n'):format(strip_of(row.index)) or "</tr>\n")
  end
  write("</tbody>\n</table></div>\n</section>\n")
end

-- ---- groups ----

local function write_group_head(report, write, attribute)
  write(('<thead><tr><th scope="col" rowspan="2">%s</th><th scope="col" rowspan="2" class="number">Stores</th>')
    :format(markup.text(attribute)))
  local names = { "Up %", "Down h", "Outages" }
  if report.has_slo then
    names[4] = "Budget spent"
  end
  for _, window in ipairs(report.windows) do
    write(('<th scope="colgroup" colspan="%d" class="window">%s</th>'):format(#names, markup.name(window)))
  end
  write("</tr>\n<tr>")
  for _ = 1, #report.windows do
    for _, name in ipairs(names) do
      write(('<th scope="col" class="number">%s</th>'):format(name))
    end
  end
  write("</tr></thead>\n<tbody>\n")
end

-- Rounded away from 100 %: above it the objective is missed.
local function budget_spent(groups, index, place, up, down)
  local budget = groups:slo_budget(index, place, up, down)
  if not budget or (budget == 0 and down == 0) then
    return UNDEFINED
  end
  if down <= budget then
    return ("%d%%"):format(math.floor(figures.millionths(down, budget - down) / 10000))
  end
  return budget == 0 and "\226\136\158" or ("%d%%"):format(math.max(101, math.ceil(down / budget * 100)))
end

--- How many groups the page shows.
function summary.groups_shown(groups)
  return math.min(groups:count(), GROUPS_MAX)
end

--- What a group is called, as markup.
function summary.group_name(groups, index)
  local key = groups:store(index)
  return key == "" and UNDEFINED or markup.text(key)
end

--- Tells the number of a row's group.
-- @treturn function (index)
function summary.group_numbers(report, groups)
  local numbers = {}
  for index = 1, groups:count() do
    numbers[groups:store(index)] = index
  end
  return function(index)
    return numbers[report:attributes_of(index)[groups.key] or ""]
  end
end

--- Totals of the groups, each of which chooses its rows in the table.
function summary.write_groups(groups, write)
  local count, shown = groups:count(), summary.groups_shown(groups)
  write(('<section>\n<h2>By %s</h2>\n<div class="wide"><table class="plain">\n'):format(markup.text(groups.key)))
  if shown < count then
    write(("<caption>The first %d of %s groups</caption>\n"):format(shown, markup.count(count)))
  end
  write_group_head(groups, write, groups.key)
  for index = 1, shown do
    write(('<tr><th scope="row"><a href="#group-%d"><bdi>%s</bdi></a></th><td class="number">%s</td>')
      :format(index, summary.group_name(groups, index), markup.count(groups:stores(index))))
    for place = 1, #groups.windows do
      local up, down, _, _, _, outages = groups:figures(index, place)
      local cells = { markup.percent(up, down), markup.hours(down), markup.count(outages) }
      if groups.has_slo then
        cells[4] = budget_spent(groups, index, place, up, down)
      end
      for _, cell in ipairs(cells) do
        write(('<td class="number">%s</td>'):format(cell))
      end
    end
    write("</tr>\n")
  end
  write("</tbody>\n</table></div>\n</section>\n")
end

return summary
