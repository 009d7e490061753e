rockspec_format = "3.0"
package = "loom"
version = "scm-1"

source = {
  url = "git+https://loom.example/loom.git",
  branch = "main",
}

description = {
  summary = "Uptime and downtime of stores inside their business hours, from raw polls",
  detailed = [[
Loom turns raw polls of stores into uptime and downtime inside each store's business hours, for the last hour, day
and week or any window. Polls come from CSV files and are kept packed in SQLite; reports are computed by native
threads. It comes with a command, loom.]],
  homepage = "https://loom.example",
  maintainer = "The Loom authors <loom@loom.example>",
  license = "MIT",
  labels = { "monitoring", "sqlite", "commandline" },
}

supported_platforms = { "linux" }

dependencies = {
  "lua >= 5.1, < 5.5",
  "argparse >= 0.7",
  "lua-cjson >= 2.1",
  "luafilesystem >= 1.8",
}

external_dependencies = {
  SQLITE = { header = "sqlite3.h", library = "sqlite3" },
  CSV = { header = "csv.h", library = "csv" },
  ZLIB = { header = "zlib.h", library = "z" },
}

build = {
  type = "make",
  variables = {
    LUA_INCDIR = "$(LUA_INCDIR)",
  },
  build_target = "rock",
  build_variables = {
    CFLAGS = "$(CFLAGS)",
    CPPFLAGS = "-I$(SQLITE_INCDIR) -I$(CSV_INCDIR) -I$(ZLIB_INCDIR)",
    LDFLAGS = "-L$(SQLITE_LIBDIR) -L$(CSV_LIBDIR) -L$(ZLIB_LIBDIR)",
    LIBFLAG = "$(LIBFLAG)",
    WARNINGS = "", -- what a newer compiler warns of does not stop an installation
  },
  copy_directories = { "docs", "examples", "meta" },
  install_target = "install-rock",
  install_variables = {
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
    BINDIR = "$(BINDIR)",
  },
}

test = {
  type = "command",
  script = "spec/rock.lua",
}
