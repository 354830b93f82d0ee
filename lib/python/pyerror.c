#include "python/pyerror.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "proc/forked.h"
#include "python/text.h"
#include "wsgi/app.h"

struct exception {
	PyObject *type, *value, *traceback; /* type NULL: none */
};

/* A request runs in one thread from its call to its log line, so its exception waits there. */
static _Thread_local struct exception put_by;

void wsgi_py_forget(void)
{
	Py_CLEAR(put_by.type);
	Py_CLEAR(put_by.value);
	Py_CLEAR(put_by.traceback);
}

PyObject *wsgi_py_pending(void)
{
	Py_XINCREF(put_by.value);
	return put_by.value;
}

/*
 * A child that the application forked has come back out of it by an exception, as sys.exit() is
 * one. It ends as any Python program does: there is no request for it to fail.
 */
static void end_of_child(void)
{
	PyErr_Print(); /* does not return from SystemExit */
	Py_Exit(1);
}

int wsgi_py_raised(void)
{
	PyObject *type, *value, *traceback;

	if (wsgi_forked())
		end_of_child();
	PyErr_Fetch(&type, &value, &traceback);
	PyErr_NormalizeException(&type, &value, &traceback);
	if (traceback != NULL && value != NULL)
		PyException_SetTraceback(value, traceback);
	wsgi_py_forget();
	put_by.type = type;
	put_by.value = value;
	put_by.traceback = traceback;
	return WSGI_RAISED;
}

void wsgi_py_handling_begin(struct wsgi_py_handling *handling)
{
	PyErr_GetExcInfo(&handling->type, &handling->value, &handling->traceback);
	Py_XINCREF(put_by.type);
	Py_XINCREF(put_by.value);
	Py_XINCREF(put_by.traceback);
	PyErr_SetExcInfo(put_by.type, put_by.value, put_by.traceback);
}

void wsgi_py_handling_end(struct wsgi_py_handling *handling)
{
	PyErr_SetExcInfo(handling->type, handling->value, handling->traceback);
}

/* Which exception BaseHandler would have raised where our C code failed. */
static PyObject *exception_for(int rc)
{
	switch (rc) {
	case -EPROTO:
		return PyExc_AssertionError;
	case -EINVAL:
		return PyExc_ValueError;
	case -ENODATA:
		return PyExc_AttributeError;
	case -ENOMEM:
		return PyExc_MemoryError;
	default:
		return NULL; /* an OSError */
	}
}

/*
 * The class of an OSError. By the number alone Python would choose it, but on Windows it has
 * Winsock's numbers in mind, where those of the C library mean the same.
 */
static PyObject *os_error_for(int rc)
{
	switch (rc) {
	case -EPIPE:
		return PyExc_BrokenPipeError;
	case -ECONNABORTED:
		return PyExc_ConnectionAbortedError;
	case -ECONNRESET:
		return PyExc_ConnectionResetError;
	case -ETIMEDOUT:
		return PyExc_TimeoutError;
	default:
		return PyExc_OSError; /* the number chooses */
	}
}

PyObject *wsgi_py_raise(int rc, const struct wsgi_error *error)
{
	PyObject *type = exception_for(rc), *args;
	const char *text = error != NULL && error->text[0] ? error->text : strerror(-rc);

	if (type != NULL) {
		PyErr_SetString(type, text);
		return NULL;
	}
	args = Py_BuildValue("(is)", -rc, text);
	if (args != NULL) {
		PyErr_SetObject(os_error_for(rc), args);
		Py_DECREF(args);
	}
	return NULL;
}

void wsgi_py_blame(const struct wsgi_error *error)
{
	if (put_by.type != NULL || error == NULL || error->code == 0 || error->code == WSGI_RAISED)
		return;
	wsgi_py_raise(error->code, error);
	wsgi_py_raised();
}

static int write_str(struct wsgi_errors *errors, PyObject *str)
{
	PyObject *bytes = PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace");
	int rc;

	if (bytes == NULL)
		return -1;
	rc = errors->write(errors, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes));
	Py_DECREF(bytes);
	return rc;
}

