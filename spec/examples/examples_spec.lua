-- The scripts in examples/, run as their comments say.

local checkout = require "support.checkout"
local files = require "support.files"

describe("the example", function()
  local folder

  before_each(function()
    folder = checkout.folder()
  end)

  after_each(function()
    folder:remove()
  end)

  -- A database of the example's files.
  local function load_data(more)
    folder:good("loom ingest stores.db examples/data --quiet " .. (more or ""))
  end

  local function path(name)
    return folder.path .. "/" .. name
  end

  describe("nightly.lua", function()
    it("writes reports in formats by their names", function()
      assert.equal("3362 new rows, 0 old polls removed, 18 stores until 2023-01-24 23:57:23.068573 UTC\n",
        folder:good "lua5.4 examples/nightly.lua stores.db examples/data report.csv report.md report.json")
      assert.equal(folder:good "loom report stores.db --format csv", files.read(path "report.csv"))
      assert.equal(folder:good "loom report stores.db --format json", files.read(path "report.json"))
      assert.matches("^| store\\_id | uptime\\_last\\_hour |", files.read(path "report.md"))
    end)

    it("drops old polls, and does not mind files that it has seen", function()
      folder:good [[
        printf 'store_id,status,timestamp_utc\nold,active,2022-10-01 00:00:00\n' >old.csv
        loom ingest stores.db --status old.csv --quiet
        lua5.4 examples/nightly.lua stores.db examples/data report.csv >/dev/null]]
      assert.equal("0 new rows, 0 old polls removed, 18 stores until 2023-01-24 23:57:23.068573 UTC\n",
        (folder:good "lua5.4 examples/nightly.lua stores.db examples/data report.csv"):gsub("^%d+ new", "0 new"))
      assert.is_nil(files.read(path "report.csv"):find("\nold,", 1, true))
    end)

    it("leaves what was there when it fails", function()
      local result = folder:run [[
        lua5.4 examples/nightly.lua stores.db examples/data report.csv >/dev/null
        cp report.csv before.csv
        echo 'x,up,2023-01-25 00:00:00' >>examples/data/store_status.csv
        lua5.4 examples/nightly.lua stores.db examples/data report.csv]]
      assert.equal(1, result.status)
      assert.equal("", result.out)
      assert.equal('nightly: EINPUT: examples/data/store_status.csv:3222: status: "up" is not a status '
        .. "(active or inactive)\n", result.err)
      assert.equal(files.read(path "before.csv"), files.read(path "report.csv"))
    end)

    it("says how it is used", function()
      local result = folder:run "lua5.4 examples/nightly.lua stores.db examples/data report.pdf"
      assert.equal(2, result.status)
      assert.equal("nightly: report.pdf: the name ends with none of the formats\n", result.err)
      assert.equal(2, folder:run("lua5.4 examples/nightly.lua").status)
    end)

    it("runs from its crontab", function()
      local line = files.read(path "examples/crontab"):match "\n15 2 %* %* %*  ([^\n]+)\n$"
      folder:good("mkdir loom && cp examples/nightly.lua loom && cp -r examples/data loom/incoming && HOME=$PWD\n" .. line)
      assert.matches("^3362 new rows", files.read(path "loom/nightly.log"))
      assert.is_true(files.exists(path "loom/report.csv"))
      assert.matches("^<!DOCTYPE html>", files.read(path "loom/report.html"))
    end)
  end)

  it("holidays.lua closes stores by country, as often as it is run", function()
    load_data "--attributes examples/attributes.csv"
    local days = "2023-01-22  *   stocktaking: every store\n2023-01-20  US  short day: 14 stores\n"
      .. "2023-01-23  CA  company day: 3 stores\n"
    local after = "1414.00 h scheduled,  62.16 h down\n"
    assert.equal("before  1874.50 h scheduled,  85.27 h down\n" .. days .. "after   " .. after,
      folder:good "lua5.4 examples/holidays.lua stores.db")
    assert.equal("before  " .. after .. days .. "after   " .. after,
      folder:good "lua5.4 examples/holidays.lua stores.db")
    assert.equal(2, folder:run("lua5.4 examples/holidays.lua").status)
  end)

  it("regions.lua adds up by region and lists one", function()
    load_data()
    assert.equal([[
                 uptime  downtime
                   last      last
                   week      week
region   stores       h         h   ratio
              1   76.96     10.54  87.94%
central       7  746.01     36.49  95.33%
east          3  275.38     20.12  93.19%
west          7  690.88     18.12  97.44%

                                                          uptime  downtime  outages
                                                            last      last     last
                                                            week      week     week
store_id                              attributes.country       h         h
a4b06b2b-d6dc-4489-af12-2be4b8beb6f5                  CA  151.21     13.29        4
5bb8bbc2-e5a4-476b-8bf3-f4c210aaec11                  US   72.19      4.81        1
683409b1-f2fb-445f-a6df-52ffdf834b47                  US   51.97      2.03        1
]], folder:good "lua5.4 examples/regions.lua stores.db examples/attributes.csv east")
    assert.equal(2, folder:run("lua5.4 examples/regions.lua stores.db").status)
  end)

  it("prometheus.lua writes what Prometheus reads", function()
    load_data()
    folder:good [[
      printf 'store_id,status,timestamp_utc\n"a ""b"" \\c",active,2023-01-24 20:00:00\n' >odd.csv
      loom ingest stores.db --status odd.csv --quiet
      lua5.4 examples/prometheus.lua stores.db loom.prom]]
    local text = files.read(path "loom.prom")
    local metrics, samples = 0, 0
    for line in text:gmatch "[^\n]+" do
      if line:find "^# TYPE" then
        metrics = metrics + 1
        assert.matches("^# TYPE loom_%l[%l_]* gauge$", line)
      elseif not line:find "^# HELP loom_[%l_]+ %u" then
        samples = samples + 1
        assert.matches('^loom_[%l_]+{store=".+",window="last_%l+"} [%d.e+-]+$', line)
      end
    end
    assert.equal(4, metrics)
    assert.equal(4 * 19 * 3 - 2, samples) -- two stores are closed in the last hour, and have no ratio
    assert.matches('{store="a \\"b\\" \\\\c",window="last_day"} ', text, 1, true)
    assert.matches('\nloom_uptime_ratio{store="03b061f6-6135-4836-a8dc-fc58bb70252f",window="last_day"} 1\n', text, 1, true)
  end)

  describe("stream.lua", function()
    it("loads a pipe, and lists what it leaves out", function()
      local result = folder:run [[
        { cat examples/data/store_status.csv; echo x,up,2023-01-01 00:00:00; echo y,active,2023-02-30 00:00:00; } |
          lua5.4 examples/stream.lua stores.db]]
      assert.equal("241874 bytes: 3222 rows, 3220 new, 0 duplicates, 0 conflicts, 2 rejected\n", result.out)
      assert.equal('standard input:3222: status: "up" is not a status (active or inactive)\n'
        .. 'standard input:3223: timestamp_utc: "2023-02-30 00:00:00" is not a date\n', result.err)
      assert.equal(0, result.status)
    end)

    it("takes gzip and tells how far it is", function()
      assert.matches(": 3220 rows, 0 new, 3220 duplicates", folder:good [[
        loom ingest stores.db examples/data --quiet
        gzip -c examples/data/store_status.csv | lua5.4 examples/stream.lua stores.db]])
      local result = folder:run [[
        { echo store_id,status,timestamp_utc; yes shop,active,2023-01-24 10:00:00 | head -n 70000; } |
          lua5.4 examples/stream.lua stores.db]]
      assert.equal("1 MiB\n2 MiB\n", result.err)
      assert.matches(": 70000 rows, 1 new, 69999 duplicates", result.out)
    end)

    it("writes nothing when the pipe is not what it should be", function()
      local result = folder:run "echo store,status | lua5.4 examples/stream.lua stores.db"
      assert.equal(1, result.status)
      assert.equal("", result.out)
      assert.matches("^stream: EINPUT: standard input: the header has no column store_id", result.err)
    end)
  end)

  it("slo_check.lua tells who missed the objective, and by its status whether anyone did", function()
    load_data()
    local result = folder:run "lua5.4 examples/slo_check.lua stores.db 0.92 7d"
    assert.equal([[
03b061f6-6135-4836-a8dc-fc58bb70252f  81.07% of 92.00%  1033 min down, 596 min more than allowed
c635c68e-8981-4da0-9329-7aee912226fd  87.94% of 92.00%  633 min down, 213 min more than allowed
a4b06b2b-d6dc-4489-af12-2be4b8beb6f5  91.92% of 92.00%  797 min down, 8 min more than allowed
69c3a276-8879-4369-9a82-e79b05b5faeb  91.87% of 92.00%  444 min down, 7 min more than allowed
4 of 18 stores missed their objective
]], result.out)
    assert.equal(1, result.status)

    result = folder:run "lua5.4 examples/slo_check.lua stores.db 0.5"
    assert.equal("0 of 18 stores missed their objective\n", result.out)
    assert.equal(0, result.status)

    assert.equal(2, folder:run("lua5.4 examples/slo_check.lua none.db 0.5").status)
    assert.equal(2, folder:run("lua5.4 examples/slo_check.lua stores.db 98").status)
  end)
end)
