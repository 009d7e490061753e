--- Who may do what: tokens, kept as hashes in a file.
--
-- A line of the file is `SCOPE HASH NAME`, where the scope is `read` or `write` (which may read too), the hash is the token's
-- SHA-256 (FIPS 180-4) in hexadecimal, and the name is for people. Blank lines and lines that begin with # are skipped.
-- Tokens are random and long (`loom token` makes them), so that a fast hash is enough.
-- @module loom.http.access

local journal = require "loom.http.journal"
local log = require "loom.http.log"
local problem = require "loom.http.problem"

local access = {}

local TOKEN_MAX = 512 -- bytes that are worth hashing

local tokens -- list of scope, hash and name; nil: everyone may do everything
local wrong = {} -- what is wrong with their file
local hosts, origin = {}, nil -- that may ask where everyone may
local known_host -- the last one that might, since it nearly always is the same

--- The SHA-256 of a text, as bytes.
function access.hash(text)
  return require("openssl.digest").new("sha256"):final(text)
end

--- Bytes in hexadecimal.
function access.hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function unhex(text)
  return (text:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- Reads the lines of a token file. One that cannot be read lets nobody in, and does not keep out those whom others let in.
-- @tparam function lines an iterator
-- @treturn {table,...} `scope`, `hash` and `name` of each token
-- @treturn {string,...} what is wrong, with the line's number
function access.parse(lines)
  local list, bad, number = {}, {}, 0
  for line in lines do
    number = number + 1
    if line:find("%S") and not line:find("^%s*#") then
      local scope, hash, name = line:match("^%s*(%l+)%s+(%x+)%s*(.-)%s*$")
      if (scope ~= "read" and scope ~= "write") or #hash ~= 64 then
        bad[#bad + 1] = ("%d: is not read or write, a SHA-256 in hexadecimal, and a name"):format(number)
      else
        list[#list + 1] = { scope = scope, hash = unhex(hash:lower()), name = name }
      end
    end
  end
  if #list == 0 and #bad == 0 then
    bad[1] = "1: there is no token in it"
  end
  return list, bad
end

--- Reads a token file; from then on requests need one of its tokens, and without any nobody gets in.
-- @treturn int how many there are
-- @treturn {string,...} what is wrong with the file, or with lines of it, which are left out
function access.load(path)
  local file, why = io.open(path, "r")
  tokens, wrong = {}, { why }
  if file then
    local good, list, of_lines = pcall(access.parse, file:lines()) -- it may be a folder
    file:close()
    if good then
      tokens = list
      for i, message in ipairs(of_lines) do
        wrong[i] = path .. ":" .. message
      end
    else
      wrong[1] = path .. ": cannot be read"
    end
  end
  return #tokens, wrong
end

--- How the token file was when it was read: nil where none is needed.
-- @treturn ?int how many tokens it has
-- @treturn ?int how many of its lines cannot be read; where there is no token, at least one
function access.state()
  if tokens then
    return #tokens, #wrong
  end
end

-- Whether two texts of one length are the same, in a time that does not depend on where they differ.
local function same(a, b)
  local difference = #a == #b and 0 or 1
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then
      difference = difference + 1
    end
  end
  return difference == 0
end

-- The scope and the name of a token. All of those known are compared, whichever it is.
local function scope_of(token)
  local hash, scope, name = access.hash(token), nil, nil
  for _, known in ipairs(tokens) do
    if same(hash, known.hash) and (scope == nil or known.scope == "write") then
      scope, name = known.scope, known.name
    end
  end
  return scope, name
end

-- Whether a request comes from a page of another origin: browsers tell (Fetch Metadata Request Headers, W3C), and those that do
-- not tell the origin at least of what changes something. Another port of this machine is another origin of the same site. An
-- address that somebody types, and a bookmark, is of no site.
local function is_foreign(host)
  local from, site = ngx.var.http_origin, ngx.var.http_sec_fetch_site
  if from and from == origin then
    return false
  end
  return (site and site ~= "same-origin" and site ~= "none") or (from and from:lower():gsub("^https?://", "") ~= host:lower())
end

-- A link, as opposed to what a page fetches, frames or shows.
local function is_link()
  return ngx.var.http_sec_fetch_mode == "navigate" and ngx.var.http_sec_fetch_dest == "document"
end

-- Where everyone may do everything, that is everyone on this machine, not pages that its browsers show: neither by requests to
-- another origin, nor by a name of theirs that has come to mean this machine (DNS rebinding).
local function check_page(may_be_linked)
  local host = ngx.var.http_host or ""
  if host ~= known_host then
    local name = host:lower():gsub(":%d+$", "")
    if not (name:find "^[%d.]+$" or name:find "^%[[%x:.]+%]$" or name == "localhost" or hosts[name]) then
      problem.raise(403, "without tokens this service answers to addresses, localhost and the names in `hosts`")
    end
    known_host = host
  end
  if is_foreign(host) and not (may_be_linked and is_link()) then
    problem.raise(403, "without tokens this service is not for pages of other origins")
  end
end

-- The token that a request brings (RFC 6750, section 2.1); nil if there is none.
local function sent_token()
  local scheme, token = (ngx.var.http_authorization or ""):match("^(%a+) +([%w%-._~+/]+=*)$")
  return token and scheme:lower() == "bearer" and #token <= TOKEN_MAX and token or nil
end

local function refuse(status, detail, challenge)
  problem.raise(status, detail, { headers = { ["WWW-Authenticate"] = challenge } })
end

--- Ends the request unless it may do what a route asks for (RFC 6750).
-- @tparam string needed "none", "read" or "write"
-- @tparam[opt] bool may_be_linked whether pages of any origin may link to it, though not fetch it
function access.check(needed, may_be_linked)
  if needed == "none" then
    return
  elseif not tokens then
    return check_page(may_be_linked)
  end
  local token = sent_token()
  if not token then
    refuse(401, "a token is needed: Authorization: Bearer TOKEN", "Bearer")
  end
  local scope, name = scope_of(token)
  journal.note_token(name)
  if not scope then
    refuse(401, "the token is not known", 'Bearer error="invalid_token"')
  elseif needed == "write" and scope ~= "write" then
    refuse(403, "the token may only read", 'Bearer error="insufficient_scope", scope="write"')
  end
end

--- Whom a request comes from, for limits of each client: the token that was checked, however the header is written, or else the
-- address; of IPv6 the network, in which a client has as many addresses as it likes.
-- @treturn string
function access.client()
  local address = ngx.var.binary_remote_addr
  return tokens and "token " .. sent_token() or "address " .. (#address == 16 and address:sub(1, 8) or address)
end

local TOLD_MAX = 10 -- bad lines that are told one by one

--- Begins in a worker: with a `token_file`, requests need one of its tokens. What is wrong with the file is told to the log, to
-- the metrics, and by /readyz; it never lets in a token that is not there any more.
-- @tparam table options `token_file`, `hosts` and `cors_origin`: see `loom.http.init_worker`
function access.init_worker(options)
  for _, name in ipairs(options.hosts or {}) do
    hosts[name:lower()] = true
  end
  origin = options.cors_origin
  if not options.token_file then
    return
  end
  local count, found = access.load(options.token_file)
  if ngx.worker.id() ~= 0 then -- one of them tells
    return
  end
  for i = 1, math.min(#found, TOLD_MAX) do
    log.write(ngx.ERR, "loom: ", found[i])
  end
  if #found > TOLD_MAX or count == 0 then
    log.write(ngx.ERR, ("loom: %s: %d lines cannot be read, %d tokens are in force"):format(options.token_file, #found, count))
  end
end

return access
