-- The rockspecs, LuaRocks and `make install`: in a copy of the checkout, into empty trees, used from another folder.

local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"

local LIMIT = 900 -- seconds for one script, where all is compiled while other tests run

local this_lua = jit and jit.version or _VERSION

-- What a rockspec defines.
local function load_rockspec(path)
  local defined = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(path)), defined)
  else
    chunk = assert(loadfile(path, "t", defined))
  end
  chunk()
  return defined
end

local function rockspecs()
  local names = {}
  for _, name in ipairs(files.list(".")) do
    if name:match("%.rockspec$") then
      names[#names + 1] = name
    end
  end
  return names
end

describe("the version", function()
  it("is the same everywhere", function()
    local version = files.read("src/core/base/version.h"):match('#define LOOM_VERSION "([^"]+)"')
    assert.equal(version, loom.version)
    assert.same({ "loom-" .. version .. "-1.rockspec", "loom-scm-1.rockspec" }, rockspecs())
    assert.equal(version .. "-1", load_rockspec("loom-" .. version .. "-1.rockspec").version)
    assert.equal(version, files.read("CHANGELOG.md"):match("\n## (%S+)"))
  end)

  it("and where the source is are all that rockspecs differ in", function()
    local development = load_rockspec("loom-scm-1.rockspec")
    local release = load_rockspec("loom-" .. loom.version .. "-1.rockspec")
    assert.equal("scm-1", development.version)
    assert.matches("^git%+https://", release.source.url)
    assert.equal("v" .. loom.version, release.source.tag)
    assert.equal(development.source.url, release.source.url)
    release.version, release.source = development.version, development.source
    assert.same(development, release)
  end)
end)

describe("the rockspecs", function()
  it("are such as luarocks.org takes", function()
    for _, path in ipairs(rockspecs()) do
      local result = shell.run("luarocks lint " .. path)
      assert.equal(0, result.status, result.out .. result.err)
      local description = load_rockspec(path).description
      for _, name in ipairs { "summary", "detailed", "homepage", "license" } do
        assert.is_string(description[name], name)
      end
      assert.matches("^https://", description.homepage)
    end
  end)
end)

describe("a copy of the checkout", function()
  local folder, copy

  -- Runs a script in a folder, with nothing of the environment that could lead to the checkout, to the sanitizers'
  -- runtime, to the flags of a make above, or to settings and caches of the user.
  local function run(where, script)
    local environment = ('PATH="$PATH" HOME=%s TMPDIR=%s GIT_CONFIG_NOSYSTEM=1 OPTIMIZE=-O0 MAKEFLAGS=-j2')
      :format(folder .. "/home", folder .. "/tmp")
    return shell.run(("cd %s && env -i %s sh -euc %s"):format(where, environment, shell.quote(script)), LIMIT)
  end

  -- Expects it to succeed, too.
  -- @return its output
  local function good(where, script)
    local result = run(where, script)
    assert.equal(0, result.status, script .. "\n" .. result.out .. result.err)
    return result.out
  end

  -- LuaRocks as this interpreter runs it works for this interpreter.
  local luarocks = shell.quote(shell.lua) .. ' "$(command -v luarocks)"'
  local options = "--deps-mode=none CFLAGS=-O0"
    .. (jit and ' LUA_INCDIR="$(pkg-config --variable=includedir luajit)"' or "")

  -- The command loads the example's files and prints their report, also as a page, which is made of files that are no Lua.
  local function expect_command(command)
    assert.equal("loom " .. loom.version .. "\n", good("/", command .. " --version"))
    for _, format in ipairs { "table", "html" } do
      local report = good("/", ([[
        trap 'rm "$TMPDIR"/db' EXIT
        COMMAND ingest "$TMPDIR"/db --quiet ]] .. copy .. [[/examples/data
        COMMAND report "$TMPDIR"/db --format=]] .. format):gsub("COMMAND", command))
      assert.equal((shell.good("report", "examples/data", "--format=" .. format)), report)
    end
  end

  -- The command serves, on nginx's LuaJIT.
  local function expect_service(command)
    local script = ([[
      cd "$TMPDIR"
      COMMAND serve "$TMPDIR"/served --listen 127.0.0.1:PORT >log 2>&1 & pid=$!
      tries=3000
      until curl -sf http://127.0.0.1:PORT/readyz; do
        tries=$((tries - 1))
        if [ $tries = 0 ] || ! kill -0 $pid; then cat log >&2; exit 1; fi
        sleep 0.02
      done
      page=$(curl -sf http://127.0.0.1:PORT/ui/)
      curl -sfo /dev/null "http://127.0.0.1:PORT/ui/$(echo "$page" | sed -n 's/.*src="\([^"]*\)".*/\1/p')"
      kill $pid
      wait $pid
      rm -r served* log]]):gsub("COMMAND", command):gsub("PORT", tostring(server.free_port()))
    assert.equal('{"status":"ok"}\n', good("/", script))
  end

  -- The tree of LuaRocks in a place has the module for this Lua, and the command, which runs on this Lua.
  local function expect_tree(place)
    local tree = place .. "/tree"
    local version = _VERSION:match("%d.*")
    local script = files.write(place .. "/script.lua", ([[
      package.path = "TREE/share/lua/VERSION/?.lua;TREE/share/lua/VERSION/?/init.lua;" .. package.path
      package.cpath = "TREE/lib/lua/VERSION/?.so;" .. package.cpath
      local loom = require "loom"
      local monitor = assert(loom.open(":memory:"))
      assert(monitor:ingest { status = "]] .. copy .. [[/examples/data/store_status.csv" })
      print(loom.version, monitor:info().stores)
    ]]):gsub("TREE", tree):gsub("VERSION", version))
    assert.matches("^" .. loom.version:gsub("%p", "%%%0") .. "\t[1-9]%d*\n$", good("/", shell.words(shell.lua, script)))
    expect_command(tree .. "/bin/loom")
    expect_service(tree .. "/bin/loom")
    assert.is_true(files.exists(("%s/lib/lua/%s/loom/loom_polls.so"):format(tree, version)))
    local rock = ("%s/lib/luarocks/rocks-%s/loom"):format(tree, version)
    rock = rock .. "/" .. files.list(rock)[1]
    for _, path in ipairs { "docs/guide.md", "examples/nightly.lua", "meta/loom.lua" } do
      assert.is_true(files.exists(rock .. "/" .. path), path)
    end
    local interpreter = files.read(tree .. "/bin/loom"):match("exec '([^']+)'")
    assert.equal(this_lua, good("/", shell.words(interpreter, "-e", "io.write(jit and jit.version or _VERSION)")))
  end

  -- A new folder for a tree and what is made beside it.
  local function make_place(name)
    local place = folder .. "/" .. name
    good("/", "mkdir " .. place)
    return place
  end

  files.folder_for_all(function(made)
    folder = made
    make_place("home")
    make_place("tmp")
    copy = make_place("checkout")
    -- All that git has or would take; in a source archive, all but what was built.
    good(".", [[
      { git -c safe.directory='*' ls-files -z --cached --others --exclude-standard 2>/dev/null | grep -z . ||
        find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0; } >"$HOME/list"
      tar -c --null -T "$HOME/list" | tar -x -C ]] .. copy)
    good(copy, [[
      git init -q
      git add -A
      git -c user.name=spec -c user.email=spec@localhost commit -q -m copy]])
    if os.getenv "LOOM_BUILD" == "build" then -- not what has a sanitizer in it; the source rock compiles all anew
      good(".", ("mkdir %s/build && cp -a build/src build/extension %s/build"):format(copy, copy))
    end
  end)

  it("goes into a tree with `luarocks make`, also after it was built for another Lua", function()
    local place = make_place("made")
    good(copy, ([[make rock LUA_INCDIR="$(pkg-config --cflags-only-I %s | sed 's/^-I//; s/ *$//')"]])
      :format(_VERSION == "Lua 5.1" and "lua5.4" or "luajit"))
    good(copy, ("%s make %s --tree=%s/tree"):format(luarocks, options, place))
    expect_tree(place)
    assert.equal("", good(copy, "git status --porcelain"))
  end)

  it("makes a binary rock with `luarocks pack`", function()
    local place = make_place("binary")
    good(copy, ("%s make %s --tree=%s/packed"):format(luarocks, options, place))
    good(place, ("%s pack loom --tree=packed"):format(luarocks))
    good(place, ("rm -r packed && %s install --deps-mode=none --tree=tree loom-scm-1.*.rock"):format(luarocks))
    expect_tree(place)
  end)

  it("runs its specs with `luarocks test`", function()
    local place = make_place("tested")
    good(place, ("cp -a %s . && find checkout/spec -name '*_spec.lua' -delete"):format(copy))
    local spec = place .. "/checkout/spec/lua/some_spec.lua"
    files.write(spec, ([[
      it("runs on the Lua that was asked for", function()
        assert.equal(%q, jit and jit.version or _VERSION)
        assert.equal(%q, require("loom").version)
      end)]]):format(this_lua, loom.version))
    assert.matches("1 success / 0 failures / 0 errors", good(place .. "/checkout", luarocks .. " test"), 1, true)
    files.write(spec, 'it("fails", function() error("on purpose") end)')
    local result = run(place .. "/checkout", luarocks .. " test")
    assert.matches("on purpose", result.out, 1, true)
    assert.equal(1, result.status)
  end)

  -- Archives and make know nothing of the Lua that asks for them.
  if not jit then
    it("does not go anywhere but into the tree of LuaRocks", function()
      local place = make_place("stray")
      local result = run(copy, ("make install-rock LUADIR=%s/lua LIBDIR=%s/lib BINDIR=%s/bin"):format(place, place, place)
        .. [[ LUA_INCDIR="$(pkg-config --cflags-only-I lua5.4 | sed 's/^-I//; s/ *$//')"]])
      assert.equal(2, result.status)
      assert.matches("LuaRocks has not made " .. place .. "/lua: ", result.err, 1, true)
      assert.same({}, files.list(place))
    end)

    it("makes a source rock with `make dist` and `luarocks pack`", function()
      local place = make_place("source")
      good(copy, "make dist")
      assert.equal("", good(copy, "git status --porcelain"))
      good(place, ("%s pack %s/build/dist/loom-%s-1.rockspec"):format(luarocks, copy, loom.version))
      good(copy, "rm -r build/dist") -- all is in the rock
      good(place, ("%s install %s --tree=tree loom-%s-1.src.rock"):format(luarocks, options, loom.version))
      expect_tree(place)
    end)

    it("with changes that are not committed makes no archive", function()
      local place = make_place("changed")
      good(place, ("cp -a %s . && echo >>checkout/README.md"):format(copy))
      local result = run(place .. "/checkout", "make dist")
      assert.equal(2, result.status)
      assert.matches("make dist: there are changes that are not committed", result.err, 1, true)
      assert.is_false(files.exists(place .. "/checkout/build/dist"))
    end)

    it("goes below a prefix with `make install`", function()
      local place = make_place("installed")
      good(copy, ("make install PREFIX=%s/prefix"):format(place))
      expect_command(place .. "/prefix/bin/loom")
      expect_service(place .. "/prefix/bin/loom")
      good(copy, ("make install DESTDIR=%s/root PREFIX=/opt/loom"):format(place))
      expect_command(place .. "/root/opt/loom/bin/loom")
      assert.same({ "prefix", "root" }, files.list(place))
      assert(os.remove(place .. "/prefix/lib/lua/5.1/loom/core.so"))
      local result = run("/", place .. "/prefix/bin/loom serve db")
      shell.expect_failure(result, 1)
      assert.matches("Loom's module for nginx's LuaJIT is not installed beside", result.err, 1, true)
      assert.matches("build and install Loom again", result.err, 1, true)
    end)

    it("is taken away by `make uninstall`, and nothing else is", function()
      local place = make_place "uninstalled"
      local list = "find prefix root | LC_ALL=C sort"
      good(place, "mkdir -p prefix/share/lua/5.4/other root/opt && echo >prefix/share/lua/5.4/other/own.lua")
      for _, where in ipairs { ("PREFIX=%s/prefix"):format(place), ("DESTDIR=%s/root PREFIX=/opt/loom"):format(place) } do
        local before = good(place, "find prefix root -type f | LC_ALL=C sort")
        good(copy, "make install " .. where)
        good(place, "mkdir -p prefix/share/lua/5.4/loom && echo >prefix/share/lua/5.4/loom/own.lua")
        local installed = good(place, list)
        good(copy, "make install " .. where) -- which takes the one before away
        assert.equal(installed, good(place, list))
        good(copy, "make uninstall " .. where)
        good(place, "rm -r prefix/share/lua/5.4/loom") -- where own.lua is all that is left
        assert.equal(before, good(place, "find prefix root -type f | LC_ALL=C sort"))
        assert.equal("", good(place, "find prefix root -mindepth 3 -name loom"))
        local result = run(copy, "make uninstall " .. where)
        assert.equal(2, result.status)
        assert.matches("share/loom/installed", result.err, 1, true)
      end
    end)

    it("tells a line for each thing that `make` makes, or the commands", function()
      local place = make_place "built"
      local objects = "build/lua5.4/text.o build/lua5.4/output.o"
      local told = good(copy, ("make BUILD=%s %s"):format(place, objects:gsub("build", place)))
      assert.matches("^  CC      " .. place:gsub("%p", "%%%0") .. "/lua5.4/%l+.o\n  CC      [^\n]+\n$", told)
      assert.equal("", good(copy, ("make -s -B BUILD=%s %s/lua5.4/text.o"):format(place, place)))
      assert.matches(" -c -o ", good(copy, ("make -B V=1 BUILD=%s %s/lua5.4/text.o"):format(place, place)), 1, true)
    end)
  end
end)
