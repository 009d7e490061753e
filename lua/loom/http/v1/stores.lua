--- Stores and their figures: all of them, sorted and in pages, or one.
-- @module loom.http.v1.stores

local budget = require "loom.http.budget"
local check = require "loom.check"
local columns = require "loom.columns"
local core = require "loom.core"
local cursor = require "loom.http.v1.cursor"
local figures = require "loom.figures"
local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local Lru = require "loom.http.lru"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"
local states = require "loom.http.v1.states"
local time = require "loom.time"

local LIMIT, LIMIT_MAX = 100, 1000
local PIECE = 100 -- stores that are written before others may have their turn
local BODIES_MAX = 16 * 1024 * 1024 -- bytes of answers that are kept while nothing changes: most are of a kilobyte

-- ---- all ----

-- The order that has the worst first.
local descending = { down = true, unknown = true, excluded = true, outages = true, longest = true, mttr = true }

local function sort_checker(text)
  local figure = text:match("^change_(%l+)_.") or text:match("^(%l+)_.")
  if text == "store_id" or text == "since" or text == "last_poll" or (figure and figures.is_name[figure]) then
    return text
  end
  return nil, "store_id, since, last_poll, or name of a figure and a window such as ratio_last_week or, where windows are "
    .. "compared, change_ratio_last_week"
end

local list_checkers = {
  sort = sort_checker,
  order = check.choice { "asc", "desc" },
  limit = request.whole(1, LIMIT_MAX),
  cursor = check.string,
}

local empty_list = '{"as_of":null,"rules":null,"windows":[],"total":0,"stores":[],"next_cursor":null}'

-- What to sort by: the figure (nil: by id), the places of the window and, for a change, of the one before, and whether it
-- descends.
local function order_of(parameters, report)
  local sort = parameters.sort or "store_id"
  if sort == "store_id" then
    return nil, 1, nil, parameters.order == "desc"
  end
  local figure, place, before = columns.parse_change(report, sort)
  if not before then
    local window
    figure, window = sort:match("^(%l+)_(.+)$")
    place = report.window_index[window]
  end
  if not place then
    problem.raise(400, "sort: there is no such window", { field = "sort" })
  end
  return figure, place, before, (parameters.order or descending[figure] and "desc") == "desc"
end

-- What a store is, as members of its object, and its last poll as text; a store may have come since, or have none.
local function state_json(status, id, instant)
  local number = status and status.native:find(id)
  if not number then
    return '"state":null,"since":null,"dormant":null', nil
  end
  local state, since, last_poll, is_dormant = status.native:state(number)
  return '"state":"' .. state .. '","since":' .. instant(since and time.text(since)) .. ',"dormant":' .. json.boolean(is_dormant),
    last_poll and time.text(last_poll)
end

-- Rows as JSON, in pieces.
local function rows_json(report, status, numbers, instant, give_turn)
  local parts = {}
  for i, number in ipairs(numbers) do
    local id = report:store(number)
    local state, last_poll = state_json(status, id, instant)
    parts[i] = '{"store_id":' .. json.string(id) .. "," .. state .. ',"last_poll":' .. instant(last_poll)
      .. ',"windows":' .. report:json_of(number) .. "}"
    if i % PIECE == 0 then
      give_turn()
    end
  end
  give_turn()
  return "[" .. table.concat(parts, ",\n") .. "]"
end

-- The rows of a page in order of a figure or of their ids: their numbers, how many there are in all, and where the next page
-- begins, as `cursor.write` takes it.
local function page_by_figure(report, order, limit, only, place, id)
  local after = place and { id, tonumber(place) }
  local numbers, left, total, last = report:page(order.figure, order.window, order.is_descending, limit, only, after,
    order.before)
  if left > #numbers then
    return numbers, total, last and core.digits(last) or "", report:store(numbers[limit])
  end
  return numbers, total
end

