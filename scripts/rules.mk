# The rules behind the Makefile's targets.

# V=1 shows the whole command lines.
Q   := $(if $V,,@)
say  = $(if $V,,@echo "  $1	$@")

# -- building ------------------------------------------------------------------------------------

$O/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
$O/lib/python/%.o: ALL_CPPFLAGS += -DPy_LIMITED_API=0x03080000 $(PYTHON_CFLAGS)

# What --print-frontend prints.
$O/frontend_files.c: scripts/embed $(FRONTENDS)
	@mkdir -p $(@D)
	$(call say,EMBED)
	$Qscripts/embed $(FRONTENDS) >$@.new && mv $@.new $@
$O/frontend_files.o: $O/frontend_files.c
	$(call say,CC)
	$Q$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# The commands link this one; what a command does not use of it stays out.
$O/libgateway.a: $(OBJ) $O/frontend_files.o
	@rm -f $@
	$(call say,AR)
	$Q$(AR) rcs $@ $^
# For programs of others.
$O/libwsgi.a: $(LIBSRC:%.c=$O/%.o)
	@rm -f $@
	$(call say,AR)
	$Q$(AR) rcs $@ $^
$O/libwsgi.so.$(SOMAJOR): $(LIBSRC:%.c=$O/%.o) scripts/libwsgi.map
	$(call say,LD)
	$Q$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -Wl,-soname,libwsgi.so.$(SOMAJOR) \
		-Wl,--version-script=scripts/libwsgi.map -o $@ $(filter %.o,$^) \
		-Wl,--as-needed $(HTTP_LIBS) $(GZIP_LIBS)
$O/libwsgi.so: $O/libwsgi.so.$(SOMAJOR)
	$Qln -sf $(<F) $@

$O/wsgi-fcgi: GATEWAY_LIBS := $(FCGI_LIBS)
$O/wsgi-serve: GATEWAY_LIBS := $(HTTP_LIBS) $(FCGI_LIBS)
$(CMDS): $O/%: $O/cmd/%/main.o $O/libgateway.a
	$(call say,LD)
	$Q$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(GATEWAY_LIBS) -ldl

$O/wsgi_python.abi3.so: $O/lib/python/plugin_fcgi.o
$O/wsgi_python_http.abi3.so: $O/lib/python/plugin_http.o
$O/wsgi_python_http.abi3.so: GATEWAY_LIBS := $(HTTP_LIBS)
$(PLUGINS): $(filter-out $O/lib/python/plugin_%.o,$(PLUGIN)) $O/libgateway.a scripts/plugin.map
	$(call say,LD)
	$Q$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -Wl,--version-script=scripts/plugin.map -o $@ \
		$(filter %.o,$^) $O/libgateway.a -Wl,--as-needed $(GATEWAY_LIBS) $(FCGI_LIBS) -ldl

$(APPS): $O/apps/%.so: tests/apps/%.c $O/libwsgi.a
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -shared -o $@ $(filter %.c %.a,$^) -Wl,--as-needed $(HTTP_LIBS) $(GZIP_LIBS)
# As others compile theirs: with what pkg-config says, and nothing of our own.
$(filter %.so,$(EXAMPLES)): EXAMPLE_FLAGS := -shared -fPIC
$(EXAMPLES): | $O/libwsgi.so
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(CC) $(CFLAGS) $(WARN) $(SANFLAGS) $(EXAMPLE_FLAGS) -MMD -MP -Ilib -o $@ $< -L$O -lwsgi \
		-Wl,-rpath,'$$ORIGIN/..'
$(filter %.so,$(EXAMPLES)): $O/%.so: tests/%.c
$(filter-out %.so,$(EXAMPLES)): $O/%: tests/%.c
$(TESTS) $(PROGS): $O/tests/%: $O/tests/%.o $O/libgateway.a
	$(call say,LD)
	$Q$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(HTTP_LIBS) $(FCGI_LIBS) $(GZIP_LIBS) -ldl
# For the fuzz targets the library is compiled once more, with what the fuzzer counts by.
FUZZ_CC = clang $(ALL_CPPFLAGS) -std=c11 -g -O1 -pthread -fsanitize=address,undefined -fno-sanitize-recover=all
$O/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(FUZZ_CC) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
$O/fuzz/libgateway.a: $(SRC:%.c=$O/fuzz/%.o) $O/frontend_files.o
	@rm -f $@
	$(call say,AR)
	$Q$(AR) rcs $@ $^
$(FUZZERS): $O/fuzz/%: $O/fuzz/tests/%.o $O/fuzz/libgateway.a
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^ $(HTTP_LIBS) $(FCGI_LIBS) $(GZIP_LIBS) -ldl

