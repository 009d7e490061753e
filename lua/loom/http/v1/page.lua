--- Pages of lists that a thread makes, since it may pass over many items of which few are wanted.
--
-- Such a task (loom.http.background) writes the place behind which the next page begins, empty for none, and a line break; then
-- the items, as JSON.
-- @module loom.http.v1.page

local cursor = require "loom.http.v1.cursor"
local json = require "loom.json"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"

local page = {}

--- With which a page ends: so much the loop copies in a fraction of a millisecond.
page.BYTES = 256 * 1024
-- More than such a page with one more item: the largest are all attributes of a store twice, each byte escaped as \u0001 is.
local ANSWER_BYTES = 1024 * 1024

--- Answers with a page.
-- @tparam string task its name, and that of the list in the answer where `member` is not given
-- @tparam string of what the list is of, as one text, so that a cursor of it is none of anything else
-- @tparam table arguments of the task; `database` and `bytes` are added
-- @tparam[opt] table fields of which parameters failures are: see `loom.http.service.call`
-- @tparam[opt] string member
function page.send(task, of, arguments, fields, member)
  tasks.enter()
  local spool = service.call(fields, function(state)
    arguments.database, arguments.bytes = state.monitor.path, page.BYTES
    return tasks.run(task, arguments)
  end)
  local text, message, code = spool:read(0, ANSWER_BYTES)
  spool:close()
  tasks.release()
  if not text then
    problem.raise_failure(message, code)
  end
  local place, number, items = text:match "^([^\n]-)\t?(%d*)\n(.*)$"
  local more = number ~= "" and cursor.write(of, place, number) or nil
  response.json(200, json.object(member or task, items, "next_cursor", json.text(more)))
end

return page
