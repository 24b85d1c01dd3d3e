# SPDX-License-Identifier: GPL-2.0-only
#
# samepath. `make help` lists the targets, V=1 shows the commands, everything is made in build/.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

B := build
prefix ?= /usr
sysconfdir ?= /etc
sbindir ?= $(prefix)/sbin

ifeq ($(V),1)
say :=
else
say = @printf '  %-8s %s\n' $(1) $(2);
MAKEFLAGS += --no-print-directory
endif

# Dependencies come first: what follows asks pkg-config, which a bare machine does not have.
CC := gcc
CLANG ?= clang
multiarch := $(shell $(CC) -print-multiarch 2>/dev/null)
# On Ubuntu bpftool on the PATH is a wrapper that wants tools of the running kernel; any will do.
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool \
	/usr/sbin/bpftool) bpftool)

packages := libbpf libelf zlib yaml-0.1 jansson libmnl libsystemd
package_cflags := $(shell pkg-config --cflags $(packages) 2>/dev/null)
WARN := -Wall -Wextra -Werror -Wshadow
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) -D_GNU_SOURCE -MMD -MP -I. -I$(B) -Iuserspace \
	$(package_cflags)
LIBS := $(shell pkg-config --libs $(packages) 2>/dev/null)
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -MMD -MP -I. \
	$(SYSROOT:%=--sysroot=%) $(if $(multiarch),-I$(SYSROOT)/usr/include/$(multiarch))
# clang's own sanitizers, with what guides a fuzzer.
FUZZ := -DFLOW_NEAR_LINES=8 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# A failed assertion of UBSan ends the test; leaks are defects too.
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

user := $(wildcard userspace/*.c)
objects := $(user:%.c=$(B)/%.o)
library := $(filter-out $(B)/userspace/main.o,$(objects))
unit := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*_test.c))
unit_plain := $(unit:%=%-plain)
prog := $(patsubst %.c,$(B)/%,$(wildcard tests/prog/*_test.c) $(wildcard tests/netns/*_test.c))
tools := $(patsubst %.c,$(B)/%,$(filter-out %.bpf.c,$(wildcard tests/lib/*.c)))
probes := $(patsubst %.c,$(B)/%.o,$(wildcard tests/lib/*.bpf.c))
fuzzers := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
variants := twin counted
bench_sources := $(filter-out %.bpf.c,$(wildcard tests/bench/*.c))
bench := $(if $(bench_sources),$(B)/bench/bench) \
	$(patsubst tests/bench/%.c,$(B)/bench/%.o,$(wildcard tests/bench/*.bpf.c))
differ := $(B)/tests/differ
scripts := $(wildcard .ci/run tests/run tests/*/*.sh)

.PHONY: all deps check unit lint test demo lab lab-random soak million crowd flood bench swap fuzz differ mutate test-vm cross-arm64 \
	bench-programs tests install clean help
all: $(B)/samepath

# The packet path, and the header that carries it into the userspace program.
$(B)/samepath.bpf.o: bpf/samepath.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# Linked first: what is for a debugger alone is half of the object, and would lie in the daemon's memory.
$(B)/samepath.skel.h: $(B)/samepath.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen object $(B)/samepath.linked.o $< && \
		$(BPFTOOL) gen skeleton $(B)/samepath.linked.o name samepath_bpf > $@

# Whoever includes the skeleton needs it before its first dependency file says so.
$(B)/userspace/%.o: userspace/%.c | $(B)/samepath.skel.h
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(B)/sanitized/%.o: userspace/%.c | $(B)/samepath.skel.h
	@mkdir -p $(@D)
	$(call say,ASAN,$@)$(CC) $(ALL_CFLAGS) $(SANITIZE) -c $< -o $@

$(B)/fuzzed/%.o: userspace/%.c | $(B)/samepath.skel.h
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CLANG) $(ALL_CFLAGS) $(FUZZ) -fsanitize=fuzzer-no-link -c $< -o $@

