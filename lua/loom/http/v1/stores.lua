--- Stores and their figures: all of them, sorted and in pages, or one.
-- @module loom.http.v1.stores

local budget = require "loom.http.budget"
local check = require "loom.check"
local cursor = require "loom.http.v1.cursor"
local etag = require "loom.http.etag"
local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local Lru = require "loom.http.lru"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local sheet = require "loom.http.v1.sheet"
local shapes = require "loom.formats.shapes"
local sort_order = require "loom.http.v1.order"
local strip_report = require "loom.http.v1.strip_report"
local states = require "loom.http.v1.states"
local time = require "loom.time"

local LIMIT, LIMIT_MAX = 100, 1000
local OFFSET_MAX = 10000000 -- more stores than a database has
local PIECE = 100 -- stores that are written before others may have their turn
local PIECE_OF_ATTRIBUTES = 10 -- of those whose attributes are looked up, each in a tenth of a millisecond
local BODIES_MAX = 16 * 1024 * 1024 -- bytes of answers that are kept while nothing changes: most are of a kilobyte

-- ---- all ----

-- What a list may tell of each store, beside its id.
local FIELDS = { "state", "since", "last_poll", "timezone_str", "attributes", "windows", "strip" }
local of_states = { state = true, since = true, last_poll = true }
local standard_fields = { state = true, since = true, last_poll = true, windows = true }

local is_field = {}
for _, name in ipairs(FIELDS) do
  is_field[name] = true
end

local function fields_checker(text)
  local chosen, count = {}, 0
  for name in (text .. ","):gmatch "([^,]*)," do
    count = count + 1
    if not is_field[name] or count > #FIELDS then
      return nil, "some of " .. table.concat(FIELDS, ", ") .. ", with commas between them,"
    end
    chosen[name] = true
  end
  return chosen
end

local list_checkers = {
  sort = sort_order.checker,
  order = check.choice { "asc", "desc" },
  limit = request.whole(1, LIMIT_MAX),
  cursor = cursor.checker,
  offset = request.whole(0, OFFSET_MAX),
  fields = fields_checker,
  format = sheet.checkers.format,
  columns = sheet.checkers.columns,
}

local empty_list = '{"as_of":null,"rules":null,"windows":[],"total":0,"stores":[],"next_cursor":null}'

local function attributes_json(id)
  local monitor = service.monitor() or problem.raise_closed()
  local attributes, message, code = monitor:attributes(id)
  if not attributes then
    problem.raise_failure(message, code)
  end
  return json.map(attributes, json.string)
end

