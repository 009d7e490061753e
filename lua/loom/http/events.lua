--- What happens, as it happens: server-sent events (HTML Living Standard, "Server-sent events").
--
-- Events are kept for a while in the shared dictionary `loom_events`, numbered across all workers, so that any worker can send
-- what happened in another, and a client that was cut off goes on where it was. Numbers begin at the time in milliseconds, so
-- that those after a restart are higher than those before.
-- @module loom.http.events

local access = require "loom.http.access"
local cjson = require "cjson.safe"
local audit = require "loom.audit"
local core = require "loom.core"
local limits = require "loom.http.limits"
local log = require "loom.http.log"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local time = require "loom.time"
local timer = require "loom.http.timer"
local Watch = require "loom.watch"

local events = {}

local KEEP = 300 -- seconds
local KEPT_MAX = 10000 -- of the newest ones, as many as a client that was cut off gets
local PIECE = 50 -- events that are sent before others have their turn: for whom one is, is looked up in up to 0.1 ms
local TURN = 0.001 -- seconds that others get
local LOOK_EVERY = 0.2 -- seconds between two looks for new events
local BEAT_EVERY = 15 -- seconds after which a silent stream gets a beat: nobody in between closes it, and pages miss it (live.js)
local WATCH_EVERY = 0.5 -- seconds between two looks at the stores
local WATCH_SHARE = 20 -- and not more than this part of the time is spent on them
local WATCH_LEASE = 5 -- seconds that a look may be late before another worker watches

local streams = 0
local streams_max = 1 -- of one worker; see events.init_worker

--- Tells everybody that something has happened.
-- @tparam string kind "report", "store", "ingest", "revision", "audit" or "alert"
-- @tparam table|string data or JSON of it
function events.publish(kind, data)
  local dictionary = ngx.shared.loom_events
  if dictionary then
    local number = dictionary:incr("newest", 1, math.floor(ngx.now() * 1000))
    dictionary:set(number, kind .. "\n" .. (type(data) == "table" and response.encode(data) or data), KEEP)
  end
end

-- ---- stores that go down or up ----

-- Polls of several stores come in no strict order: so far back from the newest one others count as news. What is older is
-- history that was loaded late.
local LOOK_BACK = 600 * 1000000 -- microseconds

-- What the worker that watches has: the watch and its monitor, the newest poll of all before the last look, and stores that have
-- turned and are to be told.
local watching = {}

local function sooner(a, b)
  if a.instant ~= b.instant then
    return time.between(a.instant, b.instant) > 0
  end
  return a.store_id < b.store_id
end

local function publish_turned()
  table.sort(watching.turned, sooner)
  for _, change in ipairs(watching.turned) do
    events.publish("store", { store_id = change.store_id, status = change.status, timestamp_utc = change.newest_poll })
  end
  watching.turned = {}
end

-- Subscribes to changes.
local function note(change)
  if change.kind == "everything" then -- another database is in its place: what is in it is history
    watching.since = math.huge
  elseif change.status and tonumber(change.instant) > watching.since then
    table.insert(watching.turned, change)
  end
end

-- ---- that something was written, and what was changed by hand ----

local REVISION_EVERY = 1 -- seconds between two such events: who hears one asks anew for what it shows
local AUDIT_MAX = 100 -- entries told at a time, the last ones: of more, who misses some asks for them by their numbers
local AUDIT_BYTES = 8 * 1024 -- of what was and what is: where these are longer the event goes without

local function newest_entry(monitor)
  return assert(monitor.database:row("SELECT ifnull(max(number), 0) AS number FROM audit")).number
end

-- Tells of the entries after the last one that was told.
local function publish_audit(monitor)
  local dictionary, newest = ngx.shared.loom_events, newest_entry(monitor)
  local told = dictionary:get "told_entry" or newest
  if told > newest then -- another database
    told = newest
  end
  local entries = newest > told and assert(audit.since(monitor.database, math.max(told, newest - AUDIT_MAX), AUDIT_MAX)) or {}
  for _, entry in ipairs(entries) do
    if #(entry.before or "") + #(entry.after or "") > AUDIT_BYTES then
      entry.before, entry.after = nil, nil
    end
    events.publish("audit", (audit.json(entry):gsub("\n", " ")))
  end
  dictionary:set("told_entry", newest)
end

-- ---- what became of alerts ----

local ALERTS_MAX = 100 -- told at a time, the last ones: of a storm, who hears one asks for what there is

local alerts_sql = [[SELECT e.number, e.alert, e.rule, e.state, e.at, a.severity, a.kind, a.subject FROM alert_event e
  JOIN alert a ON a.id = e.alert WHERE e.number > ? ORDER BY e.number DESC LIMIT ]] .. ALERTS_MAX

local function newest_event(monitor)
  return assert(monitor.database:row("SELECT ifnull(max(number), 0) AS number FROM alert_event")).number
