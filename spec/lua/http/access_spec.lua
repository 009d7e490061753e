local access = require "loom.http.access"
local files = require "support.files"
local tokens = require "loom.http.tokens"

describe("access", function()
  it("knows a client by its token, however the header is written", function()
    local folder = files.make_folder()
    tokens.load(files.write(folder .. "/tokens", ("write %s x\nread %s y\n"):format(tokens.hex(tokens.hash "one"),
      tokens.hex(tokens.hash "two"))))
    local seen = {}
    for _, header in ipairs { "Bearer one", "bearer one", "BEARER  one", "Bearer" .. (" "):rep(100) .. "one", "Bearer two" } do
      _G.ngx = { ctx = {}, var = { http_authorization = header, binary_remote_addr = "\127\0\0\1" } }
      access.check { access = "read" }
      seen[access.client()] = true
    end
    _G.ngx = nil
    files.remove_folder(folder)
    local count = 0
    for _ in pairs(seen) do
      count = count + 1
    end
    assert.equal(2, count)
  end)
end)
