--- Base64 (RFC 4648, section 4).
-- @module loom.agent.base64

local base64 = {}

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function letter(value, shift)
  local at = math.floor(value / shift) % 64 + 1
  return LETTERS:sub(at, at)
end

--- Bytes as text.
function base64.encode(bytes)
  local parts = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local value = a * 65536 + (b or 0) * 256 + (c or 0)
    parts[#parts + 1] = letter(value, 262144) .. letter(value, 4096) .. (b and letter(value, 64) or "=")
      .. (c and letter(value, 1) or "=")
  end
  return table.concat(parts)
end

--- The bytes that a text stands for; nil where it is none.
function base64.decode(text)
  local body, padding = text:match "^([%w+/]*)(=?=?)$"
  if not body or (#body + #padding) % 4 ~= 0 then
    return nil
  end
  local parts = {}
  for i = 1, #body, 4 do
    local value, count = 0, math.min(4, #body - i + 1)
    for k = i, i + 3 do
      value = value * 64 + (k <= #body and LETTERS:find(body:sub(k, k), 1, true) - 1 or 0)
    end
    local bytes = string.char(math.floor(value / 65536), math.floor(value / 256) % 256, value % 256)
    parts[#parts + 1] = bytes:sub(1, count - 1)
  end
  return table.concat(parts)
end

return base64
