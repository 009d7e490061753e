--- What the subcommands share: arguments that are read alike, progress, output.
-- @module loom.cli.common

local core = require "loom.core"
local lfs = require "lfs"
local output = require "loom.output"

local common = {}

--- Ends the command as wrongly used.
function common.wrong_use(format, ...)
  error({ usage = format:format(...) }, 0)
end

--- Ends the command as failed, from inside a callback.
function common.fail(message)
  error({ failure = message }, 0)
end

--- A duration such as 90, 90m, 2h or 7d, in microseconds.
function common.duration(text, option)
  local value, reason = core.parse_duration(text)
  return value or common.wrong_use('%s: "%s" %s', option, text, reason)
end

--- A whole number, or the end of the command.
function common.whole(text, option, least, most)
  local value = text:match("^%d+$") and tonumber(text)
  if not value or value < least or value > most then
    common.wrong_use('%s: "%s" is not a whole number from %d to %d', option, text, least, most)
  end
  return math.floor(value)
end

function common.is_folder(path)
  return lfs.attributes(path, "mode") == "directory"
end

function common.exists(path)
  return lfs.attributes(path, "mode") ~= nil
end

--- A word as the shell takes it.
function common.shell_quote(text)
  return "'" .. text:gsub("'", [['\'']]) .. "'"
end

--- Writes what produce(write) makes to a path, or to standard output when it is nil.
function common.write(path, produce)
  return output.write(path or io.stdout, produce)
end

local BAR_AFTER = 1 -- seconds of work before a bar is shown
local BAR_EVERY = 0.1
local BAR_WIDTH = 30

--- A progress bar on standard error: function (share, label) and function () that removes it.
-- Work of less than a second, or a standard error that is no terminal, sees none of it.
function common.progress_bar(quiet)
  if quiet or not core.is_terminal("stderr") then
    return nil, function() end
  end
  local start, last, shown = core.clock(), 0, false
  local function draw(share, label)
    local now = core.clock()
    if now - start < BAR_AFTER or now - last < BAR_EVERY then
      return
    end
    last, shown = now, true
    local filled = math.floor(share * BAR_WIDTH)
    io.stderr:write(("\r\27[K[%s%s] %3d%% %s"):format(("#"):rep(filled), (" "):rep(BAR_WIDTH - filled),
      math.floor(share * 100), label))
  end
  return draw, function()
    if shown then
      io.stderr:write("\r\27[K")
    end
  end
end

return common
