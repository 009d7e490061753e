--- The page's style: `text`, and `sha256`, by which the page's policy allows it (see `loom.formats.html.inline`). Its colours and
-- type, and those of strips, are the dashboard's.
-- @module loom.formats.html.style

local inline = require "loom.formats.html.inline"
local web = require "loom.web"

local COLOUR = "(%-%-%l+): light%-dark%((#%x+), (#%x+)%);"

-- Reports are kept, and mailed to whoever has whatever browser: those from before 2024 do not know light-dark(), of which each
-- colour is the one of the scheme for them.
local function for_older_browsers(css)
  local light, dark = {}, {}
  for name, one, other in css:gmatch(COLOUR) do
    light[#light + 1] = ("%s: %s;"):format(name, one)
    dark[#dark + 1] = ("%s: %s;"):format(name, other)
  end
  return ([[
@supports not (color: light-dark(#000, #fff)) {
  :root { %s }
  @media screen and (prefers-color-scheme: dark) {
    :root { %s }
  }
}
]]):format(table.concat(light, " "), table.concat(dark, " "))
end

local colours = "\n" .. web.read "tokens.css" .. ":root { --found: light-dark(#fff3c4, #453a12); }\n"

return inline.of(colours .. for_older_browsers(colours) .. [==[
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 28px 32px 48px; max-width: 1520px; font: 13px/1.45 var(--sans);
  font-variant-numeric: tabular-nums; }
h1, h2, h3, p, dl, dd, ul, table { margin: 0; padding: 0; }
h1 { font-size: 22px; font-weight: 650; letter-spacing: -.01em; line-height: 1.25; }
h2 { font-size: 15px; font-weight: 650; margin: 36px 0 10px; }
h3 { font-size: 13px; font-weight: 650; }
small, caption, .range, kbd { font-size: 11.5px; color: var(--soft); font-weight: 400; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; border-radius: 2px; }
header { border-bottom: 1px solid var(--line); padding-bottom: 16px; }
.as-of { font-size: 13px; color: var(--soft); }
.about { margin-top: 10px; font-size: 12.5px; }
.about div { display: flex; gap: 10px; padding: 1px 0; }
.about dt { flex: 0 0 62px; }
.about dd { overflow-wrap: anywhere; max-width: 110ch; }
dt { color: var(--soft); }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 16px; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 14px 16px 12px; max-width: 480px; break-inside: avoid; }
.card .ratio { font-size: 32px; line-height: 1.15; font-weight: 600; letter-spacing: -.02em; margin: 10px 0 8px; }
.card .before { margin: -6px 0 8px; font-size: 12px; color: var(--soft); }
.ratio ~ .range { margin: -4px 0 8px; }
.bar { display: block; width: 100%; height: 6px; }
.spread { width: 100%; margin: 12px 0 10px; font-size: 12px; }
.spread th { width: 1px; padding: 1px 12px 1px 0; color: var(--soft); }
.spread .number { width: 1px; padding-left: 12px; }
.spread .bar { height: 4px; }
.spread caption { padding: 0 0 2px; }
.card dl { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; white-space: nowrap; }
.card dl div { display: flex; justify-content: space-between; gap: 4px; padding: 3px 0; border-top: 1px solid var(--line); }
.key { margin-right: 6px; }

.wide { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; }
caption { text-align: left; padding-bottom: 6px; }
th { font-weight: 400; text-align: left; white-space: nowrap; }
thead th { color: var(--soft); font-size: 11.5px; vertical-align: bottom; }
td { white-space: nowrap; }
.plain th, .plain td { padding: 4px 0 4px 20px; border-bottom: 1px solid var(--line); }
.plain th:first-child, .plain td:first-child { padding-left: 0; }
.number { text-align: right; }
.id { font-family: var(--mono); font-size: 12px; }
.id .name { font-family: var(--sans); font-size: 13px; }
.id .name + bdi { color: var(--soft); font-size: 11px; }
.plain .id { max-width: 320px; overflow: hidden; text-overflow: ellipsis; }
thead .id, thead .id button { font-family: var(--sans); font-size: 11.5px; }
.window { text-align: center; }
svg.strip { display: block; height: 20px; shape-rendering: crispEdges; }
.tick { fill: none; stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke; }
.mark { width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; shape-rendering: crispEdges; }
i.tick { width: 1px; height: 6px; margin: 0 8px 0 4px; vertical-align: 2px; background: var(--ink); }

.tools { display: none; flex-wrap: wrap; align-items: center; gap: 8px 24px; margin-bottom: 8px; }
.js .tools { display: flex; }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
#search { width: 260px; padding: 5px 8px; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--strong); border-radius: 4px; }
kbd { font-family: inherit; border: 1px solid var(--line); border-radius: 3px; padding: 0 4px; }
#group { max-width: 200px; padding: 5px 4px; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--strong); border-radius: 4px; }
#search::placeholder { color: var(--soft); opacity: 1; }
#matches { color: var(--soft); }
#print-note { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; list-style: none; margin-left: auto; font-size: 12px; }
#sheet { display: none; max-height: 86vh; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }
.js #sheet { display: block; }
#rows { min-width: 100%; }
#rows thead { position: sticky; top: 0; z-index: 2; }
#rows thead th { background: var(--wash); padding: 0; border-bottom: 1px solid var(--line); }
#rows thead tr:first-child th.window { padding: 5px 8px 0; color: var(--ink); border-bottom: 0; }
#rows button { font: inherit; color: inherit; background: none; border: 0; padding: 6px 8px; width: 100%;
  text-align: inherit;
  cursor: pointer; white-space: nowrap; }
#rows button:hover { color: var(--ink); text-decoration: underline; }
#rows button:focus-visible { outline-offset: -3px; }
/* The arrow takes no room, so that sorting moves nothing. */
#rows th[aria-sort] button::before { content: "\2191"; display: inline-block; width: 11px; margin-left: -11px; }
#rows th[aria-sort="descending"] button::before { content: "\2193"; }
#rows .id[aria-sort] button { display: flex; flex-direction: row-reverse; justify-content: flex-end; }
#rows .id[aria-sort] button::before { margin: 0 0 0 4px; }
#rows th[aria-sort] button { color: var(--ink); }
#rows tbody tr { height: 25px; }
#rows tbody th, #rows tbody td { padding: 0 8px; border-bottom: 1px solid var(--line); background: var(--paper); }
#rows tbody .pad { height: 0; }
#rows tbody .pad td { padding: 0; border: 0; }
#rows th.id { position: sticky; left: 0; z-index: 1; max-width: 320px; overflow: hidden; text-overflow: ellipsis; }
#rows .first { border-left: 1px solid var(--line); }
#rows .zero { color: var(--soft); }
#rows .missed { color: var(--down); font-weight: 600; }
#rows tbody tr:hover > * { background: var(--wash); }
#rows tbody tr.found > * { background: var(--found); }
#rows tbody tr:focus { outline: none; }
#rows tbody tr:focus-visible > * { box-shadow: inset 0 2px var(--link), inset 0 -2px var(--link); }
#rows .none td { padding: 20px; text-align: center; color: var(--soft); }
.axis { position: relative; height: 16px; margin: 18px 8px 0; font-size: 10.5px; }
.plain .axis { margin: 14px 0 0; }
.axis span { position: absolute; bottom: 0; padding-left: 3px; border-left: 1px solid var(--strong); line-height: 14px;
  white-space: nowrap; }
.axis small { position: absolute; left: 0; bottom: 14px; font-size: inherit; line-height: 14px; }
#tip { position: fixed; left: 0; top: 0; z-index: 9; padding: 5px 9px; background: var(--ink); color: var(--paper);
  font-size: 12px; line-height: 1.4; border-radius: 4px; pointer-events: none; white-space: pre; visibility: hidden; }
#rows th.strip, #rows td.strip { width: 1px; } /* what is left over goes to the other columns */
html:not(.js) .strip { display: none; }
@media (max-width: 700px) {
  body { padding: 16px 14px 32px; }
  .legend { margin-left: 0; }
  #rows th.id, .plain .id { min-width: 184px; max-width: 184px; }
  #search { width: 180px; }
  .plain th, .plain td { padding-left: 12px; }
  .plain .id { position: sticky; left: 0; padding-right: 4px; background: var(--paper); }
  .stacked .id a, .stacked tbody .id bdi:last-of-type { overflow: hidden; text-overflow: ellipsis; }
  .stacked th.strip, .stacked td.strip { display: none; }
  .stacked svg.strip { margin: 2px 0 3px; }
  #rows.stacked .id .axis { margin: 10px 8px 0; }
}
@media (forced-colors: active) {
  .tick { stroke: CanvasText; }
  i.tick { background: CanvasText; }
}
@media print {
  @page { size: landscape; margin: 11mm; }
  body { padding: 0; max-width: none; font-size: 10px; }
  h1 { font-size: 17px; } h2 { font-size: 12px; margin: 16px 0 6px; break-after: avoid; } h3 { font-size: 11px; }
  a { color: inherit; }
  small, caption, .range, .about, .legend, .as-of, thead th, #rows thead th { font-size: 9px; }
  .cards { grid-template-columns: repeat(3, 1fr); gap: 8px; }
  .card { padding: 8px 10px; }
  .card .ratio { font-size: 20px; margin: 4px 0; }
  .controls, #tip { display: none; }
  #print-note { display: block; color: var(--soft); }
  #print-note:empty { display: none; }
  #sheet { max-height: none; overflow: visible; border: 0; }
  #rows thead { position: static; display: table-header-group; }
  #rows th.id { position: static; }
  .id { font-size: 8.5px; }
  #rows thead th { background: none; }
  #rows th button, #rows .id[aria-sort] button { display: contents; } /* a button is not repeated on each page */
  #rows th[aria-sort] button::before { display: none; }
  #rows thead th { padding: 2px 4px; }
  #rows tbody tr { height: 16px; break-inside: avoid; }
  #rows tbody th, #rows tbody td { padding: 0 4px; }
  #rows tbody tr.found > * { background: none; }
  .plain th, .plain td { padding: 2px 0 2px 10px; }
  svg.strip { height: 13px; max-width: 252px; }
  .axis { margin: 0; max-width: 252px; font-size: 7.5px; }
  #all { break-before: page; }
}
]==])
