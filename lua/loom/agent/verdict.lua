--- What the answer to a message means for it.
-- @module loom.agent.verdict

local verdict = {}

-- Statuses after which the same may go through later: RFC 9110, 15.5.9 and 15.6; RFC 6585, 4; RFC 8470.
local AGAIN = { [408] = true, [425] = true, [429] = true }

--- Of an answer over HTTP, or none.
-- @tparam table answer `status`, `retry_after`, `message`: see `loom.curl`
-- @treturn string `"delivered"`, `"again"`, `"dead"`: what is wrong stays wrong, or `"disabled"`: the receiver wants nothing more
-- @treturn ?number seconds for which the channel is to be left alone
function verdict.http(answer)
  local status = answer.status
  if not status then
    return answer.refused and "dead" or "again"
  elseif status >= 200 and status < 300 then
    return "delivered"
  elseif status == 410 then
    return "disabled"
  elseif AGAIN[status] or status >= 500 then
    return "again", answer.retry_after
  end
  return "dead"
end

--- Of a mail: RFC 5321, 4.2.1.
function verdict.mail(answer)
  local status = answer.status
  if not status then
    return answer.refused and "dead" or "again"
  elseif status < 400 then
    return "delivered"
  end
  return status < 500 and "again" or "dead"
end

--- Of a command that has ended: 75 is EX_TEMPFAIL of <sysexits.h>; 124 and, where it had to be killed, 137 are the time-out's.
function verdict.command(answer)
  if answer.status == 0 then
    return "delivered"
  end
  local again = { [75] = true, [124] = true, [137] = true }
  return (not answer.status or again[answer.status]) and "again" or "dead"
end

return verdict
