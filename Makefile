# Loom: see README.md. `make help` lists the targets.

comma := ,

CC       ?= cc
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
LUA      ?= lua5.4
LUAJIT   ?= luajit
LUA_PC   ?= lua5.4
LUAJIT_PC ?= luajit

# What is made is told in a line each; V=1 shows the commands, and -s nothing.
V        ?= 0
SILENT   := $(findstring s,$(firstword -$(MAKEFLAGS)))
say       = $(if $(filter 0,$(V)),@$(if $(SILENT),,printf '  %-7s %s\n' $(1) $(or $(2),$@);))

OPTIMIZE ?= -O2 -g
WARNINGS  = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Werror
# CFLAGS and LDFLAGS of the caller, also those on make's command line, add to what Loom needs.
override CFLAGS  := -std=c11 -D_GNU_SOURCE -Isrc/core -Isrc -fPIC -fvisibility=hidden -pthread \
                    $(OPTIMIZE) $(WARNINGS) $(SANITIZE) $(COVERAGE) $(CFLAGS)
override LDFLAGS := -pthread $(SANITIZE) $(LDFLAGS)
LIBFLAG  ?= -shared
LDLIBS    = -lsqlite3 -lcsv -lz -lm
CMOCKA    = -lcmocka

VERSION  := $(shell sed -n 's/^.define LOOM_VERSION "\(.*\)"/\1/p' src/core/base/version.h)

