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
	   -DWSGI_PLUGIN_DIR='"."' -include base/windows/posix.h
# Nothing but the system's own DLLs is needed where it runs.
WIN_LDFLAGS := -municode -static

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

windows: $(WIN_CMDS) $(WIN)/libwsgi.a

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
	$Q$(WIN_CC) $(WIN_CFLAGS) $(WIN_LDFLAGS) -o $@ $^

.PHONY: windows
