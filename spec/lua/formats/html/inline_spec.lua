local inline = require "loom.formats.html.inline"

describe("what a page has inside", function()
  it("is named by its hash in base64", function() -- FIPS 180-4's example of one block, and nothing
    assert.same({ text = "abc", sha256 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" }, inline.of "abc")
    assert.equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", inline.of("").sha256)
  end)

  it("is a module without its exports", function()
    local text = inline.module "shapes.js"
    assert.is_nil(text:find "\nexport")
    assert.is_truthy(text:find("\nfunction paths(", 1, true))
    assert.is_truthy(text:find("\nconst LETTERS =", 1, true))
  end)

  it("is no module that needs another one", function()
    for _, name in ipairs { "strip.js", "main.js" } do
      assert.error_matches(function()
        inline.module(name)
      end, name)
    end
  end)

  it("does not end the element that it is in", function()
    for _, part in ipairs { "style", "script" } do
      local text = require("loom.formats.html." .. part).text:lower()
      assert.is_nil(text:find("</" .. part, 1, true))
      assert.is_nil(text:find("<!--", 1, true))
    end
  end)
end)
