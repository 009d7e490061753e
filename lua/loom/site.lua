--- The dashboard as files: a folder with the pages and their data, which opens from a disk or any host of files.
--
-- What is in it, and nothing but that:
--
--     index.html, loom.js, loom.css, icon.svg    the page: see `loom.site.page`
--     data/fleet.js                              what is told of all stores together
--     data/stores-1.js …                         a thousand stores each, as rows of the table
--     data/store-1.js …                          fifty stores each: what is seen when one is opened
--
-- Every figure is that of one instant, by the same rules, and made by what makes the service's answers.
-- @module loom.site

local fleet = require "loom.site.fleet"
local folder = require "loom.site.folder"
local json = require "loom.json"
local page = require "loom.site.page"
local rules = require "loom.rules"
local script = require "loom.site.script"
local stores = require "loom.site.stores"

local site = {}

--- How many stores a site may have: the page holds a row of each in memory, to sort and to choose among them, and each takes some
-- 3 ms, and 30 KB of files.
site.STORES_MAX = 10000

local ROWS, TOLD = 1000, 50 -- stores to a file
local TRIES = 3 -- how often one is begun, where the data change meanwhile
local CHANGED = "EBUSY"

local need = fleet.need

-- What all is computed of: the monitor, the instant, which stores and by which rules.
local Of = {}
Of.__index = Of

-- Options of the library with the rules and the instant.
function Of:rules(more)
  for name in pairs(rules.checkers) do
    more[name] = self.options[name]
  end
  more.as_of = self.as_of
  return more
end

-- The same, with the choice of stores.
function Of:chosen(more)
  more.stores, more.all_stores = self.ids and { ids = self.ids }, self.options.all_stores
  return self:rules(more)
end

function Of:series(more)
  return self.monitor:series(self:chosen(more))
end

local choosing = { "stores", "where", "search", "zones" }

