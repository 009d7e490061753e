--- The fleet at a glance: a line to a store, of letters that tell what it was in each bin of a span.
-- @module loom.http.v1.strips

local columns = require "loom.http.v1.columns"
local core = require "loom.core"
local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local strip_report = require "loom.http.v1.strip_report"
local tasks = require "loom.http.tasks"
local stepping = require "loom.stepping"
local stores = require "loom.stores"
local time = require "loom.time"

local BINS, BINS_MAX = strip_report.BINS, 1000 -- more than that no screen has columns for
local LONG = 1024 * 1024 -- bytes of an answer: those of 1,000 stores are shorter
local PIECE = 500 -- stores that are written before others may have their turn

local is_order = { store_id = true, down = true, first_outage = true, timezone_str = true }

local function order_checker(text)
  local attribute = text:match "^attribute%.(.*)$"
  if is_order[text] or (attribute and stores.attribute_name(attribute)) then
    return text
  end
  return nil, "store_id, down, first_outage, timezone_str or attribute.NAME"
end

local checkers = {
  from = request.as_text(time.instant),
  to = request.as_text(time.instant),
  bins = request.whole(1, BINS_MAX),
  order = order_checker,
  by = columns.by,
  compact = request.flag,
}

-- ---- the report ----

-- The window of the parameters: a week up to as_of, or between two instants. Nil where neither is known, for want of polls.
local function window_of(parameters)
  if not parameters.from and not parameters.to then
    return strip_report.WEEK
  end
  local as_of = parameters.as_of and time.seen_from(parameters.as_of) or service.monitor().database:newest()
  if not as_of then
    return nil
  end
  local from, to = stepping.ends({ from = parameters.from and time.instant(parameters.from),
    to = parameters.to and time.instant(parameters.to) }, as_of)
  if not from then
    problem.raise(422, to, { field = "to" })
  end
  return { name = "span", from = time.text(from), to = time.text(to) }
end

-- The report that has the strips, and what was made of it; nil if there are no polls.
local function report_of(parameters)
  local window = window_of(parameters)
  if not window then
    return nil
  end
  return strip_report.of(parameters, window, parameters.bins or BINS)
end

-- ---- the order ----

-- Calls work with the column that stores are in order of, if they are in order of one that was made with the report.
local function with_order(parameters, report, made, work)
  local order = parameters.order or "down"
  local attribute = order:match "^attribute%.(.*)$"
  if order ~= "timezone_str" and not attribute then
    return work()
  end
  local column = columns.of(report, made, attribute and "attribute" or order, attribute)
  return fleet.use(column, function()
    return work(column)
  end)
end

-- The rows in order of when they were down first.
local function by_first_outage(native, only)
  local column = native:column()
  column:take_first_down(native)
  local good, numbers = pcall(native.order, native, { by = "rank", column = column, only = only })
  column:close()
  if not good then
    error(numbers, 0)
  end
  return numbers
end

local function numbers_of(parameters, report, only, column)
  local order = parameters.order or "down"
  if column then
    return (report.native:order { by = "rank", column = column, only = only })
  elseif order == "first_outage" then
    return by_first_outage(report.native, only)
  elseif order == "store_id" then
    return (report.native:order { by = "id", only = only })
  end
  return (report.native:order { by = "figure", figure = "down", window = 1, descending = true, only = only })
end

-- ---- the answer ----

local function head(parameters, as_of, from, to, count)
  local instant = instants.of(parameters.time)
  return json.object("as_of", instant(as_of), "from", instant(from), "to", instant(to),
    "bins", json.number(parameters.bins or BINS), "stores", json.number(count),
    "order", json.string(parameters.order or "down"), "by", json.text(parameters.by)) .. "\n"
end

-- All of it, of stores in an order and, where there are groups, those of a value one after the other.
local function text_of(parameters, report, only, order, groups, give_turn)
  local numbers = numbers_of(parameters, report, only, order)
  give_turn()
  if groups then
    numbers = report.native:by_rank(numbers, groups)
    give_turn()
  end
  local window = report.windows[1]
  local parts = { head(parameters, report.as_of_utc, window.from_utc, window.to_utc, #numbers) }
  for first = 1, #numbers, PIECE do
    parts[#parts + 1] = report.native:strip_lines(numbers, first, PIECE, groups, parameters.compact)
    give_turn()
  end
  return table.concat(parts)
end

-- Long ones are kept until they are sent, however slowly the client reads, so that there are not too many at a time.
local function send(text)
  if #text > LONG then
    tasks.enter()
  end
  response.send(200, { ["Content-Type"] = "text/plain; charset=utf-8", ["Cache-Control"] = "no-store" }, text)
end

local function get()
  local parameters = options.read(checkers, true)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  local report, made = report_of(parameters)
  if not report then
    return send(head(parameters, nil, nil, nil, 0))
  end
  local key = ("strips\0%s\0%s\0%s\0%s"):format(parameters.order or "down", parameters.by or "", parameters.time or "",
    parameters.compact and "compact" or "")
  send(fleet.use(report, function()
    return with_order(parameters, report, made, function(order)
      return columns.grouped(report, made, parameters.by, function(groups)
        return options.answer(parameters, report, made, key, function(only, give_turn)
          return text_of(parameters, report, only, order, groups, give_turn)
        end)
      end)
    end)
  end))
end

-- ---- routes ----

return {
  {
    method = "GET", path = "/v1/strips", access = "read", restricted = "choice", by_revision = true,
    handler = get, tag = "stores",
    summary = "The fleet at a glance: a line of letters to a store",
    parameters = {
      { name = "from", description = "An instant (default: a week before to).", schema = "Instant" },
      { name = "to", description = "An instant after it (default: as_of).", schema = "Instant" },
      { name = "bins", description = "How many letters a line has: the span is cut into as many parts of the same length.",
        schema = { type = "integer", minimum = 1, maximum = BINS_MAX, default = BINS } },
      { name = "order", description = "store_id; down, the most down time first; first_outage, by the first bin with down time; "
        .. "timezone_str; or attribute.NAME. Stores that have nothing to be sorted by come last, equal ones by id.",
        schema = { type = "string", default = "down", maxLength = core.limits.attribute_name + #"attribute." } },
      { name = "compact", description = "Letters as runs, such as 12u3d for twelve u and three d, and no ids: all that a picture "
        .. "needs, a third as long.", schema = { type = "boolean" } },
      columns.by_parameter "Puts stores together that have the same value of:",
      more = options.without(options.fleet_parameters, { windows = true, compare = true }),
    },
    responses = {
      [200] = {
        description = "A line with a JSON object of as_of, from, to, bins, stores (how many lines follow), order and by; then a "
          .. "line to a store: its letters, a tab and its id, and with by a tab and the value, unless it has none. Letters: "
          .. "u up, p partly down, d down for half of the open time or more, n unknown, x excluded, c closed. In ids and "
          .. "values a percent sign, control characters and bytes that are none of UTF-8 are percent-encoded.",
        content = { ["text/plain"] = { schema = { type = "string" } } },
      },
    },
  },
}
