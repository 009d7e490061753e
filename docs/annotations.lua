-- Writes meta/loom.lua, what LuaLS (lua-language-server) knows of the module, to standard output: `make annotations`. All of it
-- is in the doc comments of the public files, which docs/config.ld lists.

package.path = "spec/?.lua;" .. package.path

local doc_comments = require "support.doc_comments"

local out = {}

local function put(format, ...)
  out[#out + 1] = select("#", ...) > 0 and format:format(...) or format
end

-- ---- types ----

local renamed = { int = "integer", bool = "boolean", file = "file*", ["true"] = "true" }

-- A type of LDoc's as LuaLS writes it: `?int` is `integer?`, `{string,...}` is `string[]`.
local function type_of(text)
  local optional, list = text:match "^%?(.+)$", text:match "^{(.+),%.%.%.}$"
  if optional then
    return type_of(optional) .. "?"
  elseif list then
    local item = type_of(list)
    return (item:find "|" and "(" .. item .. ")" or item) .. "[]"
  elseif text:find("|", 1, true) then
    local types, depth, from = {}, 0, 1
    for at = 1, #text + 1 do
      local c = text:sub(at, at)
      depth = depth + (c == "{" and 1 or c == "}" and -1 or 0)
      if depth == 0 and (c == "|" or c == "") then
        types[#types + 1], from = type_of(text:sub(from, at - 1)), at + 1
      end
    end
    return table.concat(types, "|")
  end
  return renamed[text] or text
end

-- The strings that a text names, such as `"up"` or `"none"`, are offered where one is to be written; others are strings too.
local function with_choices(kind, description)
  local types, known = { kind }, {}
  local takes_strings = ("|" .. kind .. "|"):find "|string%??|" ~= nil
  for word in description:gmatch '`"(%a[%w_]*)"`' do
    if takes_strings and not known[word] then
      known[word] = true
      types[#types + 1] = ('"%s"'):format(word)
    end
  end
  return table.concat(types, "|")
end

-- A function whose text tells what it gives is an iterator.
local function return_type(kind, description)
  local given = kind == "function" and description:match "^that gives a `?(loom%.[%w_.]+)"
  return given and ("fun(): %s?"):format(given) or with_choices(type_of(kind), description)
end

-- ---- comments ----

local function one_line(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- What stands before the first tag, a line to a line.
local function put_description(lines)
  for _, line in ipairs(lines) do
    if line:find "^%-%- ?@" then
      break
    end
    put("---%s", (line:gsub("^%-+ ?", "")))
  end
end

local function put_usage(tags)
  for _, usage in ipairs(doc_comments.texts(tags, "usage")) do
    put "---"
    put "---```lua"
    for line in usage:gsub("^\n", ""):gmatch "[^\n]+" do
      put("---%s", line)
    end
    put "---```"
  end
end

-- A parameter: name, type, description, and whether it may be left out.
local function parameter_of(tag)
  local kind, name, text
  if tag.name == "tparam" then
    kind, name, text = tag.text:match "^(%S+)%s+(%S+)%s*(.*)$"
  else
    kind, name, text = "any", tag.text:match "^(%S+)%s*(.*)$"
  end
  local default = tag.modifiers:match "opt=(.*)%]"
  text = one_line(one_line(text) .. (default and (" (default: %s)"):format(default) or ""))
  return { name = name, type = with_choices(type_of(kind), text), text = text, optional = tag.modifiers:find "opt" ~= nil }
end

local function field(parameter)
  put("---@field %s%s %s %s", parameter.name, parameter.optional and "?" or "", parameter.type, parameter.text)
end

-- ---- functions ----

local classes = {} -- of tables of options, by function and parameter

-- The parameters of a function, those of tables as `fields` of their table.
local function parameters_of(doc)
  local list, by_name = {}, {}
  for _, tag in ipairs(doc.tags) do
    if tag.name == "param" or tag.name == "tparam" then
      local parameter = parameter_of(tag)
      local outer, inner = parameter.name:match "^([%w_]+)%.([%w_]+)$"
      if outer then
        by_name[outer].fields = by_name[outer].fields or {}
        parameter.name = inner
        table.insert(by_name[outer].fields, parameter)
      else
        list[#list + 1], by_name[parameter.name] = parameter, parameter
      end
    end
  end
  return list
end

-- Gives tables of options classes of their own; those that are "as in" another function's have that one's.
local function put_option_classes(module, name, parameters)
  for _, parameter in ipairs(parameters) do
    local other = parameter.text:match "as in `([%w_]+)`"
    local base = other and classes[("%s.%s.%s"):format(module.name, other, parameter.name)]
    if parameter.fields then
      local class = ("%s.%s.%s"):format(module.name, name, parameter.name)
      classes[class] = class
      put("---@class %s%s", class, base and ": " .. base or "")
      for _, item in ipairs(parameter.fields) do
        field(item)
      end
      if parameter.text:find "what the format takes" then
        put "---@field [string] any what the format takes"
      end
      put ""
      parameter.type = parameter.type:gsub("table", class, 1)
    elseif base and parameter.type == "table" then
      parameter.type = base
    end
  end
end

local function put_return(tag)
  local kind, description = "any", tag.text
  if tag.name == "treturn" then
    kind, description = tag.text:match "^(%S+)%s*(.*)$"
  end
  description = one_line(description)
  put("---@return %s%s", return_type(kind, description), description ~= "" and " # " .. description or "")
end

local function put_function(module, object, name, doc)
  local parameters = parameters_of(doc)
  put_option_classes(module, name, parameters)
  put_description(doc.lines)
  put_usage(doc.tags)
  for _, parameter in ipairs(parameters) do
    put("---@param %s%s %s %s", parameter.name, parameter.optional and "?" or "", parameter.type, parameter.text)
  end
  for _, tag in ipairs(doc.tags) do
    if tag.name == "treturn" or tag.name == "return" then
      put_return(tag)
    end
  end
  put("function %s%s%s(%s) end", object, doc.is_method and ":" or ".", name, table.concat(doc.parameters, ", "))
  put ""
end

-- ---- modules ----

local function put_table(module, section)
  local is_own = section.name == "fields"
  if not is_own then
    put_description(section.lines)
    put("---@class %s.%s", module.name, section.name)
  end
  for _, tag in ipairs(section.tags) do
    if tag.name == "tfield" then
      local kind, name, text = tag.text:match "^(%S+)%s+(%S+)%s*(.*)$"
      field { name = name, type = with_choices(type_of(kind), text), text = one_line(text) }
    elseif tag.name == "field" then
      local name, text = tag.text:match "^(%S+)%s*(.*)$"
      if name:find "^[%l_]+$" then -- a name of one, and no pattern of names
        field { name = name, type = module.name == "loom.formats" and "function" or "any", text = one_line(text) }
      end
    end
  end
  if not is_own then
    put ""
  end
end

-- What the sections of tables do not say: what numbers give, and windows by their names.
local special = {
  ["loom.report"] = { "[integer] loom.row" },
  ["loom.groups"] = { "[integer] loom.row" },
  ["loom.row"] = {
    "[string] any the figures of a window by its name (`loom.figures.figures`), and what the standard columns print",
    "last_hour loom.figures.figures in the standard windows", "last_day loom.figures.figures", "last_week loom.figures.figures",
  },
}

local function put_module(module)
  local head, tables = doc_comments.head(module.path), doc_comments.tables(module.path)
  local object = module.name:match "[%w_]+$"
  for _, section in ipairs(tables) do
    if section.name ~= "fields" then
      put_table(module, section)
    end
  end
  put_description(head.lines)
  local class_lines = module.is_rows and ": loom.rows" or ""
  put("---@class %s%s", module.name, class_lines)
  for _, section in ipairs(tables) do
    if section.name == "fields" or module.name == "loom.formats" and section.name == "formats" then
      put_table(module, { name = "fields", lines = section.lines, tags = section.tags })
    end
  end
  for _, line in ipairs(special[module.name] or {}) do
    put("---@field %s", line)
  end
  if module.is_rows then
    put "---@operator len: integer"
  end
  put("local %s = {}", object)
  put ""
  local documented, names = doc_comments.functions(module.path), {}
  for name, doc in pairs(documented) do
    if doc_comments.is_public(name, doc) then
      names[#names + 1] = name
    end
  end
  table.sort(names, function(a, b)
    return documented[a].line < documented[b].line
  end)
  for _, name in ipairs(names) do
    put_function(module, object, name, documented[name])
  end
end

put "---@meta loom"
put ""
put "-- What LuaLS knows of Loom: its functions, tables of options and classes. Made by `make annotations` from the doc"
put "-- comments in lua/loom, where everything is to be changed."
put ""
for _, module in ipairs(doc_comments.public_modules()) do
  module.is_rows = doc_comments.read(module.path):find("__index = rows", 1, true) ~= nil
  put_module(module)
end
put "return loom"
io.write((table.concat(out, "\n"):gsub("[ ]+\n", "\n")), "\n")
