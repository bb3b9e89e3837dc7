# fluxc: make, make check, make test, make demo, make install. See README.md.
CC = cc
OPT = -O2 -g
WARN = -Wall -Wextra -Werror -Wpedantic -Wconversion -Wshadow \
       -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes
# Nothing is contracted: the interpreter's bits are the generated code's bits.
EXACT = -ffp-contract=off
B = build
PREFIX = /usr/local
DESTDIR =
JOBS := $(shell nproc 2>/dev/null || echo 2)

# zlib is optional: without it, data files are read plain only.
ZLIB := $(shell printf '\043include <zlib.h>\nint main(void){return !zlibVersion();}\n' \
	| $(CC) -x c - -lz -o /dev/null 2>/dev/null && echo yes)
# cmocka is optional: without it, its tests are skipped.
CMOCKA := $(shell echo 'int main(void){return 0;}' \
	| $(CC) -x c - -lcmocka -o /dev/null 2>/dev/null && echo yes)
LIBS = -rdynamic $(if $(ZLIB),-lz) -ldl -lm
CPPFLAGS = -I. -Icompiler -I$(B) $(if $(ZLIB),-DFLUX_ZLIB)
CFLAGS = -std=c11 $(OPT) $(WARN) $(EXACT)
# The text that bison and re2c write is not held to our warnings.
GENFLAGS = -std=c11 $(OPT) $(EXACT) -w

