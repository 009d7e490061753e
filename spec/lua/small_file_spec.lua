local files = require "support.files"
local small_file = require "loom.small_file"

describe("a small file", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  it("is read whole, or up to a limit", function()
    for _, text in ipairs { "", "x", "a\r\n\0b\n", ("long"):rep(100000) } do
      local path = files.write(folder .. "/file", text)
      assert.equal(text, small_file.read(path))
      for _, limit in ipairs { 1, 3, #text + 1 } do
        assert.equal(text:sub(1, limit), small_file.read(path, limit))
      end
    end
  end)

  it("that cannot be read is a failure with its path and the reason", function()
    for path, reason in pairs { [folder .. "/none"] = "No such file or directory", [folder] = "Is a directory" } do
      for _, limit in ipairs { false, 10 } do
        local text, message = small_file.read(path, limit or nil)
        assert.is_nil(text)
        assert.equal(path .. ": " .. reason, message)
      end
    end
  end)
end)
