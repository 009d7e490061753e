--- The whole fleet in figures: totals, percentiles, and how the stores' ratios are spread.
-- @module loom.http.v1.summary

local fleet = require "loom.http.fleet"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local options = require "loom.http.v1.options"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local shapes = require "loom.formats.shapes"
local spread = require "loom.http.v1.spread"
local windows = require "loom.windows"

local BINS, BINS_MAX = 20, 100
local SHARES = { 0.5, 0.8, 0.95 } -- of the down time

local function histogram_json(report, window, bins, only, give_turn)
  local counts = report:histogram("ratio", window, 1, bins, only)
  give_turn()
  local parts = {}
  for i, count in ipairs(counts) do
    parts[i] = json.object("from", json.number((i - 1) / bins), "to", json.number(i / bins), "stores", json.number(count))
  end
  return json.array(parts, tostring)
end

local function concentration_json(report, window, only, give_turn)
  local counts, parts = report:concentration("down", window, SHARES, only), {}
  give_turn()
  for i, share in ipairs(SHARES) do
    parts[i] = json.object("share", json.number(share), "stores", json.number(counts[i]))
  end
  return json.array(parts, tostring)
end

local function window_json(report, window, parameters, only, give_turn)
  local totals, count = report:json_sums(window, only)
  local before = windows.place_before(report, window)
  give_turn()
  return json.object("totals", totals, "change", before and spread.change(totals, (report:json_sums(before, only))) or json.null,
    "percentiles", spread.percentiles(parameters.percents, function(figure, percents)
      give_turn()
      return report:percentiles_of(figure, window, percents, only)
    end),
    "ratios", histogram_json(report, window, parameters.bins or BINS, only, give_turn),
    "concentration", concentration_json(report, window, only, give_turn)), count
end

local function summary_json(report, parameters, only, give_turn)
  local by_name, count = {}, 0
  for i, window in ipairs(report.windows) do
    by_name[window.name], count = window_json(report, i, parameters, only, give_turn)
  end
  local instant = instants.of(parameters.time)
  return json.object("as_of", instant(report.as_of_utc), "rules", shapes.rules(report.rules),
    "windows", shapes.windows(report.windows, instant), "stores", json.number(count),
    "left_out", shapes.left_out(restriction.left_out(report)), "figures", json.map(by_name, tostring))
end

local function get()
  local parameters = options.read({ percents = spread.checker, bins = request.whole(1, BINS_MAX) }, true)
  local chosen, key = options.report(parameters)
  local report, made = fleet.report(key, chosen)
  if not report then
    return response.json(200, '{"as_of":null,"rules":null,"windows":[],"stores":0,'
      .. '"left_out":{"count":0,"stores":[]},"figures":{}}')
  end
  local summary_key = table.concat({ "summary", spread.key(parameters.percents), parameters.bins or BINS,
    parameters.time or "" }, "\0")
  response.json(200, options.answer(parameters, report, made, summary_key, function(only, give_turn)
    return summary_json(report, parameters, only, give_turn)
  end))
end

return {
  schemas = {
    WindowSummary = {
      type = "object", required = { "totals", "change", "percentiles", "ratios", "concentration" },
      additionalProperties = false,
      properties = {
        totals = "Figures",
        change = spread.schemas.change,
        percentiles = spread.schemas.percentiles,
        ratios = {
          type = "array", description = "How many stores have a ratio from one number to below another; 1 is in the last bin.",
          items = {
            type = "object", required = { "from", "to", "stores" }, additionalProperties = false,
            properties = { from = { type = "number" }, to = { type = "number" }, stores = { type = "integer", minimum = 0 } },
          },
        },
        concentration = {
          type = "array", description = "How few stores have that share of the down time; 0 where there is none.",
          items = {
            type = "object", required = { "share", "stores" }, additionalProperties = false,
            properties = { share = { type = "number" }, stores = { type = "integer", minimum = 0 } },
          },
        },
      },
    },
    Summary = {
      type = "object", required = { "as_of", "rules", "windows", "stores", "left_out", "figures" }, additionalProperties = false,
      properties = {
        as_of = "NullableInstant", rules = { anyOf = { "Rules", { type = "null" } } },
        windows = { type = "array", items = "Window" }, stores = { type = "integer", minimum = 0 },
        left_out = "LeftOut", figures = { type = "object", additionalProperties = "WindowSummary" },
      },
    },
  },
  {
    method = "GET", path = "/v1/summary", access = "read", restricted = "choice", by_revision = true,
    handler = get, tag = "stores",
    summary = "The whole fleet: totals, percentiles, distribution",
    parameters = {
      spread.parameter,
      { name = "bins", description = "Of the distribution of ratios.",
        schema = { type = "integer", minimum = 1, maximum = BINS_MAX, default = BINS } },
      more = options.fleet_parameters,
    },
    responses = { [200] = { description = "The summary.", schema = "Summary" } },
  },
}
