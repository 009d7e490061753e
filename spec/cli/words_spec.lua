local files = require "support.files"
local shell = require "support.shell"

-- Words that go with 1, though they end as a plural does.
local singular = { is = true, was = true, has = true, minus = true, plus = true, s = true }

-- What is told of one as of many: "1 stores", "1 of 20 stores are".
local function faults_of(text)
  local faults = {}
  for before, word in text:gmatch "(.)%f[%d]1 (%l+s)%f[%A]" do
    if not singular[word] and not before:find "[%d.,:-]" then
      faults[#faults + 1] = "1 " .. word
    end
  end
  for verb in text:gmatch "%f[%d]1 of [%d,]+ [%l ]-%f[%l](%l+)%f[%A]" do
    if verb == "are" or verb == "have" or verb == "were" then
      faults[#faults + 1] = "1 of … " .. verb
    end
  end
  for noun, verb in text:gmatch " of 1 ([%l ]-)%f[%l](%l+)%f[%A]" do
    if verb == "are" or verb == "have" or verb == "were" then
      faults[#faults + 1] = "of 1 " .. noun .. verb
    end
  end
  return table.concat(faults, "; ")
end

local lines = {
  "ingest DB FOLDER/hours.csv FOLDER/zones.csv", "ingest DB FOLDER/polls.csv", "ingest DB FOLDER/twice.csv",
  "status DB --format table --fail-if up>=0 --fail-if down>=0 --fail-if unknown>=0% --fail-if down>=0%",
  "status DB --fail-if dormant>=0 --fail-if closed>=0%", "doctor DB", "report DB --window w=7d", "explain DB a",
  "outages DB a --from 2024-03-04 --to 2024-03-05 --format table", "delete DB store b --dry-run",
  "delete DB polls --store b --dry-run",
  "prune DB --keep 1m --dry-run", "hours set DB --stores b --daily 10:00-11:00", "delete DB store b --yes", "doctor DB",
  "status DB --fail-if down>=0% --fail-if up>=0", "prune DB --keep 1m --dry-run",
}

describe("what there is one of", function()
  it("is told in the singular", function()
    local folder = files.make_folder()
    files.write(folder .. "/polls.csv", "store_id,status,timestamp_utc\na,active,2024-03-04 10:00:00\n")
    files.write(folder .. "/hours.csv", "store_id,day,start_time_local,end_time_local\na,0,00:00:00,24:00:00\n")
    files.write(folder .. "/zones.csv", "store_id,timezone_str\na,UTC\n")
    files.write(folder .. "/twice.csv", "store_id,status,timestamp_utc\nb,active,2024-03-04 10:00:00\n"
      .. "b,active,2024-03-04 10:00:00\nb,inactive,2024-03-04 10:00:00\n")
    for _, line in ipairs(lines) do
      local words = {}
      for word in line:gsub("DB", folder .. "/one.db"):gsub("FOLDER", folder):gmatch "%S+" do
        words[#words + 1] = word
      end
      local result = shell.loom((table.unpack or unpack)(words)) -- luacheck: compat
      assert.equal("", faults_of(result.out .. result.err), line)
      assert.is_true(result.status == 0 or result.status == 3, line .. ": " .. result.err)
    end
    files.remove_folder(folder)
  end)
end)
