# rxtrust. `make` builds build/rxtrust; README.md says the rest.
VERSION   := $(shell config/version)
PREFIX     = /usr/local
SYSCONFDIR = /etc
DESTDIR    =
BUILD      = build

hooks  = $(SYSCONFDIR)/libvirt/hooks
policy = $(SYSCONFDIR)/libvirt/rxtrust.ini
# An example of the policy: `rxtrust check` tells where it is.
EXAMPLE = $(PREFIX)/share/doc/rxtrust/rxtrust.ini

CC         = gcc
PKG_CONFIG = pkg-config
CFLAGS     = -O2 -g
WARNINGS   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Wundef -Wvla
WERROR     =
HARDENING  = -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS    = -pie -Wl,-z,relro,-z,now,-z,noexecstack
SANITIZE   =
SANITIZED  = 0
FUZZED     = 0

# What the linker would record for a library; the program loads that at run time.
soname = $(shell readelf -d "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')

flags = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' \
        -DPOLICY_FILE='"$(policy)"' -DHOOK_FILE='"$(hooks)/qemu"' -DHOOKS='"$(hooks)"' \
        -DSANITIZED=$(SANITIZED) -DFUZZED=$(FUZZED) \
        $(if $(libxml2_soname),-DLIBXML2_SONAME='"$(libxml2_soname)"') \
        $(if $(inih_soname),-DINIH_SONAME='"$(inih_soname)"') \
        -DBUILD_KIND='"$(build_kind)"' -DEXAMPLE_FILE='"$(EXAMPLE)"' \
        $(shell $(PKG_CONFIG) --cflags libxml-2.0 inih)
compile = $(CC) -std=gnu11 $(WARNINGS) $(WERROR) $(HARDENING) $(SANITIZE) $(CFLAGS) $(CPPFLAGS) $(flags) -MMD -MP

comma := ,
archive = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a))
# inih is built in where its archive is; with INIH_ARCHIVE= it is loaded too.
INIH_ARCHIVE := $(call archive,inih)
ifndef STATIC
libxml2_soname := $(call soname,xml2)
inih_soname    := $(if $(INIH_ARCHIVE),,$(call soname,inih))
build_kind      = shared: $(libxml2_soname)$(if $(inih_soname),$(comma) $(inih_soname))
libraries       = -ldl
else
# A library without a soname is bound directly. No path of the building machine gets into the file. libxml2 can fetch
# files from the network and convert encodings, for which libc would load files of the host after all, and ICU, where
# libxml2 has it, is 30 MB. Nothing is fetched or converted here: an attempt ends the process. libxml2 takes the functions
# for threads that happen to be there, and crashes if only some are: all are.
xml2_needs      = $(shell readelf -sW $(call archive,xml2) | sed -n 's/.* $(1) \([^ ]*\).*/\1/p' | sort -u)
never_called    = getaddrinfo gethostbyname iconv_open $(filter ucnv_% UCNV_%,$(call xml2_needs,UND))
# Its parser starts and ends what it never uses here, a third of the file: getpid() does as well.
never_used      = xmlSchemaCleanupTypes xmlRelaxNGCleanupTypes xmlXPathInit xmlInitXPathInternal htmlInitAutoClose
LDFLAGS         = -static-pie -s -Wl,-z,relro,-z,now,-z,noexecstack,--fatal-warnings \
                  $(foreach function,$(never_called),-Wl,--wrap=$(function),--defsym=__wrap_$(function)=abort) \
                  $(foreach function,$(never_used),-Wl,--wrap=$(function),--defsym=__wrap_$(function)=getpid) \
                  $(foreach function,$(call xml2_needs,WEAK *DEFAULT *UND),-Wl,--undefined=$(function))
HARDENING      += -ffile-prefix-map=$(CURDIR)=.
build_kind      = static: $(shell $(PKG_CONFIG) --modversion libxml-2.0 | sed 's/^/libxml2 /')
libraries       = $(filter-out -licu%,$(shell $(PKG_CONFIG) --static --libs libxml-2.0))
endif

