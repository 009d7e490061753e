local files = require "support.files"
local web = require "loom.web"

describe("the files of pages", function()
  it("are found beside the Lua", function()
    assert.matches("loom/web/$", web.folder())
    assert.equal(files.read(web.folder() .. "tokens.css"), web.read "tokens.css")
    assert.equal(files.read(web.folder() .. "views/index.js"), web.read "views/index.js")
  end)

  it("have styles that the page names, in the place of which another is put", function()
    local names, page = web.styles(web.read "index.html", "all.css")
    assert.same({ "tokens.css", "page.css" }, { names[1], names[2] })
    local again, same = web.styles(page, "all.css")
    assert.same({ "all.css" }, again)
    assert.equal(page, same)
  end)

  it("are missed with the file's name", function()
    assert.error_matches(function()
      web.read "none.css"
    end, "none%.css")
  end)
end)
