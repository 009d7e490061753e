-- What is made from the help of all commands: the manual page, and what completes them in shells.

local files = require "support.files"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

-- What a script prints, in a language whose letters are UTF-8.
local function output(script)
  local result = shell.run("export LC_ALL=C.UTF-8\n" .. script)
  assert.equal("", result.err)
  assert.equal(0, result.status)
  return result.out
end

-- Text without what is one blank or more, or a hyphen that man(1) has chosen.
local function squeezed(text)
  return (text:gsub("‐", "-"):gsub("%s+", " "))
end

-- What follows a heading of a help, or nothing.
local function under(heading, help)
  return ((help .. "\n\n"):match("\n" .. heading .. ":\n(.-)\n\n") or "") .. "\n"
end

-- The help of the command, of its commands and their verbs, by name.
local function helps()
  local found = {}
  local function add(name, ...)
    local words = { ... }
    words[#words + 1] = "--help"
    local help = shell.good(unpack(words))
    found[name] = help
    if help:find "<database> <command>" then
      words[#words] = "db"
      words[#words + 1] = "command"
    end
    for inner in under("Commands", help):gmatch "   (%l[%l-]*)[ \n]" do
      words[#words] = inner
      add(name .. " " .. inner, unpack(words))
    end
  end
  add "loom"
  return found
end

-- Descriptions of a help, which stand in a column of their own; those that are wrapped, in one piece.
local function descriptions(help)
  local list, last = {}, nil
  for line in (under("Arguments", help) .. under("Options", help)):gmatch "[^\n]+" do
    local label, text = line:sub(1, 25), line:sub(26)
    last = (label:find "^%s*$" and last and last .. " " or "") .. text
    list[label:find "^%s*$" and #list or #list + 1] = last
  end
  return list
end

describe("the manual page", function()
  local folder

  files.folder_for_all(function(made)
    folder = made
    files.write(folder .. "/loom.1", (shell.good "manual"))
  end)

  it("has all that the help of each command has", function()
    local page = squeezed(output("MANWIDTH=200 man -P cat -l " .. folder .. "/loom.1"))
    local count = 0
    for name, help in pairs(helps()) do
      count = count + 1
      assert.is_truthy(page:find(" " .. name .. " ", 1, true), name)
      for option in under("Options", help):gmatch "(%-%-[%l-]+)[ ,\n]" do
        assert.is_truthy(page:find(option, 1, true), name .. " " .. option)
      end
      for _, text in ipairs(descriptions(help)) do
        assert.is_truthy(page:find(squeezed(text), 1, true), name .. ": " .. text)
      end
    end
    assert.is_true(count > 30)
  end)

  it("is good man(7)", function()
    assert.equal("", output("man --warnings -E UTF-8 -l -Tutf8 -Z " .. folder .. "/loom.1 2>&1 >/dev/null"))
    local said = shell.run("mandoc -Tlint -W warning " .. folder .. "/loom.1").out
    assert.equal("", (said:gsub('[^\n]*missing date, using "": TH\n', ""))) -- one would be that of the build
  end)
end)

describe("completion", function()
  local folder
  local candidates = { -- the last word is what is completed
    { "re", { "report" } },
    { "hours ", { "clear", "get", "set" } },
    { "report --preset ", { "loom", "monitoring", "seed" } },
    { "report db --pre", { "--preset" } },
    { "special-day set --no", { "--note" } },
    { "token ", { "board", "read", "write" } },
    { "export stores.db spec", { "special-days" } },
  }

  files.folder_for_all(function(made)
    folder = made
    for _, name in ipairs { "bash", "fish", "zsh" } do
      files.write(folder .. "/" .. name, (shell.good("completion", name)))
    end
  end)

  it("works in bash", function()
    for _, case in ipairs(candidates) do
      local offered = output(([[
        bash --norc --noprofile -ec '
          source %s/bash
          IFS=" " read -ra COMP_WORDS <<<"loom %s"
          case "%s" in *" ") COMP_WORDS+=("");; esac
          COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
          "$(complete -p loom | sed "s/.*-F \([^ ]*\).*/\1/")"
          printf "%%s\n" "${COMPREPLY[@]}"' | sort]]):format(folder, case[1], case[1]))
      assert.equal(table.concat(case[2], "\n") .. "\n", offered, case[1])
    end
  end)

  it("works in fish", function()
    for _, case in ipairs(candidates) do
      local offered = output(("HOME=%s fish --no-config -c 'source %s/fish; complete -C \"loom %s\"' | cut -f 1 | sort")
        :format(folder, folder, case[1]))
      assert.equal(table.concat(case[2], "\n") .. "\n", offered, case[1])
    end
  end)

  -- zsh completes on a terminal alone. What it has shown is waited for: candidates in the order of their names.
  it("works in zsh, from a folder of functions and by eval", function()
    local script = files.write(folder .. "/script.zsh", [[
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "PS1= RPS1= TERM=dumb LISTMAX=1000; setopt no_beep no_always_last_prompt; $1"
      zpty -w shell 'bindkey "^I" list-choices; echo rea""dy'
      zpty -r -m shell line '*ready*'
      zpty -w -n shell "loom $2"$'\t'
      zpty -r -m shell line "*$3*"
      print -r -- shown
      zpty -d shell]])
    files.write(folder .. "/functions", "")
    os.remove(folder .. "/functions")
    output(("mkdir %s/functions && cp %s/zsh %s/functions/_loom"):format(folder, folder, folder))
    local ways = {
      ("fpath=(%s/functions $fpath); autoload -Uz compinit; compinit -D -u"):format(folder),
      ("autoload -Uz compinit; compinit -D -u; source %s/zsh"):format(folder),
    }
    for i, way in ipairs(ways) do
      for _, case in ipairs(i == 1 and candidates or { candidates[1] }) do
        local shown = table.concat(case[2], "*")
        local result = shell.run(("cd %s && timeout 20 zsh -f %s %s"):format(folder, script,
          shell.words(way, case[1], shown == "--preset" and "--preset  --" or shown == "--note" and "--note  --" or shown)))
        assert.equal("shown\n", result.out, case[1] .. "\n" .. result.err)
      end
    end
  end)
end)