-- What options choose: the `ids` of the stores, nil for all; how many there are (`count`); the instant that they are seen from,
-- as text (`as_of`); and those that are `left_out`, as `loom.status:left_out` gives them.
local function choose(monitor, options)
  local asked, is_chosen = { all_stores = options.all_stores, as_of = options.as_of, dormant_after = options.dormant_after },
    options.dormant ~= nil
  for _, name in ipairs(choosing) do
    asked[name], is_chosen = options[name], is_chosen or options[name] ~= nil
  end
  for name in pairs(rules.checkers) do
    asked[name] = options[name]
  end
  local status = need(monitor:status(asked))
  local chosen = { ids = is_chosen and {} or nil, as_of = status.as_of_utc, left_out = { status:left_out() } }
  for store in is_chosen and status:stores { dormant = options.dormant } or function() end do
    chosen.ids[#chosen.ids + 1] = store.store_id
  end
  chosen.count = is_chosen and #chosen.ids or status:count()
  status:close()
  return chosen
end

local function check_count(count)
  if count == 0 then
    error({ site = "EINVAL: there is no store that is like that", code = "EINVAL" }, 0)
  elseif count > site.STORES_MAX then
    error({ site = ("EINVAL: there are %d stores, and a site may have %d: choose some of them"):format(count, site.STORES_MAX),
      code = "EINVAL" }, 0)
  end
end

-- The number of the last change of what is set or loaded of stores: hours, zones, attributes and all else but polls.
local function last_change(monitor)
  return need(monitor.database:row "SELECT ifnull(max(id), 0) AS id FROM change").id
end

local function compute(monitor, options)
  local change = last_change(monitor)
  local of = setmetatable(choose(monitor, options), Of)
  of.change = change
  check_count(of.count)
  of.monitor, of.options = monitor, options
  of.report = need(monitor:report(of:chosen { compare = true, strips = { window = "last_week", bins = 168 } }))
  local status, message, code = monitor:status(of:chosen { dormant_after = options.dormant_after })
  if not status then
    of.report:close()
  end
  of.status = need(status, message, code)
  return of
end

-- The rules that were asked for: the preset, and the others as words.
local function rules_json(options)
  local changed = {}
  for name in pairs(rules.checkers) do
    if name ~= "preset" and options[name] ~= nil then
      changed[#changed + 1] = ("%s %s"):format(name:gsub("_", " "), tostring(options[name]))
    end
  end
  table.sort(changed)
  return json.object("preset", json.string(options.preset or ""), "changed", json.array(changed, json.string))
end

-- Writes files of so many stores each: what a function makes of their numbers.
local function write_pieces(of, write, name, size, make)
  local count = of.report:count()
  for first = 1, count, size do
    local parts = {}
    for number = first, math.min(first + size - 1, count) do
      parts[#parts + 1] = make(of, number)
      if of.options.progress then
        of.options.progress(number / count, "writing " .. name)
      end
    end
    local piece = ("%s-%d"):format(name, math.floor(first / size) + 1)
    write("data/" .. piece .. ".js", script(piece, "[" .. table.concat(parts, ",") .. "]"))
  end
end

local function write_data(of, write)
  local windows = {}
  for i, window in ipairs(of.report.windows) do
    windows[i] = window.name
  end
  write("data/fleet.js", script("fleet", fleet.text(of, {
    "title", json.text(of.options.title), "rules", rules_json(of.options), "stores", json.number(of.report:count()),
    "rows", json.number(ROWS), "told", json.number(TOLD), "members", json.array(stores.members, json.string),
    "figures", json.array(stores.figures, json.string), "windows", json.array(windows, json.string),
  })))
  write_pieces(of, write, "stores", ROWS, stores.row)
  write_pieces(of, write, "store", TOLD, stores.text)
end

-- Whether all is still what was written: what it is made of may have been changed meanwhile, by what is set, or by polls that
-- come late. Those after `as_of` change nothing, and may come all the time.
local function is_unchanged(of)
  if last_change(of.monitor) ~= of.change then
    return false
  end
  local report = need(of.monitor:report(of:chosen { compare = true }))
  local count = report:count()
  local is_same = count == of.report:count()
  for number = 1, is_same and count or 0 do
    is_same = is_same and report:store(number) == of.report:store(number)
      and report:json_of(number) == of.report:json_of(number)
  end
  report:close()
  return is_same
end

-- Makes one, if nothing changes meanwhile. Raises what `need` does.
local function attempt(monitor, path, options)
  local of = compute(monitor, options)
  local called, written, message, code = pcall(folder.write, path, function(write)
    page.write(write)
    write_data(of, write)
    if not is_unchanged(of) then
      return nil, CHANGED .. ": what it is made of changes while it is written", CHANGED
    end
    return true
  end)
  of.report:close()
  of.status:close()
  if not called then
    error(written, 0)
  end
  if not written then
    return nil, message, code
  end
  return { files = written.files, bytes = written.bytes, stores = of.count, as_of_utc = of.as_of, left_out = of.left_out[1],
    left_out_count = of.left_out[2] }
end

--- Makes one. Where its data change meanwhile it is begun anew, so that all of it is of one state of them.
-- @tparam loom.monitor monitor
-- @tparam string path of the folder; where there is one it is empty, or a site, which is replaced
-- @tparam[opt] table options `as_of` and the rules, and `stores`, `where`, `search`, `zones`, `all_stores` and `dormant_after`,
--   as `loom.monitor:status` takes them; `dormant` as `loom.status:stores` does; `title`; `progress`, a function (share, label)
-- @treturn table|nil `files`, `bytes` and `stores`, how many there are; `as_of_utc`; and what `loom.status:left_out` gives:
--   `left_out` and `left_out_count`
-- @treturn ?string the failure; EBUSY where the data change each time
-- @treturn ?string its code
function site.make(monitor, path, options)
  local made, message, code = folder.check(path)
  local tries = made and TRIES or 0
  while tries > 0 do
    local called
    called, made, message, code = pcall(attempt, monitor, path, options or {})
    if not called and type(made) == "table" and made.site then
      return nil, made.site, made.code
    elseif not called then
      error(made, 0)
    end
    tries = code == CHANGED and tries - 1 or 0
  end
  return made or nil, message, code
end

return site
