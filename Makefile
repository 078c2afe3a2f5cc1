# rxtrust. `make` builds build/rxtrust; see README.md for the rest.
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
WARNINGS   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 \
             -Wundef -Wvla
WERROR     =
HARDENING  = -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS    = -pie -Wl,-z,relro,-z,now,-z,noexecstack
SANITIZE   =

# The soname that the linker would record for a library: what is loaded at run time.
soname = $(shell readelf -d "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')

libraries := $(shell $(PKG_CONFIG) --cflags libxml-2.0 inih) \
             -DLIBXML2_SONAME='"$(call soname,xml2)"' -DINIH_SONAME='"$(call soname,inih)"'
defines    = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DPOLICY_FILE='"$(policy)"' -DHOOK_FILE='"$(hooks)/qemu"'
compile    = $(CC) -std=gnu11 $(WARNINGS) $(WERROR) $(HARDENING) $(SANITIZE) $(CFLAGS) $(CPPFLAGS) \
             $(defines) $(libraries) -MMD -MP

sources := $(wildcard hook/*.c)
objects := $(sources:hook/%.c=$(BUILD)/hook/%.o)

.PHONY: all clean
all: $(BUILD)/rxtrust

$(BUILD)/rxtrust: $(objects)
	$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ -ldl

$(BUILD)/hook/%.o: hook/%.c Makefile | $(BUILD)/hook
	$(compile) -c -o $@ $<

$(BUILD)/hook:
	mkdir -p $@

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/hook/*.d)
