--- Whom the workers of a service that root starts run as.
--
-- Root is needed for a port below 1024 and nothing else. Workers run as `--user`, or else as the owner of the database's folder,
-- who can read and write there; where that is root, they stay root, and that is told.
-- @module loom.cli.user

local common = require "loom.cli.common"
local text = require "loom.formats.text"

local user = {}

-- The first line that a command prints; nil where it fails.
local function line_of(command)
  local pipe = io.popen(command .. " 2>/dev/null")
  local line = pipe and pipe:read "*l"
  if pipe then
    pipe:close()
  end
  return line ~= "" and line or nil
end

local function quoted(...)
  local words = { ... }
  for i, word in ipairs(words) do
    words[i] = text.shell_quoted(word)
  end
  return table.concat(words, " ")
end

--- Chooses; the end of the command where that is not possible.
-- @tparam ?string name of the option `--user`
-- @tparam string folder of the database
-- @treturn table|false `name` and `group`; false where the workers are who starts them
function user.choose(name, folder)
  if line_of "id -u" ~= "0" then
    if name then
      common.wrong_use "--user: only root can have workers run as somebody else"
    end
    return false
  end
  name = name or line_of("stat -L -c %U -- " .. quoted(folder)) or "root"
  local group = line_of("id -gn -- " .. quoted(name))
  if not group then
    common.wrong_use("--user: %s: there is no such user", name)
  end
  return name ~= "root" and { name = name, group = group }
end

--- Whom nginx is told that they run as.
-- @treturn ?string a user and a group, or root; nil where it is who starts them, who is not root
function user.directive(chosen)
  return chosen and chosen.name .. " " .. chosen.group or line_of "id -u" == "0" and "root" or nil
end

--- Gives a file or a folder that root has just made to the workers.
function user.give(chosen, path)
  if chosen then
    line_of(("chown %s -- %s"):format(quoted(chosen.name .. ":" .. chosen.group), quoted(path)))
  end
end

--- What the workers may not do that they have to.
-- @tparam ?table chosen
-- @tparam {table,...} needed each a path and "r", "w" or "x"
-- @treturn ?string nil if there is nothing
function user.refused(chosen, needed)
  if not chosen then
    return nil
  end
  local words = { r = "read", w = "write", x = "enter" }
  for _, need in ipairs(needed) do
    local may = line_of(("setpriv --reuid %s --regid %s --init-groups test -%s %s && echo yes"):format(quoted(chosen.name),
      quoted(chosen.group), need[2], quoted(need[1])))
    if may ~= "yes" then
      return ("%s: the user %s, whom the workers run as, may not %s it"):format(need[1], chosen.name, words[need[2]])
    end
  end
end

return user