CORE     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/core/*/*.c src/serve/*.c))
LIBRARY  := $(BUILD)/libloom.a
NET      := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/net/*.c))
BINDING  := $(wildcard src/lua/*.c)
HEADERS  := $(wildcard src/core/*/*.h src/serve/*.h src/lua/*.h src/net/*.h)
TESTS    := $(patsubst spec/core/%.c,$(BUILD)/spec/%,$(wildcard spec/core/*_test.c))
API_TESTS := $(patsubst spec/api/%.c,$(BUILD)/spec/api/%,$(wildcard spec/api/*_test.c))
LUA_FILES := $(shell find lua -name '*.lua')
WEB_FILES := $(shell find lua/loom/web -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.svg')

# LuaJIT's module is built where its headers are installed.
HAVE_LUAJIT := $(shell pkg-config --exists $(LUAJIT_PC) && echo yes)
MODULES := $(BUILD)/lua5.4/loom/core.so $(if $(HAVE_LUAJIT),$(BUILD)/luajit/loom/core.so)

# What sends alerts, and what asks a cluster, are modules of their own, which only the agent and who has a cluster load: the others
# need no libcurl.
HAVE_CURL := $(shell pkg-config --exists libcurl && echo yes)
SENDERS   := $(if $(HAVE_CURL),$(MODULES:%/core.so=%/curl.so))
CLUSTER   := $(SENDERS:%/curl.so=%/cluster.so)
CURL      := $(if $(HAVE_CURL),$(shell pkg-config --libs libcurl))

EXTENSION := $(BUILD)/loom_polls.so

# The other Luas, for those who ask for them: `make lua5.3`, or all whose headers are installed.
OTHER_LUAS := $(foreach version,5.1 5.2 5.3,$(shell pkg-config --exists lua$(version) && echo lua$(version)))

all: $(MODULES) $(SENDERS) $(CLUSTER) $(EXTENSION) ## Build in place; bin/loom then runs from the checkout

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

$(BUILD)/src/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIBRARY): $(CORE)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define module # folder, compiler flags
$(BUILD)/$(1)/%.o: src/lua/%.c $(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(2) -c -o $$@ $$<

$(BUILD)/$(1)/loom/core.so: $(patsubst src/lua/%.c,$(BUILD)/$(1)/%.o,$(BINDING)) $(LIBRARY)
	@mkdir -p $$(@D)
	$$(call say,LD)$(CC) $(LIBFLAG) $(LDFLAGS) -Wl,--exclude-libs,ALL -o $$@ $$^ $(LDLIBS)

$(BUILD)/$(1)/curl.o: src/curl/module.c $(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(2) -c -o $$@ $$<

$(BUILD)/$(1)/loom/curl.so: $(BUILD)/$(1)/curl.o $(BUILD)/$(1)/binding.o $(NET) $(LIBRARY)
	@mkdir -p $$(@D)
	$$(call say,LD)$(CC) $(LIBFLAG) $(LDFLAGS) -Wl,--exclude-libs,ALL -o $$@ $$^ $(CURL) -lm

$(BUILD)/$(1)/cluster.o: src/cluster/module.c $(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(2) -c -o $$@ $$<

$(BUILD)/$(1)/loom/cluster.so: $(BUILD)/$(1)/cluster.o $(BUILD)/$(1)/binding.o $(NET) $(LIBRARY)
	@mkdir -p $$(@D)
	$$(call say,LD)$(CC) $(LIBFLAG) $(LDFLAGS) -Wl,--exclude-libs,ALL -o $$@ $$^ $(CURL) $(LDLIBS)
endef
$(eval $(call module,lua5.4,$$(shell pkg-config --cflags $(LUA_PC))))
$(eval $(call module,luajit,$$(shell pkg-config --cflags $(LUAJIT_PC))))
$(foreach lua,lua5.1 lua5.2 lua5.3,$(eval $(call module,$(lua),$$(shell pkg-config --cflags $(lua)))))
lua5.1 lua5.2 lua5.3: %: $(BUILD)/%/loom/core.so
other-luas: $(OTHER_LUAS) ## Build the modules for Lua 5.1, 5.2 and 5.3 too, where their headers are installed

# LuaRocks says where a Lua's headers are; modules for different ones stay apart.
ROCK := rock$(subst /,-,$(LUA_INCDIR))
$(eval $(call module,$(ROCK),$(addprefix -I,$(LUA_INCDIR))))

# The extension: what it has of the core, compiled anew to call the SQLite of the program that loads it.
EXTENSION_PARTS := $(patsubst src/core/%.c,%,$(wildcard src/core/base/*.c src/core/time/*.c \
    src/core/measure/*.c src/core/report/*.c)) \
  $(addprefix sqlite/,block_feed connect connection cursor database date_functions failure feed_sqlite figures_options figures_table head identity \
    in_schema intake place poll_sql polls_table revision roster_sqlite schema search_sql snapshot source_sqlite sql_instant statement touched \
    stored_exclusion stored_hours stored_polls transaction wal_index week_sql)
$(BUILD)/extension/%.o: src/%.c $(HEADERS) src/extension/sqlite.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -include src/extension/sqlite.h -c -o $@ $<

$(EXTENSION): $(patsubst %,$(BUILD)/extension/%.o,extension/loom_polls $(addprefix core/,$(EXTENSION_PARTS)))
	$(call say,LD)$(CC) -shared $(LDFLAGS) -o $@ $^ -lm

$(BUILD)/spec/%: spec/core/%.c $(wildcard spec/core/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,CCLD)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LIBRARY) $(LDFLAGS) $(CMOCKA) $(LDLIBS)

# What sends has tests with it and libcurl.
TESTS := $(if $(HAVE_CURL),$(TESTS),$(filter-out %/address_test %/http_test %/transfer_test,$(TESTS)))
$(patsubst %,$(BUILD)/spec/%,address_test http_test transfer_test): $(BUILD)/spec/%: spec/core/%.c $(wildcard spec/core/*.h) $(NET) $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,CCLD)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(NET) $(LIBRARY) $(LDFLAGS) $(CMOCKA) $(CURL) $(LDLIBS)

# Its allocations fail when they are told to: see spec/core/faults.h.
$(BUILD)/spec/faults_test: override LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc free strdup)

# A writer rests for half a minute: its clock is the test's.
$(BUILD)/spec/claim_test: override LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,loom_clock loom_rest)

faults: $(BUILD)/spec/faults_test ## Each kind of work with a fault at every allocation, read, write and sync
	LOOM_FAULTS=all $<

$(BUILD)/spec/api/%: spec/api/%.c $(wildcard spec/api/*.h spec/core/*.h) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,CCLD)$(CC) $(CPPFLAGS) $(CFLAGS) -Ispec/core $$(pkg-config --cflags $(LUA_PC)) -o $@ $< $(LDFLAGS) -lcmocka \
	  $$(pkg-config --libs $(LUA_PC))

LISTEN ?= 127.0.0.1:8080

run: all ## Ingest examples/data into a database and print its report; with SERVE=1, also serve it until it is interrupted
	bin/loom ingest $(BUILD)/example.db examples/data
	bin/loom report $(BUILD)/example.db --format csv -o report.csv
	bin/loom report $(BUILD)/example.db --format table
ifdef SERVE
	@echo 'The dashboard: http://$(LISTEN)/ui/'
	@for path in v1/stores v1/summary metrics openapi.json; do echo http://$(LISTEN)/$$path; done
	@echo 'curl -X POST http://$(LISTEN)/trigger_report'
	@echo 'curl "http://$(LISTEN)/get_report?report_id=..."'
	bin/loom serve $(BUILD)/example.db --listen $(LISTEN)
endif

# What is built first, and then passed one kind after another, is two at a time, unless make was told another number. What each prints
# is shown in one piece.
TWO = --no-print-directory --output-sync=target $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j2)
test: ## Pass every test
	@$(MAKE) $(TWO) all other-luas $(TESTS) $(API_TESTS) $(VALIDATORS) $(RECEIVERS) $(GRAFANA) $(BROWSER_TOOLS)
	@for part in core api lua luas browser; do $(MAKE) --no-print-directory test-$$part || exit 1; done

# Seconds for one program of tests, under Valgrind and on a busy machine: one that hangs fails.
TEST_LIMIT ?= 900
LIMITED = timeout --foreground $(TEST_LIMIT)

test-core: $(TESTS) ## The C tests of the core
	@$(MAKE) $(TWO) $(TESTS:=.passes)

test-clang: ## The same as clang compiles them
	$(MAKE) BUILD=build/clang CC=clang test-core

test-api: $(API_TESTS) $(BUILD)/lua5.4/loom/core.so ## The C tests of the module, in Lua 5.4 states of their own
	@$(MAKE) $(TWO) $(API_TESTS:=.passes)

$(TESTS:=.passes) $(API_TESTS:=.passes): %.passes: %
	@echo "== $<"; LOOM_BUILD=$(BUILD) $(LIMITED) $(RUN) $<

# What holds responses against the document of the API.
VALIDATORS := build/openapi/node_modules
$(VALIDATORS):
	npm install --prefix $(@D) --no-audit --no-fund --no-save --silent \
	  ajv@8.20.0 ajv-formats@3.0.1 @seriousme/openapi-schema-validator@2.11.0

# Receivers of alerts: a server of mail, and what verifies webhooks. The versions run on the node of Debian 12.
RECEIVERS := build/receivers/node_modules
$(RECEIVERS):
	npm install --prefix $(@D) --no-audit --no-fund --no-save --silent --ignore-scripts smtp-server@3.14.0 standardwebhooks@1.0.0

# What holds the dashboard against Grafana's own types.
GRAFANA := build/grafana/node_modules
$(GRAFANA):
	npm install --prefix $(@D) --no-audit --no-fund --no-save --silent --ignore-scripts @grafana/schema@10.4.19 typescript@5.4.5

# In several processes for each Lua, since half of it is waiting for what they have started.
test-lua: all $(VALIDATORS) $(RECEIVERS) $(GRAFANA) ## The Lua and command specs, on Lua 5.4 and on LuaJIT
	$(MAKE) $(TWO) specs-lua5.4 specs-luajit

specs-lua5.4:
	LOOM_BUILD=$(BUILD) LOOM_JOBS=3 spec/run $(LUA)

# The command runs on Lua 5.4 and the service on nginx's LuaJIT, whichever Lua a spec of them runs on. So on LuaJIT are run, outside of
# spec/lua, those that have the module or the interpreter in them; of the service, whose specs make databases with the module, as
# spec/lua does, three that ask for most of what it has.
OF_THE_LUA = $(shell grep -lE 'require.*"loom|support.checkout|shell.lua|jit' spec/cli/*_spec.lua spec/docs/*_spec.lua spec/examples/*_spec.lua) \
  $(patsubst %,spec/http/%_spec.lua,polls service v1_stores)
specs-luajit:
	LOOM_BUILD=$(BUILD) LOOM_JOBS=2 SPECS="spec/lua $(OF_THE_LUA)" spec/run $(LUAJIT)

# The module, the reference's examples and the first reports of the command: what the service and the command are made of runs on
# two Luas already.
OTHER_SPECS := spec/lua spec/docs/reference_spec.lua spec/cli/interpreter_spec.lua
test-luas: all other-luas ## The specs of the module on Lua 5.1, 5.2 and 5.3
	@test "$(OTHER_LUAS)" = "lua5.1 lua5.2 lua5.3" || { echo "make test-luas: Luas are missing: sh .ci/deps test" >&2; exit 1; }
	$(MAKE) $(TWO) $(OTHER_LUAS:%=specs-%)

specs-lua5.1 specs-lua5.2 specs-lua5.3: specs-%:
	LOOM_BUILD=$(BUILD) LOOM_JOBS=2 SPECS="$(OTHER_SPECS)" spec/run $*

test-cluster: all ## The specs of a cluster, which test-lua has, too, on ClickHouse servers that they start, and 45 seconds of chaos
	LOOM_BUILD=$(BUILD) SPECS="spec/cluster spec/cli/cluster_spec.lua" spec/run $(LUA)
	$(MAKE) chaos-cluster SECONDS=45

# The engine of today's ClickHouse, 546 MB of it.
CHDB := build/chdb/node_modules
$(CHDB):
	rm -rf build/chdb build/chdb.new
	mkdir -p build/chdb.new
	npm install --prefix build/chdb.new --no-audit --no-fund --no-save --no-package-lock --silent chdb@3.4.0
	mv build/chdb.new build/chdb
chdb: $(CHDB)

test-chdb: all $(CHDB) ## Hold a cluster's SQL against today's ClickHouse (npm's chdb, 546 MB); where that is there, test-lua does so, too
	LOOM_BUILD=$(BUILD) SPECS=spec/cluster/newer_spec.lua spec/run $(LUA)

test-gc: all ## The specs, as test-lua, with a collector that never rests
	LOOM_BUILD=$(BUILD) LOOM_GC=stress spec/run $(LUA)
	LOOM_BUILD=$(BUILD) LOOM_GC=stress spec/run $(LUAJIT)

chaos: all ## Kill processes of a service, and agents of alerts, at random and look for what is lost: ROUNDS (20) or MINUTES, SEED, PART
	LOOM_BUILD=$(BUILD) timeout --foreground $$(($${MINUTES:-30} * 60 + 600)) spec/chaos/run

chaos-cluster: all ## Kill and freeze servers of a cluster, ZooKeepers, writers and a service for SECONDS (300), from SEED
	LOOM_BUILD=$(BUILD) PART=cluster LENGTH=$(CHAOS_LENGTH) timeout --foreground $$(($(CHAOS_LENGTH) * 2 + 600)) spec/chaos/run
CHAOS_LENGTH = $(if $(filter file,$(origin SECONDS)),300,$(SECONDS))

# The version, because it has to run on the node of Debian 12.
PLAYWRIGHT := playwright-core@1.60.0
AXE := axe-core@4.10.3
BROWSER_TOOLS := $(BUILD)/browser/$(PLAYWRIGHT)-$(AXE)
$(BROWSER_TOOLS):
	rm -rf $(@D)
	mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --ignore-scripts --prefix $(@D) $(PLAYWRIGHT) $(AXE)
	touch $@

test-browser: all $(BROWSER_TOOLS) ## The HTML report and the dashboard in Chromium; pictures of it are in build/pictures
	@$(MAKE) $(TWO) $(addsuffix .passes,$(wildcard spec/browser/*_test.mjs))

spec/browser/%.passes: spec/browser/%
	@echo "== $< in Chromium"; LOOM_BUILD=$(BUILD) LUA=$(LUA) $(LIMITED) node --test --test-reporter=spec $<

# The sanitizer's runtime has to be loaded before an interpreter that was built without it. It keeps 16 MB of what was freed, not 256,
# since a spec looks at how much memory a worker takes.
ASAN_ENV = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
           ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:quarantine_size_mb=16 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
ASAN_MAKE = $(MAKE) BUILD=build/asan OPTIMIZE='-O1 -g' \
            SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
asan-core: ## The C tests of the core under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	+$(ASAN_MAKE) test-core

asan: asan-core $(VALIDATORS) $(RECEIVERS) ## The same, those of the module, and the specs
	+$(ASAN_MAKE) all test-api
	$(ASAN_ENV) LOOM_BUILD=build/asan spec/run $(LUA)

tsan: ## The core tests under ThreadSanitizer
	$(MAKE) BUILD=build/tsan OPTIMIZE='-O1 -g' SANITIZE='-fsanitize=thread' test-core

valgrind: all $(TESTS) $(API_TESTS) $(VALIDATORS) $(RECEIVERS) ## The C tests and the specs under Valgrind
	LOOM_SLOW=1 $(MAKE) test-core test-api TEST_LIMIT=3600 \
	  RUN='valgrind -q --leak-check=full --error-exitcode=1 --child-silent-after-fork=yes'
	LOOM_BUILD=$(BUILD) LOOM_VALGRIND=1 spec/run $(LUA)

# With musl: all of the core and of the bindings is compiled, and what needs neither SQLite nor libcsv nor zlib, which Debian has for
# glibc alone, is linked statically and tested, with the little of cmocka that spec/musl has. These tests are of
# base, time, measure and serve but for those that load data, and of what read has without libcsv.
MUSL := build/musl
MUSL_OF := platform_posix input json_polls poll_ahead poll_run poll_sorter reject separator $(filter-out csv_text overlay selection standing survey, \
  $(notdir $(basename $(wildcard $(patsubst %,src/core/%/*.c,base time measure) src/serve/*.c))))
MUSL_TESTS := $(patsubst %,$(MUSL)/spec/%,$(filter $(MUSL_OF:%=%_test),$(basename $(notdir $(wildcard spec/core/*_test.c)))))
MUSL_HEADERS := $(MUSL)/include
$(MUSL_HEADERS): # these libraries' headers ask nothing of the C library that musl has not; beside them are glibc's
	mkdir -p $@
	for header in sqlite3 csv zlib zconf lua5.4-deb-multiarch; do ln -sf $$(echo "#include <$$header.h>" | cc -E - | \
	  sed -n 's|.*"\(/.*/'$$header'\.h\)".*|\1|p' | head -n 1) $@/; done

