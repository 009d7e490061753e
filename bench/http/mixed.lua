-- For wrk: requests of many kinds, one after the other: single stores, a page of them, the summary, a poll, a report's file of
-- which nothing but the beginning is asked for, and mistakes. REPORT is a report's id, STORES a file of ids of stores.

local report = os.getenv "REPORT"
local stores, number = {}, 0
for line in io.lines(os.getenv "STORES") do
  stores[#stores + 1] = line
end

local function a_store()
  return stores[number * 7919 % #stores + 1]
end

local kinds = {
  function() return "GET", "/v1/stores/" .. a_store() end,
  function() return "GET", "/healthz" end,
  function() return "GET", "/v1/stores?limit=20&sort=ratio_last_week" end,
  function() return "GET", "/v1/stores/" .. a_store() end,
  function() return "GET", "/get_report?report_id=" .. report, { Range = "bytes=0-99" } end,
  function() return "GET", "/v1/summary" end,
  function()
    return "POST", "/v1/polls", { ["Content-Type"] = "application/json" },
      ('{"store_id":"%s","status":"active","timestamp_utc":"2023-01-24 18:13:22.%06d UTC"}'):format(a_store(), number % 1000000)
  end,
  function() return "GET", "/nothing/at/all" end,
  function() return "GET", "/v1/stores/" .. a_store() .. "/hours" end,
  function() return "GET", "/get_report?report_id=none" end,
}

function request()
  number = number + 1
  local method, path, headers, body = kinds[number % #kinds + 1]()
  return wrk.format(method, path, headers, body)
end
