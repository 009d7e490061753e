local files = require "support.files"
local lfs = require "lfs"
local output = require "loom.output"

local unpack = table.unpack or unpack -- luacheck: compat

describe("output", function()
  local folder, path

  files.folder_for_each(function(made)
    folder, path = made, made .. "/out"
  end)

  local function two_lines(write)
    write "one\n"
    write "two\n"
  end

  it("goes to a path, complete or not at all", function()
    assert.is_true(output.write(path, function(write)
      two_lines(write)
      assert.is_false(files.exists(path))
    end))
    assert.equal("one\ntwo\n", files.read(path))
    assert.same({ "out" }, files.list(folder))
  end)

  it("is written in several pieces to a call, as io.write takes them", function()
    local function several(write)
      write("one", "\n", "two\n")
    end
    assert.is_true(output.write(path, several))
    assert.equal("one\ntwo\n", files.read(path))
    local taken = {}
    assert.is_true(output.write(function(text) taken[#taken + 1] = text end, several))
    assert.same({ "one", "\n", "two\n" }, taken)
  end)

  it("takes the place of a file only when it is complete", function()
    files.write(path, "old")
    assert.has_error(function()
      output.write(path, function(write)
        write "new"
        error("of the caller's", 0)
      end)
    end, "of the caller's")
    assert.equal("old", files.read(path))
    assert.same({ "out" }, files.list(folder))
    assert.is_true(output.write(path, two_lines))
    assert.equal("one\ntwo\n", files.read(path))
  end)

  it("goes through a link", function()
    files.write(folder .. "/target", "old")
    lfs.link("target", path, true)
    assert.is_true(output.write(path, two_lines))
    assert.equal("one\ntwo\n", files.read(folder .. "/target"))
    assert.equal("link", lfs.symlinkattributes(path, "mode"))
  end)

  it("goes to an open file, which stays open", function()
    local file = assert(io.open(path, "wb"))
    assert.is_true(output.write(file, two_lines))
    assert.equal("one\ntwo\n", files.read(path))
    assert(file:write("three\n"))
    file:close()
    assert.equal("one\ntwo\nthree\n", files.read(path))
  end)

  it("goes to a function", function()
    local pieces = {}
    assert.is_true(output.write(function(text) pieces[#pieces + 1] = text end, two_lines))
    assert.same({ "one\n", "two\n" }, pieces)
  end)

  it("goes to a function that may say nothing, or that all is well", function()
    for _, answer in ipairs { { n = 0 }, { n = 1 }, { true, n = 1 }, { io.stdout, n = 1 }, { false, n = 1 } } do
      assert.is_true(output.write(function() return unpack(answer, 1, answer.n) end, two_lines))
    end
  end)

  it("goes to a function until it says why it failed", function()
    for _, falsy in ipairs { false, "nil" } do
      local calls = 0
      local good, message, code = output.write(function()
        calls = calls + 1
        return falsy ~= "nil" and falsy or nil, "no room"
      end, two_lines)
      assert.is_nil(good)
      assert.equal("EIO: no room", message)
      assert.equal("EIO", code)
      assert.equal(1, calls)
    end
    local full = assert(io.open("/dev/full", "wb"))
    full:setvbuf "no"
    local good, message = output.write(function(text) return full:write(text) end, two_lines)
    full:close()
    assert.is_nil(good)
    assert.equal("EIO: No space left on device", message)
  end)

  it("raises what the target raises", function()
    local mine = {}
    local good, err = pcall(output.write, function() error(mine) end, two_lines)
    assert.is_false(good)
    assert.equal(mine, err)
  end)

  it("that fails is returned", function()
    for target, wanted in pairs { [folder] = "EIO", [folder .. "/none/out"] = "EIO", ["/dev/full"] = "EFULL" } do
      local good, message, code = output.write(target, function(write)
        write(("x"):rep(100000))
      end)
      assert.is_nil(good)
      assert.equal(1, message:find(wanted .. ": " .. target, 1, true))
      assert.equal(wanted, code)
    end
    assert.same({}, files.list(folder))
  end)

  it("that fails only when it is flushed is returned too", function()
    local file = assert(io.open("/dev/full", "wb"))
    local good, message, code = output.write(file, two_lines)
    file:close()
    assert.is_nil(good)
    assert.equal("EIO: output: No space left on device", message)
    assert.equal("EIO", code)
  end)

  it("raises what the producer raises, whatever it is", function()
    local mine = {}
    local good, err = pcall(output.write, function() end, function() error(mine) end)
    assert.is_false(good)
    assert.equal(mine, err)
  end)
end)
