#ifndef WSGI_ENVIRON_H
#define WSGI_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decls.h"
#include "base/span.h"

WSGI_BEGIN_DECLS

struct wsgi_input;
struct wsgi_errors;

/*
 * environ - the variables of one request.
 *
 * Shape    an ordered map from name to value; names are unique and compared byte by byte.
 *          A value is the request's raw bytes (PEP 3333 shows them to Python as latin-1), with a
 *          NUL after it that does not count. What PEP 3333 puts under "wsgi.*" keys are members.
 *          What a server or middleware written in C hands to an application written in C, a
 *          session or a database, is kept apart from the variables: objects.
 * Owner    the caller owns the struct. set() copies; borrow() does not; objects are borrowed.
 * Threads  one environ belongs to one request, so to one thread; nothing is locked.
 * Source   PEP 3333 "environ Variables".
 */
struct wsgi_environ {
	struct wsgi_var *vars; /* len of them; private */
	size_t len, cap;
	uint32_t *index; /* a hash table over vars; private */
	size_t index_cap;
	uint64_t seed;   /* of the hashes; private */
	bool has_copies; /* some of vars are to be freed; private */

	/* wsgi.*: set by the handler for the time of one call, borrowed by the application. */
	const char *url_scheme;     /* wsgi.url_scheme: "http" or "https" */
	struct wsgi_input *input;   /* wsgi.input */
	struct wsgi_errors *errors; /* wsgi.errors */
	bool multithread, multiprocess, run_once;
	bool input_terminated; /* wsgi.input_terminated: input ends by itself, without a length */
	bool file_wrapper;     /* wsgi.file_wrapper is offered */
	/*
	 * The variables are those of a process, so that only some of them hold a request's bytes:
	 * read_environ() shows the others to Python decoded as os.environ has them.
	 */
	bool from_process;
	struct wsgi_object *objects; /* what set_object() was given; private */
};

/* Make an empty environ. Allocates nothing, cannot fail. */
void wsgi_environ_init(struct wsgi_environ *env);

/* Free what it copied. NULL, a zeroed or already finished environ is fine. */
void wsgi_environ_finish(struct wsgi_environ *env);

/* Remove all variables, objects and wsgi.* members, keeping the memory for the next request. */
void wsgi_environ_clear(struct wsgi_environ *env);

/*
 * Set name to a copy of value, in place of any older value (its place in the order is kept).
 *   name   not empty, without '='
 * Returns 0; -EINVAL for a bad name; -ENOMEM. On failure env is as it was.
 */
int wsgi_environ_set(struct wsgi_environ *env, const char *name, const char *value);

/* The same for bytes: the name may be empty or hold any byte but is taken as it is. */
int wsgi_environ_set_span(struct wsgi_environ *env, struct wsgi_span name, struct wsgi_span value);

/*
 * Set a variable without copying it.
 *   text   name_len bytes, a '=', value_len bytes, a NUL; valid until env is cleared or finished
 * Returns 0 or -ENOMEM.
 */
int wsgi_environ_borrow(struct wsgi_environ *env, const char *text, size_t name_len,
			size_t value_len);

/* Set only if it is not there. Returns 0, -EINVAL, -ENOMEM. */
int wsgi_environ_setdefault(struct wsgi_environ *env, const char *name, const char *value);

/* Take name out, if it is there. */
void wsgi_environ_delete(struct wsgi_environ *env, const char *name);

/* The value of name, borrowed until env next changes; NULL when it is not set. */
const char *wsgi_environ_get(const struct wsgi_environ *env, const char *name);

/* The same with its length. Returns whether it is there. */
bool wsgi_environ_find(const struct wsgi_environ *env, const char *name, struct wsgi_span *value);

/* Whether a name is there, given as bytes. */
bool wsgi_environ_has(const struct wsgi_environ *env, struct wsgi_span name);

/* Variable i of len, in order; both spans borrowed until env next changes. */
void wsgi_environ_at(const struct wsgi_environ *env, size_t i, struct wsgi_span *name,
		     struct wsgi_span *value);

/*
 * Set name to an object, which is borrowed, in place of any older one. It is no variable: none of
 * the functions above sees it, nor does an application in Python.
 *   name     with a "." in it, after a name of one's own ("myapp.session"); not "wsgi.*"
 *   object   NULL takes it out
 * Returns 0; -EINVAL for a bad name; -ENOMEM. On failure env is as it was.
 */
int wsgi_environ_set_object(struct wsgi_environ *env, const char *name, void *object);

/* The object of that name; NULL when there is none. */
void *wsgi_environ_get_object(const struct wsgi_environ *env, const char *name);

/*
 * Set in env all variables and objects of from, borrowing their bytes: from must live unchanged
 * until env is cleared or finished. The wsgi.* members are left alone. Returns 0 or -ENOMEM.
 */
int wsgi_environ_update(struct wsgi_environ *env, const struct wsgi_environ *from);

/*
 * Make env, which is empty, the same as from with its wsgi.* members: the dict(environ) of a
 * middleware that passes on another environ than it got. The bytes are borrowed, as by update.
 * Returns 0 or -ENOMEM.
 */
int wsgi_environ_copy(struct wsgi_environ *env, const struct wsgi_environ *from);

WSGI_END_DECLS

#endif
