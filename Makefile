# Everything is built below build/; third-party libraries are built once,
# into $(PITSTOP_CACHE), see agent/deps/build.sh. `make help` lists targets.

VERSION := 0.1.0

export PITSTOP_CACHE ?= $(HOME)/.cache/pitstop
export SOURCE_DATE_EPOCH ?= 1735689600
export LC_ALL := C
FUZZ_SECONDS ?= 20
# V=1 shows the commands.
Q := $(if $(V),,@)

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE

all: build/pitstop ## build/pitstop, the static binary (the default)

# ---- what there is ----------------------------------------------------

SOURCES := $(wildcard agent/*.c)
HEADERS_DIR := include
HOOK_FILES := $(patsubst agent/%,build/%,$(wildcard agent/hook/*.py))
# Files that take the hook in by .incbin, which gcc -MMD does not see.
EMBEDDING := $(shell grep -ls '\.incbin.*hook' agent/*.c)
# Modules of rank 0 do no I/O: unit tests and fuzzers are linked with these.
RANK0 := $(filter $(shell awk '$$1 == "0" { print "agent/" $$2 }' \
	tests/layers.txt),$(SOURCES))
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# ---- third-party libraries ----------------------------------------------
#
# build/deps/NAME.key holds the prefix that was built against. It is made
# anew, and all objects with it, when build.sh names another one (a changed
# recipe, pin or compiler) or none (nothing is built, or the cache is gone).

# $(1) key, $(2) arguments of build.sh, $(3) groups of packages
define DEPS_RULE
DEPS_READY_$(1) := $$(shell agent/deps/build.sh --ready $(2))
build/deps/$(1).key: $$(if $$(DEPS_READY_$(1)),$$(if \
		$$(filter $$(DEPS_READY_$(1)),$$(shell cat build/deps/$(1).key \
		2>/dev/null)),,FORCE),FORCE)
	agent/deps/packages.sh $(3)
	agent/deps/build.sh $(2)
	@mkdir -p build/deps
	@prefix=$$$$(agent/deps/build.sh --ready $(2)) && \
		ln -sfn "$$$$prefix" build/deps/$(firstword $(2)) && \
		echo "$$$$prefix" >$$@
endef

$(eval $(call DEPS_RULE,musl,musl,build))
$(eval $(call DEPS_RULE,host,host,build test))
# The few libraries that rank 0 uses, so that unit tests need not wait.
$(eval $(call DEPS_RULE,host-rank0,host cjson llhttp libmd libbsd mbedtls,build test))

# ---- compiling ------------------------------------------------------------

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wformat=2 \
	-Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough \
	-Wnull-dereference -Wdate-time -Walloca
GCC_WARNINGS := -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wframe-larger-than=65536

CPPFLAGS := -D_GNU_SOURCE -DPITSTOP_VERSION='"$(VERSION)"' -I$(HEADERS_DIR) -Ibuild
PATHS_OUT := -ffile-prefix-map=$(CURDIR)=. -fno-canonical-system-headers
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection \
	-ftrivial-auto-var-init=zero -fno-strict-aliasing
CFLAGS := -std=gnu11 -Os -g -pipe $(HARDENING) -fno-common -fno-plt \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -flto=auto -ffat-lto-objects $(PATHS_OUT) \
	$(WARNINGS) $(GCC_WARNINGS)
# The whole is optimized again here, others' code (-w) with ours. gcc names its
# places from here on.
LDFLAGS := -w -ffile-prefix-map=$(shell realpath -m --relative-to=. \
	$(PITSTOP_CACHE)/work)=work -static-pie -Wl,--gc-sections -Wl,--build-id=sha1 \
	-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,pack-relative-relocs
# Linked into this release although its code does not call them all yet.
KEPT := curl_global_init uv_run cJSON_Parse strlcpy
LIBRARIES := curl mbedtls mbedx509 mbedcrypto uv cjson llhttp bsd md

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_CFLAGS := -std=gnu11 -O1 -g -pipe -fno-omit-frame-pointer \
	-fno-strict-aliasing $(SANITIZE)

MUSL := build/deps/musl
HOST := build/deps/host
OBJECTS := $(SOURCES:agent/%.c=build/obj/%.o)
ASAN_OBJECTS := $(SOURCES:agent/%.c=build/asan/obj/%.o)
ASAN_RANK0 := $(RANK0:agent/%.c=build/asan/obj/%.o)
FUZZ_RANK0 := $(RANK0:agent/%.c=build/fuzz/obj/%.o)

# Another version or other flags: everything is compiled again.
BUILD_FLAGS := $(CPPFLAGS) $(CFLAGS) $(HOST_CFLAGS)
ifneq ($(BUILD_FLAGS),$(shell cat build/flags 2>/dev/null))
build/flags: FORCE
endif
build/flags:
	@mkdir -p build
	@printf '%s\n' $(call shell-quote,$(BUILD_FLAGS)) >$@
shell-quote = '$(subst ','\'',$(1))'

# What an .incbin defines is unknown to the optimizer of the whole.
$(EMBEDDING:agent/%.c=build/obj/%.o) build/obj/page_data.o \
	build/obj/openapi_data.o: CFLAGS += -fno-lto

build/obj/%.o: agent/%.c build/flags build/deps/musl.key
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(MUSL)/bin/musl-gcc $(CPPFLAGS) -isystem $(MUSL)/include $(CFLAGS) \
		-MMD -MP -c $< -o $@

build/asan/obj/%.o: agent/%.c build/flags
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)gcc $(CPPFLAGS) -isystem $(HOST)/include $(HOST_CFLAGS) $(WARNINGS) \
		-MMD -MP -c $< -o $@

build/fuzz/obj/%.o: agent/%.c build/flags build/deps/host-rank0.key
	@mkdir -p $(@D)
	@echo "  CLANG   $@"
	$(Q)clang $(CPPFLAGS) -isystem $(HOST)/include $(HOST_CFLAGS) \
		-fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(ASAN_RANK0): build/deps/host-rank0.key
$(filter-out $(ASAN_RANK0),$(ASAN_OBJECTS)): build/deps/host.key
$(foreach dir,obj asan/obj fuzz/obj,\
	$(EMBEDDING:agent/%.c=build/$(dir)/%.o)): $(HOOK_FILES) build/hook.head
$(foreach dir,obj asan/obj fuzz/obj,build/$(dir)/page_data.o): \
	build/page_csp.h build/status.html.gz

# As it is sent: without indents and the script's comments.
build/status.html: agent/page/status.html
	@mkdir -p $(@D)
	$(Q)sed -E 's/^\t+//; /^(\/\/ |$$)/d' $< >$@

build/page_csp.h: build/status.html agent/page/csp.sh
	$(Q)agent/page/csp.sh $< >$@

build/status.html.gz: build/status.html
	$(Q)gzip -9nc $< >$@

$(foreach dir,obj asan/obj fuzz/obj,build/$(dir)/openapi_data.o): \
	build/openapi.json.lz4

build/openapi.json: agent/openapi.json
	@mkdir -p $(@D)
	$(Q)python3 -c 'import json, sys; json.dump(json.load(sys.stdin), \
		sys.stdout, separators=",:")' <$< >$@

# The one block of it, without the frame.
build/openapi.json.lz4: build/openapi.json
	@agent/deps/packages.sh build
	$(Q)lz4 -q12c --no-frame-crc $< | tail -c +12 | head -c -4 >$@

# ---- the binary -------------------------------------------------------------

build/pitstop.debug: $(OBJECTS)
	@echo "  LINK    $@"
	$(Q)$(MUSL)/bin/musl-gcc $(CFLAGS) $(LDFLAGS) -o $@ $^ \
		$(KEPT:%=-Wl,--undefined=%) \
		-L$(MUSL)/lib $(LIBRARIES:%=-l%) -lpthread

build/hook/%.py: agent/hook/%.py agent/hook/strip.sh
	@mkdir -p $(@D)
	$(Q)agent/hook/strip.sh $< $@

build/hook.head: build/hook/sitecustomize.py agent/hook/zip.sh
	@mkdir -p $(@D)
	$(Q)agent/hook/zip.sh --head $< $@

# Stripped, it becomes a zip file of the stub: see include/hook_dir.h.
build/pitstop: build/pitstop.debug tests/check_static.sh
	@echo "  STRIP   $@"
	$(Q)strip --strip-all --remove-section=.comment -o $@.new $<
	$(Q)agent/hook/zip.sh --directory build/hook/sitecustomize.py $@.new
	@tests/check_static.sh $@.new
	$(Q)mv $@.new $@

build/asan/pitstop: $(ASAN_OBJECTS)
	@echo "  LINK    $@"
	$(Q)gcc $(HOST_CFLAGS) -o $@ $^ $(LIBRARIES:%=$(HOST)/lib/lib%.a) \
		-lpthread -ldl -lm

.PHONY: all asan size
asan: build/asan/pitstop ## build/asan/pitstop, for the host with ASan and UBSan

size: build/pitstop ## the size of the binary, in bytes and by section
	@stat -c '%s bytes %n' $<
	@size -A $(<:=.debug) | awk '$$2 > 1000 && $$3 != 0'

# ---- dependencies -----------------------------------------------------------

.PHONY: deps deps-build packages-test packages-page
deps: deps-build ## all that building and testing needs (asks apt what is missing)
	@agent/deps/packages.sh build test page bench
	@agent/deps/build.sh host cjson llhttp libmd libbsd mbedtls
	@if [ -e tests/venvs.sh ]; then tests/venvs.sh all; tests/kernel.sh; fi

deps-build: build/deps/musl.key ## all that `make` needs

packages-test:
	@agent/deps/packages.sh build test

packages-page:
	@agent/deps/packages.sh build test page

# ---- tests ------------------------------------------------------------------

.PHONY: check test unit fuzz-smoke check-layers pytest pytest-asan
check: unit check-layers ## the fast tests: unit and check-layers

test: ## all tests: the fast ones, fuzzers, sanitizers, pytest on all Pythons
	$(MAKE) deps
	$(MAKE) unit
	$(MAKE) check-layers
	$(MAKE) pytest-asan ASAN_TESTS="tests/test_access.py tests/test_two.py"
	$(MAKE) fuzz-smoke
	$(MAKE) pytest

build/unit/librank0.a: $(ASAN_RANK0)
	@mkdir -p $(@D)
	@rm -f $@
	@echo "  AR      $@"
	$(Q)ar rcsD $@ $^

RANK0_LIBRARIES := $(HOST)/lib/libcjson.a $(HOST)/lib/libllhttp.a \
	$(HOST)/lib/libbsd.a \
	$(HOST)/lib/libmbedcrypto.a \
	$(HOST)/lib/libmd.a -lm

build/unit/%: tests/unit/%.c build/unit/librank0.a | packages-test
	@echo "  CC      $@"
	$(Q)gcc $(CPPFLAGS) -isystem $(HOST)/include $(HOST_CFLAGS) $(WARNINGS) \
		-MMD -MP -MF $@.d $< -o $@ build/unit/librank0.a \
		-lcmocka $(RANK0_LIBRARIES)

unit: $(UNIT_TESTS:%=build/unit/%) ## unit tests of the rank 0 modules, with ASan and UBSan
	@tests/run_unit.sh $^

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_RANK0) | packages-test
	@echo "  CLANG   $@"
	$(Q)clang $(CPPFLAGS) -isystem $(HOST)/include $(HOST_CFLAGS) \
		-fsanitize=fuzzer -MMD -MP -MF $@.d $< -o $@ \
		$(FUZZ_RANK0) $(RANK0_LIBRARIES)

$(FUZZ_RANK0): | packages-test

fuzz-smoke: $(FUZZERS:%=build/fuzz/%) ## each fuzzer for FUZZ_SECONDS (20)
	@tests/run_fuzzers.sh $(FUZZ_SECONDS) $^

check-layers: $(OBJECTS) ## calls between modules point downwards only
	@tests/check_layers.py tests/layers.txt build/obj agent
	@$(MAKE) --no-print-directory check-supervisor

# The supervisor linked for real with nothing but musl and libbsd.
.PHONY: check-supervisor
check-supervisor: $(OBJECTS)
	@mkdir -p build/supervisor
	@echo 'int cmd_run(int, char **); int main(int c, char **v)' \
		'{ return cmd_run(c, v); }' >build/supervisor/main.c
	$(Q)$(MUSL)/bin/musl-gcc -static-pie -fPIE -o build/supervisor/run \
		build/supervisor/main.c $$(tests/check_layers.py --needed-by \
		cmd_run.o build/obj) -L$(MUSL)/lib -lbsd -lmd
	@echo 'check-supervisor: cmd_run links with libc and libbsd alone'

# Most tests wait more than they compute: six at once suit two cores.
PYTEST_ARGS ?= -n 6
PYTEST = $(PITSTOP_CACHE)/venvs/test/bin/python -m pytest -q \
	-p no:cacheprovider $(PYTEST_ARGS)
pytest: build/pitstop packages-page ## the tests on the real binary (PYTEST_ARGS)
	@tests/venvs.sh test
	@tests/kernel.sh
	$(PYTEST) tests

ASAN_TESTS ?= tests
pytest-asan: build/pitstop build/asan/pitstop packages-page ## the same on the sanitizer build (ASAN_TESTS)
	@tests/venvs.sh test
	PITSTOP_BIN=$(CURDIR)/build/asan/pitstop $(PYTEST) $(ASAN_TESTS)

# ---- the rest ---------------------------------------------------------------

.PHONY: demo bench clean help
demo: build/pitstop ## an example step, held and debugged (WAIT=1: by your VS Code)
	@tests/demo.sh

build/bench/metadata: tests/bench/metadata.c $(OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(MUSL)/bin/musl-gcc $(CPPFLAGS) -isystem $(MUSL)/include $(CFLAGS) \
		$(LDFLAGS) -o $@ $< $(filter-out %/main.o,$(OBJECTS)) \
		-L$(MUSL)/lib $(LIBRARIES:%=-l%) -lpthread

bench: build/pitstop build/bench/metadata ## measure it against plain Python, debugpy, tini (PARTS)
	@tests/bench.sh $(PARTS)

clean: ## remove build/ (the cache stays)
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(firstword \
		$(MAKEFILE_LIST)) | expand -t 14

-include $(wildcard build/obj/*.d build/asan/obj/*.d build/fuzz/obj/*.d \
	build/unit/*.d build/fuzz/*.d)
