--- loom completion
-- @module loom.cli.completion

local command = { name = "completion" }

-- The scripts are argparse's, made from the commands and options that --help shows.
local scripts = { bash = "get_bash_complete", fish = "get_fish_complete", zsh = "get_zsh_complete" }

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
  local script = parser[scripts[args.shell]](parser)
  if args.shell == "zsh" then -- argparse calls the function at once, for which completion has to be going on
    script = script:gsub("\n_loom\n$", '\nif [[ $funcstack[1] == _loom ]]; then\n  _loom "$@"\nelse\n  compdef _loom loom\nfi\n')
  end
  io.stdout:write(script)
  return true
end

return command
