--- loom serve
-- @module loom.cli.serve

local check = require "loom.check"
local common = require "loom.cli.common"
local lfs = require "lfs"
local limits = require "loom.http.limits"
local loom = require "loom"
local nginx = require "loom.cli.nginx"
local nginx_conf = require "loom.http.nginx_conf"
local opening = require "loom.opening"
local options = require "loom.cli.options"
local report_folder = require "loom.report_folder"
local user = require "loom.cli.user"
local time = require "loom.time"

local command = { name = "serve" }

local WORKERS_MAX = 64
local CLUSTER_PATIENCE = 5 -- seconds for which its servers are asked
local RATE = 50 -- requests a second of one address, where others can reach the service

-- Reader of an origin. What others are is checked by the browsers; here it must not be more than one word.
local function origin(text)
  if not text:find("^%a[%w+.-]*://[^%s;\"'\\${}]+$") then
    return nil, options.expected_but("origin, such as https://example.org,", text)
  end
  return text
end

-- Reader of the name of a host.
local function host_name(text)
  if not text:find("^[%w.-]+$") then
    return nil, options.expected_but("name of a host, such as uptime.example.org,", text)
  end
  return text
end

-- How many bits an address has; nil if it is none. Of IPv6 nginx looks more closely.
local function bits_of(host)
  if host:find "^[%x:]*:[%x:]*:[%x:.]*$" then
    return 128
  end
  local octets = { host:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, octet in ipairs(octets) do
    octets.wrong = octets.wrong or tonumber(octet) > 255
  end
  return #octets == 4 and not octets.wrong and 32 or nil
end

-- Reader of the address of a proxy, or a network of such. All addresses are none: anybody could then claim any.
local function network(text)
  local host, rest = text:match "^([^/]+)(.*)$"
  local most = host and bits_of(host)
  local bits = tonumber(rest == "" and most or (rest or ""):match "^/(%d+)$")
  if not most or not bits or bits < 1 or bits > most then
    return nil, options.expected_but("address or network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8,", text)
  end
  return text
end

-- First names of the service's own paths.
local own = { v1 = true, ui = true, badge = true, metrics = true, healthz = true, readyz = true, get_report = true,
  trigger_report = true, ["openapi.json"] = true, ["loom-report"] = true, ["loom-problem"] = true }

-- Reader of a path that a proxy has the service below.
local function prefix(text)
  local path = text:gsub("/$", "")
  local bad = path:gsub("/[%w_~-][%w._~-]*", "")
  if path == "" or bad ~= "" or own[path:match "^/([^/]*)"] then
    return nil, options.expected_but("path such as /loom, of letters, digits and . _ ~ -, none of the service's own,", text)
  end
  return path
end

local SIZE_MAX = 2 ^ 50
local POLLS_LIMIT = 8 * 2 ^ 20
local INGEST_LIMIT = 2 * 2 ^ 30
local units = { [""] = 1, k = 2 ^ 10, m = 2 ^ 20, g = 2 ^ 30 }

-- Reader of a size such as "8m", in bytes.
local function size(text)
  local number, unit = text:match("^(%d+)([kKmMgG]?)$")
  local bytes = number and tonumber(number) * units[unit:lower()]
  if not bytes or bytes < 1 or bytes > SIZE_MAX then
    return nil, options.expected_but("size, such as 512k, 8m or 2g,", text)
  end
  return math.floor(bytes)
end

-- Reader of the path of a log, in which nginx would take "$" for a variable.
local function log_path(text)
  if text == "-" then
    return "/dev/stdout"
  elseif text == "" or text:find("[%c$]") then
    return nil, options.expected_but('path without "$"', text)
  end
  return nginx.absolute(text)
end

function command.add_to(parser)
  local serve = parser:command "serve"
    :summary "Serve data and reports over HTTP."
    :description("Serve the dashboard (/ui/), reports (POST /trigger_report, GET /get_report?report_id=ID), and what is stored "
      .. "(/v1), with nginx and its Lua module, in the foreground. docs/service.md tells of all requests. "
      .. "SIGINT and SIGTERM end it once the reports that run are complete, SIGHUP reads the tokens again, SIGUSR1 opens "
      .. "the logs anew.")
  options.argument(serve, "database", "A database, which is made if it does not exist.")
  options.add(serve, "--listen", "HOST:PORT", "A numeric address (default: 127.0.0.1:8080).", nginx.address)
  options.add(serve, "--workers", "N", "Worker processes (default: 2).", options.number(check.integer(1, WORKERS_MAX)))
  options.add(serve, "--reports", "DIR", "Where report files go (default: DATABASE-reports).")
  options.add(serve, "--running", "N", "Reports computed at a time (default: 2).", options.number(check.integer(1, 64)))
  options.add(serve, "--store-days", "N",
    "Days of stores, windows and stores together, that one report may have (default: 500000000).",
    options.number(check.integer(1, 2 ^ 53)))
  options.add(serve, "--report-time", "DUR", "How long one report may compute (default: 10m).", options.duration)
  options.add(serve, "--report-log", "SIZE",
    "By how much the database's log may grow while one report computes (default: 1g).", size)
  options.add(serve, "--queued", "N", "Reports that may wait (default: 100).", options.number(check.integer(0, 1000000)))
  options.add(serve, "--token-file", "FILE",
    "Ask for one of the tokens in it (see loom token). Needed where others than this machine can reach it.")
  options.add(serve, "--rate", "N",
    "Requests a second from one address (default: 50; no limit on this machine's own addresses without a proxy).",
    options.number(check.integer(1, 1000000)))
  options.add(serve, "--cors-origin", "URL", "Let pages of this origin ask (default: none).", origin)
  options.add(serve, "--host", "NAME",
    "A name by which it may be called where no tokens are needed, beside addresses and localhost.", host_name)
  options.add(serve, "--trust-proxy", "ADDRESS", "An address or network whose X-Forwarded-For tells who asks, such as "
    .. "127.0.0.1 for a proxy on this machine. May be given again. Needs --token-file, since others can reach what a proxy "
    .. "passes on.", network):count "*"
  options.add(serve, "--prefix", "PATH", "A path, such as /loom, that a proxy has the service below: for links in answers.",
    prefix)
  options.add(serve, "--polls-limit", "SIZE", "Longest body of POST /v1/polls (default: 8m): bytes, or with k, m, g.", size)
  options.add(serve, "--ingest-limit", "SIZE", "Longest body of POST /v1/ingest/KIND (default: 2g).", size)
  options.add(serve, "--max-ahead", "DUR", "A poll further ahead of the clock is not taken; or none, for any (default: 24h).",
    options.max_ahead)
  options.add(serve, "--user", "NAME", "Whom workers run as where root starts it (default: the owner of the database's folder).")
  options.add(serve, "--access-log", "FILE", "Log every request, as JSON lines, with the token's name (- is standard output).",
    log_path)
  options.add(serve, "--audit-log", "FILE", "The same of requests that change something, with their store.", log_path)
  options.add(serve, "--rows-limit", "N", "Rows of a file of hours, timezones, … that is sent, or stores or bad rows of one of "
    .. "polls (default: 2000000).", options.number(check.integer(1, 1000000000)))
  options.add(serve, "--uploads", "N", "Files that may be sent at a time, to each worker (default: 4).",
    options.number(check.integer(1, 1000)))
  options.add(serve, "--client-uploads", "N", "Of these from one token, or address where none are needed (default: 2).",
    options.number(check.integer(1, 1000)))
  options.add(serve, "--body-rate", "SIZE", "Bytes a second that a file has to come by (default: 4k).", size)
  options.add(serve, "--body-timeout", "N", "Seconds that it may lag behind (default: 30).",
    options.number(check.integer(1, 86400)))
  serve:option "--csv-formulas":argname "HOW":choices { "escape", "raw" }:default "escape"
    :description("Text in CSV that a spreadsheet would take for a formula: with a ' in front (escape, see loom report "
      .. "--neutralise-formulas), or as it is (raw).")
  options.add_default_zone(serve)
  options.add(serve, "--agent-allow", "RANGE", "Have alerts go also to this address or range, beside public ones: see loom agent "
    .. "--allow. May be given again.", network):count "*"
  options.add(serve, "--agent-url", "URL", "Where people reach the service, such as https://example.org/loom: alerts link to its "
    .. "dashboard (see loom agent --url).", options.url)
  options.add(serve, "--compact-every", "DUR", "How often a day of a cluster's polls that came in many pieces is written anew, "
    .. "if there is one (default: 1m; none: never).", options.duration_or_none)
  serve:flag "--no-agent":description "Start no agent of alerts beside it: see loom agent."
  serve:flag "--print-config":description "Print the configuration of nginx, and run nothing."
  serve:option "--log-level":argname "L":choices { "error", "warn", "notice", "info", "debug" }:default "notice"
    :description "What goes to standard error: error, warn, notice, info or debug."
end

-- Reads the tokens once, so that what is wrong with them is said now.
local function check_tokens(path)
  local found, tokens = pcall(require, "loom.http.tokens")
  if not found or not pcall(require, "openssl.digest") then
    return nil, "tokens need the Lua module luaossl (on Debian: the package lua-luaossl)"
  end
  local count, wrong = tokens.load(path)
  if count == 0 then
    return nil, wrong[1]
  end
  for _, message in ipairs(wrong) do
    io.stderr:write("loom: ", message, "; it lets nobody in\n")
  end
  return true
end

-- Opens the database once, so that what is wrong with it is said now. That the servers of a cluster do not answer is no reason
-- not to take polls, which its head keeps for them.
local function check_database(path, default_zone)
  local monitor, message, code = loom.open(path, { create = true, patience = CLUSTER_PATIENCE })
  local info
  if not monitor then
    return false, message
  end
  info, message = common.use_default_zone(monitor, default_zone)
  if info then
    info, message, code = monitor:info()
  end
  monitor:close()
  if code == "EUNREACHABLE" then
    io.stderr:write("loom: ", (message:gsub("^E%u+: ", "")), "\n")
    return true
  end
  return info ~= nil, message
end

-- Whether the folder may have the reports of the database. What cannot be noted now, such as on a full disk, is no reason not to
-- serve what can be read.
local function claim_folder(database, reports)
  local monitor, message, code = loom.open(database, { patience = CLUSTER_PATIENCE })
  if monitor then
    local _
    _, message, code = report_folder.claim(monitor, reports)
    monitor:close()
  end
  return code ~= "EINVAL", message
end

local function make_folder(path)
  if common.is_folder(path) then
    return true
  end
  local made, why = lfs.mkdir(path)
  return made, not made and path .. ": " .. why or nil
end

-- How many descriptors a worker gets: what is of use, as far as may be. Root may have more than the limit is.
local function descriptors_of(args)
  return math.min(limits.wanted(args.running), limits.descriptors "hard")
end

-- Tells what few descriptors mean.
local function tell_limits(args)
  local descriptors = descriptors_of(args)
  if descriptors < limits.wanted(args.running) then
    io.stderr:write(("loom: %d descriptors (ulimit -Hn): up to %d connections and %d streams of events a worker\n")
      :format(descriptors, limits.of(descriptors, args.running)))
  end
end

local function configuration(args, chosen, loopback, database, reports, found)
  return {
    user = user.directive(chosen),
    workers = args.workers or 2,
    descriptors = descriptors_of(args),
    log_level = args.log_level,
    modules = found.modules,
    lua_path = found.lua_path,
    lua_cpath = found.lua_cpath,
    listen = args.listen.text,
    polls_limit = args.polls_limit or POLLS_LIMIT,
    ingest_limit = args.ingest_limit or INGEST_LIMIT,
    database = database,
    reports = reports,
    running = args.running,
    store_days = args.store_days and ("%d"):format(args.store_days),
    time_limit = args.report_time and time.seconds(time.duration(args.report_time)),
    log_limit = args.report_log and ("%d"):format(args.report_log),
    queued = args.queued,
    csv_formulas = args.csv_formulas,
    token_file = args.token_file and nginx.absolute(args.token_file),
    rate = args.rate or ((not loopback or #args.trust_proxy > 0) and RATE) or nil,
    trust_proxy = args.trust_proxy,
    prefix = args.prefix,
    cors_origin = args.cors_origin,
    host = args.host,
    access_log = args.access_log,
    audit_log = args.audit_log,
    default_zone = args.default_zone,
    max_ahead = args.max_ahead,
    rows_limit = args.rows_limit,
    uploads = args.uploads,
    client_uploads = args.client_uploads,
    body_rate = args.body_rate,
    body_timeout = args.body_timeout,
    compact_every = args.compact_every
      and (args.compact_every == "none" and 0 or time.seconds(time.duration(args.compact_every))),
  }
end

-- The command line of the agent: the interpreter and the script that run here, as whom the workers run.
local function agent_words(args, chosen)
  if args.no_agent then
    return nil
  end
  local words = chosen and { "setpriv", "--reuid", chosen.name, "--regid", chosen.group, "--init-groups", "--pdeathsig", "TERM" }
    or {}
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  for i = first, 0 do
    words[#words + 1] = arg[i]
  end
  words[#words + 1] = "agent"
  words[#words + 1] = nginx.absolute(args.database)
  for _, range in ipairs(args.agent_allow) do
    words[#words + 1] = "--allow=" .. range
  end
  words[#words + 1] = args.default_zone and "--default-zone=" .. args.default_zone -- alerts measure as reports do
  words[#words + 1] = args.agent_url and "--url=" .. args.agent_url or nil
  return words
end

-- Makes everything that the workers need, in this order, and looks whether it will do. nil and the first thing that is wrong.
local function prepare(args, chosen, database, reports, native)
  local file = opening.file(database)
  local had_file, had_reports = common.exists(file), common.is_folder(reports)
  local good, message = check_database(database, args.default_zone)
  if good and args.token_file then
    good, message = check_tokens(args.token_file)
  end
  if good then
    good, message = make_folder(reports)
  end
  if good then
    good, message = claim_folder(database, reports)
  end
  if not good then
    return nil, message
  end
  user.give(not had_file and chosen, file)
  user.give(not had_reports and chosen, reports)
  message = user.refused(chosen, { { native, "r" }, { database, "r" }, { file:match "^(.*/)", "w" }, { file, "w" },
    { reports, "w" }, args.token_file and { args.token_file, "r" } })
  return not message, message
end

-- The address to listen on, and whether only this machine can reach it: where others can, tokens are needed.
local function choose_address(args)
  args.listen = args.listen or nginx.address "127.0.0.1:8080"
  local loopback = nginx.is_loopback(args.listen.host, args.print_config and "0" or args.listen.port)
  if not loopback and not args.token_file then
    common.wrong_use("--listen: others can reach %s: name a --token-file", args.listen.text)
  elseif #args.trust_proxy > 0 and not args.token_file then
    common.wrong_use("--trust-proxy: others can reach what a proxy passes on: name a --token-file")
  end
  return loopback
end

function command.run(args)
  local found, missing = nginx.find()
  if not found then
    return nil, missing
  end
  local loopback = choose_address(args)
  local database = nginx.absolute(args.database)
  local reports = nginx.absolute(args.reports or args.database .. "-reports")
  local chosen = user.choose(args.user, opening.file(database):match "^(.*/)")
  local text = nginx_conf.text(configuration(args, chosen, loopback, database, reports, found))
  if args.print_config then
    io.stdout:write(text)
    return true
  end
  local good, message = prepare(args, chosen, database, reports, found.native)
  if not good then
    return nil, message
  end
  tell_limits(args)
  if user.directive(chosen) == "root" then
    io.stderr:write "loom: the workers run as root, who owns the database's folder: name a --user\n"
  end
  io.stderr:write(("loom: http://%s/ serves %s\n"):format(args.listen.text, args.database))
  return nginx.serve(found.program, text, chosen ~= false, agent_words(args, chosen))
end

return command
