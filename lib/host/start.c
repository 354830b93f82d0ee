#include "host/start.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Any Python from 2.7 on must be able to read this, be it only to say that it is too old. 69 is
 * EX_UNAVAILABLE. -c puts the current folder in front of sys.path: no place to import from.
 */
static const char boot[] =
	"import sys\n"
	"d,p,h,o,w=sys.argv[1:6]\n"
	"v=sys.version_info\n"
	"n=getattr(getattr(sys,'implementation',None),'name','cpython')\n"
	"def no(t):\n"
	" sys.stdout.write(o)\n"
	" sys.stderr.write('%s: %s %s\\n'%(w,sys.executable,t))\n"
	" sys.exit(69)\n"
	"if v<(3,8) or n!='cpython':\n"
	" no('is %s %d.%d; CPython 3.8 or newer is needed: name one by --python'\n"
	"  %('Python' if n=='cpython' else n,v[0],v[1]))\n"
	"if sys.path[:1]==[''] and not getattr(sys.flags,'safe_path',0):\n"
	" del sys.path[0]\n"
	"sys.path.insert(0,d)\n"
	"try:\n"
	" m=__import__(p)\n"
	"except Exception:\n"
	" no('cannot load %s/%s.abi3.so: %s'%(d,p,sys.exc_info()[1]))\n"
	"sys.path.remove(d)\n"
	"sys.exit(m.run(w,h[1:] if h!='-' else None,tuple(sys.argv[6:])))\n";

static size_t count(char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

/* The words that tell the boot program what it needs, then the gateway's own. */
static const char **command_line(const struct wsgi_python_start *s, const char *proxy)
{
	const char *const head[] = {
		s->python,
		"-c",
		boot,
		s->plugin_dir,
		s->plugin,
		proxy,
		s->refusal != NULL ? s->refusal : "",
	};
	const size_t head_len = sizeof(head) / sizeof(head[0]), n = count(s->argv);
	const char **line = calloc(head_len + n + 1, sizeof(*line));

	if (line == NULL)
		return NULL;
	memcpy(line, head, sizeof(head));
	for (size_t i = 0; i < n; i++)
		line[head_len + i] = s->argv[i];
	return line;
}

int wsgi_python_exec(const struct wsgi_python_start *start, struct wsgi_error *err)
{
	const char *value = start->http_proxy;
	union {
		const char **made;
		char *const *wanted; /* execv() changes nothing; its type is older than const */
	} line;
	char *proxy;
	int rc;

	/* "-" is none, "=" an empty one. */
	if (asprintf(&proxy, "%s%s", value != NULL ? "=" : "-", value != NULL ? value : "") < 0)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	line.made = command_line(start, proxy);
	if (line.made == NULL) {
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	} else {
		execv(start->python, line.wanted);
		rc = wsgi_fail(err, -errno, "cannot run %s: %s", start->python, strerror(errno));
	}
	free(line.made);
	free(proxy);
	return rc;
}