test-musl: $(MUSL_HEADERS) ## Compile the core and the bindings with musl, and pass the tests of what needs no other library
	$(MAKE) BUILD=$(MUSL) CC="$(MUSL_CC)" OPTIMIZE=-O1 CPPFLAGS='-isystem spec/musl -isystem $(MUSL_HEADERS)' LDFLAGS=-static \
	  LDLIBS=-lm CMOCKA= TESTS='$(MUSL_TESTS)' musl-objects test-core
MUSL_CC ?= musl-gcc

musl-objects: $(patsubst src/lua/%.c,$(BUILD)/lua5.4/%.o,$(BINDING)) $(LIBRARY)

# Such as make mutate FILE=src/core/write/prune.c COUNT=100 SPECS=spec/cli/prune_spec.lua
COUNT ?= 40
SEED  ?= 1
mutate: ## Change FILE in small ways, one at a time, and tell which changes no test notices
	spec/mutate $(FILE) $(COUNT) $(SEED) "$(SPECS)"

# Targets of libFuzzer, which clang brings, under sanitizers. What they learn stays in build/fuzz/corpus.
SECONDS ?= 20
FUZZ_BUILD := build/fuzz
fuzz: ## Feed each target of spec/fuzz for SECONDS (20) seconds, two at a time, from SEED (0: any); FUZZ='zone csv' chooses some
	$(MAKE) BUILD=$(FUZZ_BUILD) CC=clang OPTIMIZE='-O1 -g' \
	  SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' \
	  COVERAGE=-fsanitize=fuzzer-no-link fuzz-targets
	spec/fuzz/run $(FUZZ_BUILD) $(SECONDS) $(SEED) $(FUZZ)

