--- The dashboard: the files of `loom/web`, beside the Lua that serves them, in few pieces.
--
-- A file costs a browser some milliseconds, four times as many on a slow machine, and there are a hundred short ones. So its
-- styles are one file, and its modules one script that all pages begin with, one to each view, and one to each part of a view
-- that may come later; what is in them stands as it does in the files, without comments: see `loom.bundle`.
--
-- They are read when nginx starts, before it has workers, so that all of these serve the same ones, also after an upgrade below
-- them. Their addresses have a hash over all of them, HASH below: what is at one never changes, so that browsers keep it for
-- good, and never mix files of two versions. There are no data in them, so that they need no token: the API asks for one. The
-- page tells who looks (`loom.http.viewer`), so that its script can ask for data at once.
-- @module loom.http.ui

local accept = require "loom.http.accept"
local bundle = require "loom.bundle"
local lfs = require "lfs"
local markup = require "loom.formats.html.markup"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local small_file = require "loom.small_file"
local viewer = require "loom.http.viewer"
local web = require "loom.web"

local ui = {}

local FILE_MAX = 1024 * 1024 -- bytes; those that there are have some thousands
local DEPTH = 4 -- of folders and a file, such as views/fleet/trend/chart.js
local SHELL = "index.html" -- what every view is opened in
local ENTRY = "main.js" -- the module that it begins with
local SOON = { "page.js" } -- what that begins with
local STYLE = "style.css"
local COPIES = "site" -- what pages have that need no service: see `loom.site`
local YEAR = 31536000 -- seconds, as long as caches are ever told to keep anything

local types = { js = "text/javascript; charset=utf-8", css = "text/css; charset=utf-8", svg = "image/svg+xml" }

-- Nothing but what comes from here, no code in a text, and no page around it.
local policy = table.concat({
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "base-uri 'none'",
  "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
}, "; ")

-- The files below a folder, by name, such as "views/fleet.js": those that have a type, and the shell. Others, such as an
-- editor's copies, are not ours.
local function read(folder, below, files, depth)
  assert(depth <= DEPTH, folder .. below .. ": is deeper than there are paths for")
  for name in lfs.dir(folder .. below) do
    local path = below .. name
    local mode = name:sub(1, 1) ~= "." and lfs.attributes(folder .. path, "mode")
    if mode == "directory" and path ~= COPIES then
      read(folder, path .. "/", files, depth + 1)
    elseif mode == "file" and (types[name:match "%.(%l+)$"] or path == SHELL) then
      files[path] = assert(small_file.read(folder .. path, FILE_MAX))
    end
  end
  return files
end

local function without_comments(style)
  return (style:gsub("/%*.-%*/", ""))
end

-- The styles in the place of the first that the shell names, and the shell with that name alone. Others, which a view asks for
-- when it is opened, stay by themselves.
local function join_styles(shell, files, served)
  local parts, is_part = {}, {}
  local styles, page = web.styles(shell, STYLE)
  for i, name in ipairs(styles) do
    parts[i], is_part[name] = files[name], true
  end
  for name, text in pairs(files) do
    served[name] = name:find "%.css$" and not is_part[name] and without_comments(text) or served[name]
  end
  served[STYLE] = without_comments(table.concat(parts, "\n"))
  return page
end

-- What is served of the folder's files, by name; and the shell.
local function joined(files)
  local served = bundle.parts(function(name)
    return files[name] or error(name .. ": is not there", 0)
  end, ENTRY, SOON)
  local shell = join_styles(files[SHELL], files, served)
  for name, text in pairs(files) do
    served[name] = name:find "%.svg$" and text or served[name]
  end
  return served, shell
end

