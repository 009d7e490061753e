--- The modules of a page in few scripts: as one classic script, for pages that are opened from a disk, where browsers load no
-- modules, or as one that a page begins with and one to each of those that are imported by a call.
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
local COMMON = [==[
const $modules = {}, $loaded = {};
const $load = (name) => $loaded[name] ??= $modules[name]();
]==]
local WHOLE = '"use strict";\n(() => {\n' .. COMMON .. "const $later = async (name) => $load(name);\n"
local FIRST = COMMON .. [==[
const $later = async (name) => {
await undefined; // scripts that a page begins with are all there after that
if (!$modules[name]) {
await import("./" + name);
}
return $load(name);
};
export { $modules, $load, $later };
]==]
local OTHER = 'import { $modules, $load, $later } from "%s";\n'

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
  local parts, at = {}, 1
  local from, to = text:find "/%*.-%*/"
  while from do
    local code, comment = text:sub(at, from - 1), text:sub(from, to)
    local before = code:gsub("^.*\n", "")
    local _, quotes = before:gsub("[\"'`]", "")
    if quotes % 2 == 1 or before:find "//" or before:find "[^%s({]$" then -- in a text, a comment of one line, an expression
      error(("%s: a comment where none is expected: %s"):format(name, before .. comment:match "^[^\n]*"), 0)
    end
    parts[#parts + 1] = code .. (comment:find "\n" and "" or " ")
    at = to + 1
    from, to = text:find("/%*.-%*/", at)
  end
  return table.concat(parts) .. text:sub(at)
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
  text = ('$modules["%s"] ??= () => {\n%s\nreturn { %s };\n};\n'):format(name, text, table.concat(exported, ", "))
  return text, needed, later
end

-- The module that is run, all that it needs, and what these import by calls: `texts` of them, and `roots`, that module and each
-- that is imported by a call, in the order in which they are met. A root has its `name`; `members`, the names of what is run with
-- it, each after what it needs itself, also as a set, `has`; and `later`, the names of what these import by calls.
local function read_all(read, entry, replaced)
  local texts, needs, laters, roots, is_root = {}, {}, {}, { { name = entry } }, { [entry] = true }
  local function add(root, path, by, open)
    if open[path] then
      error(("%s: is needed by %s, and needs it"):format(path, by), 0)
    elseif not root.has[path] then
      if not texts[path] then
        local place = replaced and replaced[path] or path
        texts[path], needs[path], laters[path] = made_of(read(place), path, place)
      end
      open[path] = true
      for _, other in ipairs(needs[path]) do
        add(root, other, path, open)
      end
      open[path], root.has[path] = nil, true
      table.insert(root.members, path)
    end
  end
  local at = 1
  while roots[at] do
    local root = roots[at]
    root.members, root.has, root.later = {}, {}, {}
    add(root, root.name, nil, {})
    for _, member in ipairs(root.members) do
      for _, other in ipairs(laters[member]) do
        root.later[other] = true
        if not is_root[other] then
          is_root[other] = true
          roots[#roots + 1] = { name = other }
        end
      end
    end
    at = at + 1
  end
  return texts, roots
end

-- Adds a root's members that are not there.
local function add_members(parts, root, there, texts)
  for _, member in ipairs(root.members) do
    parts[#parts + 1] = not there[member] and texts[member] or nil
    there[member] = true
  end
end

--- Makes one script of all.
-- @tparam function read from a module's path, such as `views/fleet.js`, to its text
-- @tparam string entry the path of the module that is run
-- @tparam[opt] {[string]=string} replaced paths of modules to take in the place of others, by the paths of those; what they
--   import is relative to their own
-- @treturn string the script. Raises a text with the module where one has a form that is not known, or needs itself
function bundle.of(read, entry, replaced)
  local texts, roots = read_all(read, entry, replaced)
  local parts, there = { WHOLE }, {}
  for _, root in ipairs(roots) do
    add_members(parts, root, there, texts)
  end
  parts[#parts + 1] = ('$load("%s");\n})();\n'):format(entry)
  return table.concat(parts)
end

-- What is there whenever a root is asked for: the members of those that the page begins with, and of the one that asks for this
-- one, where no other does.
local function there_before(root, roots, begins)
  local there, asking, count = {}, nil, 0
  for _, other in ipairs(roots) do
    if other.later[root.name] then
      asking, count = other, count + 1
    end
  end
  for _, other in ipairs(roots) do
    if begins[other.name] or other == asking and count == 1 then
      for member in pairs(other.has) do
        there[member] = true
      end
    end
  end
  return there
end

--- Makes a script, a module itself, that a page begins with, and one to each module that is imported by a call, with what it
-- needs and nothing else has brought before. All have their modules' paths, and load the first.
-- @tparam function read from a module's path to its text
-- @tparam string entry the path of the module that is run
-- @tparam {string,...} soon paths of modules that it imports by calls, and that are in the same script
-- @treturn {[string]=string} scripts by the paths of their modules. Raises as `bundle.of` does
function bundle.parts(read, entry, soon)
  local texts, roots = read_all(read, entry)
  local begins, first, there, scripts = { [entry] = true }, { FIRST }, {}, {}
  for _, name in ipairs(soon) do
    begins[name] = true
  end
  for _, root in ipairs(roots) do
    if begins[root.name] then
      add_members(first, root, there, texts)
    else
      local up = ("../"):rep(select(2, root.name:gsub("/", "")))
      local parts = { OTHER:format((up == "" and "./" or up) .. entry) }
      add_members(parts, root, there_before(root, roots, begins), texts)
      scripts[root.name] = table.concat(parts)
    end
  end
  first[#first + 1] = ('$load("%s");\n'):format(entry)
  scripts[entry] = table.concat(first)
  return scripts
end

return bundle
