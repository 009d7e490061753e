std = "max"
self = false -- methods of one interface, whether they need their object or not
max_line_length = 130
files["lua/loom/http"].std = "+ngx_lua"
files["spec"].std = "+busted"
files["bench/http/polls.lua"] = { globals = { "wrk", "setup", "init", "request", "response", "done", "number", "refused" } }
files["bench/http/mixed.lua"] = { globals = { "wrk", "request" } }
exclude_files = { "build", "meta" }
