#include "python/pytrace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "python/pyrepr.h"
#include "python/text.h"

enum {
	CHAIN = 20,   /* exceptions */
	FRAMES = 50,  /* the first so many, and the last */
	LOCALS = 100, /* of a frame */
	VALUE_CHARS = WSGI_PY_REPR_CHARS,
	MESSAGE_CHARS = 10000,
	SOURCE_BEFORE = 5, /* lines */
	SOURCE_AFTER = 5,
	LINE_CHARS = 500,
	LISTED = 20,          /* notes, and exceptions of a group */
	TEXT_BYTES = 4 << 20, /* of a whole trace: no more variables after that */
};

/* Python's functions, and what shortens a repr(). */
struct tools {
	PyObject *getlines, *checkcache; /* linecache */
	PyObject *repr;                  /* wsgi_py_repr()'s */
	PyObject *format;                /* traceback.format_exception_only */
};

/* -- text -------------------------------------------------------------------------------------- */

/*
 * Append a str in UTF-8, at most chars of it. A NUL, which would end it, is shown; what is no str,
 * where somebody has put something else, is a question mark.
 * Returns 0; -ENOMEM. No exception is left set.
 */
static int add_str(struct wsgi_buf *out, PyObject *str, Py_ssize_t chars)
{
	PyObject *part = NULL, *bytes = NULL;
	const char *text = NULL;
	size_t len;
	int rc;

	if (!PyUnicode_Check(str))
		return wsgi_buf_adds(out, "?");
	part = PyUnicode_Substring(str, 0, chars);
	if (part != NULL)
		bytes = PyUnicode_AsEncodedString(part, "utf-8", "backslashreplace");
	if (bytes != NULL)
		text = PyBytes_AsString(bytes);
	len = text != NULL ? (size_t)PyBytes_Size(bytes) : 0;
	rc = text != NULL ? 0 : -ENOMEM;
	for (size_t at = 0, n; rc == 0 && at < len; at += n + 1) {
		n = strnlen(text + at, len - at);
		rc = wsgi_buf_add(out, text + at, n);
		if (rc == 0 && at + n < len)
			rc = wsgi_buf_adds(out, "\\x00");
	}
	if (rc == 0 && PyUnicode_GetLength(str) > chars)
		rc = wsgi_buf_adds(out, "\xe2\x80\xa6"); /* an ellipsis */
	Py_XDECREF(part);
	Py_XDECREF(bytes);
	PyErr_Clear();
	return rc;
}

/* In place of what raised an exception: which one. The exception is cleared. */
static int add_failure(struct wsgi_buf *out, const char *what)
{
	PyObject *type, *value, *traceback, *name;
	int rc;

	PyErr_Fetch(&type, &value, &traceback);
	name = type != NULL ? PyObject_GetAttrString(type, "__name__") : NULL;
	rc = wsgi_buf_addf(out, "<%s raised ", what);
	if (rc == 0 && name != NULL && PyUnicode_Check(name))
		rc = add_str(out, name, VALUE_CHARS);
	else if (rc == 0)
		rc = wsgi_buf_adds(out, "an exception");
	if (rc == 0)
		rc = wsgi_buf_adds(out, ">");
	Py_XDECREF(name);
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(traceback);
	PyErr_Clear();
	return rc;
}

/* str is a new reference, or NULL with an exception set, and what would have made it. */
static int add_made(struct wsgi_buf *out, PyObject *str, const char *what, Py_ssize_t chars)
{
	int rc = str != NULL ? add_str(out, str, chars) : add_failure(out, what);

	Py_XDECREF(str);
	return rc;
}

/* End what was put into a buf as a string. Returns it, or NULL: no memory. */
static const char *ended(struct wsgi_buf *b)
{
	return wsgi_buf_add(b, "", 1) == 0 ? b->data : NULL;
}

/* An attribute, or NULL; no exception is left set. */
static PyObject *attribute(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);

	if (value == NULL)
		PyErr_Clear();
	return value;
}

/* A str attribute, or NULL. */
static PyObject *str_attribute(PyObject *object, const char *name)
{
	PyObject *value = attribute(object, name);

	if (value != NULL && !PyUnicode_Check(value))
		Py_CLEAR(value);
	return value;
}

