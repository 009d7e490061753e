-- The example of reports inside nginx, in an nginx of its own.

local checkout = require "support.checkout"
local files = require "support.files"

-- Starts nginx on a port that is free; what is appended runs against it; at the end it is stopped. nginx stays a child of
-- this script, so that its process id cannot be another's.
local script = [[
  modules=$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
  user=$(test $(id -u) = 0 && echo 'user root;')
  mkdir service && cp examples/openresty/* service
  loom ingest service/stores.db examples/data --quiet
  export LOOM_DB="$PWD/service/stores.db"
  curl() { LD_PRELOAD= command curl --max-time 60 "$@"; } # it hangs with a sanitizer's runtime loaded before it
  listening() { curl -s -o /dev/null $service/report?format=none; }
  port=$((20000 + $$ % 10000))
  while :; do
    service=http://127.0.0.1:$port
    sed "s/127.0.0.1:8080/127.0.0.1:$port/" examples/openresty/nginx.conf >service/nginx.conf
    nginx -p service -c nginx.conf -e stderr -g "daemon off; $user load_module $modules/ndk_http_module.so;
      load_module $modules/ngx_http_lua_module.so;" 2>log &
    nginx=$!
    trap 'kill -QUIT $nginx; wait $nginx' EXIT
    until test -s service/nginx.pid && listening; do
      kill -0 $nginx 2>/dev/null || break
      sleep 0.05
    done
    kill -0 $nginx 2>/dev/null && break
    grep -q 'Address already in use' log || { cat log >&2; trap - EXIT; exit 1; }
    port=$((port + 1))
  done
]]

describe("the example of nginx", function()
  local folder

  before_each(function()
    folder = checkout.folder()
  end)

  after_each(function()
    folder:remove()
  end)

  local function serve(requests)
    local result = folder:run(script .. requests)
    assert.equal(0, result.status, result.out .. result.err)
    assert.is_false(files.exists(folder.path .. "/service/nginx.pid"), "nginx has not ended")
    return result.out
  end

  it("serves reports, also to many at a time", function()
    local out = serve [[
      curl -s "$service/report" >report.csv
      curl -s "$service/report?format=json&preset=monitoring" >report.json
      for i in 1 2 3 4 5 6 7 8; do curl -s "$service/report" >$i.csv & requests="$requests $!"; done
      wait $requests
      for i in 1 2 3 4 5 6 7 8; do cmp report.csv $i.csv; done
      curl -s -o /dev/null -w '%{http_code} %{content_type}\n' "$service/report?format=json"]]
    assert.equal("200 application/json\n", out)
    assert.equal(folder:good "loom report service/stores.db --format csv", files.read(folder.path .. "/report.csv"))
    assert.equal(folder:good "loom report service/stores.db --format json --preset monitoring",
      files.read(folder.path .. "/report.json"))
  end)

  it("sees what is loaded meanwhile", function()
    serve [[
      curl -s "$service/report" >before.csv
      printf 'store_id,status,timestamp_utc\nnew,active,2023-01-25 00:30:00\n' >new.csv
      loom ingest service/stores.db --status new.csv --quiet
      curl -s "$service/report" >after.csv]]
    assert.is_nil(files.read(folder.path .. "/before.csv"):find("\nnew,", 1, true))
    assert.is_truthy(files.read(folder.path .. "/after.csv"):find("\nnew,", 1, true))
  end)

  it("refuses what it does not know, and says when there is nothing to report", function()
    assert.equal("400 400 503", serve [[
      code() { curl -s -o /dev/null -w '%{http_code}' "$service/report$1"; }
      bad=$(code '?preset=none')
      worse=$(code '?format=../x')
      rm service/stores.db*
      kill -HUP $nginx # new workers open the database anew
      until test "$(code)" = 503; do sleep 0.05; done
      printf '%s %s %s' $bad $worse 503]])
  end)
end)