-- The same in order of `since` or of the last poll, whose next page begins at a place: a store that changes its own meanwhile may
-- be passed over, or come again.
local function page_by_state(report, status, order, limit, only, place)
  local first = tonumber(place) or 1
  local by_state, total = status.native:state_order { sort = order.by, descending = order.is_descending, only = only,
    first = first, limit = limit }
  local numbers = {}
  for _, number in ipairs(by_state) do
    numbers[#numbers + 1] = report:find(status.native:store(number))
  end
  if first + limit <= total then
    return numbers, total, ("%d"):format(first + limit), ""
  end
  return numbers, total
end

-- A page of the report's stores.
local function page_json(parameters, report, status, order, of, only, give_turn)
  local limit = parameters.limit or LIMIT
  local place, id
  if parameters.cursor then
    place, id = cursor.read(of, parameters.cursor)
  end
  local numbers, total, next_place, next_id
  if order.by then
    numbers, total, next_place, next_id = page_by_state(report, status, order, limit, only, place)
  else
    numbers, total, next_place, next_id = page_by_figure(report, order, limit, only, place, id)
  end
  give_turn()
  local instant = instants.of(parameters.time)
  return json.object("as_of", instant(report.as_of_utc), "rules", shapes.rules(report.rules),
    "windows", shapes.windows(report.windows, instant), "total", json.number(total),
    "stores", rows_json(report, status, numbers, instant, give_turn),
    "next_cursor", json.text(next_place and cursor.write(of, next_place, next_id)))
end

-- What parameters ask to sort by: `figure`, `window` and so on as `order_of` gives them, or `by`, of states.
local function read_order(parameters, report)
  local order = {}
  if parameters.sort == "since" or parameters.sort == "last_poll" then
    order.by, order.is_descending = parameters.sort, parameters.order == "desc"
  else
    order.figure, order.window, order.before, order.is_descending = order_of(parameters, report)
  end
  return order
end

-- What a list is of, and how it is sorted, for its cursors.
local function list_key(parameters, key, states_key, order)
  return table.concat({ key, states_key, options.choice(parameters), order.by or order.figure or "store_id", order.window or "",
    order.before or "", tostring(order.is_descending) }, "\0")
end

local function list()
  local parameters = options.read(list_checkers, true)
  local chosen, key = options.report(parameters)
  local report, made = fleet.report(key, chosen)
  if not report then
    return response.json(200, empty_list)
  end
  response.json(200, fleet.use(report, function()
    local status, made_of_states, states_key = states.of(parameters)
    return fleet.use(status, function()
      local order = read_order(parameters, report)
      local of = list_key(parameters, key, states_key, order)
      local function page(only, give_turn)
        return page_json(parameters, report, status, order, of, only, give_turn)
      end
      if order.by then
        return options.look(parameters, status, made_of_states, page, status)
      end
      return options.look(parameters, report, made, page, status)
    end)
  end))
end

-- ---- one ----

local bodies, bodies_revision = Lru.new(BODIES_MAX), -1 -- by store id, as long as the revision is this one

-- A report of one store, which may have no polls; nil if there are no polls at all.
local function report_of_one(id, chosen)
  budget.check_one(chosen)
  chosen.stores, chosen.all_stores, chosen.threads = { ids = { id } }, true, 1
  local report, message, code = service.monitor():report(chosen)
  if not report and code ~= "EEMPTY" then
    problem.raise_uncomputed(message, code)
  end
  return report
end

-- One concatenation, since this is what is asked for the most.
local function store_json(store, report, number, status, instant)
  return '{"store_id":' .. json.string(store.store_id) .. ',"timezone_str":' .. json.text(store.timezone_str)
    .. ',"has_hours":' .. json.boolean(store.has_hours) .. ',"first_poll":' .. instant(store.first_poll_utc)
    .. ',"last_poll":' .. instant(store.last_poll_utc) .. ',"attributes":' .. json.map(store.attributes, json.string)
    .. "," .. (state_json(status, store.store_id, instant)) .. ',"as_of":' .. instant(report and report.as_of_utc)
    .. ',"windows":' .. (number and report:json_of(number) or "{}") .. "}"
end

-- One store by the fleet's report and status, where they are there and have it, else by what is computed for it alone.
local function body_of_one(store, chosen, parameters, fleet_report, fleet_status)
  local id = store.store_id
  local number = fleet_report and fleet_report:find(id)
  local report = not number and report_of_one(id, chosen) or nil
  local is_known = fleet_status and fleet_status.native:find(id)
  local status = not is_known and states.of_one(id, parameters) or nil
  local body = store_json(store, number and fleet_report.plain or report, number or report and report:find(id),
    is_known and fleet_status or status, instants.of(parameters.time))
  if report then
    report:close()
  end
  if status then
    status:close()
  end
  return body
end

-- One store by the standard report.
local function standard_body(id)
  local revision = fleet.revision()
  if bodies_revision ~= revision then
    bodies:clear()
    bodies_revision = revision
  end
  local body = bodies:get(id)
  if body then
    return body
  end
  local store = service.call({ "store_id" }, function(state)
    return state.monitor:store(id)
  end)
  body = body_of_one(store, {}, {}, fleet.newest(revision), fleet.newest_status(revision))
  return bodies:put(id, body, Lru.OVERHEAD + #id + #body)
end

local function get(arguments)
  local id = arguments.store_id
  if not ngx.var.args then
    return response.json(200, standard_body(id))
  end
  local parameters = options.read({}, false)
  local store = service.call({ "store_id" }, function(state)
    return state.monitor:store(id)
  end)
  response.json(200, body_of_one(store, (options.report(parameters)), parameters))
end

-- ---- routes ----

return {
  schemas = {
    Store = {
      type = "object", additionalProperties = false,
      required = { "store_id", "timezone_str", "has_hours", "first_poll", "last_poll", "attributes", "state", "since", "dormant",
        "as_of", "windows" },
      properties = {
        store_id = { type = "string" }, timezone_str = { type = { "string", "null" } }, has_hours = { type = "boolean" },
        first_poll = "NullableInstant", last_poll = "NullableInstant",
        attributes = { type = "object", additionalProperties = { type = "string" } },
        state = "State", since = "Since", dormant = { type = { "boolean", "null" } },
        as_of = "NullableInstant", windows = "WindowFigures",
      },
    },
    StoreList = {
      type = "object", additionalProperties = false,
      required = { "as_of", "rules", "windows", "total", "stores", "next_cursor" },
      properties = {
        as_of = "NullableInstant", rules = { anyOf = { "Rules", { type = "null" } } },
        windows = { type = "array", items = "Window" }, total = { type = "integer", minimum = 0 },
        stores = { type = "array", items = "StoreFigures" }, next_cursor = { type = { "string", "null" } },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores", access = "read", restricted = "choice", handler = list, tag = "stores",
    summary = "The figures of all stores",
    parameters = {
      { name = "sort", description = "store_id, since, last_poll, or a figure and a window, such as ratio_last_week, or its "
        .. "change since the window before, such as change_ratio_last_week, where windows are compared; the worst come first.",
        schema = { type = "string", default = "store_id" } },
      { name = "order", description = "Overrides that the worst come first.",
        schema = { type = "string", enum = { "asc", "desc" } } },
      { name = "limit", schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.", schema = { type = "string" } },
      more = options.fleet_parameters,
    },
    responses = { [200] = { description = "A page of stores.", schema = "StoreList" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}", access = "read", restricted = "store", handler = get, tag = "stores",
    summary = "One store and its figures", parameters = { more = options.parameters },
    responses = { [200] = { description = "The store.", schema = "Store" } },
  },
}