static unsigned number_attribute(PyObject *object, const char *name)
{
	PyObject *value = attribute(object, name);
	long n = value != NULL && PyLong_Check(value) ? PyLong_AsLong(value) : 0;

	Py_XDECREF(value);
	PyErr_Clear();
	return n > 0 && n < 1L << 30 ? (unsigned)n : 0;
}

/* -- local variables --------------------------------------------------------------------------- */

static int add_local(struct wsgi_trace *trace, const struct tools *tools, PyObject *name,
		     PyObject *value)
{
	struct wsgi_buf n = {0}, v = {0};
	int rc = add_str(&n, name, VALUE_CHARS);

	if (rc == 0)
		rc = add_made(&v, wsgi_py_repr(tools->repr, value), "repr()", VALUE_CHARS);
	if (rc == 0)
		rc = ended(&n) != NULL && ended(&v) != NULL
			     ? wsgi_trace_add_local(trace, n.data, v.data)
			     : -ENOMEM;
	wsgi_buf_finish(&n);
	wsgi_buf_finish(&v);
	return rc;
}

/* A module's __builtins__ and __spec__ are of no interest. */
static bool is_special(PyObject *name)
{
	PyObject *start = PyUnicode_Substring(name, 0, 2);
	bool is = start != NULL && PyUnicode_CompareWithASCIIString(start, "__") == 0;

	Py_XDECREF(start);
	PyErr_Clear();
	return is;
}

static int add_item(struct wsgi_trace *trace, const struct tools *tools, PyObject *item,
		    unsigned *added)
{
	PyObject *name = item != NULL ? PySequence_GetItem(item, 0) : NULL;
	PyObject *value = name != NULL ? PySequence_GetItem(item, 1) : NULL;
	int rc = 0;

	if (value != NULL && PyUnicode_Check(name) && !is_special(name)) {
		rc = add_local(trace, tools, name, value);
		*added += 1;
	}
	Py_XDECREF(name);
	Py_XDECREF(value);
	PyErr_Clear();
	return rc;
}

static int add_locals(struct wsgi_trace *trace, const struct tools *tools, PyObject *frame)
{
	PyObject *locals = attribute(frame, "f_locals");
	PyObject *items = locals != NULL ? PyMapping_Items(locals) : NULL;
	Py_ssize_t len = items != NULL ? PySequence_Size(items) : 0;
	unsigned added = 0;
	char left_out[64];
	int rc = 0;

	for (Py_ssize_t i = 0; rc == 0 && i < len; i++) {
		PyObject *item;

		if (added == LOCALS || trace->text.len > TEXT_BYTES) {
			snprintf(left_out, sizeof(left_out), "%lld of them", (long long)(len - i));
			rc = wsgi_trace_add_local(trace, "(left out)", left_out);
			break;
		}
		item = PySequence_GetItem(items, i);
		rc = add_item(trace, tools, item, &added);
		Py_XDECREF(item);
	}
	Py_XDECREF(items);
	Py_XDECREF(locals);
	PyErr_Clear();
	return rc;
}

/* -- frames ------------------------------------------------------------------------------------ */

/* The lines around one of a file's, and in *first the number of the first of them. */
static int add_source(struct wsgi_buf *out, const struct tools *tools, PyObject *file,
		      PyObject *globals, unsigned line, unsigned *first)
{
	PyObject *checked = PyObject_CallFunctionObjArgs(tools->checkcache, file, NULL);
	PyObject *lines =
		checked != NULL ? PyObject_CallFunctionObjArgs(tools->getlines, file, globals, NULL)
				: NULL;
	Py_ssize_t len = lines != NULL && PyList_Check(lines) ? PyList_Size(lines) : 0;
	unsigned from = line > SOURCE_BEFORE ? line - SOURCE_BEFORE : 1;
	int rc = 0;

	*first = from;
	for (unsigned n = from; rc == 0 && n <= line + SOURCE_AFTER && (Py_ssize_t)n <= len; n++) {
		PyObject *str = PyList_GetItem(lines, (Py_ssize_t)n - 1); /* borrowed */

		rc = add_str(out, str, LINE_CHARS);
		if (rc == 0 && (out->len == 0 || out->data[out->len - 1] != '\n'))
			rc = wsgi_buf_adds(out, "\n");
	}
	Py_XDECREF(checked);
	Py_XDECREF(lines);
	PyErr_Clear();
	return rc;
}

/* code.co_qualname, which Python has from 3.11 on, or co_name. */
static PyObject *function_name(PyObject *code)
{
	PyObject *name = str_attribute(code, "co_qualname");

	return name != NULL ? name : str_attribute(code, "co_name");
}

static int add_place(struct wsgi_trace *trace, const struct tools *tools, PyObject *file,
		     PyObject *function, PyObject *globals, unsigned line)
{
	struct wsgi_buf f = {0}, name = {0}, source = {0};
	unsigned first = 0;
	int rc = add_str(&f, file, VALUE_CHARS);

	if (rc == 0 && function != NULL)
		rc = add_str(&name, function, VALUE_CHARS);
	if (rc == 0 && line > 0)
		rc = add_source(&source, tools, file, globals, line, &first);
	if (rc == 0)
		rc = ended(&f) && ended(&name) && ended(&source)
			     ? wsgi_trace_add_frame(trace, f.data, name.data, line, source.data,
						    first)
			     : -ENOMEM;
	wsgi_buf_finish(&f);
	wsgi_buf_finish(&name);
	wsgi_buf_finish(&source);
	return rc;
}

static int add_frame(struct wsgi_trace *trace, const struct tools *tools, PyObject *tb)
{
	PyObject *frame = attribute(tb, "tb_frame"), *code = NULL, *globals = NULL;
	PyObject *file = NULL, *function = NULL;
	int rc = 0;

	if (frame != NULL) {
		code = attribute(frame, "f_code");
		globals = attribute(frame, "f_globals");
	}
	if (code != NULL) {
		file = str_attribute(code, "co_filename");
		function = function_name(code);
	}
	if (file != NULL && globals != NULL) {
		rc = add_place(trace, tools, file, function, globals,
			       number_attribute(tb, "tb_lineno"));
		if (rc == 0)
			rc = add_locals(trace, tools, frame);
	}
	Py_XDECREF(file);
	Py_XDECREF(function);
	Py_XDECREF(code);
	Py_XDECREF(globals);
	Py_XDECREF(frame);
	return rc;
}

/* The traceback after tb, whose reference is given up; NULL: it was the last. */
static PyObject *next_of(PyObject *tb)
{
	PyObject *next = attribute(tb, "tb_next");

	Py_DECREF(tb);
	if (next == Py_None)
		Py_CLEAR(next);
	return next;
}

static size_t count_frames(PyObject *tb)
{
	size_t n = 0;

	Py_XINCREF(tb);
	for (; tb != NULL; tb = next_of(tb))
		n++;
	return n;
}

static int add_left_out(struct wsgi_trace *trace, size_t n)
{
	char words[64];

	snprintf(words, sizeof(words), "%zu frames are left out here", n);
	return wsgi_trace_add_frame(trace, NULL, words, 0, NULL, 0);
}

static int add_frames(struct wsgi_trace *trace, const struct tools *tools, PyObject *exception)
{
	PyObject *tb = PyException_GetTraceback(exception);
	size_t len = count_frames(tb);
	int rc = 0;

	for (size_t i = 0; tb != NULL; i++, tb = next_of(tb)) {
		if (rc != 0) /* to the end, for the references */
			continue;
		if (i < FRAMES || i + FRAMES >= len)
			rc = add_frame(trace, tools, tb);
		else if (i == FRAMES)
			rc = add_left_out(trace, len - 2 * FRAMES);
	}
	return rc;
}

/* -- exceptions -------------------------------------------------------------------------------- */

