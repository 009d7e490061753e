--- What happens, as it happens: server-sent events (HTML Living Standard, "Server-sent events").
--
-- Events are kept for a while in the shared dictionary `loom`, numbered across all workers, so that any worker can send what
-- happened in another, and a client that was cut off goes on where it was.
-- @module loom.http.events

local cjson = require "cjson.safe"
local problem = require "loom.http.problem"
local service = require "loom.http.service"
local time = require "loom.time"

local events = {}

local KEEP = 300 -- seconds
local LOOK_EVERY = 0.2 -- seconds between two looks for new events
local BEAT_EVERY = 15 -- seconds after which a silent stream gets a comment, so that nobody in between closes it
local STREAMS_MAX = 1000 -- of one worker
local WATCH_EVERY = 1 -- seconds between two looks at the stores
local WATCH_LEASE = 5 -- seconds after which another worker watches
local STORES_A_LOOK = 500 -- so that no look takes long

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

-- A store's newest poll ends its newest block, and its lowest bit tells whether it was active: see poll_block.h.
local newest_sql = ([[SELECT number, store_id, newest_poll, substr(hex(substr(polls, -8, 1)), 2) AS digit
  FROM store JOIN poll_block ON store = number AND day = newest_poll / 86400000000
  WHERE (newest_poll, number) > (?, ?) ORDER BY newest_poll, number LIMIT %d]]):format(STORES_A_LOOK)

-- What the watcher has seen: of each store its newest poll and whether that was active, and the newest poll of all.
local watch = { polls = {}, active = {}, newest = nil, revision = nil }

-- Notes a store's newest poll, and tells if its status is another one than before.
local function note(row, quiet)
  local active = tonumber(row.digit, 16) % 2 == 1
  local before = watch.active[row.number]
  if watch.polls[row.number] == row.newest_poll then
    return
  end
  watch.polls[row.number], watch.active[row.number] = row.newest_poll, active
  watch.newest = math.max(watch.newest or row.newest_poll, row.newest_poll)
  if not quiet and before ~= nil and before ~= active then
    events.publish("store", { store_id = row.store_id, status = active and "active" or "inactive",
      timestamp_utc = time.text(row.newest_poll) })
  end
end

-- Whether what the database holds has changed since the last look.
local function has_changed(monitor)
  local revision = assert(monitor.database:revision())
  local changed = revision ~= watch.revision
  watch.revision = revision
  return changed
end

local function look_at_stores(monitor)
  if not has_changed(monitor) then
    return
  end
  local quiet = watch.newest == nil -- the first look only learns how things are
  local poll, number = watch.newest and watch.newest - LOOK_BACK or -2 ^ 53, 0
  repeat
    local count = 0
    for row in assert(monitor:query(newest_sql, poll, number)) do
      note(row, quiet)
      poll, number, count = row.newest_poll, row.number, count + 1
    end
    ngx.sleep(0.001) -- others' turn
  until count < STORES_A_LOOK
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
  local monitor = service.monitor()
  if monitor and ngx.shared.loom and is_watching() then
    local good, err = pcall(look_at_stores, monitor)
    if not good then
      ngx.log(ngx.ERR, "loom: ", err)
    end
  else
    watch = { polls = {}, active = {} } -- whoever watches next begins with what is so then
  end
  ngx.timer.at(WATCH_EVERY, watch_stores)
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