RUNTIME = $(wildcard runtime/*.c) $(wildcard kernels/*.c)
SOURCES = $(filter-out compiler/main/%, \
          $(wildcard compiler/*/*.c compiler/*/*/*.c)) $(wildcard grammar/*.c)
GENERATED = $(B)/grammar/net.tab.c $(B)/grammar/net.lex.c $(B)/embedded.c
OBJECTS = $(patsubst %.c,$(B)/%.o,$(SOURCES)) $(GENERATED:.c=.o)
LIBFLUX = $(B)/libflux.a
LIBFLUXC = $(B)/libfluxc.a
FLUXC = $(B)/fluxc
EMBED = $(wildcard runtime/flux*.h) $(wildcard kernels/*.h) \
        $(wildcard stdlib/*.net)

all: $(FLUXC) $(LIBFLUX)

MAIN = $(patsubst %.c,$(B)/%.o,$(wildcard compiler/main/*.c))
# What models call that the native engine compiles: its programs export it.
SHARED = $(patsubst %.c,$(B)/%.o,$(wildcard kernels/*.c))

$(FLUXC): $(MAIN) $(SHARED) $(LIBFLUXC) $(LIBFLUX)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIBFLUX): $(patsubst %.c,$(B)/%.o,$(RUNTIME))
	rm -f $@ && $(AR) rcs $@ $^

$(LIBFLUXC): $(OBJECTS)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/grammar/net.tab.h: $(B)/grammar/net.tab.c
$(B)/grammar/net.tab.c: grammar/net.y
	@mkdir -p $(@D)
	bison -Wall -Wcounterexamples -Werror --header=$(B)/grammar/net.tab.h \
	    -o $@ $<

$(B)/grammar/net.lex.c: grammar/net.re $(B)/grammar/net.tab.c
	@mkdir -p $(@D)
	re2c -W -Werror --input-encoding utf8 --no-debug-info -o $@ $<

$(B)/embedded.c: compiler/emit/embed.sh $(EMBED)
	@mkdir -p $(@D)
	sh compiler/emit/embed.sh $(EMBED) > $@.tmp && mv $@.tmp $@

$(B)/grammar/%.o: $(B)/grammar/%.c
	$(CC) $(CPPFLAGS) $(GENFLAGS) -DYYMAXDEPTH=10000 -MMD -MP -c -o $@ $<

$(B)/embedded.o: $(B)/embedded.c
	$(CC) $(CPPFLAGS) $(GENFLAGS) -c -o $@ $<

$(B)/%.o: %.c | $(B)/grammar/net.tab.h
	@mkdir -p $(@D)
	@echo '  CC $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- tests -------------------------------------------------------------------

# A folder of tests holds programs (with a main) and what they share.
open := (
comma := ,
programs = $(filter-out %/use_logistic.c,$(shell grep -lE '^main[$(open)]' \
    tests/$(1)/*.c 2>/dev/null))
shared = $(shell grep -LE '^main[$(open)]' tests/$(1)/*.c 2>/dev/null)
UNITS = base ir pass grad forward runtime kernels emit engine script syntax
PROGRAMS = $(foreach d,$(UNITS),$(patsubst %.c,$(B)/%,$(call programs,$(d))))
TESTS = $(foreach t,$(PROGRAMS),$(if $(CMOCKA)$(if \
    $(findstring /test_,$(t)),,yes),$(t)))

define unit
$(patsubst %.c,$(B)/%,$(call programs,$(1))): $(B)/%: $(B)/%.o \
    $(patsubst %.c,$(B)/%.o,$(call shared,$(1))) $(SHARED) $(LIBFLUXC) $(LIBFLUX)
	$$(CC) $$(OPT) $$(LDFLAGS) -o $$@ $$^ $(if $(CMOCKA),-lcmocka) $$(LIBS)
endef
$(foreach d,$(UNITS),$(eval $(call unit,$(d))))

$(B)/tests/kernels/ulp: LIBS += -pthread

# CUDA on a CPU; a C++ compiler is optional.
CXX_FOUND := $(shell command -v $(CXX))
EMULATOR = $(B)/tests/cuda/emulator.a
$(B)/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	@echo '  CXX $<'
	@$(CXX) $(CPPFLAGS) -std=c++17 $(OPT) -fPIC -Wall -Wextra -Werror -MMD -MP \
	    -c -o $@ $<
$(EMULATOR): $(patsubst %.cpp,$(B)/%.o,$(wildcard tests/cuda/*.cpp))
	rm -f $@ && $(AR) rcs $@ $^
# A driver and an NVRTC on it, for the CUDA engine.
FAKES = $(B)/tests/cuda/fake/libcuda.so.1 $(B)/tests/cuda/fake/libnvrtc.so
$(B)/tests/cuda/fake/libcuda.so.1: $(B)/tests/cuda/fake/driver.o $(EMULATOR)
	$(CXX) $(OPT) -shared -Wl,-soname,libcuda.so.1 -o $@ $< \
	    -Wl,--whole-archive $(EMULATOR) -Wl,--no-whole-archive
$(B)/tests/cuda/fake/libnvrtc.so: $(B)/tests/cuda/fake/nvrtc.o
	$(CXX) $(OPT) -shared -o $@ $<

tests: all $(TESTS) $(if $(CXX_FOUND),$(EMULATOR) $(FAKES))

# The fast set, under a minute; and all of it.
check:
	$(MAKE) -j$(JOBS) tests
	tests/run fast
test: deps
	$(MAKE) -j$(JOBS) tests
	tests/run all

# The same tests with the address and undefined behaviour sanitizers, which clang
# compiles the kernels with in minutes where it optimises.
asan:
	$(MAKE) -j$(JOBS) B=build/asan CC=clang OPT="-O1 -g -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -fno-omit-frame-pointer" KERNELS=-O0 tests
	B=build/asan tests/run core

# The branches that the tests take.
cover:
	$(MAKE) -j$(JOBS) B=build/cover CC=gcc OPT="-O0 -g --coverage" tests
	tests/cover/run

# Fuzzing with libFuzzer, SECONDS a target. What opens files goes through the
# script's target, which refuses. Readers of binary files tell the fuzzer their
# comparisons, too; with texts its dictionaries do that in a quarter of the time.
FUZZ_TARGETS = parse script ir safetensors idx npy csv
FUZZERS = $(FUZZ_TARGETS:%=$(B)/fuzz/%)
$(FUZZERS): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/fuzz.o \
    $(SHARED) $(LIBFLUXC) $(LIBFLUX)
	@mkdir -p $(@D)
	$(CC) $(OPT) -fsanitize=fuzzer $(if $(filter %/script,$@), \
	    -Wl$(comma)--wrap=fopen$(comma)--wrap=open) -o $@ $^ $(LIBS)
$(B)/runtime/%.o: CFLAGS += $(COMPARES)
$(B)/kernels/%.o $(B)/tests/kernels/%.o: CFLAGS += $(KERNELS)
fuzz-targets: $(FUZZERS)
fuzz:
	tests/fuzz/run $(SECONDS)

# What is promised, tried in full: hours. FUZZ executions of each target, RANDOM
# programs; PARTS are some of tests/proof/run's, else all.
FUZZ = 10000000
RANDOM = 10000
PARTS =
proof:
	$(MAKE) -j$(JOBS) tests
	tests/proof/run --fuzz $(FUZZ) --random $(RANDOM) $(PARTS)

# Whether the emulator would notice a fault in a kernel: MUTANTS of them, minutes.
MUTANTS = 100
gpu-mutants: $(FLUXC) $(LIBFLUX) $(EMULATOR)
	tests/cuda/mutants $(MUTANTS)

# What there is to try on a GPU, in under ten minutes; without one it says so.
gpu-check: $(FLUXC) $(LIBFLUX) $(EMULATOR)
	PEERS=$(PEERS) bench/gpu/run

# How fast models are, by ours and by others: bench/README.md. WORK are some of
# its parts; SHAPE is any chain, as 700-120-50-7; BATCH some numbers, as 1,32.
# PEERS is the folder of the frameworks that bench-peers installs.
WORK =
PEERS = $(B)/peers
bench: all
	PEERS=$(PEERS) bench/run $(if $(WORK),--work $(WORK)) \
	    $(if $(SHAPE),--shape $(SHAPE)) $(if $(BATCH),--batch "$(BATCH)")
bench-quick: all
	PEERS=$(PEERS) bench/run --quick --work train,infer
bench-peers:
	bench/peers $(PEERS)

golden: tests
	UPDATE=1 tests/run golden

lint:
	tests/lint

demo: deps
	$(MAKE) -j$(JOBS) all
	samples/mlp/demo

deps:
	@tests/deps

SHARE = $(DESTDIR)$(PREFIX)/share
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/kernels $(DESTDIR)$(PREFIX)/share/fluxc \
	    $(DESTDIR)$(PREFIX)/lib/cmake/fluxc
	install -m 644 runtime/fluxcConfig.cmake \
	    $(DESTDIR)$(PREFIX)/lib/cmake/fluxc
	install -m 755 $(FLUXC) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(LIBFLUX) $(DESTDIR)$(PREFIX)/lib
	install -m 644 runtime/flux*.h $(DESTDIR)$(PREFIX)/include
	install -m 644 kernels/*.h $(DESTDIR)$(PREFIX)/include/kernels
	install -m 644 stdlib/*.net $(DESTDIR)$(PREFIX)/share/fluxc
	install -d $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
	    $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(FLUXC) --man > $(SHARE)/man/man1/fluxc.1
	$(FLUXC) --completions=bash > $(SHARE)/bash-completion/completions/fluxc
	$(FLUXC) --completions=zsh > $(SHARE)/zsh/site-functions/_fluxc
	$(FLUXC) --completions=fish \
	    > $(SHARE)/fish/vendor_completions.d/fluxc.fish
	printf 'Name: flux\nDescription: runtime of fluxc\nVersion: 0.1\n' \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/flux.pc
	printf 'Libs: -L%s/lib -lflux%s -lm\nCflags: -I%s/include\n' $(PREFIX) \
	    "$(if $(ZLIB), -lz)" $(PREFIX) \
	    >> $(DESTDIR)$(PREFIX)/lib/pkgconfig/flux.pc

clean:
	rm -rf $(B)

.PHONY: all tests check test asan cover fuzz fuzz-targets golden lint demo \
    bench bench-quick bench-peers proof gpu-check gpu-mutants deps install clean
