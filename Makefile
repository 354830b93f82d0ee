# make                everything, into build/
# make demo           install what is missing, build, serve an application, print the address
# make test           install what is missing, build, run every test
# make check          build and run the C tests and the lints
# make lint           floors, headers alone, exported symbols, format
# make fuzz           the fuzz targets, FUZZ_SECONDS each (clang)
# make install        DESTDIR= PREFIX=/usr/local
# make clean
# SAN=1 with any of them: ASan and UBSan, into build-san/
PREFIX  ?= /usr/local
VERSION := 0.1.0
SOMAJOR := 0
O       ?= build$(if $(SAN),-san)

CFLAGS  ?= -O2 -g
WARN    := -pedantic -Wall -Wextra -Wshadow -Wvla -Wcast-qual -Wpointer-arith \
	   -Wstrict-prototypes -Wmissing-prototypes -Werror
ALL_CFLAGS = -std=c11 $(WARN) -fPIC -fvisibility=hidden -fno-semantic-interposition -pthread \
	   -MMD -MP $(CFLAGS) $(SANFLAGS)
ALL_CPPFLAGS = -D_GNU_SOURCE -Ilib -DWSGI_VERSION='"$(VERSION)"' \
	   -DWSGI_PLUGIN_DIR='"$(PREFIX)/lib/wsgi"' $(CPPFLAGS)
ifdef SAN
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
endif

FCGI_LIBS  := -lfcgi
HTTP_LIBS  := -lmicrohttpd
CHECK_LIBS  = $(shell pkg-config --libs check)
# The headers of any CPython from 3.8 on do: the plugin uses the limited API only.
PYTHON_CFLAGS = $(shell python3-config --includes 2>/dev/null || pkg-config --cflags python3)

SRC     := $(filter-out lib/python/%,$(wildcard lib/*/*.c))
LIBSRC  := $(filter-out lib/serve/%,$(SRC))
OBJ     := $(SRC:%.c=$O/%.o)
PLUGIN  := $(patsubst %.c,$O/%.o,$(wildcard lib/python/*.c))
CMDS    := $(patsubst cmd/%/main.c,$O/%,$(wildcard cmd/*/main.c))
TESTS   := $(patsubst tests/%.c,$O/tests/%,$(wildcard tests/*/test_*.c))
APPS    := $(patsubst tests/apps/%.c,$O/apps/%.so,$(wildcard tests/apps/*.c))
PROGS   := $(patsubst tests/%.c,$O/tests/%,$(wildcard tests/oracle/*.c))
FUZZERS := $(patsubst tests/%.c,$O/fuzz/%,$(wildcard tests/*/fuzz_*.c))
PLUGINS := $(if $(PLUGIN),$O/wsgi_python.abi3.so $O/wsgi_python_http.abi3.so)

all: $(CMDS) $(PLUGINS) $O/libwsgi.so $O/libwsgi.a $(APPS)

include scripts/rules.mk