$(B)/clang/%.o: userspace/%.c | $(B)/samepath.skel.h
	@mkdir -p $(@D)
	$(call say,CLANG,$@)$(CLANG) $(ALL_CFLAGS) -c $< -o $@

$(B)/samepath: $(B)/userspace/main.o $(B)/libsamepath.a
	$(call say,LINK,$@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# Archives are made anew: a file that went away must not live on in them.
$(B)/libsamepath.a: $(library)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(B)/libsamepath-sanitized.a: $(patsubst userspace/%.c,$(B)/sanitized/%.o,$(filter-out %/main.c,$(user)))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(B)/libsamepath-fuzzed.a: $(patsubst userspace/%.c,$(B)/fuzzed/%.o,$(filter-out %/main.c,$(user)))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# The same program with another packet path: what replaces and is replaced in the tests, and what counts
# for the bench.
$(variants:%=$(B)/%/samepath.bpf.o): $(B)/%/samepath.bpf.o: bpf/samepath.bpf.c tests/lib/%.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -include tests/lib/$*.h -c $< -o $@

$(variants:%=$(B)/%/samepath.skel.h): $(B)/%/samepath.skel.h: $(B)/%/samepath.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name samepath_bpf > $@

$(variants:%=$(B)/%/maps_load.o): $(B)/%/maps_load.o: userspace/maps_load.c $(B)/%/samepath.skel.h
	$(call say,CC,$@)$(CC) -I$(B)/$* $(ALL_CFLAGS) -c $< -o $@

$(variants:%=$(B)/%/samepath): $(B)/%/samepath: $(B)/userspace/main.o $(B)/%/maps_load.o $(B)/libsamepath.a
	$(call say,LINK,$@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# And once more, with clock and randomness out of a map.
$(B)/replay/samepath.bpf.o: bpf/samepath.bpf.c tests/fuzz/replay.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -include tests/fuzz/replay.h -c $< -o $@

$(B)/tests/prog/datapath_replay_test: | $(B)/replay/samepath.bpf.o

# Tests. Those of tests/unit run twice: as shipped, and under ASan and UBSan.
$(B)/tests/unit/%: tests/unit/%.c $(B)/libsamepath-sanitized.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) $(SANITIZE) $< $(B)/libsamepath-sanitized.a -lcmocka $(LIBS) -o $@

$(B)/tests/unit/%-plain: tests/unit/%.c $(B)/libsamepath.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) $< $(B)/libsamepath.a -lcmocka $(LIBS) -o $@

$(B)/tests/prog/%: tests/prog/%.c $(B)/libsamepath.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) $< $(B)/libsamepath.a -lcmocka $(LIBS) -o $@

$(B)/tests/netns/%: tests/netns/%.c $(B)/libsamepath.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) $< $(B)/libsamepath.a -lcmocka $(LIBS) -o $@

# A fuzzer includes the source that it tests; the rest comes from the archive.
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libsamepath-fuzzed.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CLANG) $(ALL_CFLAGS) $(FUZZ) -fsanitize=fuzzer $< $(filter %.o,$^) \
		$(B)/libsamepath-fuzzed.a $(LIBS) -o $@

# The packet path compiled for this machine: a unit of its own, for its names are not the tests'.
$(B)/tests/fuzz/native.o: tests/fuzz/native.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CLANG) $(ALL_CFLAGS) $(FUZZ) -fno-sanitize=alignment -fsanitize=fuzzer-no-link \
		-c $< -o $@

$(B)/tests/fuzz/datapath_fuzz: $(B)/tests/fuzz/native.o
$(B)/tests/fuzz/datapath_fuzz: LIBS += -lcmocka

