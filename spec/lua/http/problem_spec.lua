local problem = require "loom.http.problem"

describe("what clients read of a failure", function()
  after_each(function()
    problem.hide {}
  end)

  it("has no paths of the server", function()
    problem.hide { "/srv/my data/db", "/srv/my data/db-reports", "stores.db" }
    for message, expected in pairs {
      ["EIO: /srv/my data/db: disk I/O error"] = "disk I/O error",
      ["EREADONLY: /srv/my data/db: attempt to write a readonly database"] = "attempt to write a readonly database",
      ["EFULL: /srv/my data/db-reports/1.csv.a1b2c3.part: No space left on device"] = "No space left on device",
      ["EIO: stores.db-wal: cannot be read"] = "cannot be read",
      ["EBUSY: /var/lib/loom/db: database is locked"] = "database is locked",
      ["EIO: cannot open /etc/loom/tokens (/etc/loom: Permission denied)"] = "cannot open (Permission denied)",
      ["/usr/share/lua/5.1/loom/queue.lua:12: assertion failed!"] = "assertion failed!",
      ["lua/loom/queue.lua:12: assertion failed!"] = "assertion failed!",
      ["EIO: ...ong/path/of/lua/loom/queue.lua:12: boom"] = "boom",
    } do
      assert.equal(expected, problem.public(message))
    end
  end)

  it("has all that is the client's own", function()
    problem.hide { "/srv/db", "db" }
    for _, text in ipairs {
      'store "/x/y" is not known', "windows: NAME:FROM/TO expected", '"America/Chicago" is no zone', "a db is 3/4 full",
      "1 reports are waiting already", "polls[3]: timestamp_utc: \"/\" is not a timestamp",
    } do
      assert.equal(text, problem.public("EINVAL: " .. text))
    end
  end)
end)
