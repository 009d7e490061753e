--- Schemas of what several routes answer with: see `loom.http.router`. Those that one file of routes needs alone stand there.
-- @module loom.http.v1.schemas

local core = require "loom.core"
local figures = require "loom.figures"
local rules = require "loom.rules"

local figures_schema = { type = "object", required = figures.names, properties = {}, additionalProperties = false }
for _, name in ipairs(figures.names) do
  figures_schema.properties[name] = { type = "number", minimum = 0 }
end
figures_schema.properties.ratio = { type = { "number", "null" }, minimum = 0, maximum = 1 }
figures_schema.properties.outages = { type = "integer", minimum = 0 }
figures_schema.properties.polls = { type = "integer", minimum = 0 }
figures_schema.properties.mttr = { type = { "number", "null" }, minimum = 0 }
figures_schema.properties.mtbf = { type = { "number", "null" }, minimum = 0 }
figures_schema.description = "What a store was in a window. Times are in seconds; scheduled is up + down + unknown, ratio is "
  .. "up / (up + down), longest the longest outage, mttr the mean outage, mtbf the up time to an outage."

--- Routes, of which there are none, and the schemas.
return {
  schemas = {
    Instant = { type = "string", maxLength = #"2023-01-25 18:13:22.123456789 +00:00",
      description = "Such as 2023-01-25 18:13:22 UTC or 2023-01-25T18:13:22Z; in requests also a whole number of 10, 13 or 16 "
        .. "digits: seconds, milliseconds or microseconds since 1970." },
    FormattedInstant = { type = { "string", "integer" }, description = "In the form that the parameter time asks for." },
    NullableInstant = { anyOf = { "FormattedInstant", { type = "null" } } },
    Figures = figures_schema,
    Window = {
      type = "object", required = { "name", "from", "to" }, additionalProperties = false,
      description = "One on the calendar is another one for each zone: from is the earliest start of any store, to "
        .. "the latest end.",
      properties = {
        name = { type = "string" }, from = "FormattedInstant", to = "FormattedInstant",
        calendar = { type = "string", description = "The word or the two dates of a window on the calendar." },
        before_of = { type = "string", description = "Where the report compares: the window that this is the one before." },
      },
    },
    Rules = {
      type = "object", additionalProperties = false,
      required = { "preset", "slack", "fill", "evidence", "no_data", "max_gap", "default_zone" },
      properties = {
        preset = { enum = rules.names.preset },
        slack = { type = "integer", minimum = 0, maximum = core.limits.slack, description = "In seconds." },
        fill = { enum = rules.names.fill }, evidence = { enum = rules.names.evidence }, no_data = { enum = rules.names.no_data },
        max_gap = { type = { "number", "null" }, minimum = 0, description = "In seconds; null: none." },
        default_zone = { type = "string", description = "An IANA name." },
      },
    },
    State = {
      anyOf = { { enum = core.states }, { type = "null" } },
      description = "What a store is at as_of, by the rules of the preset monitoring unless others are given; null where there "
        .. "are no polls, or its zone has left the tz database.",
    },
    Since = {
      anyOf = { "FormattedInstant", { type = "null" } },
      description = "When the run of that state began; null when closed or excluded, and where that was more than a year before "
        .. "the first poll.",
    },
    StoreFigures = {
      type = "object", additionalProperties = false,
      required = { "store_id" }, description = "Of what is not its id that is there which fields asks for.",
      properties = {
        store_id = { type = "string" }, attributes = { type = "object", additionalProperties = { type = "string" } },
        timezone_str = { type = "string", description = "The zone that the store is measured by." },
        state = "State", since = "Since", dormant = { type = { "boolean", "null" } },
        last_poll = { anyOf = { "FormattedInstant", { type = "null" } }, description = "The last one up to as_of." },
        windows = "WindowFigures",
        strip = { type = { "string", "null" }, pattern = "^[updnxc]*$", description = "A letter for each hour of the week." },
      },
    },
    WindowFigures = { type = "object", additionalProperties = "Figures", description = "Figures by the names of windows." },
    LeftOut = {
      type = "object", required = { "count", "stores" }, additionalProperties = false,
      description = "Stores of the report that have no figures, since their zone has left the tz database; the first of them, "
        .. "by id, are named.",
      properties = {
        count = { type = "integer", minimum = 0 },
        stores = {
          type = "array",
          items = {
            type = "object", required = { "store_id", "reason" }, additionalProperties = false,
            properties = { store_id = { type = "string" }, reason = { type = "string" } },
          },
        },
      },
    },
  },
}
