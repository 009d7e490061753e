--- Changes of the database: all of them, or none.
-- @module loom.transaction

local author = require "loom.author"
local core = require "loom.core"

local failure = {} -- marks the errors that end a transaction with a failure rather than with an error of somebody's

local transaction = {}

--- Ends the transaction that calls it; its failure is returned by `transaction.run`.
function transaction.fail(code, format, ...)
  error(setmetatable({ code = code, message = code .. ": " .. format:format(...) }, failure), 0)
end

--- What work outside of a transaction has failed with, that ends one by `transaction.fail`; other errors come through.
-- @return nil, the failure and its code
function transaction.failure(err)
  if getmetatable(err) ~= failure then
    error(err, 0)
  end
  return nil, err.message, err.code
end

-- Undoes what is open of a write transaction down to one of its parts, 0 for the whole. False where that is not open any more.
local function undo(database, number, part)
  local open, parts = database:writing()
  if open ~= number or parts < part then
    return false
  end
  for _ = part, parts do
    database:rollback()
  end
  return true
end

--- What to hold while functions of the caller's run in a write transaction that has begun: a coroutine of theirs may never
-- be resumed, and must not keep the database for ever.
-- @treturn table in which `ended` is to be set; without it, the transaction is rolled back when the table is collected
function transaction.guard(database)
  local guard = {}
  local number, part = database:writing()
  guard.proxy = core.proxy {
    __gc = function()
      if not guard.ended then
        pcall(undo, database, number, part) -- it may be closed
      end
    end,
  }
  return guard
end

--- Calls work() in a write transaction, for what the native half does.
-- @param database
-- @tparam function work returns nil, the failure and its code to have all of it undone
-- @return the two values that `work` returns, or nil, the failure and its code
function transaction.native(database, work)
  local begun, message, code = database:begin()
  if not begun then
    return nil, message, code
  end
  local result, more, why = work()
  if result == nil then
    database:rollback()
    return nil, more, why
  end
  local committed
  committed, message, code = database:commit()
  if not committed then
    return nil, message, code
  end
  return result, more
end

-- Whether part `part` of a transaction is the innermost one again: others that have been left open in it are undone.
local function is_open(database, number, part)
  local open, parts = database:writing()
  return open == number and parts >= part and (parts == part or undo(database, number, part + 1))
end

local function finish(database, number, part, called, result, message, ...)
  local checked, open = pcall(is_open, database, number, part) -- the database may have been closed
  local is_failure = not called or (result == nil and message ~= nil)
  if checked and open and is_failure then
    database:rollback()
  end
  if not called then
    error(result, 0)
  elseif is_failure then
    return result, message, ...
  elseif not (checked and open) then
    return nil, "EINVAL: the transaction was ended while it was under way", "EINVAL"
  end
  local committed, why, code = database:commit()
  if not committed then
    return nil, why, code
  elseif result == nil then
    return true
  end
  return result, message, ...
end

--- Calls work() in a write transaction that has parts: see `loom.monitor:transaction`.
-- @param database
-- @tparam function work
-- @return what `work` returns, true for nothing; or nil, the failure and its code. What it raises comes through.
function transaction.group(database, work)
  local begun, message, code = database:begin(true)
  if not begun then
    return nil, message, code
  end
  local guard = transaction.guard(database)
  local number, part = database:writing()
  local function ended(...)
    guard.ended = true
    return finish(database, number, part, ...)
  end
  return ended(pcall(work))
end

-- Calls work(argument) between begin and commit of the target, which is a database or facts; `how` is what it begins with, the
-- author of facts, and whether a database is asked meanwhile.
local function attempt(target, work, argument, keep_revision, how)
  local begun, message, code = target:begin(how)
  if not begun then
    return nil, message, code
  end
  local called, result = pcall(work, argument)
  if not called then
    target:rollback()
    if getmetatable(result) == failure then
      return nil, result.message, result.code
    end
    error(result, 0)
  end
  local committed
  committed, message, code = target:commit(keep_revision)
  if not committed then
    return nil, message, code
  end
  return result
end

--- Calls work(execute) in a write transaction, where execute(sql, ...) runs a statement with bound parameters and
-- returns how many rows it changed, the number of the row inserted last, and the first value of the first row, if any.
-- @param database
-- @tparam function work
-- @tparam[opt] bool keep_revision nothing changes that reports are made from: see loom_database_revision
-- @tparam[opt] bool reads `work` also asks the database by its other methods, which see what it has written so far
-- @return what `work` returns, or nil, the failure and its code; an error of `work` comes through. In both cases the
--   database is as it was.
function transaction.run(database, work, keep_revision, reads)
  return attempt(database, work, function(sql, ...)
    local changes, number, value = database:execute(sql, ...)
    if not changes then
      error(setmetatable({ code = value, message = number }, failure), 0)
    end
    return changes, number, value
  end, keep_revision, reads)
end

-- Facts whose methods end the transaction when they fail.
local Facts = {}
Facts.__index = Facts
for _, name in ipairs { "put", "remove", "list", "names" } do
  Facts[name] = function(self, argument)
    local result, message, code = self.native[name](self.native, argument)
    if result == nil then
      error(setmetatable({ code = code, message = message }, failure), 0)
    end
    return result
  end
end

--- Calls work(facts) in a write transaction, where `facts` has the methods put, remove, list and names of `src/lua/facts.c`;
-- however many facts are put, it is one transaction.
-- @tparam loom.monitor monitor
-- @tparam ?table options `by` and `reason`, for the audit
-- @tparam function work
-- @return as `transaction.run` does
function transaction.facts(monitor, options, work)
  local native, signed = core.facts(monitor.database), author.of(monitor, options)
  local called, result, message, code = pcall(attempt, native, work, setmetatable({ native = native }, Facts), nil, signed)
  native:close()
  if not called then
    error(result, 0)
  end
  return result, message, code
end

--- Lists facts outside of a transaction.
-- @param database
-- @tparam table query see `src/lua/facts.c`
-- @treturn {table,...}|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function transaction.list(database, query)
  local native = core.facts(database)
  local list, message, code = native:list(query)
  native:close()
  return list, message, code
end

return transaction