fuzz-targets: $(patsubst spec/fuzz/%.c,$(BUILD)/spec/fuzz/%,$(wildcard spec/fuzz/*_fuzz.c))

$(BUILD)/spec/fuzz/%: spec/fuzz/%.c $(wildcard spec/fuzz/*.h spec/core/*.h) $(HEADERS) $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,CCLD)$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -Ispec/core -o $@ $< $(LIBRARY) $(LDFLAGS) -lcmocka $(LDLIBS)

C_FILES := $(wildcard src/*/*.[ch] src/core/*/*.[ch] spec/*/*.[ch] bench/*.[ch] bench/*/*.[ch])
format: ## Lay out every C file as .clang-format says
	clang-format -i $(C_FILES)

# What holds the dashboard's modules against the types that their comments tell.
TYPESCRIPT := typescript@5.9.3
TYPES := $(BUILD)/types/$(TYPESCRIPT)
$(TYPES):
	rm -rf $(@D)
	mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --ignore-scripts --prefix $(@D) $(TYPESCRIPT)
	touch $@

lint-web: $(TYPES) ## The types of the dashboard's modules
	@echo '  TSC     lua/loom/web'
	@node $(<D)/node_modules/typescript/bin/tsc --allowJs --checkJs --noEmit --strict --noUnusedLocals --noUnusedParameters \
	  --target es2022 --lib es2023,dom,dom.iterable --module es2022 --moduleResolution bundler $(filter %.js,$(WEB_FILES))

# Where $(CC) is gcc, what it is built from says what gcc warns of.
GCC_BUILD = $(if $(findstring Free Software Foundation,$(shell $(CC) --version)),$(BUILD),build/gcc)
lint: lint-web lint-gcc lint-clang lint-c lint-lua docs ## Warnings of compilers, cppcheck, luacheck, LDoc and TypeScript, and of .clang-format

lint-gcc:
	$(MAKE) BUILD=$(GCC_BUILD) CC=gcc all

lint-clang:
	$(MAKE) BUILD=build/clang CC=clang all

lint-c:
	clang-format --dry-run --Werror $(C_FILES)
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
	  --inline-suppr --suppress=missingIncludeSystem -D_GNU_SOURCE -Isrc/core -Isrc src

lint-lua:
	luacheck --quiet bin/loom lua spec bench examples docs/config.ld docs/annotations.lua $(wildcard *.rockspec)

docs: ## Write the reference of the Lua module, from its sources, into build/reference
	ldoc --quiet --fatalwarnings -c docs/config.ld --dir "$(abspath $(BUILD))/reference" .

annotations: ## Write meta/loom.lua, what LuaLS knows of the module, from the doc comments
	$(LUA) docs/annotations.lua >$(BUILD)/annotations.lua
	mv $(BUILD)/annotations.lua meta/loom.lua

pictures: all $(BROWSER_TOOLS) ## Have the tests make the pictures of docs/pictures anew
	mkdir -p docs/pictures
	LOOM_BUILD=$(BUILD) LUA=$(LUA) $(LIMITED) node --test --test-reporter=spec --test-name-pattern="are made anew" spec/browser/dashboard_test.mjs
	for view in fleet wall store alerts; do cp $(BUILD)/pictures/$$view-light.png $(BUILD)/pictures/$$view-dark.png docs/pictures; done

# LuaJIT knows none of the variables that are for Lua 5.4 alone.
FIND_LUA := $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua
env: ## Print exports by which a shell finds the checkout's module and command
	@echo 'export LUA_PATH_5_4="$(FIND_LUA);$${LUA_PATH_5_4:-$${LUA_PATH:-;}}"'
	@echo 'export LUA_CPATH_5_4="$(abspath $(BUILD))/lua5.4/?.so;$${LUA_CPATH_5_4:-$${LUA_CPATH:-;}}"'
	@echo 'export LUA_PATH="$(FIND_LUA);$${LUA_PATH:-;}"'
	@echo 'export LUA_CPATH="$(abspath $(BUILD))/luajit/?.so;$${LUA_CPATH:-;}"'
	@echo 'export PATH="$(CURDIR)/bin:$$PATH"'

$(BUILD)/bench/%: bench/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,CCLD)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LIBRARY) $(LDFLAGS) $(LDLIBS)

