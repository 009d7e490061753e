--- The modules of a page as one classic script, for pages that are opened from a disk, where browsers load no modules.
--
-- It knows the forms of `import` and `export` that the dashboard has, each at the beginning of a line, and refuses all others:
--
--     import { one, two as other } from "./file.js";      export function one() …, also async
--     import * as all from "../file.js";                  export const two = …
--     import("./file.js")                                 export class Three …
--
-- They run once, in the order in which modules do; one that is imported by a call is run when it is called first.
-- Those that need each other in a circle are refused, since what they have of each other would be there later only.
-- @module loom.bundle

local bundle = {}

local WORD = "[%w_$]"

-- Names that modules do not have.
local START = [==[
"use strict";
(() => {
const $modules = {}, $loaded = {};
const $load = (name) => $loaded[name] ??= $modules[name]();
const $later = async (name) => $load(name);
]==]

-- The path that a specifier names for a module: relative ones alone.
local function resolve(specifier, from)
  local path = specifier:match "^%./(.+)$" and specifier or specifier:match "^%.%./.+$"
  if not path then
    error(('%s: imports "%s", which is no file beside it'):format(from, specifier), 0)
  end
  local parts = {}
  for part in (from:gsub("[^/]*$", "") .. path):gmatch "[^/]+" do
    if part == ".." then
      assert(table.remove(parts), from .. ": imports what is outside of the folder")
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

-- The text without block comments, in which types are imported.
local function without_comments(text, name)
  return (text:gsub("([^\n]-)(/%*.-%*/)", function(before, comment)
    local _, quotes = before:gsub("[\"'`]", "")
    if quotes % 2 == 1 or before:find "//" or before:find "[^%s({]$" then -- in a text, a comment of one line, an expression
      error(("%s: a comment where none is expected: %s"):format(name, before .. comment:match "^[^\n]*"), 0)
    end
    return before .. (comment:find "\n" and "" or " ")
  end))
end

-- Takes imports out, which are relative to a place, and puts loading before everything else, which is where they happen, whatever
-- line they are on. Collects the paths of what is imported at once, in their order, and those of what is imported by calls.
local function replace_imports(text, place, needed, later)
  local loads = {}
  text = text:gsub('\nimport ([%w%s_$*{},]-) from "([^"\n]+)";', function(what, specifier)
    local binding = what:match("^%* as (" .. WORD .. "+)$") or what:match "^%b{}$"
    if binding then
      local path = resolve(specifier, place)
      needed[#needed + 1] = path
      loads[#loads + 1] = ('const %s = $load("%s");\n'):format(binding:gsub("%s+as%s+", ": "):gsub("%s+", " "), path)
      return "\n"
    end
  end)
  text = text:gsub('%f[%w_$]import%("([^"\n]+)"%)', function(specifier)
    local path = resolve(specifier, place)
    later[#later + 1] = path
    return ('$later("%s")'):format(path)
  end)
  return table.concat(loads) .. text
end

-- Makes what is exported local. Collects the names.
local function replace_exports(text, exported)
  for _, form in ipairs { "async function ", "function ", "const ", "class " } do
    text = text:gsub("\nexport (" .. form .. "(" .. WORD .. "+))", function(rest, name)
      exported[#exported + 1] = name
      return "\n" .. rest
    end)
  end
  return text
end

local function refuse_own_names(text, name)
  for _, own in ipairs { "$modules", "$loaded", "$load", "$later" } do
    if text:find("%f[%w_$]" .. own:gsub("%$", "%%$") .. "%f[^%w_$]") then
      error(("%s: has a name of the script's own: %s"):format(name, own), 0)
    end
  end
end

-- What is left of importing and exporting is of a form that is not known.
local function refuse_others(text, name)
  for line in text:gmatch "[^\n]+" do
    local code = line:gsub("%s//.*", "")
    for _, word in ipairs { "import", "export" } do
      if code:find("%f[%w_$]" .. word .. "%f[^%w_$]") then
        error(("%s: a form of %s that is not known: %s"):format(name, word, line), 0)
      end
    end
  end
end

-- `place`: the path that what it imports is relative to.
local function made_of(text, name, place)
  local needed, later, exported = {}, {}, {}
  text = without_comments("\n" .. text:gsub("\r\n", "\n"), name)
  refuse_own_names(text, name)
  text = replace_exports(replace_imports(text, place, needed, later), exported)
  refuse_others(text, name)
  return ('$modules["%s"] = () => {\n%s\nreturn { %s };\n};\n'):format(name, text, table.concat(exported, ", ")), needed, later
end

--- Makes the script.
-- @tparam function read from a module's path, such as `views/fleet.js`, to its text
-- @tparam string entry the path of the module that is run
-- @tparam[opt] {[string]=string} replaced paths of modules to take in the place of others, by the paths of those; what they
--   import is relative to their own
-- @treturn string the script. Raises a text with the module where one has a form that is not known, or needs itself
function bundle.of(read, entry, replaced)
  local parts, states, waiting = { START }, {}, { entry }
  local function add(path, by)
    if states[path] == "open" then
      error(("%s: is needed by %s, and needs it"):format(path, by), 0)
    elseif not states[path] then
      states[path] = "open"
      local place = replaced and replaced[path] or path
      local text, needed, later = made_of(read(place), path, place)
      for _, other in ipairs(needed) do
        add(other, path)
      end
      for _, other in ipairs(later) do
        waiting[#waiting + 1] = other
      end
      states[path] = "done"
      parts[#parts + 1] = text
    end
  end
  local at = 1
  while waiting[at] do
    add(waiting[at])
    at = at + 1
  end
  parts[#parts + 1] = ('$load("%s");\n})();\n'):format(entry)
  return table.concat(parts)
end

return bundle
