#ifndef WSGI_RULES_H
#define WSGI_RULES_H

#include <stddef.h>

#include "base/error.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/headers.h"

/*
 * rules - what PEP 3333 asks of both sides, and the words for it. For wsgi/validate.
 *
 * Shape    a rule is a line of the table in rules.c: who can break it, how, and where it stands.
 * Source   PEP 3333; wsgiref/validate.py; wsgi_validate(3) has the same table for its users.
 */
enum wsgi_rule {
	/* The server. */
	WSGI_RULE_ARGUMENTS,
	WSGI_RULE_CALLABLES,
	WSGI_RULE_REQUIRED,
	WSGI_RULE_HTTP_CONTENT,
	WSGI_RULE_QUERY_STRING,
	WSGI_RULE_URL_SCHEME,
	WSGI_RULE_ERRORS,
	WSGI_RULE_METHOD_UNKNOWN,
	WSGI_RULE_SCRIPT_NAME,
	WSGI_RULE_PATH_INFO,
	WSGI_RULE_CONTENT_LENGTH,
	WSGI_RULE_NO_PATH,
	WSGI_RULE_SCRIPT_NAME_ROOT,
	WSGI_RULE_EMPTY,
	WSGI_RULE_PROTOCOL,
	WSGI_RULE_READ_TOO_MUCH,
	WSGI_RULE_READ_ON,
	WSGI_RULE_START_RETURN,
	WSGI_RULE_EXC_ACCEPTED,
	WSGI_RULE_NEXT_AFTER_END,
	WSGI_RULE_NEXT_AFTER_CLOSE,
	WSGI_RULE_CLOSED_TWICE,
	WSGI_RULE_NEVER_CLOSED,
	/* The application: what it gives to start_response(). */
	WSGI_RULE_STATUS_STRING,
	WSGI_RULE_STATUS_CODE,
	WSGI_RULE_STATUS_RANGE,
	WSGI_RULE_HEADERS_LIST,
	WSGI_RULE_HEADER_PAIR,
	WSGI_RULE_HEADER_STATUS,
	WSGI_RULE_HEADER_COLON,
	WSGI_RULE_HEADER_NAME,
	WSGI_RULE_HEADER_NAME_END,
	WSGI_RULE_HEADER_VALUE,
	WSGI_RULE_TYPE_UNWANTED,
	WSGI_RULE_TYPE_MISSING,
	WSGI_RULE_EXC_INFO,
	WSGI_RULE_STATUS_CONTROL,
	WSGI_RULE_STATUS_FORM,
	WSGI_RULE_STATUS_SPACE,
	WSGI_RULE_STATUS_INTERIM,
	WSGI_RULE_HOP_BY_HOP,
	WSGI_RULE_LENGTH_FORM,
	WSGI_RULE_LENGTH_TWICE,
	WSGI_RULE_LENGTH_UNWANTED,
	/* The application: the rest. */
	WSGI_RULE_START_TWICE,
	WSGI_RULE_EXC_TRAPPED,
	WSGI_RULE_WRITE_EARLY,
	WSGI_RULE_WRITE_NULL,
	WSGI_RULE_WRITE_IN_BODY,
	WSGI_RULE_NO_BODY,
	WSGI_RULE_BODY_NEXT,
	WSGI_RULE_BODY_FILE,
	WSGI_RULE_RETURN,
	WSGI_RULE_CHUNK_NULL,
	WSGI_RULE_NOT_STARTED,
	WSGI_RULE_COUNT,
	WSGI_RULE_LENGTH_WRONG,
	WSGI_RULE_BODY_UNWANTED,
	WSGI_RULE_INPUT_READ,
	WSGI_RULE_INPUT_CLOSED,
	WSGI_RULE_ERRORS_NULL,
	WSGI_RULE_ERRORS_TEXT,
	WSGI_RULES
};

/*
 * Rule is broken.
 *   detail   what broke it; shown in quotes, cut where it is long; NULL: the rule says it all
 * Returns -EPROTO with the words in err.
 */
int wsgi_rule_break(enum wsgi_rule rule, const char *detail, struct wsgi_error *err);

/* Rule may be broken: a line on warnings, by one write. NULL, or without write: nobody hears. */
void wsgi_rule_warn(enum wsgi_rule rule, const char *detail, struct wsgi_errors *warnings);

/*
 * Check what a server gives; what an application gives to start_response(). Nothing may be taken
 * for granted: any pointer may be NULL. The rules of wsgiref.validate come first, in its order.
 * Return 0; -EPROTO with the first broken rule in err. Warnings have been written.
 */
int wsgi_rules_environ(const struct wsgi_environ *env, struct wsgi_errors *warnings,
		       struct wsgi_error *err);
int wsgi_rules_start(const char *status, const struct wsgi_header *headers, size_t n,
		     const struct wsgi_error *exc, struct wsgi_errors *warnings,
		     struct wsgi_error *err);

#endif