$(differ): $(wildcard tests/differ/*.c tests/differ/*.h)
	@mkdir -p $(@D)
	$(call say,TOOL,$@)$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(filter %.c,$^) -o $@

$(B)/tests/lib/feed_ask $(B)/tests/lib/flow_put: $(B)/tests/lib/%: tests/lib/%.c $(B)/libsamepath.a
	@mkdir -p $(@D)
	$(call say,TOOL,$@)$(CC) $(ALL_CFLAGS) $< $(B)/libsamepath.a $(LIBS) -o $@

$(B)/tests/lib/%: tests/lib/%.c
	@mkdir -p $(@D)
	$(call say,TOOL,$@)$(CC) $(ALL_CFLAGS) $< -o $@

$(B)/tests/lib/%.so: tests/lib/%.so.c
	@mkdir -p $(@D)
	$(call say,PRELOAD,$@)$(CC) $(ALL_CFLAGS) -shared -fPIC $< -o $@

$(B)/tests/lib/%.bpf.o: tests/lib/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bench/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bench/bench: $(bench_sources) $(wildcard tests/bench/*.h)
	@mkdir -p $(@D)
	$(call say,BENCH,$@)$(CC) $(ALL_CFLAGS) $(bench_sources) $(LIBS) -o $@

tests: $(B)/samepath $(variants:%=$(B)/%/samepath) $(unit) $(unit_plain) $(prog) $(tools) $(probes) $(bench) $(differ)

deps: ## install what is missing, with apt
	@tests/lib/deps.sh

unit: $(unit) $(unit_plain)
	@tests/run unit

lint: $(user:userspace/%.c=$(B)/clang/%.o)
	$(call say,SHELL,scripts)if command -v shellcheck >/dev/null; then shellcheck -S warning -x $(scripts); \
		else echo "  skipped: no shellcheck"; fi
	$(call say,CPPCHECK,userspace)if command -v cppcheck >/dev/null; then cppcheck --quiet --std=c11 \
		--enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingInclude --suppress=unknownMacro \
		--suppress=arrayIndexThenCheck -Iuserspace -Imaps userspace; else echo "  skipped: no cppcheck"; fi

check: all lint unit ## unit tests and lint, without privileges

# Each in a make of its own: what deps installs changes what pkg-config says.
test: ## everything: deps, build, other kernels, unit, fuzz, prog, netns, demo and lab, short bench
	@$(MAKE) deps
	@$(MAKE) -j$$(nproc) tests $(fuzzers)
	@tests/run all

demo: ## the path shown on real sockets; FEED=FILE uses another feed body
	@$(MAKE) deps
	@$(MAKE) all $(tools) $(probes)
	@FEED='$(FEED)' tests/lab/demo.sh

lab: ## the guide's networks, with BGP and stateful firewalls; SCENE= is one, KEEP=1 leaves it standing
	@$(MAKE) deps
	@$(MAKE) all $(tools) $(probes)
	@FEED='$(FEED)' tests/lab/lab.py run $(if $(KEEP),--keep) $(SCENE)

lab-random: ## random plans built as labs: packets do what verify foretells; N=50 plans of the seeds from SEED=1 on
	@$(MAKE) deps
	@$(MAKE) all $(tools) $(probes)
	@tests/lab/random_plans.py '$(or $(N),50)' '$(SEED)'

# A long test, in this environment; what it says in full is in build/.
define long
@$(MAKE) deps
@$(MAKE) tests
@$(2) tests/netns/$(1).sh 2>$(B)/$(1).log || { grep -A60 "^FAILED" $(B)/$(1).log; exit 1; }
endef

soak: ## everything at once, MINUTES=1 of it, watched on every wire; SEED= deals the events again
	$(call long,soak,SOAK=$$((60 * $(or $(MINUTES),1))) SEED='$(SEED)')

million: ## a million flows, made, answered, expired; FLOWS=, MAPPING=endpoint-independent
	$(call long,million,FLOWS='$(or $(FLOWS),1000000)' MAPPING='$(MAPPING)')

crowd: ## connections from outside over two circuits, CROWD=10000, while configurations change
	$(call long,crowd,CROWD='$(or $(CROWD),10000)' LENGTH='$(or $(SECONDS),30)')

flood: ## SYNs from random sources at a service, FLOOD=1000000 at RATE=150000 a second
	$(call long,flood,FLOOD='$(or $(FLOOD),1000000)' RATE='$(or $(RATE),150000)')

mutate: ## real conversations, and SECONDS=300 of their frames spoilt, RATE=2000 a second on each wire; SEED=
	$(call long,mutate,MUTATE='$(or $(SECONDS),300)' RATE='$(RATE)' SEED='$(SEED)')

differ: ## samepath beside the kernel's own NAT, packet by packet; EVENTS=100000, SEED=1, ROUNDS=
	$(call long,differ,EVENTS='$(or $(EVENTS),100000)' SEED='$(or $(SEED),1)' ROUNDS='$(ROUNDS)')

bench-programs: $(B)/counted/samepath $(bench)
bench: all bench-programs ## what a packet costs, beside the kernel's own ways and as work grows; PARTS=, BASE=PROGRAM
	@tests/lib/deps.sh gnuplot-nox || echo "bench: goes on without plots"
	@BASE='$(BASE)' tests/bench/all.sh $(PARTS)

swap: ## SWAPS=200 of a fetched feed under traffic, ROUNDS=40 kills within, and the time PREFIXES=100000 take
	@$(MAKE) deps
	@$(MAKE) tests
	@SWAPS='$(or $(SWAPS),200)' tests/netns/feed_swap.sh 2>$(B)/swap.log && \
		ROUNDS='$(or $(ROUNDS),40)' STEP=29 tests/netns/feed_kill.sh 2>$(B)/swap.log && \
		PREFIXES='$(or $(PREFIXES),100000)' tests/bench/swap.sh 2>$(B)/swap.log || \
		{ grep -A3 "^FAILED" $(B)/swap.log; exit 1; }

test-vm: ## what is proved of Linux 6.1 and 6.12, in emulated machines; KERNELS= and TESTS= choose
	@$(MAKE) deps
	@$(MAKE) all $(prog) $(tools) $(probes)
	@TESTS='$(TESTS)' tests/vm/vm.sh $(KERNELS)

cross-arm64: ## samepath and its unit tests for arm64, against packages unpacked in build/, run under qemu
	@$(MAKE) deps
	@tests/lib/deps.sh gcc-aarch64-linux-gnu file || echo "cross-arm64: goes on with what is there"
	@tests/lib/cross.sh

fuzz: ## packet path and parsers of foreign bytes fed at random, SECONDS=120 each; what crashed is in build/fuzz
	@$(MAKE) deps
	@tests/lib/deps.sh llvm || echo "fuzz: goes on with what is there"
	@$(MAKE) $(fuzzers) $(B)/tests/prog/datapath_replay_test
	@tests/fuzz/fuzz.sh '$(or $(SECONDS),120)' && tests/fuzz/replay.sh && tests/fuzz/coverage.sh

install: all ## DESTDIR= and prefix= as usual
	install -D -m 755 $(B)/samepath $(DESTDIR)$(sbindir)/samepath
	$(if $(wildcard userspace/samepath.8),install -D -m 644 userspace/samepath.8 \
		$(DESTDIR)$(prefix)/share/man/man8/samepath.8)
	$(if $(wildcard userspace/samepath.bash),install -D -m 644 userspace/samepath.bash \
		$(DESTDIR)$(prefix)/share/bash-completion/completions/samepath)
	$(if $(wildcard userspace/samepath.service),install -D -m 644 userspace/samepath.service \
		$(DESTDIR)$(prefix)/lib/systemd/system/samepath.service)
	$(if $(wildcard userspace/samepath.yaml),install -D -m 644 userspace/samepath.yaml \
		$(DESTDIR)$(sysconfdir)/samepath/samepath.yaml.sample)

clean: ## remove build/
	$(call say,CLEAN,$(B))rm -rf $(B)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1 - \2/p' $(MAKEFILE_LIST)

-include $(shell find $(B) \( -path $(B)/vm -o -path $(B)/arm64 \) -prune -o -name '*.d' -print 2>/dev/null)