# -- from a fresh clone: packages first, then a make that finds them --------------------------------

JOBS := $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))
AGAIN = $(MAKE) --no-print-directory $(JOBS)

bootstrap:
	@scripts/bootstrap test
demo:
	@scripts/bootstrap build
	@$(AGAIN) all
	@scripts/demo $O $(DEMO_ADDRESS)
test:
	@scripts/bootstrap test
	@$(AGAIN) all tests $(if $(SAN),,windows-tests)
	@$(CHECK_ENV) scripts/test $O
check: all tests
	@$(CHECK_ENV) scripts/test $O lint tests/base/ tests/wsgi/ tests/proc/ tests/handler/ \
		tests/http/ tests/fcgi/ tests/host/ tests/serve/ tests/wsgiref/ tests/gzip/ \
		tests/server/
lint: $(LIBS)
	@$(CHECK_ENV) scripts/lint $O
# By GNU's dialect the compiler knows exec(), before which the counters are to be written.
coverage:
	@scripts/bootstrap coverage
	@$(AGAIN) O=build-coverage LDFLAGS=--coverage \
		CFLAGS="-O0 -g --coverage -fprofile-update=atomic -std=gnu11" all tests
	@$(AGAIN) O=build-coverage windows-tests
	@$(CHECK_ENV) scripts/coverage build-coverage
tests: $(TESTS) $(PROGS)
CHECK_ENV = CC="$(CC)" PYTHON_CFLAGS="$(PYTHON_CFLAGS)" SAN="$(SAN)"

fuzz: $(FUZZED)
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZED)

# -- installing ----------------------------------------------------------------------------------

DEST     = $(DESTDIR)$(PREFIX)
MAN1    := $(wildcard cmd/*/*.1)
MAN3    := $(wildcard lib/*/*.3)
MAN7    := $(wildcard lib/*/*.7 scripts/frontends/*.7 scripts/systemd/*.7)
UNITS   := $(wildcard scripts/systemd/*.in)
DOC      = $(DEST)/share/doc/libwsgi

# A header finds the others from where it stands: a program may have a base/error.h of its own.
install: $(CMDS) $(PLUGINS) $(LIBS)
	install -d $(DEST)/bin $(DEST)/lib/wsgi $(DEST)/lib/pkgconfig $(DEST)/share/man/man1 \
		$(DEST)/share/man/man3 $(DEST)/share/man/man7 $(DOC)/frontends $(DOC)/examples
	install $(CMDS) $(DEST)/bin
	install -m 644 $(PLUGINS) $(DEST)/lib/wsgi
	install -m 644 $O/libwsgi.a $O/libwsgi.so.$(SOMAJOR) $(DEST)/lib
	ln -sf libwsgi.so.$(SOMAJOR) $(DEST)/lib/libwsgi.so
	for h in wsgi.h $(PUBLIC); do \
		install -D -m 644 lib/$$h $(DEST)/include/libwsgi/$$h || exit 1; \
	done
	cd $(DEST)/include/libwsgi && sed -i 's|^#include "|#include "../|' $(PUBLIC)
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' scripts/libwsgi.pc.in \
		>$(DEST)/lib/pkgconfig/libwsgi.pc
	install -m 644 $(MAN1) $(DEST)/share/man/man1
	install -m 644 $(MAN3) $(DEST)/share/man/man3
	for p in $(MAN3); do \
		for n in $$(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([A-Za-z_]*\).*/\1/p' $$p); do \
			[ $$n.3 = $${p##*/} ] || \
				ln -sf $${p##*/} $(DEST)/share/man/man3/$$n.3 || exit 1; \
		done; \
	done
	install -m 644 $(MAN7) $(DEST)/share/man/man7
	install -d $(DEST)/lib/systemd/system
	for u in $(UNITS); do \
		sed -e 's|@PREFIX@|$(PREFIX)|; s|@WEB_GROUP@|$(WEB_GROUP)|' $$u \
			>$(DEST)/lib/systemd/system/$$(basename $$u .in) || exit 1; \
	done
	install -m 644 README.md LICENSE $(DOC)
	install -m 644 $(filter-out %.7,$(wildcard scripts/frontends/*)) $(DOC)/frontends
	install -m 644 $(wildcard tests/examples/*.[ch] tests/examples/*.py) $(DOC)/examples

clean:
	rm -rf build build-san build-coverage $O

-include $(shell find $O -name '*.d' 2>/dev/null)
.PHONY: all bootstrap demo test check coverage lint tests fuzz install clean
.SECONDARY:
