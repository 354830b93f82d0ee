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

static PyObject *make(struct wsgi_pyenviron *e, const struct wsgi_pycall *call)
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

/* -- the last one again ------------------------------------------------------------------------ */

static unsigned flags_of(const struct wsgi_environ *env)
{
	return (env->url_scheme[4] == 's' ? 1u : 0) | (env->multithread ? 2u : 0) |
	       (env->multiprocess ? 4u : 0) | (env->input_terminated ? 8u : 0) |
	       (env->file_wrapper ? 16u : 0);
}

/* Whether the names are those of the last request, and in their order; they are now noted. */
static bool recall(struct wsgi_pyenviron *e, const struct wsgi_environ *env)
{
	const unsigned flags = flags_of(env);
	bool same = env->len == e->order_len && flags == e->flags;

	e->flags = flags;
	e->order_len = env->len <= WSGI_PYENVIRON_VARIABLES ? env->len : 0;
	for (size_t i = 0; i < e->order_len; i++) {
		struct wsgi_span name, value;
		struct wsgi_pyname *p;

		wsgi_environ_at(env, i, &name, &value);
		p = place(e, name);
		same = same && p != NULL && p == e->order[i];
		e->order[i] = p;
	}
	return same && e->order_len > 0;
}

/* Keep the dict of a request whose names were those of the one before: the next may be so too. */
static int keep(struct wsgi_pyenviron *e, PyObject *dict, const struct wsgi_environ *env)
{
	PyObject *last = PyDict_Copy(dict);
	int rc = -1;

	if (last != NULL)
		rc = PyDict_SetItem(last, e->input, Py_None);
	if (rc == 0)
		rc = PyDict_SetItem(last, e->errors, Py_None);
	for (size_t i = 0; rc == 0 && i < e->order_len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(env, i, &name, &value);
		e->is_none[i] = value.len > VALUE_MAX_LEN;
		if (e->is_none[i])
			rc = PyDict_SetItem(last, e->order[i]->name, Py_None);
	}
	if (rc == 0) {
		e->last = last;
		return 0;
	}
	Py_XDECREF(last);
	return -1;
}

/* Set variable i where it is not that of the last request: in dict, and in what is kept. */
static int set_changed(struct wsgi_pyenviron *e, PyObject *dict, const struct wsgi_environ *env,
		       size_t i)
{
	struct wsgi_pyname *p = e->order[i];
	PyObject *before = p->value, *str, *owned = NULL;
	struct wsgi_span name, value;
	int rc;

	wsgi_environ_at(env, i, &name, &value);
	str = value_of(p, value, &owned);
	if (str == NULL)
		return -1;
	if (str == before && !e->is_none[i])
		return 0;
	rc = PyDict_SetItem(dict, p->name, str);
	if (rc == 0 && (owned == NULL || !e->is_none[i]))
		rc = PyDict_SetItem(e->last, p->name, owned == NULL ? str : Py_None);
	e->is_none[i] = owned != NULL;
	Py_XDECREF(owned);
	return rc;
}

static PyObject *repeat(struct wsgi_pyenviron *e, const struct wsgi_pycall *call)
{
	PyObject *dict = PyDict_Copy(e->last);
	int rc = dict != NULL ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < e->order_len; i++)
		rc = set_changed(e, dict, call->env, i);
	if (rc == 0)
		rc = PyDict_SetItem(dict, e->input, call->input);
	if (rc == 0)
		rc = PyDict_SetItem(dict, e->errors, call->errors);
	if (rc == 0)
		return dict;
	Py_CLEAR(e->last); /* it may be neither the one nor the other */
	Py_XDECREF(dict);
	return NULL;
}

PyObject *wsgi_pyenviron_dict(struct wsgi_pyenviron *e, const struct wsgi_pycall *call)
{
	PyObject *dict;
	bool same;

	if (call->env->run_once) /* there is no next one */
		return make(e, call);
	same = recall(e, call->env);
	if (!same)
		Py_CLEAR(e->last);
	if (e->last != NULL)
		return repeat(e, call);
	dict = make(e, call);
	if (same && dict != NULL && keep(e, dict, call->env) != 0)
		Py_CLEAR(dict);
	return dict;
}
