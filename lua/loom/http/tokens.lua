--- Tokens, kept as hashes in a file.
--
-- A line of the file is `SCOPE HASH NAME`, where the scope is `read` or `write` (which may read too), the hash is the token's
-- SHA-256 (FIPS 180-4) in hexadecimal, and the name is for people. Blank lines and lines that begin with # are skipped.
-- Tokens are random and long (`loom token` makes them), so that a fast hash is enough.
-- @module loom.http.tokens

local tokens = {}

local TOKEN_MAX = 512 -- bytes that are worth hashing

local list -- of those in force: see `tokens.parse`; nil: everyone may do everything
local wrong = {} -- what is wrong with their file

--- The SHA-256 of a text, as bytes.
function tokens.hash(text)
  return require("openssl.digest").new("sha256"):final(text)
end

--- Bytes in hexadecimal.
function tokens.hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

--- What is in hexadecimal, as bytes.
function tokens.unhex(text)
  return (text:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- Reads the lines of a token file. One that cannot be read lets nobody in, and does not keep out those whom others let in.
-- @tparam function lines an iterator
-- @treturn {table,...} `scope`, `hash` and `name` of each token
-- @treturn {string,...} what is wrong, with the line's number
function tokens.parse(lines)
  local known, bad, number = {}, {}, 0
  for line in lines do
    number = number + 1
    if line:find("%S") and not line:find("^%s*#") then
      local scope, hash, name = line:match("^%s*(%l+)%s+(%x+)%s*(.-)%s*$")
      if (scope ~= "read" and scope ~= "write") or #hash ~= 64 then
        bad[#bad + 1] = ("%d: is not read or write, a SHA-256 in hexadecimal, and a name"):format(number)
      else
        known[#known + 1] = { scope = scope, hash = tokens.unhex(hash:lower()), name = name }
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

--- What the file says of a token with a hash. All of those known are compared, whichever it is.
-- @tparam string hash as bytes
-- @treturn ?table as `tokens.parse` gives it; where several lines have it the one that may do the most
function tokens.of_hash(hash)
  local found
  for _, known in ipairs(list) do
    if same(hash, known.hash) and (not found or known.scope == "write") then
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