end

-- What is written from here on is told, also before anybody has looked for the first time: someone listens.
local function begin_to_tell(monitor)
  ngx.shared.loom_events:add("told_entry", newest_entry(monitor))
  ngx.shared.loom_events:add("told_alert", newest_event(monitor))
end

-- Tells of the events after the last one that was told.
local function publish_alerts(monitor)
  local dictionary, newest = ngx.shared.loom_events, newest_event(monitor)
  local told = dictionary:get "told_alert" or newest
  local rows = newest > told and assert(monitor.database:rows(alerts_sql, told)) or {} -- those of another database have no more
  for i = #rows, 1, -1 do
    local row = rows[i]
    events.publish("alert", { id = row.alert, rule = row.rule, severity = row.severity, state = row.state,
      at = time.text(row.at), subject = { kind = row.kind, id = row.subject },
      store_id = row.kind == "store" and row.subject or nil })
  end
  dictionary:set("told_alert", newest)
end

-- Tells that something has been written, unless that was told a moment ago: the next look tells it then.
local function publish_revision(revision, newest)
  local dictionary, now = ngx.shared.loom_events, core.clock()
  local told = dictionary:get "told_revision"
  if not told then
    dictionary:set("told_revision", revision)
  elseif told ~= revision and now - (watching.told_at or -REVISION_EVERY) >= REVISION_EVERY then
    watching.told_at = now
    dictionary:set("told_revision", revision)
    events.publish("revision", { revision = revision, as_of = newest and time.text(newest) or nil })
  end
end

-- Whether this worker is the one that watches, for so many more seconds.
local function is_watching(seconds)
  local dictionary, me = ngx.shared.loom_events, tostring(ngx.worker.pid())
  if dictionary:get("watcher") == me then
    dictionary:set("watcher", me, seconds)
    return true
  end
  return dictionary:add("watcher", me, seconds) or false
end

local function stop_watching()
  local dictionary = ngx.shared.loom_events
  if dictionary and dictionary:get("watcher") == tostring(ngx.worker.pid()) then
    dictionary:delete("watcher")
  end
end

local function newest_poll(monitor)
  return tonumber(assert(monitor.database:row("SELECT newest_poll FROM overall")).newest_poll)
end

-- Goes on from where the worker that watched before has come; another database may have been opened.
local function begin_to_watch(monitor)
  local dictionary, goes_on = ngx.shared.loom_events, not watching.monitor
  local watch = assert(Watch.new(monitor, goes_on and dictionary:get "seen" or nil, "turned"))
  watch:subscribe(note)
  watching = { monitor = monitor, watch = watch, newest = goes_on and dictionary:get "newest_poll" or newest_poll(monitor) }
end

-- Returns how many seconds it took, without those of others.
local function look(monitor)
  if monitor ~= watching.monitor then
    begin_to_watch(monitor)
  end
  local newest, started, took = newest_poll(monitor), core.clock(), 0
  local before = watching.newest and math.min(watching.newest, ngx.now() * 1e6) -- one poll of the future makes no others history
  watching.since, watching.turned = before and before - LOOK_BACK or -math.huge, {}
  local written, message = watching.watch:look(function()
    publish_turned()
    took = took + core.clock() - started
    ngx.sleep(0.001) -- others' turn
    started = core.clock()
    if not is_watching(WATCH_LEASE) then
      error("another worker watches the stores", 0)
    end
  end)
  if written == nil then
    error(message, 0)
  end
  publish_turned()
  publish_audit(monitor) -- what alerts go by is told there, and makes no other data
  publish_alerts(monitor) -- nor does what the agent writes
  publish_revision(watching.watch.seen, newest)
  watching.newest = newest
  ngx.shared.loom_events:set("seen", watching.watch.seen)
  ngx.shared.loom_events:set("newest_poll", newest)
  return took + core.clock() - started
end

local function watch_stores(premature)
  if premature then
    stop_watching()
    return
  end
  local monitor, pause = service.monitor(), WATCH_EVERY
  if monitor and ngx.shared.loom_events and is_watching(WATCH_LEASE) then
    local good, result = pcall(look, monitor)
    if good then
      pause = math.max(pause, WATCH_SHARE * result)
      is_watching(pause + WATCH_LEASE)
    else
      log.write(ngx.ERR, "loom: ", tostring(result))
    end
  else
    watching = {}
  end
  return timer.after(pause, watch_stores)
end

--- Starts to look for stores that go down or up; one worker does so for all.
-- @tparam[opt] int running reports computed at a time, whose descriptors are not for streams
function events.init_worker(running)
  local descriptors = limits.descriptors()
  local connections, streams_of_them = limits.of(descriptors, running)
  streams_max = streams_of_them
  if ngx.worker.id() == 0 then
    log.write(ngx.NOTICE, ("loom: %s descriptors: up to %d connections and %d streams of events a worker"):format(descriptors,
      connections, streams_max))
  end
  timer.after(WATCH_EVERY, watch_stores)
