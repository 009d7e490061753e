--- The comments before public functions, as LDoc reads them.

local doc_comments = {}

--- All of a file.
function doc_comments.read(path)
  local file = assert(io.open(path, "rb"))
  local text = assert(file:read "*a")
  file:close()
  return text
end

--- The modules whose reference LDoc makes: name and path of each.
function doc_comments.public_modules()
  local modules = {}
  for path in doc_comments.read("docs/config.ld"):gmatch '"%.%./(lua/[^"]+)"' do
    local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
    modules[#modules + 1] = { name = name, path = path }
  end
  return modules
end

-- The tags of a comment, each with the lines that continue it: name (such as "tparam"), modifiers, text.
local function tags_of(lines)
  local tags = {}
  for _, line in ipairs(lines) do
    local name, modifiers, text = line:match "^%-%- @(%l+)(%b[])%s*(.*)$"
    if not name then
      name, text = line:match "^%-%- @(%l+)%s*(.*)$"
    end
    if name then
      tags[#tags + 1] = { name = name, modifiers = modifiers or "", text = text }
    elseif #tags > 0 then
      tags[#tags].text = tags[#tags].text .. "\n" .. line:gsub("^%-%- ?", "")
    end
  end
  return tags
end

-- The lines of a function from the one after its head to its end.
local function body_of(lines, at)
  local body = {}
  if lines[at]:find "%send$" then
    return body
  end
  for i = at + 1, #lines do
    if lines[i] == "end" then
      break
    end
    body[#body + 1] = lines[i]
  end
  return body
end

--- The functions that a file defines in its module's table, by name: `line`, `lines` of the comment before it, `tags`,
-- `parameters`, `body` and `is_method`.
function doc_comments.functions(path)
  local lines, found, comment = {}, {}, {}
  for line in (doc_comments.read(path) .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  for i, line in ipairs(lines) do
    local separator, name, parameters = line:match "^function [%w_]+([.:])([%w_]+)%((.*)%)"
    if name then
      local list = {}
      for parameter in parameters:gmatch "[^%s,]+" do
        list[#list + 1] = parameter
      end
      found[name] = { line = i, lines = comment, tags = tags_of(comment), parameters = list, body = body_of(lines, i),
        is_method = separator == ":" }
    end
    comment = line:find "^%-%-" and comment or {}
    if line:find "^%-%-" then
      comment[#comment + 1] = line
    end
  end
  return found
end

-- The comments of a file: lists of lines.
local function comments_of(path)
  local comments, current = {}, nil
  for line in (doc_comments.read(path) .. "\n"):gmatch "(.-)\n" do
    if line:find "^%-%-" then
      current = current or {}
      current[#current + 1] = line
    elseif current then
      comments[#comments + 1], current = current, nil
    end
  end
  return comments
end

--- The comment that a module begins with: `lines` and `tags`.
function doc_comments.head(path)
  local lines = comments_of(path)[1]
  return { lines = lines, tags = tags_of(lines) }
end

--- The tables that a file documents, in order: `name`, `lines` and `tags`.
function doc_comments.tables(path)
  local found = {}
  for _, lines in ipairs(comments_of(path)) do
    local tags = tags_of(lines)
    local name = doc_comments.texts(tags, "table")[1]
    if name then
      found[#found + 1] = { name = name:match "^%S+", lines = lines, tags = tags }
    end
  end
  return found
end

--- The texts of the tags of one name.
function doc_comments.texts(tags, name)
  local texts = {}
  for _, tag in ipairs(tags) do
    if tag.name == name then
      texts[#texts + 1] = tag.text
    end
  end
  return texts
end

--- The names that `@param` and `@tparam` give, in order.
function doc_comments.parameters(tags)
  local names = {}
  for _, tag in ipairs(tags) do
    if tag.name == "tparam" then
      names[#names + 1] = tag.text:match "^%S+%s+(%S+)"
    elseif tag.name == "param" then
      names[#names + 1] = tag.text:match "^%S+"
    end
  end
  return names
end

--- Whether a function is for those who use the module: it has a comment, which does not say `@local`.
function doc_comments.is_public(name, doc)
  return (doc.lines[1] or ""):find "^%-%-%-" ~= nil and #doc_comments.texts(doc.tags, "local") == 0 and not name:find "^__"
end

--- The usage example of a module, in the comment that names it.
function doc_comments.module_usage(path)
  local lines = {}
  for line in (doc_comments.read(path) .. "\n"):gmatch "(.-)\n" do
    if not line:find "^%-%-" then
      break
    end
    lines[#lines + 1] = line
  end
  return doc_comments.texts(tags_of(lines), "usage")[1]
end

return doc_comments
