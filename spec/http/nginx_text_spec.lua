-- What the configurations of nginx that are run have in common.

local nginx_text = require "loom.http.nginx_text"
local service = require "loom.http.nginx_conf"
local worker = require "loom.workers.nginx_conf"

local OPTIONS = { user = "loom loom", workers = 3, modules = { "/a b/kit.so", "/a b/lua.so" }, lua_path = 'q"$?.lua',
  lua_cpath = "?.so", log_level = "notice", listen = "127.0.0.1:1", descriptors = 1024, running = 2, polls_limit = 1,
  ingest_limit = 1, reports = "/reports", database = "/db", conf = "/conf", shard = 1, token_file = "/token" }

describe("configurations of nginx", function()
  it("begin with the same", function()
    for _, text in ipairs { service.text(OPTIONS), worker.text(OPTIONS) } do
      assert.matches("^daemon off;\nuser loom loom;\nworker_processes 3;\n", text)
      assert.matches('\nload_module "/a b/kit.so";\nload_module "/a b/lua.so";\n', text, 1, true)
      assert.matches('\n  lua_package_path "q\\"\\$?.lua";\n  lua_package_cpath "?.so";\n', text, 1, true)
      assert.matches("\n  client_body_temp_path body;\n", text, 1, true)
      assert.is_nil(text:find "@[%l_]+@")
    end
  end)

  it("take what is put into them as it is", function()
    assert.equal("a @main@ %1;", nginx_text.fill("a @b@;", OPTIONS, { b = "@main@ %1" }))
    assert.equal('"a\\"\\\\\\$"', nginx_text.quoted 'a"\\$')
    assert.equal('"a\\n\\"{}"', nginx_text.lua_string 'a\n"{}')
  end)
end)
