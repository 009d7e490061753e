local files = require "support.files"
local tokens = require "loom.http.tokens"

local function lines_of(text)
  return text:gmatch("([^\n]*)\n?")
end

local hash = ("ab"):rep(32)

describe("tokens", function()
  it("hashes as FIPS 180-4 has it", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", tokens.hex(tokens.hash "abc"))
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", tokens.hex(tokens.hash ""))
  end)

  it("reads token files", function()
    local list = assert(tokens.parse(lines_of("# tokens\n\nread " .. hash .. " the dashboard \n  write\t"
      .. hash:upper() .. "\n")))
    assert.equal(2, #list)
    assert.same({ "read", "the dashboard" }, { list[1].scope, list[1].name })
    assert.same({ "write", "" }, { list[2].scope, list[2].name })
    assert.equal(("\171"):rep(32), list[1].hash)
    assert.equal(list[1].hash, list[2].hash)
  end)

  it("tells which line of a token file is wrong", function()
    for text, number in pairs {
      ["admin " .. hash .. "\n"] = 1, ["read abc\n"] = 1, ["# fine\nread " .. hash .. "\nwrite " .. hash .. "0 x\n"] = 3,
      ["read\n"] = 1, ["loom_0123456789\n"] = 1, ["read " .. hash:sub(2) .. "g name\n"] = 1,
    } do
      local list, wrong = tokens.parse(lines_of(text))
      assert.equal(number == 3 and 1 or 0, #list, text)
      assert.same({ number .. ": is not read or write, a SHA-256 in hexadecimal, and a name" }, wrong)
    end
    assert.same({ {}, { "1: there is no token in it" } }, { tokens.parse(lines_of "# none\n") })
    for _, path in ipairs { "/nonexistent", "/" } do
      local count, wrong = tokens.load(path)
      assert.same({ 0, 1 }, { count, #wrong })
      assert.same({ 0, 1 }, { tokens.state() })
    end
  end)

  it("reads which stores a token is for", function()
    local list, wrong = tokens.parse(lines_of(("board %s brand=50%%25%%20off&brand=Taco&r%%3d=%%C3%%A4&x= who has them\n")
      :format(hash)))
    assert.same({}, wrong)
    assert.same({ brand = { "50% off", "Taco" }, ["r="] = { "\195\164" }, x = { "" } }, list[1].where)
    assert.same({ "read", "who has them" }, { list[1].scope, list[1].name })
    local text = tokens.conditions_text(list[1].where)
    assert.same(list, (tokens.parse(lines_of(("board %s %s who has them"):format(hash, text)))))
    local many = {}
    for i = 1, 101 do
      many[i] = "a=" .. i
    end
    for _, bad in ipairs { "", "brand", "brand Taco", "=x", "brand=a=b", "brand=%zz", "brand=Taco&", "&brand=Taco", "store_id=x",
      table.concat(many, "&") } do
      list, wrong = tokens.parse(lines_of(("board %s %s\n"):format(hash, bad)))
      assert.same({}, list, bad)
      assert.same({ "1: is not board, a SHA-256 in hexadecimal, conditions such as brand=Taco, and a name" }, wrong)
    end
  end)

  it("lets a token do the most of what several lines say", function()
    local folder = files.make_folder()
    local lines = { ("board %s brand=Taco x\n"):format(hash), ("read %s x\n"):format(hash), ("write %s x\n"):format(hash) }
    for _, order in ipairs { { 1, 2, 3 }, { 3, 2, 1 }, { 2, 3, 1 } } do
      local text = ""
      for _, i in ipairs(order) do
        text = text .. lines[i]
      end
      tokens.load(files.write(folder .. "/tokens", text))
      assert.equal("write", tokens.of_hash(("\171"):rep(32)).scope)
    end
    tokens.load(files.write(folder .. "/tokens", lines[1] .. lines[2]))
    assert.is_nil(tokens.of_hash(("\171"):rep(32)).where)
    tokens.load(files.write(folder .. "/tokens", lines[1]))
    assert.same({ brand = { "Taco" } }, tokens.of_hash(("\171"):rep(32)).where)
    files.remove_folder(folder)
  end)

  it("leaves in force what the other lines say", function()
    local list, wrong = tokens.parse(lines_of(("wirte %s x\nread %s y\nread\nwrite %s z"):format(hash, hash, hash)))
    assert.same({ "y", "z" }, { list[1].name, list[2].name })
    assert.same({ "1", "3" }, { wrong[1]:match "^%d+", wrong[2]:match "^%d+" })
  end)
end)
