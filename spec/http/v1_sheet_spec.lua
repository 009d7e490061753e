-- All stores as CSV, held against the list of them as JSON.

local cjson = require "cjson"
local contract = require "support.contract"
local csv = require "support.csv"
local figures = require "loom.figures"
local loom = require "loom"
local random_of = require "support.random".new
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

local random = random_of(33)
local ZONES = { "America/Chicago", "Asia/Tokyo", "UTC" }
local BRANDS = { "Taco", "=1+1", 'a "b", c', "Žito", "-5", "two\nlines" }
local COUNT = 1203 -- more than a page has

local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, COUNT do
    local id = (i % 50 == 0 and "=" or "s") .. i
    for _ = 1, random(1, 3) do
      polls[#polls + 1] = { id, random(1, 2) == 1, ("2024-03-0%d 1%d:00:00.5"):format(random(1, 4), random(0, 2)) }
    end
    if i % 10 == 0 then
      assert(monitor:set_timezone(id, ZONES[random(1, #ZONES)]))
      assert(monitor:set_attributes(id, { brand = BRANDS[random(1, #BRANDS)], ["50%, off"] = tostring(i) }))
      assert(monitor:set_hours(id, { tue = "09:00-17:00" }, { effective_from = "always" }))
    end
  end
  assert(monitor:polls(polls))
  monitor:close()
end

-- A value of the list as a cell has it.
local function cell(value)
  if value == nil or value == cjson.null then
    return ""
  end
  return type(value) == "number" and figures.decimal(value) or tostring(value)
end

-- What a spreadsheet would compute has an apostrophe in front.
local function text_cell(value)
  local text = cell(value)
  return text:find "^[=+%-@]" and "'" .. text or text
end

describe("the stores as CSV", function()
  setup(function()
    fill(server.start({ workers = 1 }).database)
  end)

  teardown(function()
    server.stop()
  end)

  -- Rows as tables by the names of columns, in order, and the names.
  local function rows_of(query)
    local response = server.request("GET", "/v1/stores?format=csv" .. query)
    assert.equal(200, response.status, response.body)
    assert.matches("^text/csv", response.headers["content-type"])
    local records = csv.parse(response.body)
    local names, rows = table.remove(records, 1), {}
    for i, record in ipairs(records) do
      assert.equal(#names, #record)
      rows[i] = {}
      for k, name in ipairs(names) do
        rows[i][name] = record[k]
      end
    end
    return rows, names, response
  end

  -- All pages of the list.
  local function list_of(query)
    local list, page = {}
    repeat
      page = expect(200, "GET", ("/v1/stores?limit=1000&offset=%d%s"):format(#list, query))
      for _, store in ipairs(page.stores) do
        list[#list + 1] = store
      end
    until #list == page.total
    return list, page
  end

  local plain = { "state", "dormant", "since", "last_poll", "timezone_str", "strip" }

  it("are those of the list, in its order, with all that it tells, however they are chosen and sorted", function()
    for _, query in ipairs { "", "&sort=state", "&sort=down_last_week&windows=last_week:7d,x:36h",
      "&sort=attribute.brand&order=desc", "&where.brand=Taco&where.brand=-5&time=rfc3339&sort=since",
      "&q=s10&time=ms&compare=true&sort=change_ratio_last_day",
      "&state=down,unknown&preset=seed&sort=last_poll", "&store_id=s*9&all_stores=true&as_of=2024-03-03T12:00:00Z",
      "&timezone_str=Asia/Tokyo&fill=nearest&sort=timezone_str", "&store=s7&store=s8", "&store_id=nobody" } do
      local is_part = query:find "&q=" or query:find "Taco" or query:find "store=s" -- those of all take long
      query = query .. "&fields=windows,strip,state,timezone_str,last_poll,since" .. (is_part and ",attributes" or "")
      local rows, names = rows_of(query)
      local list, page = list_of(query)
      assert.equal(#list, #rows, query)
      assert.equal((is_part and 8 or 7) + #page.windows * #figures.names, #names)
      for i, store in ipairs(list) do
        local row = rows[i]
        assert.equal(text_cell(store.store_id), row.store_id, query)
        for _, name in ipairs(plain) do
          assert.equal(cell(store[name]), row[name], name .. query)
        end
        assert.same(store.attributes, is_part and cjson.decode(row.attributes) or nil)
        for window, of in pairs(store.windows) do
          for _, figure in ipairs(figures.names) do
            assert.equal(cell(of[figure]), row[figure .. "_" .. window], figure .. query)
          end
        end
      end
    end
  end)

  it("have the columns that are asked for", function()
    local columns = { "attribute.brand", "attribute.50%25%2C off", "change_ratio_last_day", "ratio_last_day", "state" }
    local rows, names = rows_of("&compare=true&columns=" .. escape(table.concat(columns, ",")))
    columns[2] = "attribute.50%, off"
    table.insert(columns, 1, "store_id")
    assert.same(columns, names)
    for i, store in ipairs((list_of "&compare=true&fields=attributes,windows")) do
      local now, before = store.windows.last_day.ratio, store.windows.last_day_before.ratio
      local change = now ~= cjson.null and before ~= cjson.null and now - before or nil
      assert.equal(cell(change), rows[i]["change_ratio_last_day"])
      assert.equal(text_cell(store.attributes.brand), rows[i]["attribute.brand"])
      assert.equal(cell(store.attributes["50%, off"]), rows[i]["attribute.50%, off"])
    end
  end)

  it("are a file, whose head alone may be asked for, and that is not sent again while nothing changes", function()
    local _, _, response = rows_of ""
    assert.equal('attachment; filename="stores_2024-03-04.csv"', response.headers["content-disposition"])
    local etag = assert(response.headers.etag)
    local again = server.request("GET", "/v1/stores?format=csv", { headers = { ["If-None-Match"] = etag } })
    assert.same({ 304, "" }, { again.status, again.body })
    local head = server.request("HEAD", "/v1/stores?format=csv")
    assert.equal(200, head.status)
    assert.equal(response.headers["content-disposition"], head.headers["content-disposition"])
    assert.equal(etag, head.headers.etag)
  end)

  it("are what Accept asks for where nothing else does", function()
    for accept, is_csv in pairs { ["text/csv"] = true, ["text/csv;q=0.5, application/json"] = false, ["*/*"] = false,
      ["text/*, application/json;q=0.1"] = true, ["text/html"] = false } do
      local response = server.request("GET", "/v1/stores", { headers = { Accept = accept } })
      assert.equal(200, response.status)
      assert.equal(is_csv, response.headers["content-type"]:find "csv" ~= nil, accept)
      assert.matches("Accept", response.headers.vary)
    end
    local response = server.request("GET", "/v1/stores?format=json", { headers = { Accept = "text/csv" } })
    assert.equal("application/json", response.headers["content-type"])
  end)

  it("are not asked for with what they cannot have", function()
    for query, field in pairs { ["format=csv&limit=5"] = "limit", ["format=csv&offset=5"] = "offset",
      ["format=csv&cursor=x"] = "cursor", ["columns=state"] = "columns", ["format=csv&columns=state&fields=state"] = "fields",
      ["format=tsv"] = "format", ["format=csv&columns="] = "columns", ["format=csv&columns=up"] = "columns",
      ["format=csv&columns=up_none"] = "columns", ["format=csv&columns=change_up_last_day"] = "columns",
      ["format=csv&columns=attribute."] = "columns", ["format=csv&columns=" .. ("state,"):rep(300)] = "columns" } do
      problem(400, field, "GET", "/v1/stores?" .. query)
    end
  end)
end)

describe("no stores as CSV", function()
  it("are the names of the columns", function()
    server.start()
    assert.equal("store_id,state,dormant\n", server.request("GET", "/v1/stores?format=csv&fields=state").body)
    assert.equal("store_id,ratio_x\n", server.request("GET", "/v1/stores?format=csv&windows=x:1d&columns=ratio_x").body)
    server.stop()
  end)
end)
