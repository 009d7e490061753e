--- What happens, as it happens: server-sent events (HTML Living Standard, "Server-sent events").
--
-- Events are kept for a while in the shared dictionary `loom`, numbered across all workers, so that any worker can send what
-- happened in another, and a client that was cut off goes on where it was.
-- @module loom.http.events

local cjson = require "cjson.safe"
local core = require "loom.core"
local problem = require "loom.http.problem"
local service = require "loom.http.service"
local time = require "loom.time"

local events = {}

local KEEP = 300 -- seconds
local LOOK_EVERY = 0.2 -- seconds between two looks for new events
local BEAT_EVERY = 15 -- seconds after which a silent stream gets a comment, so that nobody in between closes it
local STREAMS_MAX = 1000 -- of one worker
local WATCH_EVERY = 1 -- seconds between two looks at the stores
local WATCH_SHARE = 20 -- and not more than this part of the time is spent on them
local WATCH_LEASE = 5 -- seconds that a look may be late before another worker watches
local STRIDE = 2000 -- numbers of stores looked at before others get their turn

local streams = 0

--- Tells everybody that something has happened.
-- @tparam string kind "report", "store" or "ingest"
-- @tparam table data
function events.publish(kind, data)
  local dictionary = ngx.shared.loom
  if dictionary then
    local number = dictionary:incr("event", 1, 0)
    dictionary:set("event:" .. number, kind .. "\n" .. cjson.encode(data), KEEP)
  end
end

-- ---- stores that go down or up ----

-- Polls of several stores come in no strict order: so far back from the newest one others count as news. What is older is
-- history that was loaded late.
local LOOK_BACK = 600 * 1000000 -- microseconds

local recent_sql = "SELECT number, newest_poll FROM store WHERE number > ? AND number <= ? AND newest_poll > ?"

-- A store's newest poll ends its newest block, and its lowest bit tells whether it was active: see poll_block.h.
local status_sql = [[SELECT number, store_id, newest_poll, substr(hex(substr(polls, -8, 1)), 2) AS digit
  FROM json_each(?) JOIN store ON number = value JOIN poll_block ON store = number AND day = newest_poll / 86400000000]]

-- What the watcher has seen: of each store its newest poll and whether that was active, and the newest poll of all.
local watch = { polls = {}, active = {}, newest = nil, revision = nil }

