-- loom.curl: what may be asked of it, whom it speaks to, and that it lets go of everything. What servers do to it is in
-- spec/core/transfer_test.c.
local curl = require "loom.curl"
local shell = require "support.shell"

local LIMIT = 600 -- waits of up to 0.1 s for an answer

local function ask(transfers, request)
  local number, message, code = transfers:start(request)
  if not number then
    return nil, message, code
  end
  for _ = 1, LIMIT do
    assert(transfers:wait(100))
    local answer = transfers:next()
    if answer then
      assert.equal(number, answer.number)
      return answer
    end
  end
  error "no answer in time"
end

describe("requests", function()
  local transfers

  before_each(function()
    transfers = assert(curl.transfers())
  end)

  after_each(function()
    transfers:close()
  end)

  it("go to public addresses only, and tell no URL in a failure", function()
    for _, host in ipairs { "127.0.0.1", "localhost", "10.0.0.1", "[::1]", "169.254.169.254", "192.168.0.1", "[fd00::1]" } do
      local answer = ask(transfers, { url = "http://" .. host .. ":1/secret", body = "{}" })
      assert.is_true(answer.refused, host)
      assert.is_nil(answer.status)
      assert.matches("is not a public address %([%a-]+%)", answer.message)
      assert.is_nil(answer.message:find("secret", 1, true))
    end
  end)

  it("go to what is listed", function()
    local mine = assert(curl.transfers { "127.0.0.0/8" })
    local answer = ask(mine, { url = "http://127.0.0.1:1/secret" }) -- where nobody listens
    mine:close()
    assert.is_false(answer.refused)
    assert.is_truthy(answer.message)
    assert.is_nil(answer.message:find("secret", 1, true))
  end)

  it("without TLS take a mail to the loopback only", function()
    local mine = assert(curl.transfers { "0.0.0.0/0" })
    local answer = ask(mine, { url = "smtp://10.0.0.1:25", from = "<a@example.org>", recipients = { "<b@example.org>" },
      body = "", plain = true })
    mine:close()
    assert.is_true(answer.refused)
    assert.equal("10.0.0.1 is not the loopback: a mail to it needs TLS", answer.message)
  end)

  it("are refused where they cannot be sent", function()
    for _, request in ipairs { { url = "ftp://example.org/" }, { url = "http://example.org/", headers = { "A: b\r\nC: d" } },
      { url = "smtp://example.org/" } } do
      local number, message, code = transfers:start(request)
      assert.is_nil(number)
      assert.equal("EINVAL", code)
      assert.matches("^EINVAL: ", message)
    end
    local none, _, code = curl.transfers { "example.org" }
    assert.is_nil(none)
    assert.equal("EINVAL", code)
  end)

  it("raise where they are misused", function()
    assert.has_error(function() transfers:start {} end)
    assert.has_error(function() transfers:start { url = "http://example.org/", redirects = 1 } end)
    assert.has_error(function() transfers:start { url = "http://example.org/", headers = { 1, {} } } end)
    assert.has_error(function() transfers:start { url = "http://example.org/", time_limit = 15001 } end)
    assert.has_error(function() transfers:wait(-1) end)
    assert.has_error(function() transfers.wait() end)
    transfers:close()
    assert.has_error(function() transfers:next() end)
  end)

  it("that nobody waits for end with their handle", function()
    local mine = assert(curl.transfers { "127.0.0.1" })
    assert(mine:start { url = "http://127.0.0.1:1/" })
    assert.equal(1, mine:count())
    mine:close()
    mine:close()
  end)
end)

describe("the module", function()
  it("is not needed by who only measures", function()
    local pipe = assert(io.popen(("ldd %s/%s/loom/core.so"):format(os.getenv "LOOM_BUILD", jit and "luajit" or "lua5.4")))
    local text = pipe:read "*a"
    pipe:close()
    assert.matches("libsqlite3", text)
    assert.is_nil(text:find("libcurl", 1, true))
    local script = [[local monitor = assert(require "loom".open ":memory:"); monitor:close()
      require "loom.agent.outbox"; require "loom.alerts.replay"; print(package.loaded["loom.curl"])]]
    assert.equal("nil\n", shell.run(shell.words(shell.lua, "-e", script)).out)
  end)
end)
