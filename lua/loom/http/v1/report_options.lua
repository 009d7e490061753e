--- What a report may be asked for, as properties for the document of the API: the options of `loom.monitor:report` that JSON can
-- say. Forms are made of them.
-- @module loom.http.v1.report_options

local core = require "loom.core"
local rules = require "loom.rules"
local windows = require "loom.windows"

local values = { type = { "string", "number", "array" }, items = { type = { "string", "number" } } }
local instant = { type = { "string", "number" }, description = "An instant; as a number in seconds since 1970." }
local ratio = { type = "number", minimum = 0, maximum = 1 }
local ratios = { type = "object", additionalProperties = ratio }

return {
  as_of = { type = instant.type, description = "What all is seen from: an instant, also as a number of seconds since 1970, a "
    .. "date or now (default: the newest poll)." },
  windows = {
    type = "array", description = "Default: the last hour, day and week. A window has seconds, from and to, or calendar; or "
      .. "is a word of the calendar alone.",
    items = {
      type = { "object", "string" }, required = { "name" }, additionalProperties = false,
      properties = {
        name = { type = "string" }, seconds = { type = { "string", "number" }, description = "Its length, or a duration." },
        from = instant, to = instant,
        calendar = { type = "string", enum = windows.words }, unit = { type = "string", enum = { "hours", "minutes" } },
      },
    },
    examples = { { { name = "month", seconds = "30d" }, { name = "yesterday", calendar = "yesterday" } } },
  },
  compare = { type = "boolean", description = "Puts beside each window the one before it." },
  preset = { type = "string", enum = rules.names.preset, description = "The rules that polls are judged by." },
  fill = { type = "string", enum = rules.names.fill, description = "Which time a poll vouches for." },
  evidence = { type = "string", enum = rules.names.evidence, description = "Whether polls outside of an opening count for it." },
  no_data = { type = "string", enum = rules.names.no_data, description = "What an opening without evidence is." },
  max_gap = { type = { "string", "number" },
    description = 'Time further from its poll than this duration is unknown; or "none".' },
  slack = { type = { "string", "number" }, description = "A close within this duration of midnight is midnight." },
  default_zone = { type = "string", description = "The timezone of stores without one." },
  stores = {
    anyOf = { { type = "string" }, { type = "array", items = { type = "string" } },
      { type = "object", required = { "ids" }, additionalProperties = false, properties = {
        ids = { type = "array", items = { type = "string" }, description = "None of them is a pattern." } } } },
    description = "Which ones: an id, a pattern with *, ? and [a-z], or a list of them.", examples = { "12*" },
  },
  where = { type = "object", additionalProperties = values,
    description = "Attributes that stores must have.", examples = { { region = "north" } } },
  search = { type = "string", minLength = 1, maxLength = core.limits.search,
    description = "A text that ids or values of attributes must contain." },
  zones = { type = { "array", "string" }, items = { type = "string", maxLength = core.limits.zone_name },
    maxLength = core.limits.zone_name, description = "A timezone, or several, one of which stores must be measured by." },
  all_stores = { type = "boolean", description = "Also stores without polls." },
  hours = { type = "object", additionalProperties = "NewWeek",
    description = "Weekly hours for this report alone, by store; * stands for all.",
    examples = { { ["*"] = { mon = "09:00-17:00" } } } },
  slo = {
    anyOf = { ratio, { type = "object", additionalProperties = false, properties = { target = ratio, stores = ratios,
      attribute = { type = "string" }, targets = ratios } } },
    description = "An objective: the ratio of up time that stores are to reach, from 0 to 1.", examples = { 0.99 },
  },
  group_by = { type = "string", description = "Groups of stores by this attribute in place of stores." },
  name_attribute = { type = "string", description = "The attribute that pages call stores by." },
  strips = {
    anyOf = { { type = "boolean" }, { type = "object", additionalProperties = false, properties = { window = { type = "string" },
      bins = { type = "integer", minimum = 1, maximum = core.limits.strip_bins } } } },
    description = "A letter to a stretch of time for each store.",
  },
}