/* "".join(traceback.format_exception(type, value, tb, limit)), or NULL with an exception set. */
static PyObject *formatted(const struct exception *e, int limit)
{
	PyObject *format, *lines, *empty, *text = NULL, *none = Py_None;
	PyObject *tb = e->traceback ? e->traceback : none;

	format = wsgi_py_import("traceback", "format_exception");
	if (format == NULL)
		return NULL;
	if (limit >= 0)
		lines = PyObject_CallFunction(format, "OOOi", e->type, e->value, tb, limit);
	else
		lines = PyObject_CallFunctionObjArgs(format, e->type, e->value, tb, NULL);
	Py_DECREF(format);
	empty = PyUnicode_FromString("");
	if (lines != NULL && empty != NULL)
		text = PyUnicode_Join(empty, lines);
	Py_XDECREF(lines);
	Py_XDECREF(empty);
	return text;
}

static const char title[] = "Traceback (most recent call last):\n";

/* Whether an exception's part of a text has its title, or is a group's. */
static bool has_title(const char *part)
{
	return strncmp(part, title, sizeof(title) - 1) == 0 || strncmp(part, "  +", 3) == 0;
}

/* Where the next of the exceptions that a text tells of begins; NULL: there is none. */
static const char *next_part(const char *text)
{
	static const char *const links[] = {
		"\nThe above exception was the direct cause of the following exception:\n\n",
		"\nDuring handling of the above exception, another exception occurred:\n\n",
	};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		const char *at = strstr(text, links[i]);

		if (at != NULL && (first == NULL || at + strlen(links[i]) < first))
			first = at + strlen(links[i]);
	}
	return first;
}

/* Python gives no title to what was raised in C, without frames. Here each has one. */
static int add_titles(struct wsgi_buf *out, const char *text)
{
	int rc = 0;

	for (const char *next; rc == 0 && text != NULL; text = next) {
		next = next_part(text);
		if (!has_title(text))
			rc = wsgi_buf_adds(out, title);
		if (rc == 0)
			rc = wsgi_buf_add(out, text,
					  next != NULL ? (size_t)(next - text) : strlen(text));
	}
	return rc;
}

/* Returns 0; -1 when there was no memory for it. */
static int write_titled(struct wsgi_errors *errors, PyObject *str)
{
	PyObject *bytes = PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace");
	struct wsgi_buf text = {0};
	int rc = bytes != NULL ? add_titles(&text, PyBytes_AsString(bytes)) : -1;

	if (rc == 0)
		errors->write(errors, text.data, text.len);
	wsgi_buf_finish(&text);
	Py_XDECREF(bytes);
	return rc;
}

/* When even the traceback fails, such as without memory: the class alone. */
static void log_class(struct wsgi_errors *errors, const struct exception *e)
{
	PyObject *name;

	PyErr_Clear();
	name = PyObject_GetAttrString(e->type, "__name__");
	wsgi_errors_puts(errors, title);
	if (name == NULL || write_str(errors, name) != 0)
		wsgi_errors_puts(errors, "exception");
	wsgi_errors_puts(errors, ": its traceback cannot be printed\n");
	Py_XDECREF(name);
	PyErr_Clear();
}

void wsgi_py_log(struct wsgi_errors *errors, const struct wsgi_error *error, int limit)
{
	struct exception e;
	PyObject *text;

	if (error != NULL) {
		wsgi_py_raise(error->code, error);
		wsgi_py_raised();
	}
	e = put_by;
	put_by = (struct exception){0};
	if (e.type == NULL)
		return;
	text = formatted(&e, limit);
	if (text == NULL || write_titled(errors, text) != 0)
		log_class(errors, &e);
	Py_XDECREF(text);
	Py_XDECREF(e.type);
	Py_XDECREF(e.value);
	Py_XDECREF(e.traceback);
	PyErr_Clear();
}
