--- Running the command on a database, and what failures leave behind: nothing.

local assert = require "luassert"
local files = require "support.files"
local shell = require "support.shell"

local command = {}

--- Expects a command to fail and to leave a database as it was.
-- @tparam string db
-- @tparam int status 1: failed; 2: wrong use
-- @tparam string message a part of what the line says
-- @param ... the command's words
function command.expect_failure(db, status, message, ...)
  local before = files.read(db)
  local result = shell.loom(...)
  shell.expect_failure(result, status)
  assert.matches(message, result.err, 1, true)
  assert.equal(status == 2, result.err:find("%(see loom [%l -]+ %-%-help%)\n$") ~= nil)
  assert.is_true(before == files.read(db))
end

--- Expects what every command on a database says of one that is not there, and of one that is none.
-- @tparam string folder for files
-- @param ... the command's words, in which DB stands for the database
function command.expect_database_needed(folder, ...)
  local function words(path, ...)
    local list = { ... }
    for i, word in ipairs(list) do
      list[i] = word == "DB" and path or word
    end
    return shell.run(shell.command .. " " .. shell.words((table.unpack or unpack)(list))) -- luacheck: compat
  end
  local missing = folder .. "/missing"
  shell.expect_failure(words(missing, ...), 1, missing .. ": no such database")
  assert.is_false(files.exists(missing))
  local other = files.write(folder .. "/other", ("This is a letter.\n"):rep(500))
  shell.expect_failure(words(other, ...), 1, other .. ": is not an SQLite database")
  assert(os.remove(other))
end

--- Expects a command that writes to say so of a database that is read-only; true if that could be tried.
function command.expect_read_only(db, ...)
  local unprivileged = shell.unprivileged()
  if not unprivileged then
    return false
  end
  local before = files.read(db)
  shell.run("chmod 444 " .. db)
  local result = shell.run(unprivileged .. shell.line(...))
  shell.run("chmod 644 " .. db)
  shell.expect_failure(result, 1, db .. ": is read-only")
  assert.is_true(before == files.read(db))
  return true
end

return command
