#include "host/start.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interpreter.h"
#include "base/program.h"

/*
 * What the interpreter compiles in each CGI request, so it is short: it loads the plugin straight
 * from its file. Whatever is in the way of that, the second program finds out and says.
 */
static const char boot[] =
	"import sys\n"
	"p,f,h,w=sys.argv[3:7]\n"
	"try:\n"
	" if sys.version_info<(3,8)or sys.implementation.name!='cpython':raise OSError\n"
	" import _imp\n"
	" class s:name,origin=p,f\n"
	" m=_imp.create_dynamic(s)\n"
	" _imp.exec_dynamic(m)\n"
	"except Exception:exec(sys.argv[1])\n"
	/* -c puts the current folder in front: no place to import from */
	"if sys.path[:1]==['']:del sys.path[0]\n"
	"sys.exit(m.run(w,h[1:]if h!='-'else None,tuple(sys.argv[7:])))\n";

/*
 * Any Python from 2.7 on must be able to read this. 69 is EX_UNAVAILABLE. The import that every
 * Python has is tried, for _imp is CPython's own and may change.
 */
static const char slow_boot[] =
	"import os\n"
	"v=sys.version_info\n"
	"n=getattr(getattr(sys,'implementation',None),'name','cpython')\n"
	"def no(t):\n"
	/* as bytes: a text file would make its line ends Windows' own once more */
	" os.write(1,sys.argv[2].encode())\n"
	/* into a log file as base/log has its lines */
	" l=w+':'\n"
	" for o in sys.argv[7:]:\n"
	"  if o=='--':break\n"
	"  if o[:16]=='--error-logfile='and o[16:]!='-':\n"
	"   import time\n"
	"   l=time.strftime('[%Y-%m-%d %H:%M:%S %z]')+' [%d] [ERROR]'%os.getpid()\n"
	" sys.stderr.write('%s %s %s\\n'%(l,sys.executable,t))\n"
	" sys.exit(69)\n"
	"if v<(3,8) or n!='cpython':\n"
	" no('is %s %d.%d; CPython 3.8 or newer is needed: name one by --python'\n"
	"  %('Python' if n=='cpython' else n,v[0],v[1]))\n"
	"d=os.path.dirname(f)\n"
	"sys.path.insert(0,d)\n"
	"try:\n"
	" m=__import__(p)\n"
	"except Exception:\n"
	" no('cannot load %s: %s'%(f,sys.exc_info()[1]))\n"
	"sys.path.remove(d)\n";

static size_t count(char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

/* The words that tell the boot program what it needs, then the gateway's own. */
static const char **command_line(const struct wsgi_python_start *s, const char *file,
				 const char *proxy)
{
	const char *const head[] = {
		s->python, "-c", boot,  slow_boot, s->refusal != NULL ? s->refusal : "",
		s->plugin, file, proxy,
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

/* Sets *file and *proxy, the caller's to free. Returns 0 or -ENOMEM. */
static int name_words(const struct wsgi_python_start *s, char **file, char **proxy)
{
	const char *value = s->http_proxy;

	*proxy = NULL;
	*file = wsgi_interpreter_module(s->plugin_dir, s->plugin);
	if (*file == NULL)
		return -ENOMEM;
	/* "-" is none, "=" an empty one. */
	if (asprintf(proxy, "%s%s", value != NULL ? "=" : "-", value != NULL ? value : "") < 0) {
		*proxy = NULL;
		return -ENOMEM;
	}
	return 0;
}

int wsgi_python_exec(const struct wsgi_python_start *start, struct wsgi_error *err)
{
	union {
		const char **made;
		char *const *wanted; /* as execv() has it: its type is older than const */
	} line = {NULL};
	char *file, *proxy;
	int rc = name_words(start, &file, &proxy);

	if (rc == 0) {
		line.made = command_line(start, file, proxy);
		rc = line.made != NULL ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		rc = wsgi_program_become(start->python, line.wanted);
		wsgi_fail(err, rc, "cannot run %s: %s", start->python, strerror(-rc));
	} else {
		wsgi_fail(err, rc, "out of memory");
	}
	free(line.made);
	free(file);
	free(proxy);
	return rc;
}
