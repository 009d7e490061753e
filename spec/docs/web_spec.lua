-- The dashboard's files: what none of them may do. That they fit together is for TypeScript (`make lint-web`), what they do for a
-- browser (`spec/browser`).

local files = require "support.files"

local LINES_MAX, COLUMNS_MAX = 200, 130

-- By pattern: what makes markup of text, or code; styles and scripts inside of others; and what leads elsewhere.
local forbidden = {
  ["innerHTML"] = "js", ["outerHTML"] = "js", ["insertAdjacentHTML"] = "js", ["document%.write"] = "js",
  ["createContextualFragment"] = "js", ["DOMParser"] = "js", ["srcdoc"] = "js", ["%f[%w]eval%("] = "js", ["new Function"] = "js",
  ["javascript:"] = "js html", ["setTimeout%([\"'`]"] = "js", ["setInterval%([\"'`]"] = "js", ["cssText"] = "js",
  ["style: "] = "js", ["%.setAttribute%(\"style\""] = "js", [" style="] = "html svg", ["<style"] = "html svg",
  [" on%l+="] = "html svg", ["<script>"] = "html svg", ["https?://"] = "js css html", ["[\"'(]//"] = "js css html",
  ["[^%[][\"'`]/[%w?]"] = "js html", ["@import"] = "css", ["url%("] = "css", ["localStorage%.[%w.]*token"] = "js",
}

-- Names that are no addresses, and the example of one that people read.
local names = { '"http://www%.w3%.org/2000/svg"', '"url": "https://hooks%.slack%.com/services/…"' }

-- The files of the folder by path.
local function sources()
  local found = {}
  local pipe = assert(io.popen "find lua/loom/web -type f")
  for path in pipe:lines() do
    found[path] = files.read(path)
  end
  pipe:close()
  return found
end

describe("the dashboard's files", function()
  local all = sources()

  it("make no markup of text, have no styles or scripts inside of others, and lead nowhere else", function()
    local wrong, count = {}, 0
    for path, text in pairs(all) do
      text = text:gsub("/%*.-%*/", ""):gsub("%f[^%s]//[^\n]*", "")
      for _, name in ipairs(names) do
        text = text:gsub(name, "")
      end
      for pattern, kinds in pairs(forbidden) do
        count = count + 1
        local found = kinds:find(path:match "%.(%l+)$", 1, true) and text:match("[^\n]*" .. pattern .. "[^\n]*")
        wrong[#wrong + 1] = found and ("%s: %s: %s"):format(path, pattern, found) or nil
      end
    end
    assert.same({}, wrong)
    assert.is_true(count > 1000)
  end)

  it("have one subject each, and neither many lines nor long ones", function()
    local wrong = {}
    for path, text in pairs(all) do
      local _, lines = text:gsub("\n", "")
      wrong[#wrong + 1] = lines > LINES_MAX and ("%s: %d lines"):format(path, lines) or nil
      local number = 0
      for line in text:gmatch "([^\n]*)\n" do
        number = number + 1
        local _, columns = line:gsub("[^\128-\191]", "")
        wrong[#wrong + 1] = columns > COLUMNS_MAX and ("%s:%d: %d columns"):format(path, number, columns) or nil
      end
      wrong[#wrong + 1] = path:find "%.js$" and not text:find "^/%*%*" and path .. ": does not begin with what it is for" or nil
    end
    assert.same({}, wrong)
  end)

  it("are of a kind that is served, and each is used", function()
    local wrong, texts = {}, {}
    for path, text in pairs(all) do
      texts[#texts + 1] = path:find "%.[jhs][stv][m%l]*$" and text or nil
    end
    local everything = table.concat(texts, "\n")
    for path in pairs(all) do
      local name = path:match "[^/]*$"
      if not (name:find "%.js$" or name:find "%.css$" or name:find "%.svg$" or name == "index.html") then
        wrong[#wrong + 1] = path .. ": is not served"
      elseif name ~= "index.html" and not everything:find("/" .. name, 1, true) then
        wrong[#wrong + 1] = path .. ": is not used"
      end
    end
    assert.same({}, wrong)
  end)
end)
