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

local legend = '<ul class="legend" aria-label="Colours of the strips"><li><i class="key u"></i>up</li>'
  .. '<li><i class="key p"></i>partly down</li><li><i class="key d"></i>down</li><li><i class="key n"></i>unknown</li>'
  .. '<li><i class="key x"></i>excluded</li><li><i class="key c"></i>closed</li></ul>\n'

local function write_table(report, write, list)
  local nouns = summary.noun(report, 2)
  write(('<section id="all">\n<h2>%s</h2>\n'):format(nouns:sub(1, 1):upper() .. nouns:sub(2)))
  write(('<noscript><p>The table of all %s needs JavaScript.</p></noscript>\n'):format(nouns))
  write(('<div class="tools"><div class="controls"><label for="search">Search <kbd>/</kbd></label>'
    .. '<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="%s">'
    .. '<output id="matches" for="search"></output></div>\n'):format(markup.text(report.key)))
  write('<p id="print-note"></p>\n')
  write(report.strips and legend or "")
  write(('</div>\n<div id="sheet" role="region" aria-label="Table of %s">\n<table id="rows">\n'):format(nouns))
  stores.write_head(report, write, list)
  write("<tbody></tbody>\n</table>\n</div>\n</section>\n")
end

return function(report, write, options)
  local title = options.title == nil and "Uptime report" or tostring(options.title)
  local list = stores.columns(report, options)
  write_start(write, title)
  summary.write_head(report, write, title)
  write("<main>\n")
  summary.write_totals(report, write)
  summary.write_worst(report, write, function(index)
    return stores.strip(report, index)
  end)
  if report.group_by then
    summary.write_groups(report, write)
  end
  write_table(report, write, list)
  write('</main>\n<div id="tip" role="status"></div>\n<script type="application/json" id="data">')
  stores.write_data(report, write, list, options)
  write(("</script>\n<script>%s</script>\n</body>\n</html>\n"):format(script.text))
end
