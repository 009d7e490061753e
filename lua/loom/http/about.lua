--- What answers at the service's root, for those who look what there is.
-- @module loom.http.about

local core = require "loom.core"
local json = require "loom.json"
local request = require "loom.http.request"
local response = require "loom.http.response"
local router = require "loom.http.router"
local ui = require "loom.http.ui"

local function link(path)
  return json.string(router.link(path))
end

local function get()
  request.parameters {}
  if ui.is_wanted() then
    local below = ngx.var.request_uri:match "^[^?#]*":match "[^/]*$" -- the last part of a prefix without a slash
    return ui.redirect(below == "" and "ui/" or below .. "/ui/")
  end
  ngx.header.Vary = "Accept"
  response.json(200, json.object("name", '"Loom"', "version", json.string(core.version),
    "summary", '"Uptime of stores in their business hours."', "dashboard", link "/ui/", "openapi", link "/openapi.json",
    "stores", link "/v1/stores", "reports", link "/v1/reports", "health", link "/healthz", "ready", link "/readyz",
    "metrics", link "/metrics"))
end

local text = { type = "string" }

--- Its route.
return {
  {
    method = "GET", path = "/", access = "none", handler = get, tag = "service", without_database = true,
    summary = "What this service is, and where to look",
    responses = {
      [200] = {
        description = "Its name, its version, and paths.",
        schema = {
          type = "object", additionalProperties = false,
          required = { "name", "version", "summary", "dashboard", "openapi", "stores", "reports", "health", "ready", "metrics" },
          properties = { name = { const = "Loom" }, version = text, summary = text, dashboard = text, openapi = text,
            stores = text, reports = text, health = text, ready = text, metrics = text },
        },
      },
      [303] = { description = "To the dashboard, for browsers.", headers = { Location = { schema = text } } },
    },
  },
}