-- Adds members that tell what a store is; it may have come since, or have no polls, so that it has no state.
local function state_members(members, fields, status, id, instant)
  local number = status and status.native:find(id)
  local state, since, last_poll, is_dormant
  if number then
    state, since, last_poll, is_dormant = status.native:state(number)
  end
  if fields.state then
    members[#members + 1] = '"state":' .. json.text(state)
  end
  if fields.since then
    members[#members + 1] = '"since":' .. instant(since and time.text(since))
  end
  if fields.state then
    members[#members + 1] = '"dormant":' .. (number and json.boolean(is_dormant) or json.null)
  end
  if fields.last_poll then
    members[#members + 1] = '"last_poll":' .. instant(last_poll and time.text(last_poll))
  end
end

-- The letters of a store; it may have come since.
local function strip_json(strips, id)
  local number = strips and strips:find(id)
  return number and json.string(strips.native:strip_lines({ number }, 1, 1):match "^%l*") or json.null
end

local function row_json(list, number, fields, instant)
  local report, status = list.report, list.status
  local id = report:store(number)
  local members = { '"store_id":' .. json.string(id) }
  state_members(members, fields, status, id, instant)
  if fields.timezone_str then
    members[#members + 1] = '"timezone_str":' .. json.string(report.native:zone(number))
  end
  if fields.attributes then
    members[#members + 1] = '"attributes":' .. attributes_json(id)
  end
  if fields.windows then
    members[#members + 1] = '"windows":' .. report:json_of(number)
  end
  if fields.strip then
    members[#members + 1] = '"strip":' .. strip_json(list.strips, id)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

-- Rows as JSON, in pieces.
local function rows_json(list, numbers, parameters, give_turn)
  local parts, fields, instant = {}, parameters.fields or standard_fields, instants.of(parameters.time)
  local piece = fields.attributes and PIECE_OF_ATTRIBUTES or PIECE
  for i, number in ipairs(numbers) do
    parts[i] = row_json(list, number, fields, instant)
    if i % piece == 0 then
      give_turn()
    end
  end
  give_turn()
  return "[" .. table.concat(parts, ",\n") .. "]"
end

-- Where the page that parameters ask for begins, and which of the rows it is of.
local function page_of(parameters, of, only)
  local page = { limit = parameters.limit or LIMIT, first = (parameters.offset or 0) + 1, only = only }
  if parameters.cursor then
    page.place, page.id = cursor.read(of, parameters.cursor)
  end
  return page
end

-- What a list is made of: `report`, `status` and `strips` (nil where nothing of them is asked for), the `order`, its `column`,
-- and `key`, by which cursors know it.
local function page_json(parameters, list, only, give_turn)
  local report = list.report
  local page = page_of(parameters, list.key, only)
  local numbers, total, next_place, next_id = sort_order.page(list.order, report, page, list.status, list.column)
  give_turn()
  local instant = instants.of(parameters.time)
  return json.object("as_of", instant(report.as_of_utc), "rules", shapes.rules(report.rules),
    "windows", shapes.windows(report.windows, instant), "total", json.number(total),
    "stores", rows_json(list, numbers, parameters, give_turn),
    "next_cursor", json.text(next_place and cursor.write(list.key, next_place, next_id)))
end

-- Looks at a list whose order has nothing to be made, or has it in `list.column`: work(only, give_turn).
local function look(parameters, list, made, made_of_states, work)
  local is_of_states = list.order.kind == "status"
  return options.look(parameters, is_of_states and list.status or list.report, is_of_states and made_of_states or made, work,
    list.status)
end

local function page_text(parameters, list, made, made_of_states)
  return look(parameters, list, made, made_of_states, function(only, give_turn)
    return page_json(parameters, list, only, give_turn)
  end)
end

-- Sends all of a list as CSV; false if the client has gone meanwhile.
local function send_sheet(parameters, list, made, made_of_states)
  local numbers = look(parameters, list, made, made_of_states, function(only)
    local page = { limit = math.max(1, list.report:count()), first = 1, only = only }
    return (sort_order.page(list.order, list.report, page, list.status, list.column))
  end)
  return sheet.send(list, numbers, list.columns, parameters.time)
end

local function needs_states(parameters)
  for name in pairs(parameters.fields or standard_fields) do
    if of_states[name] then
      return true
    end
  end
  return sort_order.needs_states(parameters) or states.filter(parameters) ~= nil
end

-- Calls work with the states that a list needs, what was made of them, and their options as text.
local function with_states(parameters, work)
  if not needs_states(parameters) then
    return work()
  end
  local status, made, key = states.of(parameters)
  return fleet.use(status, function()
    return work(status, made, key)
  end)
end

-- Calls work with the report that has strips, if a list needs it.
local function with_strips(parameters, work)
  if not (parameters.fields or standard_fields).strip then
    return work()
  end
  local strips = strip_report.of(parameters, strip_report.WEEK, strip_report.BINS)
  if not strips then
    return work()
  end
  return fleet.use(strips, function()
    return work(strips)
  end)
end

local function list()
  local parameters = options.read(list_checkers, true)
  if parameters.offset and parameters.cursor then
    problem.raise(400, "offset: nothing expected beside cursor", { field = "offset" })
  end
  local chosen, key = options.report(parameters)
  local names = sheet.is_wanted(parameters) and sheet.names(parameters, parameters.fields or standard_fields, FIELDS) or nil
  parameters.fields = names and sheet.fields(names) or parameters.fields
  local report, made = fleet.report(key, chosen)
  ngx.header["Vary"] = "Accept"
  if not report and names then
    return sheet.send_empty(names)
  elseif not report then
    return response.json(200, empty_list)
  end
  local page = fleet.use(report, function()
    return with_states(parameters, function(status, made_of_states, states_key)
      local order = sort_order.read(parameters, report)
      local list_key = table.concat({ key, states_key or "", options.choice(parameters), order.key }, "\0")
      return sort_order.with(order, report, made, function(column)
        return with_strips(parameters, function(strips)
          local of = { report = report, status = status, strips = strips, order = order, column = column, key = list_key,
            columns = names }
          return (names and send_sheet or page_text)(parameters, of, made, made_of_states)
        end)
      end)
    end)
  end)
  if type(page) == "string" then
    response.json(200, page)
  elseif not page then
    ngx.exit(499)
  end
end

-- ---- one ----

local bodies = Lru.new(BODIES_MAX) -- by store id, as long as the monitor and the revision are these
local bodies_monitor, bodies_revision = nil, -1

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

local told_of_one = { state = true, since = true }

-- One concatenation, since this is what is asked for the most.
local function store_json(store, report, number, status, instant)
  local members = {}
  state_members(members, told_of_one, status, store.store_id, instant)
  return '{"store_id":' .. json.string(store.store_id) .. ',"timezone_str":' .. json.text(store.timezone_str)
    .. ',"has_hours":' .. json.boolean(store.has_hours) .. ',"first_poll":' .. instant(store.first_poll_utc)
    .. ',"last_poll":' .. instant(store.last_poll_utc) .. ',"attributes":' .. json.map(store.attributes, json.string)
    .. "," .. table.concat(members, ",") .. ',"as_of":' .. instant(report and report.as_of_utc)
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

local function make_standard_body(id, revision, monitor)
  local store = service.call({ "store_id" }, function(state)
    return state.monitor:store(id)
  end)
  local body = body_of_one(store, {}, {}, fleet.newest(revision), fleet.newest_status(revision))
  if bodies_revision == revision and bodies_monitor == monitor then -- others have had their turns while this one waited
    bodies:put(id, body, Lru.OVERHEAD + #id + #body)
  end
  return body
end

-- One store by the standard report.
local function standard_body(id)
  local revision = etag.revision()
  if bodies_revision ~= revision or bodies_monitor ~= service.monitor() then -- a backup put in its place may have the same
    bodies:clear()
    bodies_monitor, bodies_revision = service.monitor(), revision
  end
  return bodies:get(id) or make_standard_body(id, revision, service.monitor())
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
        stores = { type = "array", items = "StoreFigures" }, next_cursor = cursor.schema,
      },
    },
  },
  {
    method = "GET", path = "/v1/stores", access = "read", restricted = "choice", by_revision = true,
    handler = list, tag = "stores",
    summary = "The figures of all stores",
    parameters = {
      sort_order.parameter,
      { name = "order", description = "Overrides that the worst come first.",
        schema = { type = "string", enum = { "asc", "desc" } } },
      { name = "limit", schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
      { name = "offset", description = "Instead of a cursor: how many stores of the order come before the page.",
        schema = { type = "integer", minimum = 0, maximum = OFFSET_MAX, default = 0 } },
      { name = "fields", description = "What to tell of each store beside its id, with commas between: "
        .. table.concat(FIELDS, ", ") .. "; dormant comes with state, and strip has a letter for each hour of the week "
        .. "up to as_of, as /v1/strips tells. "
        .. "Default: state,since,last_poll,windows.",
        schema = { type = "string", maxLength = #table.concat(FIELDS, ",") } },
      sheet.parameters[1], sheet.parameters[2],
      more = options.fleet_parameters,
    },
    responses = {
      [200] = {
        description = "A page of stores, or all of them as CSV: store_id and a column to each of columns, or of fields, which "
          .. "are state and dormant, since, last_poll, and so on, and of windows every figure.",
        content = { ["application/json"] = { schema = "StoreList" }, ["text/csv"] = { schema = { type = "string" } } },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}", access = "read", restricted = "store", by_revision = true,
    handler = get, tag = "stores",
    summary = "One store and its figures", parameters = { more = options.parameters },
    responses = { [200] = { description = "The store.", schema = "Store" } },
  },
}
