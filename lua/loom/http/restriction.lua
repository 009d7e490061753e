--- What those see whose token is for some stores alone: nothing of any other store, whatever they ask for.
--
-- Each route says by `restricted` what such a token gets of it (see `loom.http.router`); one that says nothing refuses it, so
-- that a route that somebody adds tells no more than it should. Handlers that choose stores ask here which ones there may be, and
-- those that do so by `loom.http.v1.options` have no other way. What is computed of a whole fleet, and kept, is shared, and so
-- are choices of stores; answers are kept apart, since there is more in them than the figures of the chosen stores.
-- @module loom.http.restriction

local access = require "loom.http.access"
local check = require "loom.check"
local cjson = require "cjson.safe"
local problem = require "loom.http.problem"
local service = require "loom.http.service"
local stores = require "loom.stores"
local tokens = require "loom.http.tokens"

local restriction = {}

--- The attributes that stores must have to be seen by who asks.
-- @treturn ?table lists of values by name; nil: all stores are seen
function restriction.where()
  local who = access.who()
  return who and who.token.where
end

--- What tells apart what is made for those who see all stores and for those who see some, whatever both have asked for.
-- @treturn string
function restriction.key()
  local bounds = restriction.where()
  return bounds and tokens.conditions_text(bounds) or ""
end

-- Those of some values that are among others, too.
local function common(values, others)
  local are_there, list = {}, {}
  for _, value in ipairs(others) do
    are_there[value] = true
  end
  for _, value in ipairs(values) do
    list[#list + 1] = are_there[value] and value or nil
  end
  return list
end

--- Conditions, with those that who asks is bound by: what both name has the values that both allow, of which there may be none.
-- @tparam ?table where lists of values by name
-- @treturn table
function restriction.narrow(where)
  local bounds = restriction.where()
  if not bounds then
    return where or {}
  end
  local narrowed = {}
  for name, values in pairs(where or {}) do
    narrowed[name] = values
  end
  for name, values in pairs(bounds) do
    narrowed[name] = narrowed[name] and common(narrowed[name], values) or values
  end
  return narrowed
end

--- Whether who asks sees a store, as it is now.
-- @tparam string id
-- @treturn bool
function restriction.sees(id)
  local bounds = restriction.where()
  if not bounds then
    return true
  elseif not check.store_id(id) then
    return false
  end
  local store, message, code = service.patiently(function(state)
    return state.monitor:store(id)
  end)
  if not store and code ~= "ENOENT" then
    problem.raise_failure(message, code)
  end
  return store ~= nil and stores.meets(store, stores.conditions(bounds))
end

--- The stores that a report leaves out, of those that who asks sees: see `loom.report:left_out`. Where there are more than that
-- names, those that it names are counted.
-- @tparam loom.report report
-- @treturn {table,...}
-- @treturn int
function restriction.left_out(report)
  local list, count = report:left_out()
  if not restriction.where() then
    return list, count
  end
  local seen = {}
  for _, store in ipairs(list) do
    seen[#seen + 1] = restriction.sees(store.store_id) and store or nil
  end
  return seen, #seen
end

-- The values of a condition in options, as they are compared.
local function texts_of(value)
  local texts = {}
  for i, item in ipairs(type(value) == "table" and value or { value }) do
    texts[i] = stores.attribute_text(item) or false
  end
  return texts
end

--- Whether options of a report choose none but stores that who asks sees. Which stores have an attribute was asked when the
-- report was made.
-- @tparam string options as JSON
-- @treturn bool
function restriction.covers(options)
  local bounds = restriction.where()
  local chosen = bounds and cjson.decode(options)
  local where = type(chosen) == "table" and chosen.where
  for name, values in pairs(bounds or {}) do
    local wanted = type(where) == "table" and where[name] ~= nil and texts_of(where[name]) or {}
    if #wanted == 0 or #common(wanted, values) < #wanted then
      return false
    end
  end
  return true
end

--- Ends the request if a route is not for who asks, or tells of a store that they do not see, as of one that is not known.
-- @tparam table route
-- @tparam table arguments of its path
function restriction.check(route, arguments)
  if route.access == "none" or not restriction.where() then
    return
  elseif route.restricted == "store" then
    local id = arguments.store_id
    if route.store_of then
      id = route.store_of(arguments)
    end
    if not (id and restriction.sees(id)) then
      problem.raise_failure(('ENOENT: store "%s" is not known'):format(id or ""), "ENOENT")
    end
  elseif route.restricted ~= "choice" and route.restricted ~= "nothing" then
    problem.raise(403, "the token is for some stores alone, and this tells of all")
  end
end

--- A problem as who asks may read it: what keeps the figures of all stores from being computed names any of them, and what is
-- too much to compute tells how many there are.
-- @tparam ?table route nil where there is none
-- @tparam table found as `loom.http.problem.raise` makes it
-- @treturn table
function restriction.public(route, found)
  if not restriction.where() then
    return found
  end
  found.detail = found.more.discreet or found.detail
  if found.status == 409 and route and route.restricted ~= "store" then
    found.detail = "the figures of the stores cannot be computed"
  end
  return found
end

return restriction
