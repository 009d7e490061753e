-- What the page about SQL shows: every statement runs in the command and in SQLite's own shell, and gives what stands behind it.

local checkout = require "support.checkout"
local files = require "support.files"
local lfs = require "lfs"
local markdown = require "support.markdown"

describe("the page about SQL", function()
  local folder

  setup(function()
    folder = checkout.folder()
    local root, build = lfs.currentdir(), assert(os.getenv "LOOM_BUILD")
    build = build:find "^/" and build or root .. "/" .. build
    assert(lfs.mkdir(folder.path .. "/build"))
    assert(lfs.link(build .. "/loom_polls.so", folder.path .. "/build/loom_polls.so", true))
  end)

  teardown(function()
    folder:remove()
  end)

  -- What the two write in different ways is left out: the shell shows that numbers are doubles, and quotes whatever has a blank.
  local function plain(csv)
    return (("\n" .. csv):gsub("\r\n", "\n"):gsub('"', ""):gsub("([\n,]%-?%d+)%.0%f[\n,]", "%1"):sub(2))
  end

  it("works", function()
    local count = { sql = 0, sh = 0 }
    for _, block in ipairs(markdown.blocks "docs/sql.md") do
      local place = ("%s:%d"):format(block.path, block.line)
      count[block.language] = assert(count[block.language], place) + 1
      if block.language == "sh" then
        markdown.run(folder, block, {})
      else
        assert.is_truthy(block.output, place)
        files.write(folder.path .. "/statement", block.text)
        local in_shell = folder:good 'sqlite3 -batch -csv -header stores.db ".load build/loom_polls" "$(cat statement)"'
        assert.equal(block.output, folder:good 'loom query stores.db "$(cat statement)" --format csv', place)
        assert.equal(plain(block.output), plain(in_shell), place)
      end
    end
    assert.is_true(count.sql > 10 and count.sh > 2)
  end)

  it("tells of every column that figures has, and of no others", function()
    local told = {}
    local rows = files.read("docs/sql.md"):match "\n| column | what |\n|%-%-%-|%-%-%-|\n(.-)\n\n"
    for names in ("\n" .. rows):gmatch "\n| ([^|]+) |" do
      for name in names:gmatch "`([%w_]+)`" do
        told[#told + 1] = name .. "\n"
      end
    end
    assert.equal("name\n" .. table.concat(told),
      folder:good [[loom query stores.db "SELECT name FROM pragma_table_info('figures')" --format csv]])
  end)
end)
