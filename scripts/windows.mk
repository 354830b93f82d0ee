# The Windows programs, cross-built by mingw-w64: make windows.
#
# The same sources as everywhere. lib/base/windows has what differs: posix.h is included in front
# of each file, and a NAME.c there stands in the place of lib/base/NAME.c.

WIN        := $O/windows
WIN_CC     := x86_64-w64-mingw32-gcc
WIN_AR     := x86_64-w64-mingw32-ar
WIN_CFLAGS  = -std=c11 $(filter-out -pedantic,$(WARN)) -MMD -MP -municode $(CFLAGS)
WIN_CPPFLAGS = -D_GNU_SOURCE -D_POSIX_THREAD_SAFE_FUNCTIONS -D__USE_MINGW_ANSI_STDIO=1 -D_FILE_OFFSET_BITS=64 \
	   -D_WIN32_WINNT=0x0602 -Ilib -Ilib/base/windows -DWSGI_VERSION='"$(VERSION)"' \
	   -DWSGI_PLUGIN_DIR='""' -include base/windows/posix.h
# Nothing but the system's own DLLs is needed where it runs.
WIN_LDFLAGS := -municode -static -s
WIN_LDLIBS := -lpthread

# What has a second implementation there.
WIN_OTHER  := $(filter $(notdir $(wildcard lib/base/windows/*.c)),$(notdir $(wildcard lib/base/*.c)))
# The library, and what the two gateways have on top of it.
WIN_LIBSRC := $(wildcard lib/base/windows/*.c) \
	   $(filter-out $(WIN_OTHER:%=lib/base/%) lib/base/fdpass.c,$(wildcard lib/base/*.c)) \
	   $(wildcard lib/wsgi/*.c lib/handler/*.c)
WIN_SRC    := $(WIN_LIBSRC) lib/proc/forked.c \
	   $(addprefix lib/host/,find.c native.c origin.c spec.c start.c) \
	   $(addprefix lib/serve/,config.c gateway.c options.c page.c) \
	   $(wildcard lib/serve/option_*.c lib/serve/cgi*.c)
WIN_CMDS   := $(WIN)/wsgi-iis.exe $(WIN)/wsgi-cgi.exe

windows:
	@scripts/bootstrap windows
	@$(AGAIN) windows-programs
windows-programs: $(WIN_CMDS) $(WIN)/wsgi_python.pyd $(WIN)/libwsgi.a

$(WIN)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$Q$(WIN_CC) $(WIN_CPPFLAGS) $(WIN_CFLAGS) -c -o $@ $<
$(WIN)/libgateway.a: $(WIN_SRC:%.c=$(WIN)/%.o)
	@rm -f $@
	$(call say,AR)
	$Q$(WIN_AR) rcs $@ $^
# For applications in C that use the library.
$(WIN)/libwsgi.a: $(WIN_LIBSRC:%.c=$(WIN)/%.o)
	@rm -f $@
	$(call say,AR)
	$Q$(WIN_AR) rcs $@ $^
$(WIN_CMDS): $(WIN)/%.exe: $(WIN)/cmd/%/main.o $(WIN)/lib/base/windows/main.o $(WIN)/libgateway.a
	$(call say,LD)
	$Q$(WIN_CC) $(WIN_CFLAGS) $(WIN_LDFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(WIN_LDLIBS)

# -- Python ----------------------------------------------------------------------------------------

# The extension module for CPython's Windows builds, by python3.dll's stable ABI. This machine's
# headers serve, but for pyconfig.h; the import library is made of a list of names.
WIN_PY        := $(filter-out lib/python/pyfork.c lib/python/pystay.c lib/python/plugin_%, \
	   $(wildcard lib/python/*.c)) lib/python/plugin_cgi.c lib/python/windows/dll.c
WIN_PYTHON_H   = $(firstword $(wildcard $(patsubst -I%,%/Python.h,$(filter -I%,$(PYTHON_CFLAGS)))))
WIN_DLLTOOL   := x86_64-w64-mingw32-dlltool

$(WIN)/python/pyconfig.h: lib/python/windows/pyconfig.h
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call say,COPY)
	$Qcp -R $(or $(dir $(WIN_PYTHON_H)),$(error no Python.h: scripts/bootstrap build)). $(@D) && \
		cp $< $@
$(WIN)/lib/python/%.o: WIN_CPPFLAGS += -DPy_LIMITED_API=0x03080000 -I$(WIN)/python
$(WIN_PY:%.c=$(WIN)/%.o): $(WIN)/python/pyconfig.h
$(WIN)/libpython3.a: lib/python/windows/python3.def
	@mkdir -p $(@D)
	$(call say,DLLTOOL)
	$Q$(WIN_DLLTOOL) -d $< -l $@
$(WIN)/wsgi_python.pyd: $(WIN_PY:%.c=$(WIN)/%.o) $(WIN)/libgateway.a $(WIN)/libpython3.a
	$(call say,LD)
	$Q$(WIN_CC) -shared $(WIN_CFLAGS) $(filter-out -municode,$(WIN_LDFLAGS)) -o $@ $^ $(WIN_LDLIBS)

# -- tests -----------------------------------------------------------------------------------------

# What stands on the library's own parts, and sees the system as they do.
WIN_OWN    := $(wildcard tests/windows/ground*.c)
WIN_OWNS   := $(WIN_OWN:tests/windows/%.c=$(WIN)/tests/%.exe)
WIN_DLLS   := $(patsubst tests/windows/dlls/%.c,$(WIN)/tests/%.dll,$(wildcard tests/windows/dlls/*.c))
# The emulated IIS launch, plain programs of Windows with nothing of ours in them; and the
# applications of tests/apps as DLLs, compiled as others compile theirs.
WIN_TESTS  := $(patsubst tests/windows/%.c,$(WIN)/tests/%.exe, \
	   $(filter-out $(WIN_OWN),$(wildcard tests/windows/*.c)))
WIN_APPS   := $(patsubst tests/apps/%.c,$(WIN)/apps/%.dll,$(wildcard tests/apps/*.c))

windows-tests: windows-programs $(WIN_TESTS) $(WIN_OWNS) $(WIN_DLLS) $(WIN_APPS)

$(WIN_TESTS): $(WIN)/tests/%.exe: tests/windows/%.c
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(WIN_CC) -std=c11 $(WARN) -MMD -MP $(CFLAGS) $(WIN_LDFLAGS) -o $@ $<
$(WIN_OWNS): $(WIN)/tests/%.exe: $(WIN)/tests/windows/%.o $(WIN)/libwsgi.a
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(WIN_CC) $(WIN_CFLAGS) $(WIN_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(WIN_LDLIBS)
$(WIN_DLLS): $(WIN)/tests/%.dll: tests/windows/dlls/%.c
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(WIN_CC) -std=c11 $(WARN) $(CFLAGS) -shared -static -s -o $@ $^
$(WIN)/tests/needs.dll: $(WIN)/tests/needed.dll
$(WIN_APPS): $(WIN)/apps/%.dll: tests/apps/%.c $(WIN)/libwsgi.a
	@mkdir -p $(@D)
	$(call say,LD)
	$Q$(WIN_CC) -std=c11 $(WARN) -D__USE_MINGW_ANSI_STDIO=1 -Ilib -MMD -MP $(CFLAGS) -shared -static \
		-o $@ $(filter %.c %.o %.a,$^) $(WIN_LDLIBS)

# What the programs here answer is what those there are to answer.
test-windows:
	@scripts/bootstrap test
	@$(AGAIN) all windows-tests
	@$(CHECK_ENV) scripts/test $O tests/windows/

.PHONY: windows windows-programs windows-tests test-windows
