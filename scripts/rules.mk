# The rules behind the Makefile's targets.

$O/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
$O/lib/python/%.o: ALL_CPPFLAGS += -DPy_LIMITED_API=0x03080000 $(PYTHON_CFLAGS)

# The commands link this one; what a command does not use of it stays out.
$O/libgateway.a: $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
# For programs of others: without serve/, which is the commands'.
$O/libwsgi.a: $(LIBSRC:%.c=$O/%.o)
	@rm -f $@
	$(AR) rcs $@ $^
$O/libwsgi.so.$(SOMAJOR): $(LIBSRC:%.c=$O/%.o) scripts/libwsgi.map
	$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -Wl,-soname,libwsgi.so.$(SOMAJOR) \
		-Wl,--version-script=scripts/libwsgi.map -o $@ $(filter %.o,$^) \
		$(HTTP_LIBS) $(FCGI_LIBS) -ldl
$O/libwsgi.so: $O/libwsgi.so.$(SOMAJOR)
	ln -sf $(<F) $@

$O/wsgi-fcgi: GATEWAY_LIBS := $(FCGI_LIBS)
$O/wsgi-serve: GATEWAY_LIBS := $(HTTP_LIBS) $(FCGI_LIBS)
$(CMDS): $O/%: $O/cmd/%/main.o $O/libgateway.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(GATEWAY_LIBS) -ldl

$O/wsgi_python.abi3.so: $(PLUGIN) $O/lib/serve/plugin_gateways.o $O/libgateway.a
	$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(FCGI_LIBS) -ldl
$O/wsgi_python_http.abi3.so: $(PLUGIN) $O/lib/serve/plugin_http.o $O/libgateway.a
	$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(HTTP_LIBS) $(FCGI_LIBS) -ldl

$(APPS): $O/apps/%.so: tests/apps/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -shared -o $@ $<
$(TESTS) $(PROGS): $O/tests/%: $O/tests/%.o $O/libgateway.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(HTTP_LIBS) $(FCGI_LIBS) -ldl
$(FUZZERS): $O/fuzz/%: tests/%.c $(SRC)
	@mkdir -p $(@D)
	clang $(ALL_CPPFLAGS) -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $^ $(HTTP_LIBS) $(FCGI_LIBS) -ldl -pthread

-include $(shell find $O -name '*.d' 2>/dev/null)
.PHONY: all demo test check lint fuzz install clean bootstrap
.SECONDARY:
