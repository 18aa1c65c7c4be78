# SPDX-License-Identifier: Apache-2.0
#
# spoor - one Makefile. Sources are found by folder; everything that is made goes below build/.
#
#   format/ engine/          every .c but *_main.c                 -> libspoor.a
#   replay/ inspect/ trace/ capture/  every .c but *_main.c               -> linked into that folder's tools
#   <folder>/NAME_main.c     a tool: spoor_replay_main.c           -> build/spoor-replay
#   capture/bpf/NAME.bpf.c   the kernel side                       -> build/capture/NAME.skel.h
#   tests/, see the section of that name.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
SHELL := /bin/bash
# bpftool and runc live in sbin, which is not in everybody's path.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/spoor
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/spoor
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL ?= install
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG ?= clang
BPFTOOL ?= bpftool
FUZZ_TIME ?= 60
comma := ,

# One line per step; V=1 shows the commands themselves.
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-8s%s\n' '$(1)' '$(2)')

# --- Sanitizers: a build of their own, beside the plain one -------------------------------------

ifdef SANITIZER
ifneq ($(filter-out address undefined thread,$(subst $(comma), ,$(SANITIZER))),)
$(error SANITIZER is a comma-separated list of address, undefined, thread: '$(SANITIZER)' is not)
endif
B := build/$(subst $(comma),-,$(SANITIZER))
# The code that sanitizers put in misleads the two warnings.
SAN_FLAGS := -DSPOOR_SANITIZED -fsanitize=$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wno-format-truncation -Wno-maybe-uninitialized
else
B := build
SAN_FLAGS :=
endif

# --- Flags ---------------------------------------------------------------------------------------

LIBS := libzstd yaml-0.1 libcjson libpcre2-8 libsodium zlib
LIBS_inspect := ncursesw
LIBS_capture := libbpf libelf zlib libcurl libmicrohttpd gnutls libnats
LIBS_test := cmocka

pc_exists = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
HAVE_LIBS := $(call pc_exists,$(LIBS) $(LIBS_inspect))
HAVE_TEST := $(call pc_exists,$(LIBS_test))
HAVE_CAPTURE := $(shell command -v $(CLANG) >/dev/null 2>&1 && command -v $(BPFTOOL) >/dev/null 2>&1 \
	&& pkg-config --exists $(LIBS_capture) 2>/dev/null && echo yes)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	-Wwrite-strings
CFLAGS ?= -O2 -g
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -I$(B) -pthread -fstack-protector-strong
ALL_CFLAGS := $(BASE_CFLAGS) $(WARN) -Werror $(SAN_FLAGS) \
	$(if $(HAVE_LIBS),$(shell pkg-config --cflags $(LIBS) $(LIBS_inspect))) $(CFLAGS)
ALL_LDFLAGS := -pthread $(SAN_FLAGS) $(LDFLAGS)
LDLIBS_lib := $(if $(HAVE_LIBS),$(shell pkg-config --libs $(LIBS))) -lm
LDLIBS_inspect := $(if $(HAVE_LIBS),$(shell pkg-config --libs $(LIBS_inspect)))
LDLIBS_capture := $(if $(HAVE_CAPTURE),$(shell pkg-config --libs $(LIBS_capture)))
CFLAGS_capture := $(if $(HAVE_CAPTURE),$(shell pkg-config --cflags $(LIBS_capture)))
LDLIBS_test := $(if $(HAVE_TEST),$(shell pkg-config --libs $(LIBS_test)))

BPF_ARCH := $(if $(filter aarch64,$(shell uname -m)),arm64,x86)
BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -mcpu=v3 -std=gnu11 -Wall -Werror \
	-Wno-unused-function -I. -Icapture/bpf -idirafter /usr/include/$(shell $(CC) -print-multiarch)

# --- Sources -------------------------------------------------------------------------------------

src = $(sort $(filter-out %.bpf.c,$(wildcard $(1)/*.c $(1)/*/*.c $(1)/*/*/*.c)))
objs = $(patsubst %.c,$(B)/obj/%.o,$(filter-out %_main.c,$(1)))
dash = $(subst _,-,$(1))

OBJ_lib := $(call objs,$(call src,format) $(call src,engine))
OBJ_replay := $(call objs,$(call src,replay))
OBJ_trace := $(call objs,$(call src,trace))
OBJ_inspect := $(call objs,$(call src,inspect))
OBJ_capture := $(call objs,$(call src,capture))
LIB := $(B)/libspoor.a

SKELS := $(patsubst capture/bpf/%.bpf.c,$(B)/capture/%.skel.h,$(wildcard capture/bpf/*.bpf.c))

MAINS := $(filter %_main.c,$(foreach d,format engine replay inspect trace $(if $(HAVE_CAPTURE),capture),$(call src,$d)))
tool = $(B)/$(call dash,$(patsubst %_main.c,%,$(notdir $(1))))
GENERATORS := $(filter %/events_md_main.c,$(MAINS))
TOOLS := $(foreach m,$(filter-out $(GENERATORS),$(MAINS)),$(call tool,$m))

# Targets that build and then run something do so with all processors.
PARALLEL := $(MAKE) --no-print-directory -j$(shell nproc)

# --- Targets -------------------------------------------------------------------------------------

.PHONY: all demo test bench fuzz install uninstall deps check help clean bless events-md man rules-coverage

all: need-libs $(LIB) $(TOOLS) note-capture ## build the tools (SANITIZER=address,undefined: into a folder of its own)

.PHONY: need-libs note-capture test-run bench-run fuzz-run tests progs
need-libs:
	$(if $(HAVE_LIBS),@:,@scripts/deps check build)

note-capture: $(TOOLS)
	$(if $(HAVE_CAPTURE),@:,@echo "spoor-capture is not built: it needs what is missing here ('make deps' installs it)" && scripts/deps check capture)

demo: ## record a container under attack, delete it, replay the trace, look into it (root)
	@scripts/deps install build capture demo
	@$(PARALLEL) all progs
	@SPOOR_BUILD=$(abspath $(B)) scripts/demo

test: ## run all tests; T=engine/filter runs those whose path contains that, J=1 one at a time
	@scripts/deps install build capture test
	@$(PARALLEL) test-run

bless: ## rewrite the expected output of the tests that T selects, then look at git diff
	$(if $(T),,$(error bless needs T=..., the tests to bless))
	@SPOOR_BLESS=1 $(PARALLEL) test-run

bench: ## measure and print ratios, side by side in one run (root for the capture part)
	@scripts/deps install build capture test
	@$(PARALLEL) bench-run

deps: ## install what is missing (root on Debian), else print the one line that does
	@scripts/deps install build capture test demo fuzz && echo "all is there that building, testing and the demo need"

rules-coverage: all ## every rule that ships, with the cases that show what it reports and what it does not
	@SPOOR_BUILD=$(abspath $(B)) scripts/rules-coverage

check: all $(B)/events-md.stamp ## layers, EVENTS.md and manual pages up to date, cppcheck where installed
	@scripts/check-layers
	@scripts/man-options --check $(B)
	@if command -v cppcheck >/dev/null; then scripts/cppcheck; \
	else echo "cppcheck is not installed: skipped"; fi
	@echo "all checks passed"

help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r t d; do printf '%-17s%s\n' "$$t" "$$d"; done
	@echo 'Variables: V=1, SANITIZER=, PREFIX=, DESTDIR=, CC=, CLANG=, CFLAGS=, LDFLAGS=, T=, J=, FUZZ_TIME= (seconds)'

clean: ## remove build/
	$(Q)rm -rf build

# --- Compiling -----------------------------------------------------------------------------------

# Rebuilds what depends on the flags when they change, and the archive when a source goes away.
PID := $(shell echo $$PPID)
.PHONY: FORCE
FORCE:
$(B)/flags: STAMP = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(B)/sources: STAMP = $(OBJ_lib)
$(B)/flags $(B)/sources: FORCE
	@$(shell mkdir -p $(B))$(file >$@.$(PID),$(STAMP))cmp -s $@.$(PID) $@ && rm $@.$(PID) || mv $@.$(PID) $@

$(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/format/base/cli.o: ALL_CFLAGS += -DSPOOR_VERSION='"$(VERSION)"'
$(B)/obj/format/base/cli.o: VERSION

$(LIB): $(OBJ_lib) $(B)/sources
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@.$$$$ $(OBJ_lib) && mv $@.$$$$ $@

# A tool: its main, the other objects of its folder (the library has those of format and engine).
define tool_rule
$(call tool,$(1)): $(B)/obj/$(1:.c=.o) $(OBJ_$(2)) $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(LDLIBS_$(2)) $$(LDLIBS_lib)
endef
$(foreach m,$(MAINS),$(eval $(call tool_rule,$m,$(firstword $(subst /, ,$m)))))

# --- BPF: needs no BTF of this machine, the types come with the sources -----------------------------

$(B)/capture/%.o1: capture/bpf/%.bpf.c $(B)/flags
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(B)/capture/$*.d -MT $@ -c -o $@ $<

$(B)/capture/%.bpf.o: $(B)/capture/%.o1
	$(Q)$(BPFTOOL) gen object $@ $<

$(B)/capture/%.skel.h: $(B)/capture/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

$(OBJ_capture) $(patsubst %.c,$(B)/obj/%.o,$(filter capture/%_main.c,$(MAINS))): | $(SKELS)
$(B)/obj/capture/%.o $(B)/obj/tests/capture/%.o: ALL_CFLAGS += $(CFLAGS_capture)

# --- Generated text --------------------------------------------------------------------------------

EVENTS_MD := format/EVENTS.md
EVENTS_MD_TOOL := $(if $(GENERATORS),$(call tool,$(GENERATORS)))

events-md: $(EVENTS_MD_TOOL) ## write format/EVENTS.md from the event table
	$(Q)$(if $<,$< >$(EVENTS_MD),echo "format/schema/events_md_main.c is missing"; exit 1)

man: all ## put the options that --help prints into the manual pages
	@scripts/man-options $(B)

$(B)/events-md.stamp: $(EVENTS_MD_TOOL) $(EVENTS_MD)
	$(Q)$(if $(EVENTS_MD_TOOL),$(EVENTS_MD_TOOL) | cmp -s - $(EVENTS_MD) || \
		{ echo "$(EVENTS_MD) is out of date: run 'make events-md'"; exit 1; })
	@touch $@

# --- Tests -------------------------------------------------------------------------------------------
#
#   tests/<folder>/test_NAME.c        a cmocka program; links the library, and for tests of replay, trace,
#                                     inspect and capture that folder's objects
#   tests/<folder>/NAME.bats          a script; tools are in $SPOOR_BUILD, test programs in $SPOOR_BUILD/tests
#   tests/<folder>/make_NAME.c        a program that makes input for tests; links like a test
#   tests/<folder>/progs/NAME.c       a program that tests run and record; static, links nothing of ours
#   tests/fuzz/fuzz_NAME.c            a fuzzer; `make test` runs it over its corpus, `make fuzz` for real
#   tests/bench/bench_NAME.c, .sh     a benchmark, see tests/bench/README.md
#   any other .c in tests/<folder>/   shared by the programs of that folder

TEST_SRC := $(sort $(shell find tests -name '*.c' 2>/dev/null))
ifndef HAVE_CAPTURE
TEST_SRC := $(filter-out tests/capture/%,$(TEST_SRC))
endif
PROG_SRC := $(foreach s,$(TEST_SRC),$(if $(findstring /progs/,$s),$s))
FUZZ_SRC := $(filter tests/fuzz/fuzz_%,$(TEST_SRC))
BENCH_SRC := $(filter tests/bench/bench_%,$(TEST_SRC))
BENCH_CAPTURE := $(if $(BENCH_SRC),$(shell grep -l '^\#include "capture/' $(BENCH_SRC)))
BENCH_SRC := $(filter-out $(if $(HAVE_CAPTURE),,$(BENCH_CAPTURE)),$(BENCH_SRC))
named = $(foreach s,$(2),$(if $(filter $(1),$(notdir $s)),$s))
LINK_SRC := $(filter-out $(PROG_SRC) $(FUZZ_SRC) $(BENCH_SRC),$(TEST_SRC))
UNIT_SRC := $(call named,test_%,$(LINK_SRC))
MAKE_SRC := $(call named,make_%,$(LINK_SRC))
SHARED_SRC := $(filter-out $(UNIT_SRC) $(MAKE_SRC) tests/fuzz/%,$(LINK_SRC))

test_bin = $(patsubst %.c,$(B)/%,$(1))
shared = $(patsubst %.c,$(B)/obj/%.o,$(filter $(dir $(1))%,$(SHARED_SRC)))
second = $(word 2,$(subst /, ,$(1)))

define test_rule
$(call test_bin,$(1)): $(B)/obj/$(1:.c=.o) $(call shared,$(1)) $(OBJ_$(2)) $(LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(LDLIBS_test) $$(LDLIBS_$(2)) $$(LDLIBS_lib)
endef
needs = $(filter replay inspect trace capture,$(second) $(if $(filter $(1),$(BENCH_CAPTURE)),capture))
$(foreach s,$(UNIT_SRC) $(MAKE_SRC) $(BENCH_SRC),$(eval $(call test_rule,$s,$(call needs,$s))))
$(patsubst %.c,$(B)/obj/%.o,$(filter tests/capture/%,$(LINK_SRC)) $(BENCH_CAPTURE)): | $(SKELS)

PROG_BINS := $(call test_bin,$(PROG_SRC))
$(PROG_BINS): $(B)/%: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -Werror -MMD -MP -MF $@.d -MT $@ -static -pthread -o $@ $<

progs: $(PROG_BINS)

FUZZ_BINS := $(call test_bin,$(FUZZ_SRC))
$(FUZZ_BINS): $(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/corpus_main.o $(OBJ_replay) $(OBJ_inspect) $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS_inspect) $(LDLIBS_lib)

# With T, only the test programs that will run are built.
selected = $(if $(T),$(foreach s,$(1),$(if $(strip $(foreach t,$(T),$(findstring $t,$s))),$s)),$(1))
TEST_BINS := $(call test_bin,$(call selected,$(UNIT_SRC) $(FUZZ_SRC)) $(MAKE_SRC) $(PROG_SRC))

tests: all $(EVENTS_MD_TOOL) $(TEST_BINS)

export SPOOR_SRC := $(CURDIR)
test-run: tests
	@SPOOR_BUILD=$(abspath $(B)) SPOOR_SANITIZER=$(SANITIZER) tests/run $(if $(J),-j $(J)) $(T)

BENCH_BINS := $(call test_bin,$(BENCH_SRC))
bench-run: all $(BENCH_BINS) $(PROG_BINS)
	@SPOOR_BUILD=$(abspath $(B)) tests/bench/run $(T)

# Fuzzers: library and target compiled once more by clang, with coverage.
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZ_SRC))
FUZZ_LIB := $(patsubst $(B)/obj/%,build/fuzz/obj/%,$(OBJ_replay) $(OBJ_inspect) $(OBJ_lib))

build/fuzz/obj/%.o: %.c
	$(call say,FUZZ CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BASE_CFLAGS) -O1 -g $(FUZZ_FLAGS) $(shell pkg-config --cflags $(LIBS) $(LIBS_inspect)) -MMD -MP -c -o $@ $<

$(FUZZERS): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB)
	$(call say,FUZZ LD,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -pthread -o $@ $^ $(LDLIBS_inspect) $(LDLIBS_lib)

fuzz: ## run every fuzzer for FUZZ_TIME seconds; T= selects, FUZZ_RUNS= ends by inputs, FUZZ_SEED= repeats
	@scripts/deps install build fuzz
	@$(PARALLEL) fuzz-run

fuzz-run: $(FUZZERS)
	@FUZZ_TIME=$(FUZZ_TIME) FUZZ_RUNS=$(FUZZ_RUNS) FUZZ_SEED=$(FUZZ_SEED) tests/fuzz/run $(T)

# --- Installing --------------------------------------------------------------------------------------

D := $(DESTDIR)
MAN1 := $(sort $(wildcard man/*.1))
MAN5 := $(sort $(wildcard man/*.5))
RULES := $(sort $(wildcard rules/*.yaml))
PROFILES := $(sort $(wildcard rules/profiles/*.yaml))
DOCS := README.md LICENSE $(sort $(wildcard docs/*.md)) $(wildcard format/TRACE-FORMAT.md format/EVENTS.md)

# The flight recorder's unit and configuration, with the folders that were chosen. A configuration that is there stays.
$(B)/dist/%: capture/dist/%.in Makefile FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@BINDIR@|$(BINDIR)|g; s|@DATADIR@|$(DATADIR)|g' $< >$@.tmp && \
		{ cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@; }

DIST := $(if $(HAVE_CAPTURE),$(B)/dist/spoor-capture.service $(B)/dist/spoor-capture.conf)
CONF := $(D)$(SYSCONFDIR)/spoor/spoor-capture.conf

install: all $(DIST) ## install tools, man pages, rules and docs below $(DESTDIR)$(PREFIX)
	$(Q)$(INSTALL) -d $(D)$(BINDIR) $(D)$(MANDIR)/man1 $(D)$(MANDIR)/man5 $(D)$(DATADIR)/rules/profiles $(D)$(DOCDIR)
	$(Q)$(INSTALL) -m 755 $(TOOLS) $(D)$(BINDIR)
	$(Q)$(if $(MAN1),$(INSTALL) -m 644 $(MAN1) $(D)$(MANDIR)/man1)
	$(Q)$(if $(MAN5),$(INSTALL) -m 644 $(MAN5) $(D)$(MANDIR)/man5)
	$(Q)$(if $(RULES),$(INSTALL) -m 644 $(RULES) $(D)$(DATADIR)/rules)
	$(Q)$(if $(PROFILES),$(INSTALL) -m 644 $(PROFILES) $(D)$(DATADIR)/rules/profiles)
	$(Q)$(INSTALL) -m 644 $(DOCS) $(D)$(DOCDIR)
	$(Q)$(if $(DIST),$(INSTALL) -d $(D)$(UNITDIR) $(D)$(SYSCONFDIR)/spoor)
	$(Q)$(if $(DIST),$(INSTALL) -m 644 $(B)/dist/spoor-capture.service $(D)$(UNITDIR))
	$(Q)$(if $(DIST),[ -e $(CONF) ] || $(INSTALL) -m 640 $(B)/dist/spoor-capture.conf $(CONF))

uninstall: $(DIST) ## remove exactly what install put there
	$(Q)rm -f $(addprefix $(D)$(BINDIR)/,$(notdir $(TOOLS)) spoor-capture) \
		$(addprefix $(D)$(MANDIR)/man1/,$(notdir $(MAN1))) $(addprefix $(D)$(MANDIR)/man5/,$(notdir $(MAN5))) \
		$(addprefix $(D)$(DATADIR)/,$(RULES) $(PROFILES)) $(addprefix $(D)$(DOCDIR)/,$(notdir $(DOCS))) \
		$(D)$(UNITDIR)/spoor-capture.service
	$(Q)cmp -s $(B)/dist/spoor-capture.conf $(CONF) && rm $(CONF) || :	# not one that was changed
	$(Q)for d in $(DATADIR)/rules/profiles $(DATADIR)/rules $(DATADIR) $(DOCDIR); do rmdir $(D)$$d 2>/dev/null || :; done

-include $(shell find build -name '*.d' 2>/dev/null)
