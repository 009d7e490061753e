--- loom completion
-- @module loom.cli.completion

local command = { name = "completion" }

-- The scripts are argparse's, made from the commands and options that --help shows.
local scripts = { bash = "get_bash_complete", fish = "get_fish_complete", zsh = "get_zsh_complete" }

-- Calls tell(name, words, at) for each argument that is one of some words: of which command, and where it is the earliest, as the
-- shell counts words from 0.
local function each_choice(parser, name, depth, tell)
  for i, argument in ipairs(parser._arguments) do
    if argument._choices then
      tell(name, table.concat(argument._choices, " "), depth + i)
    end
  end
  for _, inner in ipairs(parser._commands) do
    each_choice(inner, (name .. " " .. inner._name):gsub("^ ", ""), depth + 1, tell)
  end
end

-- What argparse's scripts do not know: arguments that are one of some words.
local additions = {}

function additions.bash(parser, script)
  local cases = {}
  each_choice(parser, "", 0, function(name, words, at)
    cases[#cases + 1] = ("        '%s') [ $COMP_CWORD -lt %d ] || COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;")
      :format(name, at, words)
  end)
  local text = '    case "$cmd" in\n' .. table.concat(cases, "\n") .. "\n    esac\n\n"
  local at = script:find('    if [[ "$cur" = -* ]]; then', 1, true)
  return script:sub(1, at - 1) .. text .. script:sub(at)
end

function additions.fish(parser, script)
  local lines = { script }
  each_choice(parser, "", 0, function(name, words, at)
    local when = ("__fish_loom_using_command %s; and test (count (commandline -poc)) -ge %d"):format(name, at)
    lines[#lines + 1] = ("complete -c loom -n '%s' -xa '%s'\n"):format(when, words)
  end)
  return table.concat(lines)
end

-- argparse has it call the function at once, for which completion has to be going on.
function additions.zsh(_, script)
  return (script:gsub("\n_loom\n$",
    '\nif [[ $funcstack[1] == _loom ]]; then\n  _loom "$@"\nelse\n  compdef _loom loom\nfi\n'))
end

function command.add_to(parser)
  local completion = parser:command "completion"
    :summary "Print what completes commands and options in a shell."
    :description('Print a script by which a shell completes commands, options and their values: in bash eval "$(loom completion '
      .. 'bash)", in zsh the same with zsh, once compinit has run, in fish loom completion fish | source. make install and the '
      .. "Debian package have put them where shells look.")
  completion:argument "shell":description "bash, fish or zsh.":choices { "bash", "fish", "zsh" }
end

-- Offers the names of formats where others than these are taken, too.
local function offer_formats(parser)
  for _, option in ipairs(parser._options) do
    option._choices = option._choices or option.formats
  end
  for _, verb in ipairs(parser._commands) do
    offer_formats(verb)
  end
end

function command.run(args)
  local parser = require("loom.cli").parser()
  offer_formats(parser)
  io.stdout:write(additions[args.shell](parser, parser[scripts[args.shell]](parser)))
  return true
end

return command
