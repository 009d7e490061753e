--- The files of the folder `loom/web` beside this one, which pages are made of: the dashboard, and what the HTML report has of
-- it inside.
-- @module loom.web

local searchpath = require "loom.searchpath"
local small_file = require "loom.small_file"

local web = {}

local FILE_MAX = 1024 * 1024 -- bytes; those that there are have some thousands

local own = searchpath("loom.web", package.path)

--- The folder, with a slash at its end. Raises where it cannot be told, since this module came from elsewhere than a file.
function web.folder()
  return (assert(own, "the folder loom/web is on no path of package.path"):gsub("%.lua$", "/"))
end

--- Reads a file; raises where it is not there.
-- @tparam string name such as `views/fleet.js`
-- @treturn string
function web.read(name)
  return assert(small_file.read(web.folder() .. name, FILE_MAX))
end

local LINK = '<link rel="stylesheet" href="{{assets}}/%s">\n'

--- The styles that the dashboard's page names.
-- @tparam string page its text
-- @tparam string name of a file in which they are together
-- @treturn {string,...} their names, in order
-- @treturn string the page, which names that file in the place of the first of them, and no other
function web.styles(page, name)
  local names = {}
  page = page:gsub(LINK:format '([^"]*)', function(style)
    names[#names + 1] = style
    return #names == 1 and LINK:format(name) or ""
  end)
  return names, page
end

return web