sources := $(wildcard hook/*.c)
objects := $(sources:hook/%.c=$(BUILD)/hook/%.o)
tests   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

MAKEFLAGS += --no-print-directory

# `CC hook/plan.c`; with V=1 the whole command, with -s nothing.
say = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,echo '$(1)';))

define missing
Building takes libxml2 and inih, with headers, and pkg-config.
Debian and Ubuntu: apt install gcc make pkg-config libxml2-dev libinih-dev
Fedora: dnf install gcc make pkgconf-pkg-config libxml2-devel inih-devel
endef
found := $(and $(shell $(PKG_CONFIG) --exists libxml-2.0 inih 2>/dev/null && echo yes),$(or $(STATIC),$(libxml2_soname)),$(or $(STATIC),$(INIH_ARCHIVE),$(inih_soname)))

.PHONY: all always static dist print-version clean install uninstall deb rpm demo deps test test-packages test-static load matrix life cross host fuzz faults bench sanitize unit lint print-flags
all: $(BUILD)/rxtrust

$(BUILD)/rxtrust: $(objects) $(INIH_ARCHIVE)
	$(call say,LD $@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(libraries)

$(BUILD)/hook/%.o: hook/%.c Makefile | $(BUILD)/hook
	$(if $(found),,$(error $(missing)))
	$(call say,CC $<)$(compile) -MT '$$(BUILD)/hook/$*.o' -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(filter-out %/main.o,$(objects)) $(INIH_ARCHIVE) | $(BUILD)/unit
	$(call say,CC $<)$(compile) -Ihook $(LDFLAGS) -o $@ $(filter-out %.h,$^) -lcmocka -ldl

$(BUILD)/hook $(BUILD)/unit:
	@mkdir -p $@

# What tells the version is compiled anew when that changes.
$(patsubst hook/%.c,$(BUILD)/hook/%.o,$(shell grep -lw VERSION hook/*.c)): $(BUILD)/version
$(BUILD)/version: always | $(BUILD)/hook
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
print-version:
	@echo '$(VERSION)'

# One file that needs no library and no file of its host: the same sources, the libraries bound directly.
static:
	$(foreach library,xml2 inih,$(if $(call archive,$(library)),,$(error there is no lib$(library).a here: see tests/static-chroot)))
	$(MAKE) BUILD=$(BUILD)/static STATIC=yes all

# Files only; ./install.sh also sees to packages, the libvirt daemon and the guests that run.
install: $(BUILD)/rxtrust
install uninstall:
	@BUILD='$(BUILD)' SYSCONFDIR='$(SYSCONFDIR)' ./install.sh --destdir '$(or $(DESTDIR),/)' --prefix '$(PREFIX)' $(if $(filter un%,$@),--uninstall)

# The sources as one file, for each of these architectures the program as one file, and their checksums: the same bytes
# wherever they are made. Without a chroot for each architecture, and root: DIST_ARCHITECTURES=, for this machine's alone.
DIST_ARCHITECTURES = amd64 arm64 s390x
dist: tree = $(BUILD)/dist/rxtrust-$(VERSION)
dist:
	rm -rf $(BUILD)/dist
	config/source-tree '$(VERSION)' $(tree)
	tar -c --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C $(BUILD)/dist rxtrust-$(VERSION) | gzip -9n > $(tree).tar.gz
	rm -r $(tree)
ifneq ($(DIST_ARCHITECTURES),)
	tests/static-chroot --build $(DIST_ARCHITECTURES)
	$(foreach machine,$(patsubst amd64,x86_64,$(DIST_ARCHITECTURES:arm64=aarch64)),cp build/static/$(machine)/rxtrust $(tree)-$(machine) && )true
else
	$(MAKE) static
	cp $(BUILD)/static/rxtrust $(tree)-$(shell uname -m)
endif
	cd $(BUILD)/dist && sha256sum rxtrust-* > SHA256SUMS

# Packages for the machine's own distribution, in $(BUILD)/deb and $(BUILD)/rpm. Distributors write their name here.
MAINTAINER = The rxtrust authors <rxtrust@rxtrust.invalid>
HOMEPAGE   = https://libvirt.org/hooks.html
epoch      = $(shell config/version --date)
fill_in    = sed -i 's|@VERSION@|$(VERSION)|; s|@MAINTAINER@|$(MAINTAINER)|; s|@HOMEPAGE@|$(HOMEPAGE)|; s|@LIBXML2@|$(libxml2_soname)|; \
             s|@INIH@|$(call soname,inih)|; s|@DATE@|'"$$(LC_ALL=C date -u -d @$(epoch) '+$(1)')"'|'
standalone = env -u MAKEFLAGS -u MAKELEVEL SOURCE_DATE_EPOCH=$(epoch)
deb: tree = $(BUILD)/deb/rxtrust-$(VERSION)
deb:
	@tests/install-packages --check deb
	rm -rf $(BUILD)/deb
	config/source-tree '$(VERSION)' $(tree)
	cp -r config/debian $(tree)
	$(call fill_in,%a$(comma) %d %b %Y %T +0000) $(tree)/debian/changelog $(tree)/debian/control
	cd $(tree) && $(standalone) dpkg-buildpackage -us -uc -b

# Where rpm is not the distribution's own, it doesn't know what is installed, and strips and compresses nothing.
foreign_rpm = --nodeps --define '_build_id_links none' --define \
    '__os_install_post gzip -9n %{buildroot}%{_mandir}/man?/* && strip %{buildroot}%{_bindir}/*'
rpm: tree = $(abspath $(BUILD))/rpm
rpm:
	@tests/install-packages --check rpm
	rm -rf $(tree)
	mkdir -p $(tree)/SOURCES $(tree)/SPECS
	config/source-tree '$(VERSION)' $(tree)/SOURCES/rxtrust-$(VERSION)
	tar -czf $(tree)/SOURCES/rxtrust-$(VERSION).tar.gz -C $(tree)/SOURCES rxtrust-$(VERSION)
	cp config/rxtrust.spec $(tree)/SPECS
	$(call fill_in,%a %b %d %Y) $(tree)/SPECS/rxtrust.spec
	$(standalone) rpmbuild -bb --define '_topdir $(tree)' $(if $(wildcard /etc/debian_version),$(foreign_rpm)) $(tree)/SPECS/rxtrust.spec

# These two install what they miss, on a Debian; all others say what is missing, and `make deps` installs it.
demo:
	@tests/install-packages demo
	@$(MAKE) -s all
	@tests/demo

test:
	@tests/install-packages test
	@$(MAKE) all unit
	@tests/run tests/unit/run tests/cases/run tests/e2e/run 'tests/e2e/run / tests/install'

deps:
	@tests/install-packages lint packages matrix dist life cross host fuzz faults bench valgrind

unit: $(tests)

test-packages:
	@tests/install-packages --check packages
	@$(MAKE) all
	@tests/run 'tests/packages/run /' tests/packages/rpm tests/packages/dist

SUITES ?= bullseye bookworm trixie forky
matrix:
	@tests/install-packages --check matrix
	@tests/run 'tests/matrix $(SUITES)'

# The one file, on the machines that the matrix has left: all end-to-end tests, or those whose names match SELECTION.
test-static: static
	@SELECTION='$(SELECTION)' tests/run 'tests/static-matrix $(SUITES)'

# The other byte order, and other numbers of system calls.
cross:
	@tests/install-packages --check cross
	@mkdir -p $(BUILD)
	@tests/run tests/cross

# On a whole machine of each of these releases, or of SUITES on the command line.
HOSTS = bookworm trixie
host:
	@tests/install-packages --check host
	@mkdir -p $(BUILD)
	@tests/run 'tests/host/run $(if $(filter command%,$(origin SUITES)),$(SUITES),$(HOSTS))'

# Each target of the fuzzer, or random lives of guests on each suite, for so many seconds.
SECONDS = 60
life:
	@tests/install-packages --check life
	@$(MAKE) all
	@tests/run 'tests/life/run $(if $(LIFE_SEED),--seed $(LIFE_SEED) )$(SECONDS) $(SUITES)'

fuzz:
	@tests/install-packages --check fuzz
	@tests/run 'tests/fuzz/run $(SECONDS)'

faults:
	@tests/install-packages --check faults
	@$(MAKE) all
	@tests/run tests/faults/run

load:
	@tests/install-packages --check test
	@$(MAKE) all
	@tests/run 'tests/e2e/run / tests/load'

# Each command so many times; so many rounds of five starts of each kind.
RUNS   = 200
ROUNDS = 24
bench:
	@tests/install-packages --check bench
	@tests/run 'tests/bench/run $(RUNS) $(ROUNDS)'

# The unit tests and the cases, with every memory error and leak an error; once with inih loaded.
sanitize:
	@tests/install-packages --check valgrind
	@$(MAKE) BUILD=$(BUILD)/asan INIH_ARCHIVE= HARDENING=-fPIE \
	    SANITIZED=1 SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all' all unit
	@$(MAKE) BUILD=$(BUILD)/valgrind SANITIZED=1 unit
	@tests/run 'tests/unit/run $(BUILD)/asan' 'tests/cases/run $(BUILD)/asan/rxtrust' 'tests/valgrind $(BUILD)/valgrind'

lint:
	@tests/install-packages --check lint
	@tests/run tests/lint

print-flags:
	@echo '$(subst ','\'',$(flags))'

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/hook/*.d $(BUILD)/unit/*.d)
