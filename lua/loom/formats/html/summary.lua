--- The parts of a page that can be read without JavaScript: its head, the totals, the worst stores and the groups.
-- @module loom.formats.html.summary

local figures = require "loom.figures"
local markup = require "loom.formats.html.markup"

local summary = {}

local WORST = 10
local GROUPS_MAX = 200 -- more are no overview
local PERCENTS = { 5, 25, 50, 75, 95 }
local UNDEFINED = "\226\128\147" -- an en dash

-- An instant in whole seconds.
local function instant(text)
  return (text:gsub("%.%d+ UTC$", " UTC"))
end

-- A window's ends.
local function range(window)
  return instant(window.from_utc):gsub(" UTC$", "") .. " \226\128\147 " .. instant(window.to_utc)
end

--- What the rows are, in the singular or the plural.
function summary.noun(report, count)
  local noun = report.grouped and "group" or "store"
  return count == 1 and noun or noun .. "s"
end

--- Title, end and rules.
function summary.write_head(report, write, title)
  local rules = report.rules
  local max_gap = rules.max_gap and markup.duration(rules.max_gap * 1000000) or "none"
  write(('<header>\n<h1>%s</h1>\n<p class="as-of">As of <time datetime="%s">%s</time></p>\n'):format(markup.text(title),
    (instant(report.as_of_utc):gsub(" UTC$", "Z"):gsub(" ", "T")), instant(report.as_of_utc)))
  write('<dl class="rules">')
  for _, rule in ipairs { { "Rules", rules.preset }, { "Slack", ("%d s"):format(rules.slack) }, { "Fill", rules.fill },
    { "Evidence", rules.evidence }, { "No data", rules.no_data }, { "Max gap", max_gap },
    { "Default zone", rules.default_zone } } do
    write(("<div><dt>%s</dt><dd>%s</dd></div>"):format(rule[1], markup.text(rule[2])))
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

-- Percentiles as a box plot from 0 to 100 %: the outer ones are the line, the middle one the mark.
local function box(of)
  local p5, p25, p50, p75, p95 = of[5] * 100, of[25] * 100, of[50] * 100, of[75] * 100, of[95] * 100
  return ('<svg class="box" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
    .. '<path class="scale" d="M0 0v10M25 0v10M50 0v10M75 0v10M100 0v10"/><path class="line" d="M%.2f 5H%.2f"/>'
    .. '<rect class="middle" x="%.2f" y="2.5" width="%.2f" height="5"/><path class="median" d="M%.2f 1v8"/></svg>\n')
    :format(p5, p95, p25, p75 - p25, p50)
end

-- How the ratio spreads over the rows.
local function write_spread(report, write, window)
  local of = report:percentiles("ratio", window.name, PERCENTS)
  if not of[50] then
    return
  end
  write(box(of) .. ('<table class="spread">\n<caption>Up %% of %s, percentiles</caption>\n<thead><tr>')
    :format(summary.noun(report, 2)))
  for _, percent in ipairs(PERCENTS) do
    write(('<th scope="col">%s</th>'):format(percent == 50 and "median" or percent .. "th"))
  end
  write("</tr></thead>\n<tbody><tr>")
  for _, percent in ipairs(PERCENTS) do
    write(("<td>%s</td>"):format((figures.percent(figures.share(of[percent])):gsub("%%", ""))))
  end
  write("</tr></tbody>\n</table>\n")
end

local function write_card(report, write, totals, place)
  local window = report.windows[place]
  local up, down, unknown, excluded, longest, outages = totals.source:figures(totals.index, place)
  write(('<section class="card">\n<h3>%s</h3>\n<p class="range">%s</p>\n'):format(markup.name(window), range(window)))
  write(('<p class="ratio">%s</p>\n%s\n'):format(markup.percent(up, down), bar(up, down, unknown)))
  write_spread(report, write, window)
  write("<dl>")
  local lines = { { "Up", markup.hours(up) .. " h", "u" }, { "Down", markup.hours(down) .. " h", "d" },
    { "Unknown", markup.hours(unknown) .. " h", "n" }, { "Excluded", markup.hours(excluded) .. " h", "x" },
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

--- A card for each window.
function summary.write_totals(report, write)
  local totals, count = report:totals(), report:count()
  write(('<h2>All %s %s</h2>\n<div class="cards">\n'):format(markup.count(count), summary.noun(report, count)))
  for place = 1, #report.windows do
    write_card(report, write, totals, place)
  end
  write("</div>\n")
end

-- ---- the worst stores ----

--- The stores with the lowest ratio in the last window. `strip_of` gives the markup of a strip, or nil.
function summary.write_worst(report, write, strip_of)
  local place = #report.windows
  local worst, noun = report:worst(WORST), summary.noun(report, 2)
  write(('<section class="worst">\n<h2>Worst %s</h2>\n'):format(noun))
  if #worst == 0 then
    write(("<p>No %s was open and known in the last window.</p>\n</section>\n"):format(summary.noun(report, 1)))
    return
  end
  write(('<div class="wide"><table class="plain">\n<caption>The lowest ratio of %s</caption>\n')
    :format(markup.name(report.windows[place])))
  write(('<thead><tr><th scope="col">%s</th>'):format(markup.text(report.key)))
  for _, name in ipairs { "Up %", "Down h", "Outages", "Longest" } do
    write(('<th scope="col" class="number">%s</th>'):format(name))
  end
  write(report.strips and '<th scope="col" class="strip"></th></tr></thead>\n<tbody>\n' or "</tr></thead>\n<tbody>\n")
  for _, row in ipairs(worst) do
    local up, down, _, _, longest, outages = report:figures(row.index, place)
    local id = report:store(row.index)
    write(('<tr><th scope="row" class="id"><a href="#row-%d"><bdi>%s</bdi></a></th>'):format(row.index, markup.text(id)))
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

--- Totals of the attribute that the report groups by.
function summary.write_groups(report, write)
  local groups = report:groups()
  local count = groups:count()
  local shown = math.min(count, GROUPS_MAX)
  write(('<section>\n<h2>By %s</h2>\n<div class="wide"><table class="plain">\n'):format(markup.text(report.group_by)))
  if shown < count then
    write(("<caption>The first %d of %s groups</caption>\n"):format(shown, markup.count(count)))
  end
  write_group_head(report, write, report.group_by)
  for index = 1, shown do
    local key = groups:store(index)
    write(('<tr><th scope="row"><bdi>%s</bdi></th><td class="number">%s</td>')
      :format(key == "" and UNDEFINED or markup.text(key), markup.count(groups:stores(index))))
    for place = 1, #report.windows do
      local up, down, _, _, _, outages = groups:figures(index, place)
      local cells = { markup.percent(up, down), markup.hours(down), markup.count(outages) }
      if report.has_slo then
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
