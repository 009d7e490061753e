-- What the guide and the README show: every piece runs, in order, and prints what stands behind it.

local checkout = require "support.checkout"
local files = require "support.files"
local lfs = require "lfs"
local loom = require "loom"
local markdown = require "support.markdown"
local server = require "support.server"
local shell = require "support.shell"

-- Pieces that do not run here, and what tests them.
local elsewhere = {
  ['make && eval "$(make -s env)"\n'] = "support.checkout",
  ["sh .ci/deps test && make test\n"] = "this runs in it",
  ["sh .ci/deps serve && make run SERVE=1\n"] = "serves the example data: see below",
}

-- Of a piece of the README that begins with a text, instead.
local function instead(text)
  if text == "sh .ci/deps && make run\n" then
    local recipe = shell.run("make -s -n -o all run BUILD=build")
    return recipe.out
  elseif text:find "^luarocks " or text:find "^make && make install" or text:find "^make deb" then
    return nil -- spec/cli/packaging_spec.lua does that, and spec/deb/run
  elseif text:find "^loom serve " then
    return nil -- spec/http does that
  end
  return text
end

describe("the guide", function()
  local folder, state

  before_each(function()
    folder, state = checkout.folder(), {}
    local root = lfs.currentdir()
    assert(lfs.mkdir(folder.path .. "/build"))
    local build = assert(os.getenv "LOOM_BUILD")
    build = build:find "^/" and build or root .. "/" .. build
    assert(lfs.link(build .. "/loom_polls.so", folder.path .. "/build/loom_polls.so", true))
    assert(lfs.link(root .. "/bin", folder.path .. "/bin", true))
  end)

  after_each(function()
    folder:remove()
  end)

  local function run_blocks(path)
    local counts = { lua = 0, sh = 0, nginx = 0, [""] = 0 }
    for _, block in ipairs(markdown.blocks(path)) do
      local place = ("%s:%d"):format(path, block.line)
      assert.is_not_nil(counts[block.language], place)
      counts[block.language] = counts[block.language] + 1
      if block.language == "sh" and elsewhere[block.text] == nil then
        block.text = instead(block.text)
      end
      if block.language == "nginx" then
        local indented = block.text:gsub("\n(.)", "\n    %1"):gsub("^", "    ")
        assert.is_truthy(files.read("examples/openresty/nginx.conf"):find(indented, 1, true), place)
      elseif block.language ~= "" and block.text and not elsewhere[block.text] then
        local output = markdown.run(folder, block, state)
        assert.is_truthy(block.output or output == "", place .. " prints what is not shown:\n" .. output)
      end
    end
    return counts
  end

  -- Runs the pieces of a file and returns how many there were in each language.
  local function run(path)
    local good, result = pcall(run_blocks, path)
    loom.formats.down = nil -- which the guide adds
    markdown.close(state)
    if not good then
      error(result, 0)
    end
    return result
  end

  it("works", function()
    local counts = run "docs/guide.md"
    assert.equal(1, counts.nginx)
    assert.equal(1, counts[""]) -- the heart of examples/openresty/reports.lua
    assert.is_true(counts.lua > 20 and counts.sh > 4)
  end)

  it("is not all that works: so does the README", function()
    run "README.md"
  end)

  it("serves the example data", function()
    local address = "127.0.0.1:" .. server.free_port()
    local recipe = shell.run("make -s -n -o all run BUILD=build SERVE=1 LISTEN=" .. address).out
    files.write(folder.path .. "/recipe", recipe)
    local out = folder:good(([[
      sh recipe >out 2>log &
      recipe=$!
      until %s -sf -o stores http://%s/v1/stores; do
        kill -0 $recipe 2>/dev/null || { cat out log >&2; exit 1; }
        sleep 0.05
      done
      kill $(%s -o pid= --ppid $recipe)
      wait $recipe
      grep ^http out]]):format(shell.curl, address, shell.ps))
    assert.equal(("http://%s/v1/stores\nhttp://%s/v1/summary\nhttp://%s/metrics\nhttp://%s/openapi.json\n")
      :gsub("%%s", address), out)
    assert.is_truthy(files.read(folder.path .. "/stores"):find('"store_id"', 1, true))
  end)

  it("tells what the example of nginx does", function()
    local code = files.read "examples/openresty/reports.lua"
    for _, block in ipairs(markdown.blocks "docs/guide.md") do
      if block.language == "" then
        for line in block.text:gmatch "[^\n]+" do
          line = line:gsub("^%s*local %w+ = ", ""):gsub("^%s*assert%((.*)%)$", "%1"):gsub("%(.*$", ""):gsub("^%s+", "")
          assert.is_truthy(code:find(line, 1, true), line)
        end
      end
    end
  end)

  it("links to what is there", function()
    for _, path in ipairs { "README.md", "CONTRIBUTING.md", "docs/guide.md", "docs/figures.md", "docs/design.md",
      "docs/service.md", "docs/operations.md", "docs/sql.md" } do
      local text = files.read(path)
      local here = path:match "^(.*/)" or ""
      for target in text:gmatch "%]%(([^)]+)%)" do
        local file, anchor = target:match "^([^#]*)#?(.*)$"
        if not file:find "^%l+:" then
          local found = file == "" and path or here .. file
          assert.is_truthy(lfs.attributes(found, "mode"), path .. " links to " .. target)
          if anchor ~= "" then
            local anchors = {}
            for heading in ("\n" .. files.read(found)):gmatch "\n#+ ([^\n]+)" do
              anchors[heading:lower():gsub("[^%w%- ]", ""):gsub(" ", "-")] = true
            end
            assert.is_true(anchors[anchor], path .. " links to " .. target)
          end
        end
      end
    end
  end)
end)

describe("shown output", function()
  it("may leave out parts of lines, and lines", function()
    assert.is_true(markdown.is_shown("a 1.5 b\n", "a … b\n"))
    assert.is_true(markdown.is_shown("a\nb\nc\nd\n", "a\n…\nd\n"))
    assert.is_true(markdown.is_shown("a.b (c)\n", "a.b (c)\n"))
    assert.is_false(markdown.is_shown("a\nb\n", "a …\nc\n"))
    assert.is_false(markdown.is_shown("axb (c)\n", "a.b (c)\n"))
    assert.is_false(markdown.is_shown("a\nb\n", "a\n"))
    assert.is_false(markdown.is_shown("a\nb\n", "b\n"))
  end)
end)