end

-- ---- streams ----

-- Whether an event is for who listens. One whose token is for some stores alone gets what is of these, and that something has
-- changed.
local function is_for_listener(kind, data)
  if kind == "revision" or not restriction.where() then
    return true
  end
  local id = (cjson.decode(data) or {}).store_id
  return type(id) == "string" and restriction.sees(id)
end

-- Gives others their turn, once what was printed is on its way. Returns nothing when the client has gone.
local function give_turn()
  local is_there = ngx.flush(true)
  ngx.sleep(TURN)
  return is_there
end

-- Sends the events after `last`. An event that has a number, but is not there, is waited for unless it had its number already
-- when this was looked at before: `known` is the newest one then.
-- Returns the number of the last one sent, or nil when the client has gone; whether there were any; and the newest one.
local function send_after(dictionary, last, known)
  local newest = dictionary:get "newest" or last
  if last > newest then -- numbers have begun anew, by a clock that was set back: the client has missed all that there is
    last = newest - KEPT_MAX
  end
  local upto, sent, first = newest, false, math.max(last + 1, newest - KEPT_MAX)
  for number = first, newest do
    if number > first and (number - first) % PIECE == 0 and not give_turn() then
      return nil
    end
    local text = dictionary:get(number)
    if text then
      local kind, data = text:match("^(.-)\n(.*)$")
      if is_for_listener(kind, data) then
        ngx.print(("id: %d\nevent: %s\ndata: %s\n\n"):format(number, kind, data))
        sent = true
      end
    elseif number > known then
      upto = number - 1
      break
    end
  end
  if sent and not ngx.flush(true) then
    return nil
  end
  return upto, sent, newest
end

-- Whether a session that the client has begun the stream by is over. While it is not, the stream uses it.
local function is_over(who)
  local monitor = service.monitor()
  return who and who.expires and monitor and not access.identify(monitor.database)
end

local function stream(dictionary, last)
  local quiet_since, known, looked = core.clock(), last, core.clock()
  while not ngx.worker.exiting() do
    if core.clock() - looked >= BEAT_EVERY then
      looked = core.clock()
      if is_over(access.who()) then
        return
      end
    end
    local sent
    last, sent, known = send_after(dictionary, last, known)
    if not last then
      return
    end
    if sent then
      quiet_since = core.clock()
    elseif core.clock() - quiet_since >= BEAT_EVERY then
      ngx.print("event: beat\ndata: {}\n\n")
      if not ngx.flush(true) then
        return
      end
      quiet_since = core.clock()
    end
    ngx.sleep(LOOK_EVERY)
  end
end

-- The number that a client that was cut off has seen last.
local function last_event_id()
  local text = ngx.var.http_last_event_id
  if text and not (text:find "^%d+$" and #text <= 15) then
    problem.raise(400, "Last-Event-ID is not the id of an event", { field = "Last-Event-ID" })
  end
  return tonumber(text)
end

-- What a stream begins with: the revision that there is, so that who has asked for something before knows whether that is of now.
-- It is read after the place in the stream is: what is written later is told by an event. It has no number of its own.
local function welcome()
  local monitor = service.monitor()
  local revision = monitor and monitor.database:revision()
  if monitor then
    pcall(begin_to_tell, monitor) -- which a database that is away for now does not prevent: it is done at the first look
  end
  return revision and ("event: welcome\ndata: {\"revision\":%d}\n\n"):format(revision) or ""
end

local function get()
  local dictionary = ngx.shared.loom_events
  if not dictionary then
    problem.raise(503, "events need the shared dictionary loom_events in nginx's configuration")
  elseif streams >= streams_max then
    problem.raise(503, "too many streams are open", { headers = { ["Retry-After"] = "10" } })
  end
  local last = last_event_id() or dictionary:get "newest" or 0
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Accel-Buffering"] = "no"
  if ngx.req.get_method() == "HEAD" then
    return
  end
  ngx.print(": welcome\nretry: 2000\n\n", welcome())
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
    method = "GET", path = "/v1/events", access = "read", restricted = "choice", handler = get, tag = "service",
    summary = "What happens, as it happens: welcome (the revision at the beginning), report, store, ingest, revision (something "
      .. "was written; once a second at the most), audit (something was changed by hand), alert (one has changed its state) and "
      .. "beat (15 seconds were silent), as server-sent events whose data is JSON",
    parameters = {
      { name = "Last-Event-ID", location = "header", description = "Go on after this event.", schema = { type = "integer" } },
    },
    responses = {
      [200] = { description = "A stream.", content = { ["text/event-stream"] = { schema = { type = "string" } } } },
    },
  },
}

return events
