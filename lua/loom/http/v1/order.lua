--- The order of a list of stores, and its pages.
--
-- An order is a table of its `kind`: `"figure"` (also of ids, where there is no `figure`), `"status"`, whose numbers are those of
-- states, or `"column"`; and of `is_descending`.
-- @module loom.http.v1.order

local columns = require "loom.http.v1.columns"
local core = require "loom.core"
local figures = require "loom.figures"
local fleet = require "loom.http.fleet"
local of_figures = require "loom.columns"
local problem = require "loom.http.problem"
local stores = require "loom.stores"

local order = {}

-- Those that have the worst first where they descend.
local descending = { down = true, unknown = true, excluded = true, outages = true, longest = true, mttr = true }

local is_plain = { store_id = true, since = true, last_poll = true, state = true, timezone_str = true }

--- Checker of what to sort by.
function order.checker(text)
  local figure = text:match("^change_(%l+)_.") or text:match("^(%l+)_.")
  local attribute = text:match "^attribute%.(.*)$"
  if is_plain[text] or (figure and figures.is_name[figure]) or (attribute and stores.attribute_name(attribute)) then
    return text
  end
  return nil, "store_id, since, last_poll, state, timezone_str, attribute.NAME, or name of a figure and a window such as "
    .. "ratio_last_week or, where windows are compared, change_ratio_last_week"
end

--- What it is, for the document of the API.
order.parameter = {
  name = "sort", description = "store_id; since or last_poll; state (down, unknown, excluded, closed, up, and dormant stores in "
    .. "the same order behind them; in each the longest first); timezone_str; attribute.NAME, in order of bytes; or a figure "
    .. "and a window, such as ratio_last_week, or its change since the window before, such as change_ratio_last_week, where "
    .. "windows are compared. The worst come first, and stores that have nothing to be sorted by last.",
  schema = { type = "string", default = "store_id", maxLength = core.limits.attribute_name + #"attribute." },
}

-- The figure and the places of the window and, for a change, of the one before.
local function read_figure(sort, report)
  local figure, place, before = of_figures.parse_change(report, sort)
  if not before then
    local window
    figure, window = sort:match("^(%l+)_(.+)$")
    place = report.window_index[window]
  end
  if not place then
    problem.raise(400, "sort: there is no such window", { field = "sort" })
  end
  return { kind = "figure", figure = figure, window = place, before = before }
end

--- The order that parameters ask for.
-- @tparam table parameters with `sort` and `order`
-- @tparam loom.report report
function order.read(parameters, report)
  local sort = parameters.sort or "store_id"
  local read
  if sort == "since" or sort == "last_poll" then
    read = { kind = "status", sort = sort }
  elseif sort == "store_id" then
    read = { kind = "figure", window = 1 }
  elseif is_plain[sort] then
    read = { kind = "column", column = sort }
  elseif sort:find "^attribute%." then
    read = { kind = "column", column = "attribute", attribute = sort:match "^attribute%.(.*)$" }
  else
    read = read_figure(sort, report)
  end
  read.key = sort .. " " .. (parameters.order or "")
  read.is_descending = (parameters.order or descending[read.figure] and "desc") == "desc"
  return read
end

--- Whether states are needed for it.
function order.needs_states(parameters)
  return parameters.sort == "since" or parameters.sort == "last_poll" or parameters.sort == "state"
end

-- ---- pages ----

-- In order of a figure or of ids.
local function by_figure(of, report, page)
  local after = page.place and { page.id, tonumber(page.place) }
  local numbers, left, total, last = report:page(of.figure, of.window, of.is_descending, page.limit, page.only, after, of.before,
    not after and page.first or nil)
  if left > #numbers then
    return numbers, total, last and core.digits(last) or "", report:store(numbers[page.limit])
  end
  return numbers, total
end

-- Where the page after one begins that is known by its place alone: a store that changes meanwhile may be passed over, or come
-- again.
local function next_place(page, total)
  if page.first + page.limit <= total then
    return ("%d"):format(page.first + page.limit), ""
  end
end

local function by_states(of, report, page, status)
  local by_state, total = status.native:state_order { sort = of.sort, descending = of.is_descending, only = page.only,
    first = page.first, limit = page.limit }
  local numbers = {}
  for _, number in ipairs(by_state) do
    numbers[#numbers + 1] = report:find(status.native:store(number))
  end
  return numbers, total, next_place(page, total)
end

local function by_column(of, report, page, column)
  local numbers, _, total = report.native:order { by = "rank", column = column, descending = of.is_descending, only = page.only,
    first = page.first, limit = page.limit }
  return numbers, total, next_place(page, total)
end

-- Of states, which are as little to keep as a choice by them.
local function by_state_column(of, report, page, status)
  local column = report.native:column()
  if status then
    column:take_states(report.native, status.native)
  end
  local good, numbers, total, place, id = pcall(by_column, of, report, page, column)
  column:close()
  if not good then
    error(numbers, 0)
  end
  return numbers, total, place, id
end

--- Has what an order needs made, if it is not there already, and calls work(column).
-- @tparam table of the order
-- @tparam loom.report report in use: see `loom.http.fleet.use`
-- @tparam loom.http.lru made what was made of it before
-- @tparam function work
-- @return what it returns
function order.with(of, report, made, work)
  if of.kind ~= "column" or of.column == "state" then
    return work()
  end
  local column = columns.of(report, made, of.column, of.attribute)
  return fleet.use(column, function()
    return work(column)
  end)
end

--- The rows of a page.
-- @tparam table of the order
-- @tparam loom.report report
-- @tparam table page `limit`, `only` as `loom.http.v1.options.look` gives it, and where it begins: `first`, the place of its
--   first row, or what `loom.http.v1.cursor` has read: `place` and `id`
-- @tparam ?loom.status status
-- @tparam ?loom.column column as `order.with` gives it
-- @treturn {int,...} numbers of rows
-- @treturn int how many there are in all
-- @treturn ?string where the next page begins, as `loom.http.v1.cursor` takes it
-- @treturn ?string
function order.page(of, report, page, status, column)
  if of.kind == "figure" then
    return by_figure(of, report, page)
  end
  page.first = page.place and tonumber(page.place) or page.first
  if of.kind == "status" then
    return by_states(of, report, page, status)
  elseif column then
    return by_column(of, report, page, column)
  end
  return by_state_column(of, report, page, status)
end

return order
