local files = require "support.files"
local loom = require "loom"
local made_up = require "support.report"

describe("formats", function()
  local monitor, report

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:poll("a", true, 0))
    report = assert(monitor:report())
  end)

  teardown(function()
    report:close()
    monitor:close()
  end)

  it("can be added to, by a name that reports then know", function()
    local seen
    loom.formats.mine = function(given, write, options)
      seen = { report = given, options = options }
      for row in options.rows() do
        write(row.store_id .. "!")
      end
    end
    local good, text = pcall(made_up.text, "mine", report, { colour = "red", columns = { "store_id" }, limit = 5 })
    loom.formats.mine = nil
    assert.is_true(good, text)
    assert.equal("a!", text)
    assert.equal(report, seen.report)
    assert.equal("red", seen.options.colour)
    assert.is_true(seen.options.chosen)
    assert.is_false(seen.options.standard)
    assert.equal("store_id", seen.options.columns[1].name)
    assert.is_nil(seen.options.limit)
    assert.error_matches(function() made_up.text("mine", report) end, 'expected, got "mine"', 1, true)
  end)

  it("may be functions of the call", function()
    assert.equal("mine", made_up.text(function(_, write) write "mine" end, report))
    for _, wrong in ipairs { 1, true, {}, "", "CSV" } do
      assert.error_matches(function() made_up.text(wrong, report) end, "bad option 'format' to 'write'", 1, true)
    end
  end)

  describe("reach", function()
    local folder, path

    files.folder_for_each(function(made)
      folder, path = made, made .. "/out"
    end)

    for _, format in ipairs { "csv", "exact", "json", "markdown", "ndjson", "table" } do
      it("a path, an open file or a function alike: " .. format, function()
        local expected = made_up.text(format, report)
        assert.is_true(#expected > 0)
        assert.is_true(report:write(path, { format = format }))
        assert.equal(expected, files.read(path))
        assert.same({ "out" }, files.list(folder))
        local file = assert(io.open(path, "wb"))
        assert.is_true(report:write(file, { format = format }))
        file:close()
        assert.equal(expected, files.read(path))
      end)

      it("no full disk, no missing folder: " .. format, function()
        for target, expected in pairs { ["/dev/full"] = "EFULL", [folder .. "/none/out"] = "EIO", [folder] = "EIO" } do
          local good, message, code = report:write(target, { format = format })
          assert.is_nil(good)
          assert.equal(1, message:find(expected .. ": " .. target, 1, true), message)
          assert.equal(expected, code)
        end
        assert.same({}, files.list(folder))
      end)

      it("no function that fails, no file that is closed: " .. format, function()
        local good, message, code = report:write(function() return nil, "no room" end, { format = format })
        assert.same({ nil, "EIO: no room", "EIO" }, { good, message, code })
        local file = assert(io.open(path, "wb"))
        file:close()
        assert.error_matches(function() report:write(file, { format = format }) end, "closed file")
      end)
    end
  end)
end)
