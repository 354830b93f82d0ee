# make                everything, into build/
# make demo           install what is missing, build, serve an application, print the address
#                     (DEMO_ADDRESS=HOST:PORT)
# make test           install what is missing, build, run every test
# make test-windows  of these, the tests of the Windows programs, in wine
# make check          build, run the lints and the C tests
# make coverage      which lines of lib/ all of the tests run (gcovr), into build-coverage/
# make lint           floors, headers alone, exported symbols, format, man pages
# make fuzz           the fuzz targets, FUZZ_SECONDS=60 each (clang); FUZZ="head path" these only
# make windows         wsgi-iis.exe and wsgi-cgi.exe, by mingw-w64, into build/windows/
# make install        DESTDIR= PREFIX=/usr/local WEB_GROUP=www-data
# make bootstrap      install the Debian packages that all of this needs
# make clean
# SAN=1 with any of them: ASan and UBSan, into build-san/
PREFIX  ?= /usr/local
# Who may connect to the sockets that systemd opens.
WEB_GROUP ?= www-data
VERSION := 0.1.0
SOMAJOR := 0
O       ?= build$(if $(SAN),-san)

FUZZ_SECONDS ?= 60

CFLAGS  ?= -O2 -g
WARN    := -pedantic -Wall -Wextra -Wshadow -Wvla -Wcast-qual -Wpointer-arith \
	   -Wstrict-prototypes -Wmissing-prototypes -Werror
# What a shared object gives out: what a public header declares (base/decls.h) and its .map lets out.
ALL_CFLAGS = -std=c11 $(WARN) -fPIC -fvisibility=hidden -fno-semantic-interposition -pthread -MMD -MP $(CFLAGS) $(SANFLAGS)
ALL_CPPFLAGS = -D_GNU_SOURCE -Ilib -DWSGI_VERSION='"$(VERSION)"' \
	   -DWSGI_PLUGIN_DIR='"$(PREFIX)/lib/wsgi"' $(CPPFLAGS)
ifdef SAN
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
endif

FCGI_LIBS  := -lfcgi
HTTP_LIBS  := -lmicrohttpd
GZIP_LIBS  := -lz
# Asked once, and only when something is built that wants to know.
CHECK_LIBS  = $(eval CHECK_LIBS := $$(shell pkg-config --libs check))$(CHECK_LIBS)
# The headers of any CPython from 3.8 on do: the plugin uses the limited API only.
PYTHON_CFLAGS = $(eval PYTHON_CFLAGS := $$(shell pkg-config --cflags python3 2>/dev/null || \
	   python3-config --includes))$(PYTHON_CFLAGS)

SRC     := $(filter-out lib/python/%,$(wildcard lib/*/*.c))
# The library: what programs of others may use, and what that stands on.
PUBLIC  := $(shell sed -n 's/^\#include "\(.*\)"/\1/p' lib/wsgi.h) base/decls.h
LIBSRC  := $(foreach d,base wsgi proc handler http server gzip,$(wildcard lib/$d/*.c))
OBJ     := $(SRC:%.c=$O/%.o)
FRONTENDS := $(sort $(filter-out %.7,$(wildcard scripts/frontends/*)))
PLUGIN  := $(patsubst %.c,$O/%.o,$(wildcard lib/python/*.c))
CMDS    := $(patsubst cmd/%/main.c,$O/%,$(wildcard cmd/*/main.c))
TESTS   := $(patsubst tests/%.c,$O/tests/%,$(wildcard tests/*/test_*.c))
APPS    := $(patsubst tests/apps/%.c,$O/apps/%.so,$(wildcard tests/apps/*.c))
# An example with a main is a program too.
EXAMPLES := $(patsubst tests/%.c,$O/%.so,$(wildcard tests/examples/*.c)) \
	   $(patsubst tests/%.c,$O/%,$(shell grep -ls '^int main' tests/examples/*.c))
PROGS   := $(patsubst tests/%.c,$O/tests/%,$(wildcard tests/oracle/*.c))
FUZZERS := $(patsubst tests/%.c,$O/fuzz/%,$(wildcard tests/*/fuzz_*.c))
FUZZED   = $(if $(FUZZ),$(foreach f,$(FUZZ),$(filter %/fuzz_$f,$(FUZZERS))),$(FUZZERS))
PLUGINS := $O/wsgi_python.abi3.so $O/wsgi_python_http.abi3.so
LIBS    := $O/libwsgi.so $O/libwsgi.a

all: $(CMDS) $(PLUGINS) $(LIBS) $(APPS) $(EXAMPLES)

include scripts/rules.mk
include scripts/windows.mk