/* "ValueError", "package.module.Class.Error". */
static int add_type(struct wsgi_buf *out, PyObject *exception)
{
	PyObject *type = (PyObject *)Py_TYPE(exception); /* borrowed */
	PyObject *module = str_attribute(type, "__module__");
	PyObject *name = str_attribute(type, "__qualname__");
	int rc = 0;

	if (module != NULL && PyUnicode_CompareWithASCIIString(module, "builtins") != 0 &&
	    PyUnicode_CompareWithASCIIString(module, "__main__") != 0) {
		rc = add_str(out, module, VALUE_CHARS);
		if (rc == 0)
			rc = wsgi_buf_adds(out, ".");
	}
	if (rc == 0)
		rc = name != NULL ? add_str(out, name, VALUE_CHARS)
				  : wsgi_buf_adds(out, "exception");
	Py_XDECREF(module);
	Py_XDECREF(name);
	return rc;
}

static int add_message(struct wsgi_buf *out, PyObject *exception)
{
	return add_made(out, PyObject_Str(exception), "str()", MESSAGE_CHARS);
}

/*
 * For a SyntaxError: the file, the line and the carets, as Python prints them: what it has before
 * the exception's name, which is not indented.
 */
static int add_syntax(struct wsgi_buf *out, const struct tools *tools, PyObject *exception)
{
	PyObject *lines = PyObject_CallFunctionObjArgs(
		tools->format, (PyObject *)Py_TYPE(exception), exception, NULL);
	Py_ssize_t len = lines != NULL && PyList_Check(lines) ? PyList_Size(lines) : 0;
	int rc = len > 0 ? wsgi_buf_adds(out, "\n") : 0;

	for (Py_ssize_t i = 0; rc == 0 && i < len; i++) {
		size_t before = out->len;

		rc = add_str(out, PyList_GetItem(lines, i), MESSAGE_CHARS);
		if (rc == 0 && strncmp(out->data + before, "  ", 2) != 0) {
			out->len = before;
			break;
		}
	}
	while (rc == 0 && out->len > 0 && out->data[out->len - 1] == '\n')
		out->len--;
	Py_XDECREF(lines);
	PyErr_Clear();
	return rc;
}

/* __notes__ (3.11), a line each; and the exceptions of a group, those of a group in it not. */
static int add_lines(struct wsgi_buf *out, PyObject *exception, const char *list, bool is_group)
{
	PyObject *items = attribute(exception, list);
	Py_ssize_t len = items != NULL && (PyList_Check(items) || PyTuple_Check(items))
				 ? PySequence_Size(items)
				 : 0;
	int rc = 0;

	for (Py_ssize_t i = 0; rc == 0 && i < len && i < LISTED; i++) {
		PyObject *item = PySequence_GetItem(items, i);

		rc = wsgi_buf_addf(out, is_group ? "\n  %lld. " : "\n", (long long)i + 1);
		if (rc == 0 && item != NULL && is_group)
			rc = add_type(out, item);
		if (rc == 0 && item != NULL && is_group)
			rc = wsgi_buf_adds(out, ": ");
		if (rc == 0 && item != NULL)
			rc = add_message(out, item);
		Py_XDECREF(item);
	}
	if (rc == 0 && len > LISTED)
		rc = wsgi_buf_addf(out, "\n  and %lld more", (long long)(len - LISTED));
	Py_XDECREF(items);
	PyErr_Clear();
	return rc;
}

static bool is_group(PyObject *exception)
{
	PyObject *builtins = PyImport_ImportModule("builtins");
	PyObject *type = builtins != NULL ? attribute(builtins, "BaseExceptionGroup") : NULL;
	bool is = type != NULL && PyObject_IsInstance(exception, type) == 1;

	Py_XDECREF(builtins);
	Py_XDECREF(type);
	PyErr_Clear();
	return is;
}

/* All that is said of an exception before its frames. */
static int add_error(struct wsgi_trace *trace, const struct tools *tools, PyObject *exception,
		     enum wsgi_trace_relation relation)
{
	struct wsgi_buf type = {0}, message = {0};
	int rc = add_type(&type, exception);

	if (rc == 0)
		rc = add_message(&message, exception);
	if (rc == 0 && PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError))
		rc = add_syntax(&message, tools, exception);
	if (rc == 0)
		rc = add_lines(&message, exception, "__notes__", false);
	if (rc == 0 && is_group(exception))
		rc = add_lines(&message, exception, "exceptions", true);
	if (rc == 0)
		rc = ended(&type) && ended(&message)
			     ? wsgi_trace_add_error(trace, type.data, message.data, relation)
			     : -ENOMEM;
	wsgi_buf_finish(&type);
	wsgi_buf_finish(&message);
	return rc != 0 ? rc : add_frames(trace, tools, exception);
}

