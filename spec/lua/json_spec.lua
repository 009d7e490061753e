local cjson = require "cjson"
local core = require "loom.core"
local figures = require "loom.figures"
local json = require "loom.json"
local random = require "support.random"

local unpack = table.unpack or unpack -- luacheck: compat

-- UTF-8 by RFC 3629's table: how many bytes the character at `at` has; nil if there is none.
local function naive_length(text, at)
  local a = text:byte(at)
  local size = a < 0x80 and 1 or a >= 0xC0 and a < 0xE0 and 2 or a >= 0xE0 and a < 0xF0 and 3 or a >= 0xF0 and a < 0xF8 and 4
  if not size or at + size - 1 > #text then
    return nil
  end
  local code = size == 1 and a or a % 2 ^ (7 - size)
  for i = at + 1, at + size - 1 do
    local byte = text:byte(i)
    if byte < 0x80 or byte > 0xBF then
      return nil
    end
    code = code * 64 + byte % 64
  end
  local least = ({ 0, 0x80, 0x800, 0x10000 })[size]
  return code >= least and code <= 0x10FFFF and not (code >= 0xD800 and code <= 0xDFFF) and size or nil
end

local function naive_utf8(text)
  local parts, at = {}, 1
  while at <= #text do
    local length = naive_length(text, at)
    parts[#parts + 1] = length and text:sub(at, at + length - 1) or "\239\191\189"
    at = at + (length or 1)
  end
  return table.concat(parts)
end

describe("JSON", function()
  local function some_text(numbers)
    local parts = {}
    local pieces = { "a", '"', "\\", "/", "\n", "\0", "\127", "\195\169", "\226\152\149", "\240\159\141\149", "\255", "\195",
      "\237\160\128", "\240\159" }
    for i = 1, numbers(0, 12) do
      parts[i] = numbers(1, 3) == 1 and string.char(numbers(0, 255)) or pieces[numbers(1, #pieces)]
    end
    return table.concat(parts)
  end

  it("has texts that others read, in UTF-8", function()
    local numbers = random.new(31)
    for _ = 1, 5000 do
      local text = some_text(numbers)
      local clean = naive_utf8(text)
      assert.equal(clean, core.utf8(text))
      local written = json.string(text)
      assert.is_nil(written:find("[%c\127]"))
      assert.equal(clean, cjson.decode(written))
      assert.equal(text, cjson.decode(core.json_string(text, true))) -- cjson passes bytes on
    end
  end)

  it("has long texts, too", function()
    local text = ("\0\255\""):rep(100000)
    assert.equal(('\\u0000\239\191\189\\"'):rep(100000), json.string(text):sub(2, -2))
    assert.equal(("\0\239\191\189\""):rep(100000), core.utf8(text))
    assert.equal("", core.utf8 "")
    assert.equal('""', json.string "")
  end)

  it("has numbers with up to six decimals", function()
    local numbers = random.new(32)
    for _ = 1, 5000 do
      local value = (numbers(-1000000, 1000000) + numbers(0, 999) / 1000) / 10 ^ numbers(0, 9)
      local text = json.number(value)
      assert.is_true(math.abs(tonumber(text) - value) <= 0.5000001e-6 * math.max(1, math.abs(value) / 1e8), text)
      assert.is_nil(text:find("%.%d*0$"))
      assert.is_true(#(text:match("%.(%d+)$") or "") <= 6)
    end
    assert.equal("null", json.number(nil))
    assert.equal("null", json.number(0 / 0))
    assert.equal("null", json.number(math.huge))
    assert.equal("0", json.number(-0.0))
    assert.equal("0", json.number(-1e-7))
    assert.equal("9007199254740992", json.number(2 ^ 53))
    assert.equal("1" .. ("0"):rep(22), json.number(1e22))
    if math.type then -- whole numbers of Lua 5.4 have no rounding
      assert.equal("9007199254740993", json.number(9007199254740993))
      assert.equal("-9223372036854775808", json.number(math.mininteger))
    end
  end)

  it("has numbers with all their digits", function()
    local numbers = random.new(33)
    for _ = 1, 5000 do
      local value = (numbers(-1000000, 1000000) + numbers(1, 999) / 997) * 10 ^ numbers(-30, 30)
      local text = core.digits(value)
      assert.equal(value, tonumber(text))
      assert.is_true(#text:gsub("e.*", ""):gsub("[%-.]", ""):gsub("^0+", "") <= 24)
    end
    assert.equal("0.1", core.digits(0.1))
    assert.equal("100000000000000000", core.digits(1e17))
    assert.is_nil(core.digits(0 / 0))
    assert.is_nil(core.digits(-math.huge))
    assert.has_error(function() core.digits "one" end)
  end)

  it("is built of pieces", function()
    assert.equal('{"a":1,"b":null}', json.object("a", json.number(1), "b", json.text(nil)))
    assert.equal("[]", json.array({}, json.string))
    assert.equal('["x","y"]', json.array({ "x", "y" }, json.string))
    assert.equal('{"\\"":true,"b":false}', json.map({ b = false, ['"'] = true }, json.boolean))
    assert.equal('[1.5,true,null,"t"]', "[" .. json.any(1.5) .. "," .. json.any(true) .. "," .. json.any(nil) .. ","
      .. json.any("t") .. "]")
  end)

  it("has figures as rows do, rounded", function()
    local numbers = random.new(34)
    for _ = 1, 3000 do
      local function time()
        return numbers(0, 3) * (numbers(0, 1) == 1 and 3600e6 or numbers(0, 999999999))
      end
      local f = { time(), time(), time(), time(), time(), numbers(0, 5), numbers(0, 9) }
      local expected, read = figures.of(unpack(f)), cjson.decode(core.figures_json(unpack(f)))
      for _, name in ipairs(figures.names) do
        local value = expected[name]
        if value == nil then
          assert.equal(cjson.null, read[name])
        else -- a ratio is cut
          local least = name == "ratio" and value - 1.0001e-6 or value - 0.5001e-6
          assert.is_true(read[name] >= least and read[name] <= value + (name == "ratio" and 0 or 0.5001e-6), name)
        end
        read[name] = nil
      end
      assert.is_nil((next(read)))
      assert.equal(core.figures_json(unpack(f)), figures.json_of(expected))
    end
  end)

  it("has figures, which are seconds and have been microseconds", function()
    assert.equal('{"up":1.5,"down":0.000001,"unknown":0,"excluded":2,"scheduled":1.500001,"ratio":0.999999,"outages":1,'
      .. '"longest":0.000001,"mttr":0.000001,"mtbf":1.5,"polls":3}', core.figures_json(1500000, 1, 0, 2000000, 1, 1, 3))
    assert.has_error(function() core.figures_json(-1, 0, 0, 0, 0, 0, 0) end)
    assert.has_error(function() core.figures_json(0.5, 0, 0, 0, 0, 0, 0) end)
    assert.has_error(function() core.figures_json(2 ^ 62, 2 ^ 62, 0, 0, 0, 0, 0) end)
    assert.has_error(function() core.figures_json(2 ^ 61, 2 ^ 61, 2 ^ 62, 0, 0, 0, 0) end)
  end)
end)
