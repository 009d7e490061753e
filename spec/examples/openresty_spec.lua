-- The example of the service in an nginx of one's own.

local checkout = require "support.checkout"
local files = require "support.files"

-- Starts nginx on a port that is free, of those of `support.server`; what is appended runs against it; at the end it is
-- stopped. nginx stays a child of this script, so that its process id cannot be another's.
local script = [[
  modules=$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
  user=$(test $(id -u) = 0 && echo 'user root;')
  mkdir -p service/reports && cp examples/openresty/* service
  loom ingest service/stores.db examples/data --quiet
  export LOOM_DB="$PWD/service/stores.db"
  curl() { LD_PRELOAD= command curl --max-time 60 "$@"; } # it hangs with a sanitizer's runtime loaded before it
  listening() { curl -s -o /dev/null $service/report?format=none; }
  port=$((10000 + $$ % 10000))
  while :; do
    service=http://127.0.0.1:$port
    sed -e "s/127.0.0.1:8080/127.0.0.1:$port/" -e "${edit:-}" examples/openresty/nginx.conf >service/nginx.conf
    nginx -p "$PWD/service" -c nginx.conf -e stderr -g "daemon off; $user load_module $modules/ndk_http_module.so;
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

  local function serve(requests, before)
    local result = folder:run((before or "") .. script .. requests)
    assert.equal(0, result.status, result.out .. result.err)
    assert.is_false(files.exists(folder.path .. "/service/nginx.pid"), "nginx has not ended")
    return result.out
  end

  it("is the whole service", function()
    local out = serve [[
      code() { curl -s -o /dev/null -w '%{http_code} ' "$@"; }
      csv() { code -X POST -H 'Content-Type: text/csv' "$@"; }
      id=$(curl -s -X POST $service/trigger_report | sed 's/.*:"\(.*\)".*/\1/')
      until curl -s -I "$service/get_report?report_id=$id" | grep -qi '^content-type: text/csv'; do sleep 0.05; done
      curl -s -D headers -o report.csv $service/get_report/$id
      grep -io 'filename="report_.*"' headers | grep -q $id && echo named
      code -X POST -H 'Content-Type: application/json' -d '{"store_id":"new","status":"active"}' $service/v1/polls
      csv -T examples/data/timezones.csv $service/v1/ingest/timezones
      csv -H 'Transfer-Encoding: chunked' -T examples/data/menu_hours.csv $service/v1/ingest/hours
      code $service/v1/stores/new
      csv --data-binary @examples/data/store_status.csv $service/v1/stores
      head -c 2000000 /dev/zero >big
      code -X POST --data-binary @big $service/trigger_report
      code -H 'Range: bytes=99999999-' $service/get_report/$id
      code $service/healthz
      sample='loom_http_requests_total{route="/v1/polls",method="POST",status="200"} 1'
      until curl -s $service/metrics | grep -qx "$sample"; do sleep 0.05; done # of whichever worker it was
      code $service/ui/fleet
      code -X DELETE $service/v1/reports/$id
      code $service/get_report/$id
      grep -c alert log || true]]
    assert.equal("named\n200 200 200 200 405 413 416 200 200 204 404 0\n", out)
    assert.equal(folder:good "loom report examples/data --format csv", files.read(folder.path .. "/report.csv"))
  end)

  it("has whatever loom serve has", function()
    local example = files.read "examples/openresty/nginx.conf"
    local count = 0
    for line in folder:good("loom serve db --print-config"):gmatch "[^\n]+" do
      line = line:match "^ *(location .*{)$" or line:match "^ *(error_page .-;)" or line:match "^ *(add_header .*;)$"
        or line:match "^ *(%w+_by_lua_block {.*)$" or line:match "^ *(gzip.-;)" or line:match "^ *(map %$sent.*{)$"
      if line then
        count = count + 1
        assert.is_truthy(example:find(line, 1, true), line)
      end
    end
    assert.is_true(count > 15)
    assert.is_false(files.exists(folder.path .. "/db"))
  end)

  it("serves a page of one's own: reports, also to many at a time", function()
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

  it("has pages of one's own that tokens are needed for, and that tell of their stores alone", function()
    local out = serve([[
      id=$(sed -n 2p examples/data/store_status.csv | cut -d, -f1)
      loom attributes set service/stores.db "$id" brand=Taco >set
      ask() { curl -s -H "Authorization: Bearer $1" "$service/report"; }
      ask $read >all.csv
      ask $board >own.csv
      printf '%s %s ' $(curl -s -o /dev/null -w '%{http_code} %{content_type}' $service/report)
      curl -s -o /dev/null -c cookies -d "{\"token\":\"$board\"}" $service/v1/session
      curl -s -b cookies $service/report | cmp - own.csv
      code() { curl -s -b cookies -o /dev/null -w '%{http_code} ' "$@"; }
      code -H 'Sec-Fetch-Site: cross-site' $service/report
      code $service/v1/stores
      grep -c alert log || true]], [[
      mkdir -p service
      loom token read everybody >read
      loom token board somebody --where brand=Taco >board
      sed -n 's/^line:  //p' read board >service/tokens
      read=$(sed -n 's/^token: //p' read) board=$(sed -n 's/^token: //p' board)
      edit='s/-- token_file/token_file/'
      ]])
    assert.equal("401 application/problem+json 403 200 0\n", out)
    assert.equal(folder:good "loom report service/stores.db --format csv", files.read(folder.path .. "/all.csv"))
    assert.equal(folder:good "loom report service/stores.db --format csv --where brand=Taco",
      files.read(folder.path .. "/own.csv"))
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