/* What led to an exception: new reference, or NULL. Source: traceback.TracebackException. */
static PyObject *earlier(PyObject *exception, enum wsgi_trace_relation *relation)
{
	PyObject *cause = PyException_GetCause(exception), *suppress;
	bool is_hidden;

	*relation = WSGI_TRACE_CAUSE;
	if (cause != NULL)
		return cause;
	suppress = attribute(exception, "__suppress_context__");
	is_hidden = suppress == Py_True;
	Py_XDECREF(suppress);
	*relation = WSGI_TRACE_CONTEXT;
	return is_hidden ? NULL : PyException_GetContext(exception);
}

struct link {
	PyObject *exception;
	enum wsgi_trace_relation relation; /* how it led to the one before it in the list */
};

static bool is_known(const struct link *links, size_t len, const PyObject *exception)
{
	for (size_t i = 0; i < len; i++)
		if (links[i].exception == exception)
			return true;
	return false;
}

/*
 * The exception and those that led to it, the latest first; new references. A chain may be a ring.
 *   is_cut   whether there were more
 */
static size_t chain_of(PyObject *exception, struct link links[CHAIN], bool *is_cut)
{
	enum wsgi_trace_relation relation = WSGI_TRACE_LAST;
	size_t len = 0;

	Py_INCREF(exception);
	while (exception != NULL && len < CHAIN && !is_known(links, len, exception)) {
		links[len++] = (struct link){exception, relation};
		exception = earlier(exception, &relation);
	}
	*is_cut = len == CHAIN && exception != NULL && !is_known(links, len, exception);
	Py_XDECREF(exception);
	return len;
}

/* -- all of it --------------------------------------------------------------------------------- */

static bool has_tools(struct tools *t)
{
	*t = (struct tools){
		.getlines = wsgi_py_import("linecache", "getlines"),
		.checkcache = wsgi_py_import("linecache", "checkcache"),
		.repr = wsgi_py_repr_create(),
		.format = wsgi_py_import("traceback", "format_exception_only"),
	};
	return t->getlines && t->checkcache && t->repr && t->format;
}

static void drop_tools(struct tools *t)
{
	Py_XDECREF(t->getlines);
	Py_XDECREF(t->checkcache);
	wsgi_py_repr_destroy(t->repr);
	Py_XDECREF(t->format);
}

/* "Python 3.11.2, /usr/bin/python3" */
static int set_runtime(struct wsgi_trace *trace)
{
	const char *version = Py_GetVersion();
	PyObject *path = PySys_GetObject("executable"); /* borrowed */
	struct wsgi_buf text = {0};
	int rc = wsgi_buf_addf(&text, "Python %.*s", (int)strcspn(version, " "), version);

	if (rc == 0 && path != NULL && PyUnicode_Check(path)) {
		rc = wsgi_buf_adds(&text, ", ");
		if (rc == 0)
			rc = add_str(&text, path, VALUE_CHARS);
	}
	if (rc == 0)
		rc = ended(&text) != NULL ? wsgi_trace_set_runtime(trace, text.data) : -ENOMEM;
	wsgi_buf_finish(&text);
	return rc;
}

int wsgi_py_trace(struct wsgi_trace *trace, PyObject *exception)
{
	struct link links[CHAIN];
	struct tools tools;
	bool is_cut;
	size_t len = chain_of(exception, links, &is_cut);
	int rc = has_tools(&tools) ? set_runtime(trace) : -ENOMEM;

	if (rc == 0 && is_cut)
		rc = wsgi_trace_add_error(trace, "(older ones)", "are left out",
					  WSGI_TRACE_CONTEXT);
	for (size_t i = len; i > 0; i--) {
		if (rc == 0)
			rc = add_error(trace, &tools, links[i - 1].exception,
				       links[i - 1].relation);
		Py_DECREF(links[i - 1].exception);
	}
	drop_tools(&tools);
	PyErr_Clear();
	return rc;
}