bench: all $(BUILD)/bench/generate $(BUILD)/bench/baseline $(BUILD)/bench/measure ## Time ingestion and reports on generated data: see docs/performance.md
	bench/run

bench-dashboard: all $(BROWSER_TOOLS) ## Time the dashboard in Chromium, of STORES (14000)
	LOOM_BUILD=$(BUILD) LUA=$(LUA) node bench/dashboard.mjs $(STORES)

bench-alerts: all $(BUILD)/bench/generate ## Time the evaluation of ten rules for 14,000 stores, with ten days of polls and with ten times as many
	bench/alerts

bench-cluster: all $(BUILD)/bench/generate $(BUILD)/bench/measure ## Load into a cluster on this machine and report from it, beside a file: see docs/scale.md
	bench/cluster

bench-http: all $(BUILD)/bench/generate ## Time the service on the loopback, with wrk
	bench/http/run

# Where things go. nginx's LuaJIT, in which `loom serve` runs, takes the Lua files from where the command has them, but a module of
# its own. Distributions have other places for some of these.
bindir  ?= $(PREFIX)/bin
libdir  ?= $(PREFIX)/lib
datadir ?= $(PREFIX)/share
luadir  ?= $(datadir)/lua/5.4
lua54_cdir  ?= $(libdir)/lua/5.4
luajit_cdir ?= $(libdir)/lua/5.1
zshdir  ?= $(datadir)/zsh/site-functions
fishdir ?= $(datadir)/fish/vendor_completions.d
# What was installed, without DESTDIR, by which `make uninstall` finds it, whatever has changed in the checkout: files, then those of
# the folders that are Loom's own, with a slash, the innermost first.
INSTALLED = $(datadir)/loom/installed
OWN = $(luadir)/loom $(lua54_cdir)/loom $(luajit_cdir)/loom $(libdir)/loom $(datadir)/loom

