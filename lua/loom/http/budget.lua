--- What one report may cost whoever asks for it over HTTP: so many days of stores, windows and stores together.
--
-- A day of a store takes some 0.15 microseconds of a core, with or without polls, so that 64 windows of a hundred years over
-- ten thousand stores would take an hour, in which others wait.
-- @module loom.http.budget

local access = require "loom.http.access"
local problem = require "loom.http.problem"
local time = require "loom.time"
local windows = require "loom.windows"

local budget = {}

local DAY = 86400 * 1000000 -- microseconds
local STORE_DAYS = 500000000 -- of one report: a minute or so of a core
local LOOP_DAYS = 36525 -- of a store that is looked at while others wait: a hundred years, some 5 ms

-- As many stores as there may be, and those that there are, are one to who sees some alone: to ask for more and more until it is
-- refused does not tell how many others there are, unless they are very many.
local STORES_UNSEEN = 100000

local LETTERS = 20000000 -- of strips that are kept in memory: those of a week by the hour of 119,000 stores

local most = STORE_DAYS

--- Begins.
-- @tparam[opt=500 million] int store_days how many days of stores a report may have
function budget.open(store_days)
  most = store_days or STORE_DAYS
end

-- How many days all windows have together, and those before them. Those that everybody gets are never too long.
local function days_of(options)
  local checked = options.windows and windows.checker(options.windows)
  return checked and windows.length(checked) / DAY * (options.compare and 2 or 1) or 0
end

-- How many stores there are at most, or as many as a list names; or what stands for them, for those who are not to know.
local function stores_of(database, chosen)
  chosen = type(chosen) == "string" and { chosen } or chosen
  if type(chosen) == "table" and type(chosen.ids) == "table" then
    return #chosen.ids
  elseif type(chosen) == "table" and not table.concat(chosen, "\n"):find "[*?%[]" then
    return #chosen
  end
  local rows = assert(database:query "SELECT ifnull(max(number), 0) AS count FROM store")
  local count = rows().count
  rows:close()
  local who = access.who()
  return who and who.token.where and math.max(count, STORES_UNSEEN) or count
end

local function refuse(field, days, stores, limit)
  problem.raise(422, ("%s: %.0f days of %.0f stores are more than one report may have: %.0f days of stores"):format(
    field, days, stores, limit), { field = field, discreet = field .. ": more than one report may have" })
end

--- Ends the request where a report would be too large.
-- @tparam loom.database database
-- @tparam table options of the report, which are good
function budget.check(database, options)
  local days = days_of(options)
  local stores = days > 0 and stores_of(database, options.stores) or 0
  if days * stores > most then
    refuse("windows", days, stores, most)
  end
end

--- The same for a look at what stores are: where it is long after the newest poll, it goes back to that, store by store, to find
-- since when there has been none.
-- @tparam loom.monitor monitor
-- @tparam table options of the status, which are good
-- @tparam[opt] bool is_one only one store is looked at, and at once
function budget.check_status(monitor, options, is_one)
  local as_of, newest = time.as_of(monitor, (time.seen_from(options.as_of))), monitor.database:newest()
  local days = as_of and newest and time.between(newest, as_of) / DAY or 0
  local stores, limit = 1, LOOP_DAYS
  if not is_one then
    stores, limit = days > 0 and stores_of(monitor.database) or 0, most
  end
  if days * stores > limit then
    refuse("as_of", days, stores, limit)
  end
end

--- The same for a series between two instants, in microseconds.
-- @tparam loom.database database
-- @tparam int from
-- @tparam int to
-- @tparam[opt] int stores how many it is of (default: all that there are)
function budget.check_series(database, from, to, stores)
  local days = time.between(from, to) / DAY
  stores = stores or stores_of(database)
  if days * stores > most then
    refuse("from", days, stores, most)
  end
end

--- The same for one store that is looked at at once.
function budget.check_one(options)
  local days = days_of(options)
  if days > LOOP_DAYS then
    refuse("windows", days, 1, LOOP_DAYS)
  end
end

--- Ends the request where the strips of all stores would take too much memory.
-- @tparam loom.database database
-- @tparam int bins letters of each
function budget.check_strips(database, bins)
  local stores = stores_of(database)
  if bins * stores > LETTERS then
    problem.raise(422, ("bins: %d letters of each of %.0f stores are more than there may be: %d"):format(bins, stores, LETTERS),
      { field = "bins", discreet = "bins: more letters than there may be" })
  end
end

return budget
