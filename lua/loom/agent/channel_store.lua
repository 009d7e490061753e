--- Channels as they are stored: what they are defined by, and apart from it their secrets, which nothing gives back.
--
-- In a definition `true` stands in the place of a secret that there is: so it is stored and shown, and who sets a channel as it
-- was shown leaves its secrets as they are. Where there is none yet, as in a database that takes what another one has exported,
-- nothing is sent until it is given.
-- @module loom.agent.channel_store

local canonical = require "loom.canonical"
local channels = require "loom.agent.channels"
local check = require "loom.check"
local cjson = require "cjson.safe"
local transaction = require "loom.transaction"

local channel_store = {}

--- Why a channel is disabled by its definition.
channel_store.SWITCHED_OFF = "not enabled"

local AWAITED = false -- stands in a stored definition for a secret that has not been given yet

local MOST = 100 -- each may hold a transfer
local NAME_MAX = 100 -- bytes: what people read, and what stands in addresses of the service

-- What an `url` begins with: mail goes elsewhere than what is asked of a web server.
local SCHEMES = { email = "^smtps?://[^%s/]", other = "^https?://[^%s/]" }

local function bad(name, format, ...)
  transaction.fail("EINVAL", "channel %s: %s", check.shown(name), format:format(...))
end

--- The fields of a kind that are about this machine: each secret with `_file` behind it, `ca_file`, and what is run. They are set
-- here, and not told to who asks from elsewhere.
-- @treturn table a set
function channel_store.local_of(kind)
  local names, of = { ca_file = true, command = true }, channels.of(kind)
  for _, name in ipairs(of and of.secrets or {}) do
    names[name .. "_file"] = true
  end
  return names
end

-- What is stored of a channel: nil where there is none.
local function stored(execute, name)
  local function value_of(column)
    local _, _, value = execute("SELECT " .. column .. " FROM alert_channel WHERE name = ?", name)
    return value
  end
  local number = value_of "number"
  if not number then
    return nil
  end
  local _, _, secrets = execute("SELECT secrets FROM alert_secret WHERE channel = ?", number) -- which no query may read
  return { number = number, kind = value_of "kind", open = cjson.decode(value_of "definition"),
    secrets = cjson.decode(secrets or "{}") }
end

-- One secret of a channel that is set, in its value or in the name of its file: what was, where it is not given.
local function merge_secret(made, definition, old, name)
  local value, file = definition[name], definition[name .. "_file"]
  if value and file then
    bad(definition.name, "%s and %s_file cannot both be given", name, name)
  elseif file == nil and value == nil or file == true or value == true then
    made.open[name], made.open[name .. "_file"] = old.open[name], old.open[name .. "_file"]
    made.secrets[name] = old.secrets[name]
    made.kept[name] = (made.secrets[name] or made.open[name .. "_file"]) and true or nil
    if file == true and not made.open[name .. "_file"] then
      bad(definition.name, "%s_file is not what it should be", name)
    elseif value == true and not made.kept[name] then
      made.open[name] = AWAITED
    end
  elseif value then
    made.open[name], made.secrets[name] = true, value
  elseif file then
    made.open[name .. "_file"] = file
  end
end

-- Where a channel goes to; nil: to where its kind does.
local function address_of(open, secrets)
  return secrets.url or open.url_file or open.url
end

local function check_address(definition, made)
  local url = made.secrets.url or made.open.url
  if type(url) == "string" and not url:find(SCHEMES[definition.kind] or SCHEMES.other) then
    bad(definition.name, "url is not what it should be")
  elseif type(made.open.url) == "string" and url:find "^%a+://[^/]*@" then
    bad(definition.name, "url must not have a password in it")
  end
end

-- Secrets go with the address that they were given for, or who may change that alone would read them there.
local function check_kept(definition, made, old)
  if old.is_there and address_of(made.open, made.secrets) ~= address_of(old.open, old.secrets) then
    for name in pairs(made.kept) do
      if name ~= "url" then
        bad(definition.name, "%s has to be given again, since url is another", name)
      end
    end
  end
end

-- What `channels.check` is asked about: a definition in which nothing is left out.
local function check_whole(definition, made)
  local whole = { name = definition.name, kind = definition.kind }
  for name, value in pairs(made.open) do
    whole[name] = made.secrets[name] or value == AWAITED and made.awaited[name] or value
  end
  local good, why = channels.check(whole)
  if not good then
    bad(definition.name, "%s", why)
  end
end

local function merge(definition, old)
  local made, of = { open = {}, secrets = {}, kept = {}, awaited = {} }, channels.of(definition.kind)
  local is_secret = {}
  for _, name in ipairs(of.secrets) do
    is_secret[name], is_secret[name .. "_file"] = true, true
    merge_secret(made, definition, old, name)
    made.awaited[name] = made.open[name] == AWAITED and "awaited" or nil
  end
  for name, value in pairs(definition) do
    if name ~= "name" and name ~= "kind" and not is_secret[name] then
      made.open[name] = value
    end
  end
  if definition.ca_file == true then
    made.open.ca_file = old.open.ca_file
  end
  check_whole(definition, made)
  check_address(definition, made)
  check_kept(definition, made, old)
  return made
end

