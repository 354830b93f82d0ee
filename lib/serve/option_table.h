#ifndef WSGI_SERVE_OPTION_TABLE_H
#define WSGI_SERVE_OPTION_TABLE_H

#include "base/span.h"
#include "serve/options.h"

/*
 * option_table - which options there are, each with its kind, its commands and its words.
 *
 * Shape    a table in the order of the help, in which options of one group stand together.
 * Source   gunicorn's settings, for names that it has; PHP-FPM's, for the process manager.
 */
enum wsgi_option_kind {
	WSGI_OPTION_FLAG,        /* bool */
	WSGI_OPTION_TEXT,        /* const char *, the last one counts */
	WSGI_OPTION_LIST,        /* const char **, and its length: each one counts */
	WSGI_OPTION_ASSIGNMENTS, /* a LIST of NAME=VALUE */
	WSGI_OPTION_NUMBER,      /* unsigned, from 1 to WSGI_OPTION_MAX_NUMBER */
	WSGI_OPTION_COUNT,       /* unsigned, from 0 to WSGI_OPTION_MAX_COUNT */
	WSGI_OPTION_SECONDS,     /* int64_t, milliseconds: a decimal number of seconds */
	WSGI_OPTION_BYTES,       /* uint64_t: a number, with K, M or G behind it */
	WSGI_OPTION_MODE,        /* unsigned: octal, or WSGI_MODE_UNSET */
	WSGI_OPTION_CHOICE,      /* unsigned: which of the words that value lists, "one|two" */
};

enum {
	WSGI_OPTION_MAX_NUMBER = 1024,
	WSGI_OPTION_MAX_COUNT = 1000000000,
	WSGI_OPTION_MAX_SECONDS = 1000000,
};

enum wsgi_option_group {
	WSGI_OPTION_SOCKETS,
	WSGI_OPTION_PROCESSES,
	WSGI_OPTION_REQUESTS,
	WSGI_OPTION_APPLICATION,
	WSGI_OPTION_LOGS,
	WSGI_OPTION_ASKED, /* what is asked of this call alone: no such option is in a file */
};

struct wsgi_option {
	const char *name;
	char letter; /* 0: none */
	enum wsgi_option_kind kind;
	enum wsgi_option_group group;
	unsigned gateways; /* those that take it */
	bool inside;       /* it means something inside the interpreter too */
	size_t at, len_at; /* its members of struct wsgi_options */
	const char *value; /* what it wants, "/PATH": with that slash; NULL: nothing */
	const char *help;  /* NULL: it is not for users */
};

/* Number i; NULL: there are not so many. */
const struct wsgi_option *wsgi_option_at(size_t i);

/* Which number it has. */
size_t wsgi_option_number(const struct wsgi_option *option);

/* By its name, or by its letter where is_letter, among those of some gateways; or NULL. */
const struct wsgi_option *wsgi_option_find(struct wsgi_span name, bool is_letter,
					   unsigned gateways);

/* Every gateway that takes an option of that name. */
unsigned wsgi_option_takers(const char *name);

#endif