# What completes the command in shells, and its manual page: from what --help knows.
HELP := $(patsubst %,$(BUILD)/help/%,loom.1 bash zsh fish)
$(BUILD)/help/loom.1: $(LUA_FILES) $(BUILD)/lua5.4/loom/core.so
	@mkdir -p $(@D)
	$(call say,HELP)LOOM_BUILD=$(abspath $(BUILD)) $(LUA) bin/loom manual >$@

$(patsubst %,$(BUILD)/help/%,bash zsh fish): $(BUILD)/help/%: $(LUA_FILES) $(BUILD)/lua5.4/loom/core.so
	@mkdir -p $(@D)
	$(call say,HELP)LOOM_BUILD=$(abspath $(BUILD)) $(LUA) bin/loom completion $* >$@

put = $(call say,INSTALL,$(4))install -D -m $(2) $(3) $(DESTDIR)$(4) && echo $(4) >>$(1)
list = $(BUILD)/installed
install: all $(HELP) ## Install the command, its manual page, the modules and the SQLite extension below PREFIX
	@test ! -f $(DESTDIR)$(INSTALLED) || $(MAKE) -s uninstall # what is not there any more would stay
	@rm -f $(list)
	$(call say,INSTALL,$(luadir)/loom)for file in $(patsubst lua/%,%,$(LUA_FILES) $(WEB_FILES)); do \
	  install -D -m 644 lua/$$file $(DESTDIR)$(luadir)/$$file && echo $(luadir)/$$file >>$(list) || exit 1; done
	$(call put,$(list),755,$(BUILD)/lua5.4/loom/core.so,$(lua54_cdir)/loom/core.so)
	$(if $(HAVE_LUAJIT),$(call put,$(list),755,$(BUILD)/luajit/loom/core.so,$(luajit_cdir)/loom/core.so))
	$(if $(HAVE_CURL),$(call put,$(list),755,$(BUILD)/lua5.4/loom/cluster.so,$(lua54_cdir)/loom/cluster.so))
	$(if $(HAVE_CURL),$(if $(HAVE_LUAJIT),$(call put,$(list),755,$(BUILD)/luajit/loom/cluster.so,$(luajit_cdir)/loom/cluster.so)))
	$(if $(HAVE_CURL),$(call put,$(list),755,$(BUILD)/lua5.4/loom/curl.so,$(lua54_cdir)/loom/curl.so))
	$(if $(HAVE_CURL),$(if $(HAVE_LUAJIT),$(call put,$(list),755,$(BUILD)/luajit/loom/curl.so,$(luajit_cdir)/loom/curl.so)))
	$(call put,$(list),755,$(EXTENSION),$(libdir)/loom/loom_polls.so)
	$(call put,$(list),755,bin/loom,$(bindir)/loom)
	$(call put,$(list),644,meta/loom.lua,$(datadir)/loom/meta/loom.lua)
	$(call put,$(list),644,$(BUILD)/help/loom.1,$(datadir)/man/man1/loom.1)
	$(call put,$(list),644,$(BUILD)/help/bash,$(datadir)/bash-completion/completions/loom)
	$(call put,$(list),644,$(BUILD)/help/zsh,$(zshdir)/_loom)
	$(call put,$(list),644,$(BUILD)/help/fish,$(fishdir)/loom.fish)
	@echo $(INSTALLED) >>$(list)
	@for own in $(OWN); do sed -n "s|^\($$own\(/.*\)\?\)/[^/]*$$|\1/|p" $(list); done | LC_ALL=C sort -ru >$(list).folders
	@cat $(list).folders >>$(list)
	@install -D -m 644 $(list) $(DESTDIR)$(INSTALLED)
	@rm -f $(list) $(list).folders

