-- For wrk: POST /v1/polls with POLLS polls to a request. 14,000 stores are polled in order, again and again, every five
-- minutes of the data's own time; no poll is sent twice. A response other than 200 is counted, and told at the end.

local STORES = 14000
local STEP = 300 -- seconds between two polls of a store
local FIRST = 1704067200 -- 2024-01-01

local polls = tonumber(os.getenv "POLLS" or 1000)
local templates, at, sweep, threads = {}, 0, 0, {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

function init()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for first = 0, STORES - polls, polls do
    local parts = {}
    for i = 1, polls do
      parts[i] = ('{"store_id":"%d","status":"active","timestamp_utc":"@"}'):format(1481966498820158979 % 1e6 * 1e6 + first + i)
    end
    templates[#templates + 1] = "[" .. table.concat(parts, ",") .. "]"
  end
  refused = 0
end

function request()
  at = at % #templates + 1
  sweep = sweep + (at == 1 and 1 or 0)
  local when = os.date("!%Y-%m-%d %H:%M:%S", FIRST + sweep * STEP) .. (".%06d UTC"):format(number)
  return wrk.format(nil, nil, nil, (templates[at]:gsub("@", when)))
end

function response(status)
  refused = refused + (status ~= 200 and 1 or 0)
end

function done(summary, latency)
  local count = 0
  for _, thread in ipairs(threads) do
    count = count + thread:get("refused")
  end
  io.write(("%d %.0f %d %.1f %.1f\n"):format(summary.requests, summary.requests / (summary.duration / 1e6),
    count + summary.errors.timeout + summary.errors.read + summary.errors.write + summary.errors.connect,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
