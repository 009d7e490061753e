--- Data as classic scripts, which are all that browsers read beside a page that is opened from a disk: each puts a text of JSON
-- under a name, for whoever wants it.
-- @module loom.site.script

local escapes = { ["\\"] = "\\\\", ["'"] = "\\'", ["\n"] = "\\n", ["\r"] = "\\r" }

-- Whether there is anything to escape. Most texts have nothing, and are long: to look for one character takes next to no time.
local function is_special(text)
  for character in pairs(escapes) do
    if text:find(character, 1, true) then
      return true
    end
  end
  return false
end

--- A script. JSON stays text in it: it is read faster than code, and a name such as `__proto__` is one like any other.
-- @function script
-- @tparam string name of letters, digits and dashes
-- @tparam string text JSON
-- @treturn string
return function(name, text)
  local escaped = is_special(text) and text:gsub("[\\'\n\r]", escapes) or text
  return ("(globalThis.loomFiles ||= {})[\"%s\"] = '%s';\n"):format(name, escaped)
end