--- The folder's files as they are served.
-- @tparam {[string]=string} files by name
-- @tparam function hash from a text to a text
-- @treturn table `hash`; `files`, without the shell; and `shell`, a function from a view's name, and a text that tells who looks,
--   to the page that opens the view
function ui.made_of(files, hash)
  local served, shell = joined(files)
  local names, parts = {}, { ("%d\n%s"):format(#shell, shell) }
  for name in pairs(served) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = ("%d %s %d\n%s"):format(#name, name, #served[name], served[name])
  end
  local made = { hash = hash(table.concat(parts)):sub(1, 16), files = served }
  function made.shell(view, who)
    return (shell:gsub("{{(%l+)}}", { assets = made.hash, view = view, who = markup.text(who or "") }))
  end
  return made
end

local site

--- Reads the files: where there is an nginx, before it has workers.
function ui.load()
  site = ui.made_of(read(web.folder(), "", {}, 1), ngx.md5)
end

local function send(media_type, cache, etag, text)
  response.send(200, {
    ["Content-Type"] = media_type, ["Cache-Control"] = cache, ETag = ('W/"%s"'):format(etag),
    ["Content-Security-Policy"] = policy,
  }, text)
end

-- Who looks, as JSON; empty where that cannot be told now, since the page is there also when the database is not.
local function who_looks()
  local told, who = pcall(viewer.find)
  return told and viewer.text(who) or ""
end

local function get_shell(arguments)
  local view = arguments.view
  if not view:find "^%l+$" or not site.files[("views/%s.js"):format(view)] then
    problem.raise(404, "there is nothing at this path")
  end
  local text = site.shell(view, who_looks())
  send("text/html; charset=utf-8", "private, no-cache", ngx.md5(text):sub(1, 16), text)
end

-- Names are relative, whatever path a proxy has the service below: those in the shell need the slash.
local function get_root()
  local path = ngx.var.request_uri:match "^[^?#]*"
  if path:sub(-1) ~= "/" then
    return ui.redirect(path:match "[^/]*$" .. "/")
  end
  get_shell { view = "fleet" }
end

--- Sends a browser elsewhere.
-- @tparam string path relative, since a proxy may have the service below another one
function ui.redirect(path)
  response.send(303, { Location = path, ["Cache-Control"] = "no-store", Vary = "Accept" }, "")
end

--- Whether it is a page that the client wants rather than JSON: browsers do where somebody types an address.
function ui.is_wanted()
  local ranges = accept.parse(ngx.var.http_accept)
  return accept.weight(ranges, "text/html") > accept.weight(ranges, "application/json")
end

-- A page that was open during an upgrade asks for files of before, which are not kept: it has to be loaded anew.
local function get_file(arguments)
  request.parameters {}
  local names = {}
  for i = 1, DEPTH do
    names[i] = arguments["part" .. i]
  end
  local name = table.concat(names, "/")
  local text = arguments.hash == site.hash and site.files[name]
  if not text then
    problem.raise(404, "there is nothing at this path, or not any more: load the page again")
  end
  send(types[name:match "%.(%l+)$"], ("public, max-age=%d, immutable"):format(YEAR), site.hash, text)
end

local text = { type = "string" }
local page = {
  [200] = { description = "The page.", content = { ["text/html"] = { schema = text } } },
  [304] = { description = "It is the same as before." },
}
local moved = { description = "To the address with a slash.", headers = { Location = { schema = text } } }

--- Its routes.
ui.routes = {
  {
    method = "GET", path = "/ui", access = "none", handler = get_root, tag = "dashboard", without_database = true,
    forgives_slashes = true, summary = "The dashboard", responses = { [200] = page[200], [303] = moved, [304] = page[304] },
  },
  {
    method = "GET", path = "/ui/{view}", access = "none", handler = get_shell, tag = "dashboard", without_database = true,
    summary = "The dashboard, by the view that it opens, such as fleet or wall", responses = page,
  },
}

local path = "/ui/{hash}"
for i = 1, DEPTH do
  path = ("%s/{part%d}"):format(path, i)
  table.insert(ui.routes, {
    method = "GET", path = path, access = "none", handler = get_file, tag = "dashboard", without_database = true,
    summary = "A file of the dashboard, for good",
    responses = {
      [200] = {
        description = "The file.",
        content = {
          ["text/javascript"] = { schema = text }, ["text/css"] = { schema = text }, ["image/svg+xml"] = { schema = text },
        },
      },
      [304] = page[304],
    },
  })
end

return ui
