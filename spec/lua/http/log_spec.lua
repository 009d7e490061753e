local log = require "loom.http.log"
local shell = require "support.shell"

describe("the log", function()
  it("has one line to a message, and nothing that moves a terminal", function()
    assert.equal([[a\x0D\x0A2024/01/01 [error] forged\x1B[2Jb\x7F\x00\x09c]],
      log.line "a\r\n2024/01/01 [error] forged\27[2Jb\127\0\tc")
    assert.equal("\\xC2\\x9B31m caf\195\169 \194\160", log.line "\194\15531m caf\195\169 \194\160")
  end)

  it("is what everything is written through", function()
    assert.equal("lua/loom/http/log.lua\n", shell.run("grep -rl 'ngx\\.log(' lua").out)
  end)
end)
