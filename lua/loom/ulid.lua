--- Ids of 26 characters whose order is that of their milliseconds (ULID): digits of Crockford's base 32, 10 of the time and 16 at
-- random.
-- @module loom.ulid

local core = require "loom.core"

local ulid = {}

local DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

local function digits(number, count)
  local text = ""
  for _ = 1, count do
    local digit = number % 32 + 1
    text = DIGITS:sub(digit, digit) .. text
    number = math.floor(number / 32)
  end
  return text
end

--- A new id.
-- @tparam int instant in microseconds, not before 1970
-- @treturn string
function ulid.new(instant)
  -- 80 bits, in two pieces that doubles hold; the version and the variant of the UUID are not at random, and are left out.
  local random = core.uuid():gsub("-", "")
  local one = tonumber(random:sub(1, 10), 16)
  local other = tonumber(random:sub(21, 30), 16)
  return digits(math.floor(instant / 1000), 10) .. digits(one, 8) .. digits(other, 8)
end

return ulid
