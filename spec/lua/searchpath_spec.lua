local files = require "support.files"
local searchpath = require "loom.searchpath"

describe("the search for a module's file", function()
  it("finds what package.searchpath does, where there is one", function()
    local path = package.path .. ";./lua/?.lua;./lua/?/init.lua"
    for _, name in ipairs { "loom", "loom.web", "loom.cli.serve" } do
      local file = searchpath(name, path)
      assert.is_truthy(files.read(file))
      assert.equal(package.searchpath and package.searchpath(name, path) or file, file)
    end
    assert.is_nil(searchpath("loom.nothing", path))
  end)

  it("takes the first template that has it, whatever the folder is called", function()
    local folder = files.make_folder()
    local file = files.write(folder .. "/100% a.b.lua", "")
    assert.equal(file, searchpath("a", ("%s/?.lua;%s/100%% ?.b.lua;%s/100%% ?.b.lua"):format(folder, folder, folder)))
    assert.is_nil(searchpath("b", folder .. "/?.lua"))
    files.remove_folder(folder)
  end)
end)