uninstall: ## Remove what `make install` has put below PREFIX, and nothing else
	@test -f $(DESTDIR)$(INSTALLED) || { echo "make uninstall: there is no $(DESTDIR)$(INSTALLED)" >&2; exit 1; }
	$(call say,RM,$(PREFIX))while read -r path; do case $$path in \
	  */) rmdir "$(DESTDIR)$$path" 2>/dev/null || :;; \
	  *) rm -f "$(DESTDIR)$$path";; esac; done <$(DESTDIR)$(INSTALLED)

# For LuaRocks, which says where headers are and where things go.
ROCK_LUAJIT := $(if $(HAVE_LUAJIT),$(if $(wildcard $(LUA_INCDIR)/luajit.h),,yes)) # another Lua's rock has both
ROCK_CURL := $(if $(HAVE_CURL),curl.so cluster.so) # who sends alerts, or has a cluster, has libcurl
rock: $(addprefix $(BUILD)/$(ROCK)/loom/,core.so $(ROCK_CURL)) $(if $(ROCK_LUAJIT),$(BUILD)/luajit/loom/core.so) $(EXTENSION)

# LuaRocks has made the folders. They are missing with `luarocks make --pack-binary-rock`, which LuaRocks 3.8 tells of
# folders in its default tree, to then pack nothing.
install-rock: rock
	@for folder in $(LUADIR) $(LIBDIR) $(BINDIR); do test -d $$folder || { \
	  echo "LuaRocks has not made $$folder: use luarocks make --tree, then luarocks pack" >&2; exit 1; }; done
	for file in $(patsubst lua/%,%,$(LUA_FILES) $(WEB_FILES)); do \
	  install -D -m 644 lua/$$file $(LUADIR)/$$file || exit 1; done
	install -D -m 755 $(BUILD)/$(ROCK)/loom/core.so $(LIBDIR)/loom/core.so
	for module in $(ROCK_CURL); do install -D -m 755 $(BUILD)/$(ROCK)/loom/$$module $(LIBDIR)/loom/$$module || exit 1; done
	$(if $(ROCK_LUAJIT),install -D -m 755 $(BUILD)/luajit/loom/core.so $(LIBDIR)/luajit/loom/core.so)
	install -D -m 755 $(EXTENSION) $(LIBDIR)/loom/loom_polls.so
	install -D -m 755 bin/loom $(BINDIR)/loom

