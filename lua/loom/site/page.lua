--- The page of a site: the dashboard's modules as one script, its styles as one file, and the page that names them.
--
-- Modules in `web/site` take the place of those of the same name: where these ask a service, they look into the files.
-- @module loom.site.page

local bundle = require "loom.bundle"
local web = require "loom.web"

local page = {}

local BELOW = "site/"
local STYLE = "loom.css"

-- Modules that are others in a site.
local REPLACED = { "api.js", "copy.js", "live.js", "place.js", "session.js", "views/index.js", "views/store/edits.js" }

-- The styles, in the order in which the dashboard's page names them.
local function styles()
  local parts = {}
  for i, name in ipairs(web.styles(web.read "index.html", STYLE)) do
    parts[i] = web.read(name)
  end
  return table.concat(parts, "\n")
end

--- Writes its files.
-- @tparam function write (name, text)
function page.write(write)
  local replaced = {}
  for _, name in ipairs(REPLACED) do
    replaced[name] = BELOW .. name
  end
  write("index.html", web.read(BELOW .. "index.html"))
  write("icon.svg", web.read "icon.svg")
  write(STYLE, styles())
  write("loom.js", bundle.of(web.read, "main.js", replaced))
end

return page