-- The numbers of a stride's stores that have another newest poll than when they were last seen.
local function polled_stores(monitor, first, since)
  local numbers = {}
  for row in assert(monitor:query(recent_sql, first, first + STRIDE, since)) do
    if watch.polls[row.number] ~= row.newest_poll then
      numbers[#numbers + 1] = row.number
    end
  end
  return numbers
end

-- Notes a store's newest poll; a change if its status is another one than before.
local function note(row)
  local active = tonumber(row.digit, 16) % 2 == 1
  local before = watch.active[row.number]
  watch.polls[row.number], watch.active[row.number] = row.newest_poll, active
  watch.newest = math.max(watch.newest or row.newest_poll, row.newest_poll)
  if before ~= nil and before ~= active then
    return { store_id = row.store_id, status = active and "active" or "inactive", newest_poll = row.newest_poll }
  end
end

local function sooner(a, b)
  if a.newest_poll ~= b.newest_poll then
    return a.newest_poll < b.newest_poll
  end
  return a.store_id < b.store_id
end

local function look_at_stride(monitor, first, since)
  local numbers = polled_stores(monitor, first, since)
  if #numbers == 0 then
    return
  end
  local changes = {}
  for row in assert(monitor:query(status_sql, cjson.encode(numbers))) do
    changes[#changes + 1] = note(row)
  end
  table.sort(changes, sooner)
  for _, change in ipairs(changes) do
    events.publish("store", { store_id = change.store_id, status = change.status,
      timestamp_utc = time.text(change.newest_poll) })
  end
end

local function highest_number(monitor)
  local rows = assert(monitor:query("SELECT max(number) AS highest FROM store"))
  local highest = rows().highest
  rows:close()
  return highest or 0
end

-- Returns how many seconds it took, without those of others.
local function look_at_stores(monitor)
  local revision, took = assert(monitor.database:revision()), 0
  if revision == watch.revision then
    return took
  end
  local since = watch.newest and watch.newest - LOOK_BACK or -2 ^ 53
  for first = 0, highest_number(monitor) - 1, STRIDE do
    local started = core.clock()
    look_at_stride(monitor, first, since)
    took = took + core.clock() - started
    ngx.sleep(0.001) -- others' turn
  end
  watch.revision = revision
  return took
end

local function is_watching()
  local dictionary, me = ngx.shared.loom, tostring(ngx.worker.pid())
  if dictionary:get("watcher") == me then
    dictionary:set("watcher", me, WATCH_LEASE)
    return true
  end
  return dictionary:add("watcher", me, WATCH_LEASE) or false
end

local function watch_stores(premature)
  if premature then
    return
  end
  local monitor, pause = service.monitor(), WATCH_EVERY
  if monitor and ngx.shared.loom and is_watching() then
    local good, result = pcall(look_at_stores, monitor)
    if good then
      pause = math.max(pause, WATCH_SHARE * result)
      ngx.shared.loom:expire("watcher", pause + WATCH_LEASE)
    else
      ngx.log(ngx.ERR, "loom: ", result)
    end
  else
    watch = { polls = {}, active = {} } -- whoever watches next begins with what is so then
  end
  ngx.timer.at(pause, watch_stores)
end

--- Starts to look for stores that go down or up; one worker does so for all.
function events.init_worker()
  ngx.timer.at(WATCH_EVERY, watch_stores)
end

-- ---- streams ----

-- Sends the events after `last`; returns the number of the last one sent, or nil when the client has gone.
local function send_after(dictionary, last)
  local newest = dictionary:get("event") or 0
  local sent = false
  for number = last + 1, newest do
    local text = dictionary:get("event:" .. number)
    if text then
      local kind, data = text:match("^(.-)\n(.*)$")
      ngx.print(("id: %d\nevent: %s\ndata: %s\n\n"):format(number, kind, data))
      sent = true
    end
  end
  if sent and not ngx.flush(true) then
    return nil
  end
  return math.max(last, newest), sent
end

local function stream(dictionary, last)
  local quiet_since = ngx.now()
  while not ngx.worker.exiting() do
    local sent
    last, sent = send_after(dictionary, last)
    if not last then
      return
    end
    if sent then
      quiet_since = ngx.now()
    elseif ngx.now() - quiet_since >= BEAT_EVERY then
      ngx.print(": still here\n\n")
      if not ngx.flush(true) then
        return
      end
      quiet_since = ngx.now()
    end
    ngx.sleep(LOOK_EVERY)
  end
end

local function get()
  local dictionary = ngx.shared.loom
  if not dictionary then
    problem.raise(503, "events need the shared dictionary loom in nginx's configuration")
  elseif streams >= STREAMS_MAX then
    problem.raise(503, "too many streams are open", { headers = { ["Retry-After"] = "10" } })
  end
  local last = tonumber(ngx.var.http_last_event_id) or dictionary:get("event") or 0
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Accel-Buffering"] = "no"
  ngx.print(": welcome\nretry: 2000\n\n")
  ngx.flush(true)
  streams = streams + 1
  local good, err = pcall(stream, dictionary, last)
  streams = streams - 1
  if not good then
    error(err, 0)
  end
end

--- Its routes.
events.routes = {
  {
    method = "GET", path = "/v1/events", access = "read", handler = get, tag = "service",
    summary = "What happens, as it happens: report, store and ingest, as server-sent events whose data is JSON",
    parameters = {
      { name = "Last-Event-ID", location = "header", description = "Go on after this event.", schema = { type = "integer" } },
    },
    responses = {
      [200] = { description = "A stream.", content = { ["text/event-stream"] = { schema = { type = "string" } } } },
    },
  },
}

return events
