--- loom manual: the manual page, written in man(7) from what --help knows.
-- @module loom.cli.manual

local loom = require "loom"

local command = { name = "manual" }

function command.add_to(parser)
  parser:command "manual"
    :summary "Print the manual page."
    :description "Print the manual page, which has the help of every command: loom manual | man -l -"
end

-- Text as man(7) shows it: hyphens that can be copied, and nothing that troff would take for itself.
local function plain(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("'", "\\(aq"):gsub("`", "\\(ga"):gsub("%^", "\\(ha"):gsub("~", "\\(ti")
  return (text:gsub("^%.", "\\&."))
end

local function bold(text)
  return "\\fB" .. plain(text) .. "\\fR"
end

local function italic(text)
  return "\\fI" .. plain(text) .. "\\fR"
end

-- What argparse puts before a description, "-o FILE, --output FILE" or the name of an argument.
local function label_of(element)
  local labels = {}
  for label in (table.concat(element:_get_label_lines(), " ") .. ", "):gmatch " *(.-), +" do
    local flag, value = label:match "^(%-[^ ]+) ?(.*)$"
    labels[#labels + 1] = bold(flag or label) .. (value and value ~= "" and " " .. italic(value) or "")
  end
  return table.concat(labels, ", ")
end

local function add_elements(lines, elements)
  for _, element in ipairs(elements) do
    if not element._hidden then
      lines[#lines + 1] = ".TP"
      lines[#lines + 1] = label_of(element)
      lines[#lines + 1] = plain(element:_get_description())
    end
  end
end

-- How something is called, in one piece.
local function usage_of(parser)
  local usage = parser:get_usage():gsub("^Usage: ", ""):gsub("%s+", " "):gsub(" %[%-h%]", "")
  local name = parser:_get_fullname()
  if usage:sub(1, #name) ~= name then -- an argument stands between its words
    name = "loom"
  end
  return bold(name) .. plain(usage:sub(#name + 1))
end

local function add_command(lines, parser)
  lines[#lines + 1] = ".SS " .. plain(parser:_get_fullname())
  lines[#lines + 1] = usage_of(parser)
  lines[#lines + 1] = ".PP"
  lines[#lines + 1] = plain(parser._description)
  add_elements(lines, parser._arguments)
  local options = {}
  for _, option in ipairs(parser._options) do
    options[#options + 1] = option._name ~= "-h" and option or nil -- which all of them have
  end
  add_elements(lines, options)
  for _, inner in ipairs(parser._commands) do
    add_command(lines, inner)
  end
end

--- The manual page of a parser of all commands.
-- @param parser as argparse has made it
-- @treturn string man(7)
function command.page(parser)
  local lines = {
    ([[.TH LOOM 1 "" "loom %s" "User Commands"]]):format(loom.version),
    ".nh\n.ad l", -- names of options are not broken
    ".SH NAME",
    "loom \\- uptime and downtime of stores in their business hours",
    ".SH SYNOPSIS",
    usage_of(parser),
    ".SH DESCRIPTION",
    plain(parser._description),
    ".PP",
    "Each command tells the same by " .. bold "loom" .. " " .. italic "command" .. " " .. bold "--help" .. ".",
  }
  add_elements(lines, parser._options)
  lines[#lines + 1] = ".SH COMMANDS"
  for _, inner in ipairs(parser._commands) do
    add_command(lines, inner)
  end
  for _, line in ipairs {
    ".SH EXIT STATUS",
    plain((parser._epilog:gsub("^Exit status: ", ""))),
    "What has failed is told by one line on standard error.",
    ".SH ENVIRONMENT",
    ".TP", bold "TMPDIR", "Where files are kept that are needed for a while (by default /tmp).",
    ".SH SEE ALSO",
    bold "sqlite3" .. "(1), " .. bold "nginx" .. "(8)",
  } do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n"
end

function command.run()
  io.stdout:write(command.page(require("loom.cli").parser()))
  return true
end

return command
