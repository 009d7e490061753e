--- What a page has inside: styles and scripts, which its policy allows by their hashes.
-- @module loom.formats.html.inline

local core = require "loom.core"
local web = require "loom.web"

local inline = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Base64: RFC 4648, section 4. Three bytes are four letters; of those that zeros were added to, "=" stands for the last ones.
local function base64(bytes)
  local added = -#bytes % 3
  local letters = (bytes .. ("\0"):rep(added)):gsub("...", function(three)
    local a, b, c = three:byte(1, 3)
    local number = a * 65536 + b * 256 + c
    local four = {}
    for i = 4, 1, -1 do
      local digit = number % 64
      four[i] = ALPHABET:sub(digit + 1, digit + 1)
      number = (number - digit) / 64
    end
    return table.concat(four)
  end)
  return letters:sub(1, #letters - added) .. ("="):rep(added)
end

--- A text that is to stand inside of a page.
-- @tparam string text
-- @treturn table `text`; and `sha256`, its hash as a Content-Security-Policy has it
function inline.of(text)
  return { text = text, sha256 = base64(core.sha256(text)) }
end

--- The text of a module of the dashboard, for a script that is none: what it exports is local to that script. It may import
-- nothing.
-- @tparam string name the file's
-- @treturn string
function inline.module(name)
  local text = "\n" .. web.read(name)
  assert(not text:find "\nimport%f[^%w]" and not text:find "\nexport [^cfl]", name .. ": it stands for itself, or not at all")
  return (text:gsub("\nexport ", "\n"))
end

return inline
