#include "python/pyenviron.h"

#include <stdlib.h>
#include <string.h>

#include "handler/read_environ.h"
#include "python/pycall.h"
#include "python/text.h"

enum { NAME_MAX_LEN = 40, VALUE_MAX_LEN = 160, PROBES = 4 };

struct wsgi_pyname {
	PyObject *name, *value; /* NULL: not used yet; no value yet */
	unsigned char name_len, value_len;
	bool native; /* decoded as os.environ does, not as latin-1 */
	char name_bytes[NAME_MAX_LEN];
	char value_bytes[VALUE_MAX_LEN];
};

static PyObject *intern(const char *text)
{
	return PyUnicode_InternFromString(text);
}

static int make_names(struct wsgi_pyenviron *e)
{
	e->input = intern("wsgi.input");
	e->errors = intern("wsgi.errors");
	e->url_scheme = intern("wsgi.url_scheme");
	e->multithread = intern("wsgi.multithread");
	e->multiprocess = intern("wsgi.multiprocess");
	e->run_once = intern("wsgi.run_once");
	e->input_terminated = intern("wsgi.input_terminated");
	e->file_wrapper = intern("wsgi.file_wrapper");
	e->http = intern("http");
	e->https = intern("https");
	return PyErr_Occurred() ? -1 : 0;
}

int wsgi_pyenviron_init(struct wsgi_pyenviron *e, PyObject *file_wrapper)
{
	PyObject *version = Py_BuildValue("(ii)", 1, 0);
	int rc = -1;

	e->file_wrapper_class = file_wrapper;
	e->constants = PyDict_New();
	e->names = calloc(WSGI_PYENVIRON_NAMES, sizeof(*e->names));
	if (e->names == NULL)
		PyErr_NoMemory();
	else if (version != NULL && e->constants != NULL && make_names(e) == 0)
		rc = PyDict_SetItemString(e->constants, "wsgi.version", version);
	Py_XDECREF(version);
	return rc;
}

static unsigned hash(struct wsgi_span name)
{
	unsigned h = (unsigned)name.len * 31u;

	if (name.len > 0)
		h += (unsigned char)name.data[0] * 7u +
		     (unsigned char)name.data[name.len - 1] * 5u +
		     (unsigned char)name.data[name.len / 2] * 3u +
		     (unsigned char)name.data[name.len * 3 / 4];
	return h;
}

/* Where a name is kept, or can be; NULL when its places are taken or it is too long. */
static struct wsgi_pyname *place(struct wsgi_pyenviron *e, struct wsgi_span name)
{
	unsigned h = hash(name);

	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return NULL;
	for (unsigned i = 0; i < PROBES; i++) {
		struct wsgi_pyname *p = &e->names[(h + i) & (WSGI_PYENVIRON_NAMES - 1)];

		if (p->name == NULL ||
		    (p->name_len == name.len && memcmp(p->name_bytes, name.data, name.len) == 0))
			return p;
	}
	return NULL;
}

static PyObject *decode(struct wsgi_span bytes, bool native)
{
	return native ? wsgi_py_native(bytes) : wsgi_py_latin1(bytes);
}

/* Names of a process's environment are native in any case; of these only HTTP's hold bytes. */
static int keep_name(struct wsgi_pyname *p, struct wsgi_span name, bool from_process)
{
	PyObject *str = decode(name, from_process);

	if (str == NULL)
		return -1;
	PyUnicode_InternInPlace(&str);
	p->name = str;
	p->name_len = (unsigned char)name.len;
	memcpy(p->name_bytes, name.data, name.len);
	p->native = from_process && !wsgi_needs_transcode(name);
	return 0;
}

/* The str of a value: borrowed from p when it is the last one again or is kept, else *owned. */
static PyObject *value_of(struct wsgi_pyname *p, struct wsgi_span value, PyObject **owned)
{
	PyObject *str;

	if (p->value != NULL && p->value_len == value.len &&
	    memcmp(p->value_bytes, value.data, value.len) == 0)
		return p->value;
	str = decode(value, p->native);
	if (str == NULL)
		return NULL;
	if (value.len > VALUE_MAX_LEN)
		return *owned = str;
	memcpy(p->value_bytes, value.data, value.len);
	p->value_len = (unsigned char)value.len;
	Py_XDECREF(p->value);
	return p->value = str;
}

static int set_uncommon(PyObject *dict, struct wsgi_span name, struct wsgi_span value,
			bool from_process)
{
	PyObject *key = decode(name, from_process);
	PyObject *str = decode(value, from_process && !wsgi_needs_transcode(name));
	int rc = key != NULL && str != NULL ? PyDict_SetItem(dict, key, str) : -1;

	Py_XDECREF(key);
	Py_XDECREF(str);
	return rc;
}

static int set_variable(struct wsgi_pyenviron *e, PyObject *dict, const struct wsgi_environ *env,
			size_t i)
{
	struct wsgi_span name, value;
	struct wsgi_pyname *p;
	PyObject *str, *owned = NULL;
	int rc;

	wsgi_environ_at(env, i, &name, &value);
	p = place(e, name);
	if (p == NULL)
		return set_uncommon(dict, name, value, env->from_process);
	if (p->name == NULL && keep_name(p, name, env->from_process) != 0)
		return -1;
	str = value_of(p, value, &owned);
	rc = str != NULL ? PyDict_SetItem(dict, p->name, str) : -1;
	Py_XDECREF(owned);
	return rc;
}

static int set_flag(PyObject *dict, PyObject *name, bool value)
{
	return PyDict_SetItem(dict, name, value ? Py_True : Py_False);
}

/* The wsgi.* names come last: no parameter of that name can take their place. */
static int set_wsgi(struct wsgi_pyenviron *e, PyObject *dict, const struct wsgi_pycall *call)
{
	const struct wsgi_environ *env = call->env;
	bool https = env->url_scheme[4] == 's';

	if (PyDict_SetItem(dict, e->input, call->input) != 0 ||
	    PyDict_SetItem(dict, e->errors, call->errors) != 0 ||
	    PyDict_SetItem(dict, e->url_scheme, https ? e->https : e->http) != 0 ||
	    set_flag(dict, e->multithread, env->multithread) != 0 ||
	    set_flag(dict, e->multiprocess, env->multiprocess) != 0 ||
	    set_flag(dict, e->run_once, env->run_once) != 0)
		return -1;
	if (env->input_terminated && set_flag(dict, e->input_terminated, true) != 0)
		return -1;
	if (env->file_wrapper && PyDict_SetItem(dict, e->file_wrapper, e->file_wrapper_class) != 0)
		return -1;
	return PyDict_Update(dict, e->constants);
}

PyObject *wsgi_pyenviron_dict(struct wsgi_pyenviron *e, const struct wsgi_pycall *call)
{
	PyObject *dict = PyDict_New();

	if (dict == NULL)
		return NULL;
	for (size_t i = 0; i < call->env->len; i++)
		if (set_variable(e, dict, call->env, i) != 0)
			goto fail;
	if (set_wsgi(e, dict, call) == 0)
		return dict;
fail:
	Py_DECREF(dict);
	return NULL;
}
