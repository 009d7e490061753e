--- What the access log and the audit log tell of a request beside what nginx knows: variables of its configuration.
--
-- `$loom_token` is the name of the token; `$loom_route` the route's template; `$loom_store` the store of the path;
-- `$loom_changes` is 1 where the route changes something, or begins or ends a session, whatever becomes of the request;
-- `$loom_raw_status` is the status of a response on a raw socket; `$loom_target` and `$loom_agent` are what was asked for and by
-- which program, where these need other words than the client's. All is UTF-8, which nginx does not see to. They keep their
-- values when a request is passed on to another location, which `ngx.ctx` does not.
-- @module loom.http.journal

local core = require "loom.core"

local journal = {}

local is_kept = false

--- Begins in a worker.
-- @tparam ?bool kept whether the configuration has the variables
function journal.init_worker(kept)
  is_kept = kept or false
end

-- Notes a text of the client's in a variable of its own where it is not UTF-8, as JSON has to be.
local function note_text(variable, text)
  if text and text:find "[\128-\255]" then
    ngx.var[variable] = core.utf8(text)
  end
end

--- Notes what the client has sent, whether or not there is such a path.
function journal.begin()
  if is_kept then
    note_text("loom_target", ngx.var.request_uri)
    note_text("loom_agent", ngx.var.http_user_agent)
  end
end

--- Notes what is asked for.
function journal.note(route, arguments)
  if is_kept then
    ngx.var.loom_route = route.path
    ngx.var.loom_store = core.utf8(arguments.store_id or "")
    ngx.var.loom_changes = (route.access == "write" or route.is_audited) and "1" or ""
  end
end

--- Notes by whom; nil: by somebody whose token is not known.
function journal.note_token(name)
  if is_kept then
    ngx.var.loom_token = core.utf8(name or "")
  end
end

--- Notes the status of a response that nginx does not send.
function journal.note_status(status)
  if is_kept then
    ngx.var.loom_raw_status = tostring(status)
  end
end

return journal
