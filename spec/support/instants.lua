--- Instants as the module gives them.

local loom = require "loom"

local instants = {}

--- Adds to a table, or to each of a list of them, the texts that stand beside instants in seconds.
function instants.with_texts(item)
  for _, one in ipairs(item) do
    instants.with_texts(one)
  end
  for _, name in ipairs { "from", "to", "as_of" } do
    if item[name] then
      item[name .. "_utc"] = loom.format_timestamp(item[name])
    end
  end
  return item
end

return instants
