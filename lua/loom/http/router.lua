--- From a request to its handler.
--
-- A route is a table of `method`, `path` (such as "/v1/stores/{store_id}/hours"), `access` ("none", "read" or "write") and
-- `handler`, a function that is called with the path's arguments by name. Segments are percent-decoded one by one, so that an
-- argument may hold any bytes, a slash among them. `without_database` is set where it answers also while there is none,
-- `sends_file` where nginx may send a file, and `may_be_linked` where pages of any origin may link to it: what it costs must be
-- little for those who do not know what to ask for. `by_revision` is set where the database's revision decides what the answer
-- is, but for what its handler tells (see `loom.http.etag`), `tells_revision` where the answer tells it, but hangs on the clock
-- too, `is_tagged` where answers have an ETag that the handler compares with `If-Match` (see `loom.http.editing`).
-- `forgives_slashes` is set where slashes too many do no harm, `is_audited` where the audit log has it although it changes no
-- data.
--
-- What is read has `restricted`, which says what those get of it whose token is for some stores alone (`loom.http.restriction`):
-- "store" where it tells of one store, of the path, or the one that `store_of(arguments)` names, which has to be one of theirs;
-- "choice" where its handler tells of their stores alone, as all do that look at stores by `loom.http.v1.options`; "nothing"
-- where it tells of no store in particular. Without it they are refused.
--
-- A route also tells what it is, from which `loom.http.openapi` makes the document of the API:
--
-- - `summary`, a line; and `tag`, what it is about ("stores", "hours", "reports", …);
-- - `parameters`, a list of those of the query, each of `name`, `schema`, and where there is more to say `description`,
--   `required`, and `location` (default "query"); those of the path are found in it. A list `more` in it is appended;
-- - `request`, its body: a `schema`, for JSON, or `content`, schemas by media type; `optional` if it may be left out;
-- - `responses` by status: each of `description`, perhaps `headers` by name, and a `schema` for JSON, or `content`,
--   `{ schema = … }` by media type, or `problem`, for a problem document. Where there is none of them the response has no body.
--   Problems need not be listed: every route has them as its "default" response.
--
-- A list of routes may have `schemas` by name. A schema is a table of JSON Schema (2020-12); a text in place of one is the name
-- of one of these.
-- @module loom.http.router

local Lru = require "loom.http.lru"
local problem = require "loom.http.problem"

local router = {}

local FOUND_MAX = 4 * 1024 * 1024 -- bytes of what was found, some 8,000 paths
local ARGUMENTS = 256 -- bytes of those of one path

local list = {} -- of all routes
local schemas = {} -- of all lists, by name
local tree = {} -- by segment, "{}" standing for an argument; at a path's end `methods` and `names`
local found = Lru.new(FOUND_MAX) -- routes with their arguments, by method and path
local prefix = "" -- below which clients see the service, such as "/loom"

local function segments_of(path)
  local segments = {}
  for segment in path:gmatch("/([^/]*)") do
    segments[#segments + 1] = segment
  end
  return segments
end

--- Adds routes.
-- @tparam {table,...} routes
function router.add(routes)
  for name, schema in pairs(routes.schemas or {}) do
    assert(not schemas[name], name)
    schemas[name] = schema
  end
  for _, route in ipairs(routes) do
    list[#list + 1] = route
    local node, names = tree, {}
    for i, segment in ipairs(segments_of(route.path)) do
      local name = segment:match("^{(.+)}$")
      local key = name and "{}" or segment
      names[#names + 1] = name and { at = i, name = name } or nil
      node[key] = node[key] or {}
      node = node[key]
    end
    node.methods, node.names = node.methods or {}, names
    node.methods[route.method] = route
    node.forgives_slashes = node.forgives_slashes or route.forgives_slashes
    if route.method == "GET" then
      node.methods.HEAD = node.methods.HEAD or route
    end
  end
end

--- Has clients see the service below a path, which a proxy in front may leave in what it passes on, or take away.
-- @tparam string path such as "/loom"
function router.mount(path)
  prefix = path
  found:clear()
end

--- A path of the service as clients see it: for links, and the `Path` of cookies.
function router.link(path)
  return prefix .. path
end

--- A request's target without the path that the service is below.
function router.target(target)
  local path = target:gsub("^/+", "/")
  local inner = path:sub(#prefix + 1)
  if prefix == "" or path:sub(1, #prefix) ~= prefix or not inner:find "^[/?#]" and inner ~= "" then
    return target
  end
  return inner:sub(1, 1) == "/" and inner or "/" .. inner
end

--- All routes, and all schemas by name.
function router.all()
  return list, schemas
end

local function walk(node, segments, at)
  if at > #segments then
    return node.methods and node
  end
  local inner = node[segments[at]]
  local leaf = inner and segments[at] ~= "{}" and walk(inner, segments, at + 1)
  if not leaf and node["{}"] and segments[at] ~= "" then
    leaf = walk(node["{}"], segments, at + 1)
  end
  return leaf
end

local function allowed(methods)
  local names = {}
  for method in pairs(methods) do
    names[#names + 1] = method
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- The segments without empty ones.
local function without_empty(segments)
  local filled = {}
  for _, segment in ipairs(segments) do
    filled[#filled + 1] = segment ~= "" and segment or nil
  end
  return filled
end

-- What is at a path, and its segments. Clients put a base that ends with a slash before a path that begins with one: this does
-- not matter anywhere. Other slashes too many matter where they stand for an argument that somebody has left empty.
local function look_up(path)
  local segments = segments_of(path:gsub("^/+", "/"))
  local node = path:sub(1, 1) == "/" and walk(tree, segments, 1)
  if not node and path:sub(1, 1) == "/" then
    segments = without_empty(segments)
    node = walk(tree, segments, 1)
    node = node and node.forgives_slashes and node
  end
  return node, segments
end

--- The methods of a path, as `Allow` has them.
-- @tparam string target as it was sent
-- @treturn ?string nil if there is nothing at the path
function router.methods(target)
  local node = look_up((router.target(target):match "^[^?#]*"))
  return node and allowed(node.methods)
end

local function look_for(method, target)
  local path = router.target(target):match("^[^?#]*")
  local node, segments = look_up(path)
  if not node then
    problem.raise(404, "there is nothing at this path")
  end
  local route = node.methods[method]
  if method == "OPTIONS" then -- what browsers ask first; the headers that answer them are in nginx's configuration
    return { path = "*", access = "none", handler = function()
      ngx.header.Allow = allowed(node.methods)
      return ngx.exit(204)
    end }, {}
  elseif not route then
    problem.raise(405, "the method is not allowed here", { headers = { Allow = allowed(node.methods) } })
  end
  local arguments = {}
  for _, name in ipairs(node.names) do
    arguments[name.name] = ngx.unescape_uri((segments[name.at]:gsub("%+", "%%2B")))
  end
  return route, arguments
end

--- The route of a request, and the path's arguments, which are not to be changed: they are kept for who asks the same again.
-- @tparam string method
-- @tparam string target the request's target as it was sent, percent-encoded
function router.find(method, target)
  local query = target:find("?", 1, true)
  local key = method .. " " .. (query and target:sub(1, query - 1) or target)
  local before = found:get(key)
  if before then
    return before.route, before.arguments
  end
  local route, arguments = look_for(method, target)
  if method ~= "OPTIONS" then
    found:put(key, { route = route, arguments = arguments }, Lru.OVERHEAD + ARGUMENTS + 2 * #key)
  end
  return route, arguments
end

return router