ARCHIVE  := loom-$(VERSION).tar.gz
ROCKSPEC := loom-$(VERSION)-1.rockspec
rockspec: ## Write the rockspec of the version in src/core/base/version.h
	rm -f loom-[0-9]*.rockspec
	sed -e 's/"scm-1"/"$(VERSION)-1"/' -e 's|^  branch = .*|  tag = "v$(VERSION)",|' loom-scm-1.rockspec >$(ROCKSPEC)

# LuaRocks takes a relative path for one below a temporary folder of its own: what it packs from has the whole path.
DIST := $(abspath $(BUILD))/dist
dist: rockspec ## Archive the last commit in build/dist, with a rockspec for `luarocks pack`
	@git diff --quiet HEAD || { echo "make dist: there are changes that are not committed" >&2; exit 1; }
	rm -rf $(DIST)
	mkdir -p $(DIST)
	git archive --prefix=loom-$(VERSION)/ -o $(DIST)/$(ARCHIVE) HEAD
	sed -e 's|^  url = .*|  url = "file://$(DIST)/$(ARCHIVE)",|' -e '/^  tag = /d' $(ROCKSPEC) >$(DIST)/$(ROCKSPEC)

# debian/ has all of a package but for its changelog, which is this version's, of the last commit's time. Packages are built from what
# git has or would take, in an archive from all there is, with nothing of this make's environment.
DEB := $(abspath $(BUILD))/deb
deb: ## Build the Debian packages lua-loom and loom in build/deb
	@rm -rf $(DEB)
	@mkdir -p $(DEB)/loom-$(VERSION)
	@{ git ls-files -z --cached --others --exclude-standard 2>/dev/null | grep -z . || \
	  find . \( -path ./build -o -path ./.git \) -prune -o \( -type f -o -type l \) -print0; } | \
	  tar -c --null -T - | tar -x -C $(DEB)/loom-$(VERSION)
	@printf 'loom (%s) unstable; urgency=medium\n\n  * See /usr/share/doc/loom/changelog.gz.\n\n -- %s  %s\n' $(VERSION) \
	  "$$(sed -n 's/^Maintainer: //p' debian/control)" "$$(git log -1 --format=%cD 2>/dev/null | grep . || date -R -r CHANGELOG.md)" \
	  >$(DEB)/loom-$(VERSION)/debian/changelog
	$(call say,DEB,$(DEB))cd $(DEB)/loom-$(VERSION) && env -i PATH="$$PATH" HOME="$$HOME" LC_ALL=C.UTF-8 CC="$(CC)" \
	  DEB_BUILD_OPTIONS=parallel=$$(nproc) dpkg-buildpackage -b -us -uc >../log 2>&1 || { tail -n 30 ../log >&2; exit 1; }

test-deb: deb ## Hold the packages against lintian; install them on a copy of this machine's files, use and remove them (needs root)
	lintian --fail-on error,warning,pedantic --info --pedantic --allow-root $(DEB)/*.changes
	spec/deb/run $(DEB)

clean: ## Remove what was built
	rm -rf build report.csv

.PHONY: all help run pictures faults test test-core test-clang test-api test-lua specs-lua5.4 specs-luajit test-luas \
        specs-lua5.1 specs-lua5.2 specs-lua5.3 lua5.1 lua5.2 lua5.3 other-luas test-cluster chdb test-chdb test-gc test-browser \
        test-musl musl-objects asan asan-core tsan valgrind chaos chaos-cluster mutate fuzz fuzz-targets format lint lint-web \
        lint-gcc lint-clang lint-c lint-lua docs annotations env bench bench-alerts bench-cluster bench-dashboard bench-http install \
        uninstall rock install-rock rockspec dist deb test-deb clean
.SECONDARY:
