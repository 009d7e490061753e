--- The whole fleet in figures: totals, percentiles, and how the stores' ratios are spread.
-- @module loom.http.v1.summary

local fleet = require "loom.http.fleet"
local formats = require "loom.formats.summary"
local options = require "loom.http.v1.options"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local spread = require "loom.http.v1.spread"

local BINS_MAX = 100

local function get()
  local parameters = options.read({ percents = spread.checker, bins = request.whole(1, BINS_MAX) }, true)
  local chosen, key = options.report(parameters)
  local report, made = fleet.report(key, chosen)
  if not report then
    return response.json(200, '{"as_of":null,"rules":null,"windows":[],"stores":0,'
      .. '"left_out":{"count":0,"stores":[]},"figures":{}}')
  end
  local summary_key = table.concat({ "summary", spread.key(parameters.percents), parameters.bins or formats.BINS,
    parameters.time or "" }, "\0")
  response.json(200, options.answer(parameters, report, made, summary_key, function(only, give_turn)
    return formats.text(report, parameters, { restriction.left_out(report) }, only, give_turn)
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
        schema = { type = "integer", minimum = 1, maximum = BINS_MAX, default = formats.BINS } },
      more = options.fleet_parameters,
    },
    responses = { [200] = { description = "The summary.", schema = "Summary" } },
  },
}
