--- Tokens, kept as hashes in a file.
--
-- A line of the file is `SCOPE HASH NAME`, where the scope is `read` or `write` (which may read too), the hash is the token's
-- SHA-256 (FIPS 180-4) in hexadecimal, and the name is for people; or it is `board HASH CONDITIONS NAME`, which may read what
-- is of some stores alone: those with the attributes that the conditions name, `brand=Taco&brand=Burrito&region=north`, in which
-- bytes other than letters, digits and - . _ ~ are percent-encoded. Blank lines and lines that begin with # are skipped.
-- Tokens are random and long (`loom token` makes them), so that a fast hash is enough.
-- @module loom.http.tokens

local stores = require "loom.stores"

local tokens = {}

local TOKEN_MAX = 512 -- bytes that are worth hashing

--- The most values that the conditions of a token name: each is looked at for each store.
tokens.CONDITIONS_MAX = 100

local list -- of those in force: see `tokens.parse`; nil: everyone may do everything
local wrong = {} -- what is wrong with their file

--- The SHA-256 of a text, as bytes.
function tokens.hash(text)
  return require("openssl.digest").new("sha256"):final(text)
end

-- Every byte's digits, and the opposite: requests are known by hashes.
local digits_of, byte_of = {}, {}
for i = 0, 255 do
  local digits = ("%02x"):format(i)
  digits_of[string.char(i)], byte_of[digits] = digits, string.char(i)
end

--- Bytes in hexadecimal.
function tokens.hex(bytes)
  return (bytes:gsub(".", digits_of))
end

--- What is in hexadecimal, as bytes.
function tokens.unhex(text)
  return (text:lower():gsub("%x%x", byte_of))
end

-- ---- the stores of a token ----

local function encoded(text)
  return (text:gsub("[^%w._~-]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function decoded(text)
  local plain = text:gsub("%%(%x%x)", tokens.unhex)
  return not text:gsub("%%%x%x", ""):find "%%" and plain or nil
end

--- Conditions as they stand in a token file.
-- @tparam table where lists of values by the names of attributes
-- @treturn string
function tokens.conditions_text(where)
  local parts = {}
  for name, values in pairs(where) do
    for _, value in ipairs(values) do
      parts[#parts + 1] = encoded(name) .. "=" .. encoded(value)
    end
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

-- The opposite; nil where it is none.
local function read_conditions(text)
  local where, count = {}, 0
  for part in (text .. "&"):gmatch "([^&]*)&" do
    local name, value = part:match "^([^=]+)=([^=]*)$"
    name, value = name and decoded(name), value and decoded(value)
    if not (name and value and stores.attribute_name(name)) or count == tokens.CONDITIONS_MAX then
      return nil
    end
    where[name] = where[name] or {}
    table.insert(where[name], value)
    count = count + 1
  end
  return where
end

-- ---- the file ----

-- A token of a line; nil, and what was expected.
local function read_line(line)
  local scope, hash, name = line:match "^%s*(%l+)%s+(%x+)%s*(.-)%s*$"
  local known = { scope = scope, hash = hash and #hash == 64 and tokens.unhex(hash) or nil, name = name }
  if known.hash and scope == "board" then
    local conditions, rest = name:match "^(%S+)%s*(.*)$"
    known.scope, known.where, known.name = "read", conditions and read_conditions(conditions), rest
    if known.where then
      return known
    end
  elseif known.hash and (scope == "read" or scope == "write") then
    return known
  end
  return nil, scope == "board" and "board, a SHA-256 in hexadecimal, conditions such as brand=Taco, and a name"
    or "read or write, a SHA-256 in hexadecimal, and a name"
end

--- Reads the lines of a token file. One that cannot be read lets nobody in, and does not keep out those whom others let in.
-- @tparam function lines an iterator
-- @treturn {table,...} `scope`, "read" or "write", `hash` and `name` of each token, and `where` of those that see some stores
--   alone: lists of values by the names of attributes
-- @treturn {string,...} what is wrong, with the line's number
function tokens.parse(lines)
  local known, bad, number = {}, {}, 0
  for line in lines do
    number = number + 1
    if line:find("%S") and not line:find("^%s*#") then
      local token, expected = read_line(line)
      known[#known + 1] = token
      if not token then
        bad[#bad + 1] = ("%d: is not %s"):format(number, expected)
      end
    end
  end
  if #known == 0 and #bad == 0 then
    bad[1] = "1: there is no token in it"
  end
  return known, bad
end

--- Reads a token file; from then on requests need one of its tokens, and without any nobody gets in.
-- @treturn int how many there are
-- @treturn {string,...} what is wrong with the file, or with lines of it, which are left out
function tokens.load(path)
  local file, why = io.open(path, "r")
  list, wrong = {}, { why }
  if file then
    local good, known, of_lines = pcall(tokens.parse, file:lines()) -- it may be a folder
    file:close()
    if good then
      list = known
      for i, message in ipairs(of_lines) do
        wrong[i] = path .. ":" .. message
      end
    else
      wrong[1] = path .. ": cannot be read"
    end
  end
  return #list, wrong
end

--- How the token file was when it was read: nil where none is needed.
-- @treturn ?int how many tokens it has
-- @treturn ?int how many of its lines cannot be read; where there is no token, at least one
function tokens.state()
  if list then
    return #list, #wrong
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

-- How much a token may do, for comparing.
local function reach_of(token)
  return token.scope == "write" and 3 or token.where and 1 or 2
end

--- What the file says of a token with a hash. All of those known are compared, whichever it is.
-- @tparam string hash as bytes
-- @treturn ?table as `tokens.parse` gives it; where several lines have it the one that may do the most
function tokens.of_hash(hash)
  local found
  for _, known in ipairs(list) do
    if same(hash, known.hash) and (not found or reach_of(known) > reach_of(found)) then
      found = known
    end
  end
  return found
end

--- What the file says of a token.
-- @tparam string token
-- @treturn ?table
function tokens.of(token)
  return #token <= TOKEN_MAX and tokens.of_hash(tokens.hash(token)) or nil
end

return tokens
