--- Small changes of a program, such as `<` to `<=`, each of which a test should notice.
--
-- The text is cut into words well enough for the house's own C and Lua; comments, literal strings and preprocessor lines are
-- left alone. A change that does not compile is the caller's to find out.

local mutations = {}

local swapped = {
  c = {
    ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">", ["=="] = "!=", ["!="] = "==", ["&&"] = "||", ["||"] = "&&",
    ["+"] = "-", ["-"] = "+", ["++"] = "--", ["--"] = "++", ["+="] = "-=", ["-="] = "+=", ["!"] = "",
    ["true"] = "false", ["false"] = "true",
  },
  lua = {
    ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">", ["=="] = "~=", ["~="] = "==", ["and"] = "or", ["or"] = "and",
    ["+"] = "-", ["-"] = "+", ["not"] = "", ["true"] = "false", ["false"] = "true",
  },
}

-- Patterns of what is skipped, at the place where it may begin. `long` is found apart: its end depends on its beginning.
local skipped = {
  c = { "^//[^\n]*", "^/%*.-%*/", "^'\\?.[^']*'" },
  lua = { "^%-%-%[(=*)%[.-%]%1%]", "^%-%-[^\n]*", "^%[(=*)%[.-%]%1%]" },
}
local operators = {
  c = { "^%->", "^<<=?", "^>>=?", "^[-+*/%%&|^<>=!]=", "^&&", "^||", "^%+%+", "^%-%-" },
  lua = { "^%.%.%.?", "^[<>=~]=" },
}

-- The end of a string that begins with a quote at `at`.
local function string_end(text, at)
  local quote, stop = text:sub(at, at), at + 1
  while stop <= #text and text:sub(stop, stop) ~= quote do
    stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
  end
  return stop
end

-- The end of a preprocessor line, which goes on after a backslash.
local function directive_end(text, at)
  local stop = at
  repeat
    stop = text:find("\n", stop + 1, true) or #text
  until text:sub(stop - 1, stop - 1) ~= "\\"
  return stop
end

local function match_end(text, at, patterns)
  for _, pattern in ipairs(patterns) do
    local _, stop = text:find(pattern, at)
    if stop then
      return stop
    end
  end
end

-- The words of a program: each of `text`, `at` (its first byte) and `line`.
local function words_of(text, language)
  local words, at, line = {}, 1, 1
  while at <= #text do
    local c = text:sub(at, at)
    local stop, is_word = match_end(text, at, skipped[language]), false
    if not stop and (c == '"' or (c == "'" and language == "lua")) then
      stop = string_end(text, at)
    elseif not stop and language == "c" and c == "#" and text:sub(1, at - 1):match("[^\n]*$"):find("^%s*$") then
      stop = directive_end(text, at)
    elseif not stop then
      stop = match_end(text, at, { "^[%a_][%w_]*", "^%d[%w_.]*" }) or match_end(text, at, operators[language]) or at
      is_word = not c:find("%s")
    end
    local piece = text:sub(at, stop)
    if is_word then
      words[#words + 1] = { text = piece, at = at, line = line }
    end
    line = line + select(2, piece:gsub("\n", ""))
    at = stop + 1
  end
  return words
end

-- Whether a sign stands between two operands.
local function is_binary(words, i)
  local before = words[i - 1] and words[i - 1].text or "("
  return before:find("^[%w_]") ~= nil and before ~= "return" or before == ")" or before == "]"
end

-- The index of the `)` that closes the `(` at i.
local function closing(words, i)
  local depth = 0
  for at = i, #words do
    depth = depth + (words[at].text == "(" and 1 or words[at].text == ")" and -1 or 0)
    if depth == 0 then
      return at
    end
  end
end

local starts_statement = { [";"] = true, ["{"] = true, ["}"] = true, [")"] = true, ["else"] = true }
local is_keyword = { ["if"] = true, ["while"] = true, ["for"] = true, ["switch"] = true, ["return"] = true, sizeof = true }

-- The last word of the call that is a statement of its own and begins at i; nil if there is none.
local function call_statement(words, i, language)
  local before = words[i - 1]
  if not words[i].text:find("^[%a_]") or is_keyword[words[i].text] or not before then
    return nil
  end
  local open = i + 1
  while language == "lua" and words[open] and (words[open].text == "." or words[open].text == ":") do
    open = open + 2
  end
  local close = words[open] and words[open].text == "(" and closing(words, open)
  local after = close and words[close + 1]
  if language == "c" then
    return after and after.text == ";" and starts_statement[before.text] and close or nil
  end
  return close and before.line < words[i].line and after and after.line > words[close].line and close or nil
end

-- The end of a return whose status is replaced by success, and that success.
local function success(words, i, language)
  local function is(offset, text)
    return words[i + offset] and words[i + offset].text == text
  end
  if language == "c" and is(0, "return") and is(1, "status") and is(2, ";") then
    return i + 1, "return LOOM_OK"
  elseif language == "lua" and is(0, "return") and is(1, "nil") and is(2, ",") and is(3, "message") then
    return is(4, ",") and i + 5 or i + 3, "return true"
  end
end

local function numbers_near(text)
  local number = text:match("^%d+$") and tonumber(text)
  return number and { tostring(number + 1), number > 0 and tostring(number - 1) or nil } or {}
end

--- All changes of a program.
-- @tparam string text
-- @tparam string language "c" or "lua"
-- @treturn {table,...} each of `line`; `first` and `last`, the bytes that are replaced; and `old` and `new`
function mutations.list(text, language)
  local words, list = words_of(text, language), {}
  local function add(i, last, new)
    local stop = words[last].at + #words[last].text - 1
    list[#list + 1] = { line = words[i].line, first = words[i].at, last = stop, old = text:sub(words[i].at, stop), new = new }
  end
  for i, word in ipairs(words) do
    local other = swapped[language][word.text]
    if other and ((word.text ~= "+" and word.text ~= "-") or is_binary(words, i)) then
      add(i, i, other)
    end
    for _, number in ipairs(numbers_near(word.text)) do
      add(i, i, number)
    end
    local last = call_statement(words, i, language)
    if last then
      add(i, last, language == "c" and "(void)0" or "")
    end
    local stop, new = success(words, i, language)
    if stop then
      add(i, stop, new)
    end
  end
  return list
end

--- A program with one of its changes.
function mutations.apply(text, change)
  return text:sub(1, change.first - 1) .. change.new .. text:sub(change.last + 1)
end

return mutations
