# rxtrust. `make` builds build/rxtrust; README.md says the rest.
VERSION    = 0.1.0
PREFIX     = /usr/local
SYSCONFDIR = /etc
DESTDIR    =
BUILD      = build

hooks  = $(SYSCONFDIR)/libvirt/hooks
policy = $(SYSCONFDIR)/libvirt/rxtrust.ini

CC         = gcc
PKG_CONFIG = pkg-config
CFLAGS     = -O2 -g
WARNINGS   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Wundef -Wvla
WERROR     =
HARDENING  = -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS    = -pie -Wl,-z,relro,-z,now,-z,noexecstack
SANITIZE   =

# What the linker would record for a library; the program loads that at run time.
soname = $(shell readelf -d "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')

flags = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
        -DPOLICY_FILE='"$(policy)"' -DHOOK_FILE='"$(hooks)/qemu"' \
        -DLIBXML2_SONAME='"$(libxml2_soname)"' -DINIH_SONAME='"$(inih_soname)"' \
        $(shell $(PKG_CONFIG) --cflags libxml-2.0 inih)
compile = $(CC) -std=gnu11 $(WARNINGS) $(WERROR) $(HARDENING) $(SANITIZE) $(CFLAGS) $(CPPFLAGS) $(flags) -MMD -MP

libxml2_soname := $(call soname,xml2)
inih_soname    := $(call soname,inih)

sources := $(wildcard hook/*.c)
objects := $(sources:hook/%.c=$(BUILD)/hook/%.o)
tests   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all clean install uninstall demo test matrix unit lint print-flags
all: $(BUILD)/rxtrust

$(BUILD)/rxtrust: $(objects)
	$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ -ldl

$(BUILD)/hook/%.o: hook/%.c Makefile | $(BUILD)/hook
	$(if $(and $(libxml2_soname),$(inih_soname)),,$(error libxml2 and inih, with their headers, are needed to build))
	$(compile) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(filter-out %/main.o,$(objects)) | $(BUILD)/unit
	$(compile) -Ihook $(LDFLAGS) -o $@ $(filter-out %.h,$^) -lcmocka -ldl

$(BUILD)/hook $(BUILD)/unit:
	mkdir -p $@

# The hook's place is taken at one stroke: a guest that starts just now finds the old program or the new.
install: $(BUILD)/rxtrust
	@if test -e $(DESTDIR)$(hooks)/qemu && ! $(DESTDIR)$(hooks)/qemu --version </dev/null 2>/dev/null | grep -q '^rxtrust '; then \
	    echo '$(DESTDIR)$(hooks)/qemu is a hook of somebody else: it is left alone' >&2; exit 1; fi
	mkdir -p $(DESTDIR)$(hooks) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/rxtrust $(DESTDIR)$(hooks)/.rxtrust.new
	mv -f $(DESTDIR)$(hooks)/.rxtrust.new $(DESTDIR)$(hooks)/qemu
	test -e $(DESTDIR)$(policy) || install -m 644 config/rxtrust.ini $(DESTDIR)$(policy)
	ln -sfn $(hooks)/qemu $(DESTDIR)$(PREFIX)/bin/rxtrust

# The policy stays: it is the administrator's.
uninstall:
	@if $(DESTDIR)$(hooks)/qemu --version </dev/null 2>/dev/null | grep -q '^rxtrust '; then \
	    echo rm -f $(DESTDIR)$(hooks)/qemu; rm -f $(DESTDIR)$(hooks)/qemu; fi
	rm -f $(DESTDIR)$(PREFIX)/bin/rxtrust

demo:
	@tests/install-packages demo
	@$(MAKE) -s all
	@tests/demo

unit: $(tests)

test:
	tests/install-packages test
	$(MAKE) all unit
	tests/run tests/unit/run tests/cases/run tests/e2e/run

SUITES = bullseye bookworm trixie forky
matrix:
	tests/install-packages matrix
	@mkdir -p $(BUILD)
	tests/run 'tests/matrix $(SUITES)'

lint:
	tests/install-packages lint
	tests/run tests/lint

print-flags:
	@echo '$(subst ','\'',$(flags))'

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/hook/*.d $(BUILD)/unit/*.d)
