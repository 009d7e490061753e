local files = require "support.files"
local web = require "loom.web"

describe("the files of pages", function()
  it("are found beside the Lua", function()
    assert.matches("loom/web/$", web.folder())
    assert.equal(files.read(web.folder() .. "tokens.css"), web.read "tokens.css")
    assert.equal(files.read(web.folder() .. "views/index.js"), web.read "views/index.js")
  end)

  it("are missed with the file's name", function()
    assert.error_matches(function()
      web.read "none.css"
    end, "none%.css")
  end)
end)