local function check_name(definition)
  local name, kind = definition.name, definition.kind
  if type(name) ~= "string" or not name:find "^[%w][%w_.-]*$" or #name > NAME_MAX then
    bad(name, "name of letters, digits, '_', '.' and '-', up to %d, expected", NAME_MAX)
  elseif kind == "lua" then
    bad(name, "a function cannot be stored: it belongs into a configuration")
  elseif not channels.of(kind) then
    bad(name, "kind is none of %s", table.concat(channels.kinds, ", "))
  elseif definition.enabled ~= nil and type(definition.enabled) ~= "boolean" then
    bad(name, "enabled is not what it should be")
  end
end

-- A channel as it is listed.
local function shown(name, kind, open)
  local awaited = {}
  for _, secret in ipairs(channels.of(kind).secrets) do
    if open[secret] == AWAITED then
      open[secret], awaited[#awaited + 1] = true, secret
    end
  end
  return { name = name, kind = kind, definition = open, awaited = awaited }
end

-- Which secrets are others, or gone.
local function changed_secrets(of, made, old)
  local names = {}
  for _, name in ipairs(of.secrets) do
    names[#names + 1] = made.secrets[name] ~= old.secrets[name] and name or nil
  end
  return names
end

--- Drops what waits for a channel that is disabled: it would be told when nobody needs it any more.
-- @tparam function execute see `loom.transaction.run`
-- @tparam int number of the channel
-- @tparam int now in microseconds
function channel_store.drop_pending(execute, number, now)
  execute([[UPDATE alert_message SET outcome = 'dropped', ended = ?2 WHERE channel = ?1 AND outcome = 'pending']], number, now)
end

-- Writes a channel that is another one than it was: what is known of it does not hold any more.
local function write(execute, definition, open, secrets, now)
  local disabled = definition.enabled == false and now or nil
  execute([[INSERT INTO alert_channel(name, kind, definition, disabled, disabled_reason) VALUES(?1, ?2, ?3, ?4, ?5)
    ON CONFLICT(name) DO UPDATE SET kind = ?2, definition = ?3, disabled = ?4, disabled_reason = ?5, failing = NULL,
    hold = 0]], definition.name, definition.kind, open, disabled, disabled and channel_store.SWITCHED_OFF)
  execute("INSERT OR REPLACE INTO alert_secret SELECT number, ?2 FROM alert_channel WHERE name = ?1", definition.name, secrets)
  local _, _, count = execute "SELECT count(*) FROM alert_channel"
  if count > MOST then
    transaction.fail("EINVAL", "there may be at most %d channels", MOST)
  end
  if disabled then
    channel_store.drop_pending(execute, stored(execute, definition.name).number, now)
  end
end

--- Sets a channel, in a transaction; ends that where it cannot be.
-- @tparam function execute see `loom.transaction.run`
-- @tparam table definition see `loom.agent.channels.check`; a secret that is not given, or `true`, stays as it was, one that is
--   false goes
-- @tparam int now in microseconds
-- @treturn ?table what it was, as `loom.agent.channel_store.list` has it, nil where there was none
-- @treturn table what it is now
-- @treturn {string,...} the secrets that are others than they were
-- @treturn bool whether anything has changed
function channel_store.put(execute, definition, now)
  check_name(definition)
  local found = stored(execute, definition.name)
  local old = found and found.kind == definition.kind and found or { open = {}, secrets = {} }
  old.is_there = old == found
  local made = merge(definition, old)
  local open, secrets = canonical(made.open), canonical(made.secrets)
  local others = changed_secrets(channels.of(definition.kind), made, old)
  local is_changed = not old.is_there or #others > 0 or canonical(old.open) ~= open
  if is_changed then -- or a channel that fails, waits or is gone would begin anew whenever the same file is applied
    write(execute, definition, open, secrets, now)
  end
  return found and shown(definition.name, found.kind, found.open), shown(definition.name, definition.kind, made.open), others,
    is_changed
end

--- Removes a channel, with what is on its way to it, in a transaction.
-- @treturn ?table what it was; nil where there is none
function channel_store.remove(execute, name)
  local found = stored(execute, name)
  if found then
    execute("DELETE FROM alert_channel WHERE number = ?", found.number)
    return shown(name, found.kind, found.open)
  end
end

--- The channels in order of their names, without their secrets.
-- @tparam loom.monitor monitor
-- @tparam[opt] string name of one
-- @tparam[opt] table page `after`, a name, and `limit`: those that come next
-- @treturn {table,...}|nil `number`, `name`, `kind`, `definition`, in which `true` stands for a secret; `awaited`, those that
--   have not been given yet; and of the outbox `disabled`, `disabled_reason`, `failing`, `hold`, `last` and `last_outcome`
function channel_store.list(monitor, name, page)
  page = page or {}
  local rows, message, code = monitor.database:rows([[SELECT number, name, kind, definition, disabled, disabled_reason, failing,
    hold, last, last_outcome FROM alert_channel WHERE (?1 IS NULL OR name = ?1) AND name > ?2 ORDER BY name LIMIT ?3]], name,
    page.after or "", page.limit or -1)
  for _, row in ipairs(rows or {}) do
    local found = shown(row.name, row.kind, cjson.decode(row.definition))
    row.definition, row.awaited = found.definition, found.awaited
  end
  return rows, message, code
end

return channel_store
