local restriction = require "loom.http.restriction"

describe("restriction", function()
  -- Has requests come from a token for stores with these attributes; nil: for all stores.
  local function ask_for(where)
    _G.ngx = { ctx = { loom_who = { token = { scope = "read", where = where } } } }
  end

  after_each(function()
    _G.ngx = nil
  end)

  it("adds what a token is bound by to what is asked for", function()
    ask_for { brand = { "Taco", "Burrito" }, region = { "north" } }
    for _, case in ipairs {
      { nil, { brand = { "Taco", "Burrito" }, region = { "north" } } },
      { {}, { brand = { "Taco", "Burrito" }, region = { "north" } } },
      { { brand = { "Taco" } }, { brand = { "Taco" }, region = { "north" } } },
      { { brand = { "Pizza", "Burrito", "Taco" } }, { brand = { "Burrito", "Taco" }, region = { "north" } } },
      { { brand = { "Pizza" } }, { brand = {}, region = { "north" } } },
      { { city = { "x" } }, { brand = { "Taco", "Burrito" }, region = { "north" }, city = { "x" } } },
    } do
      assert.same(case[2], restriction.narrow(case[1]))
    end
  end)

  it("leaves what is asked for as it is where there is none", function()
    for _, who in ipairs { false, { token = { scope = "write" } } } do
      _G.ngx = { ctx = { loom_who = who or nil } }
      assert.same({ brand = { "Pizza" } }, restriction.narrow { brand = { "Pizza" } })
      assert.same({}, restriction.narrow(nil))
      assert.is_true(restriction.covers "{}")
      assert.is_true(restriction.sees "any")
    end
  end)

  it("covers reports whose own options choose no other stores", function()
    ask_for { brand = { "Taco", "50" }, region = { "north" } }
    local north = ',"region":"north"}}'
    for options, is_covered in pairs {
      ["{}"] = false, ['{"where":{}}'] = false, ['{"where":"brand"}'] = false, ["nonsense"] = false, ["7"] = false,
      ['{"where":{"brand":"Taco"}}'] = false, -- of any region
      ['{"where":{"brand":"Taco"' .. north] = true, ['{"where":{"brand":["Taco"]' .. north] = true,
      ['{"where":{"brand":["Taco","50"]' .. north] = true, ['{"where":{"brand":50' .. north] = true,
      ['{"where":{"brand":["Taco","Pizza"]' .. north] = false, ['{"where":{"brand":[]' .. north] = false,
      ['{"where":{"brand":{"a":"Taco"}' .. north] = false, ['{"where":{"brand":null' .. north] = false,
      ['{"where":{"brand":[1e300]' .. north] = false, ['{"where":{"brand":["Taco",1e300]' .. north] = false,
      ['{"stores":"own","where":{"brand":"Taco"' .. north] = true,
    } do
      assert.equal(is_covered, restriction.covers(options), options)
    end
  end)

  it("refuses what does not say how it is restricted", function()
    local function is_refused(route)
      local called, problem = pcall(restriction.check, route, {})
      return not called and problem.status
    end
    for _, where in ipairs { { brand = { "Taco" } }, false } do
      ask_for(where or nil)
      assert.equal(where and 403, is_refused { access = "read" })
      assert.equal(where and 403, is_refused { access = "read", restricted = "anything" })
      assert.is_false(is_refused { access = "read", restricted = "choice" })
      assert.is_false(is_refused { access = "read", restricted = "nothing" })
      assert.is_false(is_refused { access = "none" })
    end
  end)
end)
