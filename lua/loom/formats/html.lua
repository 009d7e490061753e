--- One self-contained HTML page for people: totals, percentiles, the worst stores, and a table of all of them to sort, to
-- search and to print. A report with strips (see the option `strips` of `monitor:report`) shows them.
--
-- The page needs nothing from elsewhere, and its Content-Security-Policy allows nothing but its own style and script. Rows
-- are data (see `loom.formats.html.stores`), of which the script shows those that are in view. Without JavaScript all but
-- that table can be read.
--
-- Option `title`: the page's title (default "Uptime report").
-- @module loom.formats.html

local markup = require "loom.formats.html.markup"
local script = require "loom.formats.html.script"
local stores = require "loom.formats.html.stores"
local style = require "loom.formats.html.style"
local summary = require "loom.formats.html.summary"

local function write_start(write, title)
  write('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
  write(('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'sha256-%s\'; '
    .. 'script-src \'sha256-%s\'; base-uri \'none\'; form-action \'none\'">\n'):format(style.sha256, script.sha256))
  write('<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    .. '<meta name="color-scheme" content="light dark">\n')
  write(("<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n"):format(markup.text(title), style.text))
end

-- The script puts the letters there.
local legend = '<ul class="legend" aria-label="What the strips show">%s</ul>\n'

local ticks = "<li><i class=\"key tick\"></i>midnight by the store's clock</li>"

-- Chooses the rows of a group.
local function write_group_choice(write, groups, shown)
  write(('<label for="group">%s</label><select id="group"><option value="">all</option>'):format(markup.text(groups.key)))
  for index = 1, shown do
    write(('<option value="%d">%s</option>'):format(index, summary.group_name(groups, index)))
  end
  write("</select>")
end

local function write_table(report, write, list, groups)
  local nouns = summary.noun(report, 2)
  write(('<section id="all">\n<h2>%s</h2>\n'):format(nouns:sub(1, 1):upper() .. nouns:sub(2)))
  write(('<noscript><p>The table of all %s needs JavaScript.</p></noscript>\n'):format(nouns))
  write(('<div class="tools"><div class="controls"><label for="search">Search <kbd>/</kbd></label>'
    .. '<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="%s">')
    :format(markup.text(stores.searched(report))))
  if groups then
    write_group_choice(write, groups, summary.groups_shown(groups))
  end
  write('<output id="matches" for="search"></output></div>\n')
  write('<p id="print-note"></p>\n')
  write(report.strips and legend:format(report.zones and report:zones() and ticks or "") or "")
  write(('</div>\n<div id="sheet" role="region" aria-label="Table of %s">\n<table id="rows">\n'):format(nouns))
  stores.write_head(report, write, list)
  write("<tbody></tbody>\n</table>\n</div>\n</section>\n")
end

return function(report, write, options)
  local title = options.title == nil and "Uptime report" or tostring(options.title)
  local list = stores.columns(report, options)
  local groups = report.group_by and report:groups()
  write_start(write, title)
  summary.write_head(report, write, title)
  write("<main>\n")
  summary.write_totals(report, write)
  summary.write_worst(report, write, function(index)
    return stores.strip(report, index)
  end)
  if groups then
    summary.write_groups(groups, write)
  end
  write_table(report, write, list, groups)
  write('</main>\n<div id="tip" role="status"></div>\n<script type="application/json" id="data">')
  stores.write_data(report, write, list, options, groups and summary.group_numbers(report, groups))
  write(("</script>\n<script>%s</script>\n</body>\n</html>\n"):format(script.text))
end
