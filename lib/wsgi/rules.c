#include "wsgi/rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsgi/hop.h"
#include "wsgi/input.h"
#include "wsgi/status.h"

#define PEP(section) "PEP 3333, " section
#define ENVIRON PEP("environ Variables")
#define STREAMS PEP("Input and Error Streams")
#define START PEP("The start_response() Callable")
#define WRITE PEP("The write() Callable")
#define LENGTH PEP("Handling the Content-Length Header")
#define ERROR PEP("Error Handling")
#define DETAILS PEP("Specification Details")
#define FILES PEP("Optional Platform-Specific File Handling")
#define VALIDATE "wsgiref.validate"

static const struct {
	const char *words, *source;
} rules[WSGI_RULES] = {
	[WSGI_RULE_ARGUMENTS] = {"an application is called with an environ, a start_response and a "
				 "place for its body",
				 DETAILS},
	[WSGI_RULE_CALLABLES] = {"start_response() and write() must be there", START},
	[WSGI_RULE_REQUIRED] = {"the environ must contain this variable", ENVIRON},
	[WSGI_RULE_HTTP_CONTENT] = {"CONTENT_TYPE and CONTENT_LENGTH have no HTTP_ in front",
				    ENVIRON},
	[WSGI_RULE_QUERY_STRING] =
		{"QUERY_STRING is not in the environ; Python's cgi module would use sys.argv",
		 VALIDATE},
	[WSGI_RULE_URL_SCHEME] = {"wsgi.url_scheme must be \"http\" or \"https\"", ENVIRON},
	[WSGI_RULE_ERRORS] = {"wsgi.errors must have a write()", STREAMS},
	[WSGI_RULE_METHOD_UNKNOWN] = {"unknown REQUEST_METHOD", VALIDATE},
	[WSGI_RULE_SCRIPT_NAME] = {"SCRIPT_NAME must be empty or begin with \"/\"", ENVIRON},
	[WSGI_RULE_PATH_INFO] = {"PATH_INFO must be empty or begin with \"/\"", ENVIRON},
	[WSGI_RULE_CONTENT_LENGTH] = {"CONTENT_LENGTH must be empty, absent or a number of bytes",
				      ENVIRON},
	[WSGI_RULE_NO_PATH] = {"one of SCRIPT_NAME and PATH_INFO is required", ENVIRON},
	[WSGI_RULE_SCRIPT_NAME_ROOT] =
		{"SCRIPT_NAME cannot be \"/\"; it should be empty, and PATH_INFO \"/\"", ENVIRON},
	[WSGI_RULE_EMPTY] = {"this variable can never be an empty string", ENVIRON},
	[WSGI_RULE_PROTOCOL] = {"SERVER_PROTOCOL is not in the environ", ENVIRON},
	[WSGI_RULE_READ_TOO_MUCH] = {"wsgi.input.read(size) gave more than size bytes", STREAMS},
	[WSGI_RULE_READ_ON] = {"wsgi.input should end at CONTENT_LENGTH bytes", STREAMS},
	[WSGI_RULE_START_RETURN] = {"start_response() and write() return 0 or a negative errno",
				    START},
	[WSGI_RULE_EXC_ACCEPTED] =
		{"start_response() with exc_info must raise it when the headers have been sent",
		 ERROR},
	[WSGI_RULE_NEXT_AFTER_END] = {"the body was asked for more after its end", DETAILS},
	[WSGI_RULE_NEXT_AFTER_CLOSE] = {"the body was used after its close()", DETAILS},
	[WSGI_RULE_CLOSED_TWICE] = {"close() of a body must be called once", DETAILS},
	[WSGI_RULE_NEVER_CLOSED] = {"close() of a body must be called, however the request ended",
				    DETAILS},
	[WSGI_RULE_STATUS_STRING] = {"the status must be a string", START},
	[WSGI_RULE_STATUS_CODE] = {"the status must begin with a code of three digits", START},
	[WSGI_RULE_STATUS_RANGE] = {"a status code is 100 or more", START},
	[WSGI_RULE_HEADERS_LIST] = {"the headers must be a list", START},
	[WSGI_RULE_HEADER_PAIR] = {"a header must be a name and a value, both strings", START},
	[WSGI_RULE_HEADER_STATUS] = {"the status is not given as a header", VALIDATE},
	[WSGI_RULE_HEADER_COLON] = {"a header name may not contain \":\" or a newline", START},
	[WSGI_RULE_HEADER_NAME] = {"a header name must be a valid HTTP field-name", START},
	[WSGI_RULE_HEADER_NAME_END] = {"a header name may not end in \"-\" or \"_\"", VALIDATE},
	[WSGI_RULE_HEADER_VALUE] = {"a header value must not include control characters", START},
	[WSGI_RULE_TYPE_UNWANTED] = {"a response 204 or 304 must not have a Content-Type",
				     VALIDATE},
	[WSGI_RULE_TYPE_MISSING] = {"there must be a Content-Type header", VALIDATE},
	[WSGI_RULE_EXC_INFO] = {"exc_info must say what went wrong: its code is a negative errno",
				START},
	[WSGI_RULE_STATUS_CONTROL] = {"the status must not contain control characters", START},
	[WSGI_RULE_STATUS_FORM] = {"the status must be of the form \"999 Message here\"", START},
	[WSGI_RULE_STATUS_SPACE] = {"a status is a code and a reason, separated by a single space, "
				    "with none around them",
				    START},
	[WSGI_RULE_STATUS_INTERIM] = {"a status 1xx is no answer yet, and the server's to send",
				      "RFC 9110, 15.2"},
	[WSGI_RULE_HOP_BY_HOP] = {"hop-by-hop headers are forbidden", PEP("Other HTTP Features")},
	[WSGI_RULE_LENGTH_FORM] = {"Content-Length must be a number of bytes", "RFC 9110, 8.6"},
	[WSGI_RULE_LENGTH_TWICE] = {"there is one Content-Length at most", "RFC 9110, 8.6"},
	[WSGI_RULE_LENGTH_UNWANTED] = {"a response 1xx or 204 has no Content-Length",
				       "RFC 9110, 8.6"},
	[WSGI_RULE_START_TWICE] = {"start_response() must not be called again without exc_info",
				   START},
	[WSGI_RULE_EXC_TRAPPED] =
		{"must not trap what start_response() raises when called with exc_info", ERROR},
	[WSGI_RULE_WRITE_EARLY] = {"write() before start_response()", START},
	[WSGI_RULE_WRITE_NULL] = {"what is given to write() must be bytes", WRITE},
	[WSGI_RULE_WRITE_IN_BODY] = {"must not invoke write() from within its return iterable",
				     WRITE},
	[WSGI_RULE_NO_BODY] = {"must return an iterable, even if it is an empty one", WRITE},
	[WSGI_RULE_BODY_NEXT] = {"the body must have a next()", DETAILS},
	[WSGI_RULE_BODY_FILE] = {"a body's file must be an open descriptor and an offset in it",
				 FILES},
	[WSGI_RULE_RETURN] = {"0 or a negative errno is returned, and 1 by next() alone", DETAILS},
	[WSGI_RULE_CHUNK_NULL] = {"the iterable must yield bytes", DETAILS},
	[WSGI_RULE_NOT_STARTED] =
		{"start_response() must be invoked before the iterable yields its first bytes",
		 DETAILS},
	[WSGI_RULE_COUNT] = {"count(), len() in Python, must be accurate", DETAILS},
	[WSGI_RULE_LENGTH_WRONG] = {"Content-Length is not that of the body", LENGTH},
	[WSGI_RULE_BODY_UNWANTED] = {"a response 1xx, 204 or 304 has no body; the server drops it",
				     "RFC 9110, 6.4.1"},
	[WSGI_RULE_INPUT_READ] =
		{"wsgi.input.read(size) is called with memory for one byte or more", STREAMS},
	[WSGI_RULE_INPUT_CLOSED] = {"wsgi.input must not be closed or changed", STREAMS},
	[WSGI_RULE_ERRORS_NULL] = {"what is written to wsgi.errors must be a string", STREAMS},
	[WSGI_RULE_ERRORS_TEXT] = {"what is written to wsgi.errors should be text in UTF-8",
				   STREAMS},
};

/* -- words ------------------------------------------------------------------------------------- */

enum { SHOWN = 48 }; /* characters of a detail, less than what is left of a wsgi_error */

/* Append one byte of a detail as a person can read it. Returns its length, 1 to 4. */
static int show_byte(unsigned char c, char out[8])
{
	const bool plain = c >= 0x20 && c < 0x7f && c != '\'' && c != '\\';

	return snprintf(out, 8, plain ? "%c" : c == '\'' || c == '\\' ? "\\%c" : "\\x%02x", c);
}

/* ": 'detail'", or nothing when there is none. */
static void show(const char *detail, char out[SHOWN + 16])
{
	size_t len = 0;
	char one[8];

	out[0] = '\0';
	if (detail == NULL)
		return;
	len = (size_t)sprintf(out, ": '");
	for (; *detail != '\0' && len < SHOWN; detail++) {
		const int n = show_byte((unsigned char)*detail, one);

		memcpy(out + len, one, (size_t)n);
		len += (size_t)n;
	}
	strcpy(out + len, *detail != '\0' ? "...'" : "'");
}

int wsgi_rule_break(enum wsgi_rule rule, const char *detail, struct wsgi_error *err)
{
	const char *party = rule < WSGI_RULE_STATUS_STRING ? "the server" : "the application";
	char shown[SHOWN + 16];

	show(detail, shown);
	return wsgi_fail(err, -EPROTO, "%s: %s%s (%s)", party, rules[rule].words, shown,
			 rules[rule].source);
}

void wsgi_rule_warn(enum wsgi_rule rule, const char *detail, struct wsgi_errors *warnings)
{
	struct wsgi_error err;
	char line[sizeof(err.text) + sizeof("validate: warning: \n")];
	int len;

	if (warnings == NULL || warnings->write == NULL)
		return;
	wsgi_rule_break(rule, detail, &err);
	len = snprintf(line, sizeof(line), "validate: warning: %s\n", err.text);
	warnings->write(warnings, line, (size_t)len);
}

/* -- the environ ------------------------------------------------------------------------------- */

/* Those that "can never be empty strings, and so are always required". */
static const char *const required[] = {"REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT"};
enum { REQUIRED = sizeof(required) / sizeof(required[0]) };

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static bool has(const struct wsgi_environ *env, const char *name)
{
	return wsgi_environ_get(env, name) != NULL;
}

/* The value of a variable; "" when it is not set. */
static const char *value_of(const struct wsgi_environ *env, const char *name)
{
	const char *value = wsgi_environ_get(env, name);

	return value != NULL ? value : "";
}

static int check_presence(const struct wsgi_environ *env, struct wsgi_errors *warnings,
			  struct wsgi_error *err)
{
	static const char *const http[] = {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"};

	for (size_t i = 0; i < REQUIRED; i++)
		if (!has(env, required[i]))
			return wsgi_rule_break(WSGI_RULE_REQUIRED, required[i], err);
	if (env->input == NULL)
		return wsgi_rule_break(WSGI_RULE_REQUIRED, "wsgi.input", err);
	if (env->errors == NULL)
		return wsgi_rule_break(WSGI_RULE_REQUIRED, "wsgi.errors", err);
	for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++)
		if (has(env, http[i]))
			return wsgi_rule_break(WSGI_RULE_HTTP_CONTENT, http[i], err);
	if (!has(env, "QUERY_STRING"))
		wsgi_rule_warn(WSGI_RULE_QUERY_STRING, NULL, warnings);
	return 0;
}

static int check_members(const struct wsgi_environ *env, struct wsgi_error *err)
{
	static const char *const schemes[] = {"http", "https"};

	if (env->url_scheme == NULL || !is_one_of(env->url_scheme, schemes, 2))
		return wsgi_rule_break(WSGI_RULE_URL_SCHEME, env->url_scheme, err);
	if (env->errors->write == NULL)
		return wsgi_rule_break(WSGI_RULE_ERRORS, NULL, err);
	return 0;
}

static void check_method(const struct wsgi_environ *env, struct wsgi_errors *warnings)
{
	static const char *const methods[] = {"GET",   "HEAD", "POST",   "OPTIONS",
					      "PATCH", "PUT",  "DELETE", "TRACE"};
	const char *method = wsgi_environ_get(env, "REQUEST_METHOD");

	if (method[0] != '\0' && !is_one_of(method, methods, sizeof(methods) / sizeof(methods[0])))
		wsgi_rule_warn(WSGI_RULE_METHOD_UNKNOWN, method, warnings);
}

static int check_paths(const struct wsgi_environ *env, struct wsgi_error *err)
{
	const char *script = value_of(env, "SCRIPT_NAME"), *path = value_of(env, "PATH_INFO");
	const char *length = value_of(env, "CONTENT_LENGTH");
	uint64_t bytes;

	if (script[0] != '\0' && script[0] != '/')
		return wsgi_rule_break(WSGI_RULE_SCRIPT_NAME, script, err);
	if (path[0] != '\0' && path[0] != '/')
		return wsgi_rule_break(WSGI_RULE_PATH_INFO, path, err);
	if (wsgi_length_parse(length, &bytes) == WSGI_LENGTH_BAD)
		return wsgi_rule_break(WSGI_RULE_CONTENT_LENGTH, length, err);
	if (script[0] == '\0' && !has(env, "PATH_INFO"))
		return wsgi_rule_break(WSGI_RULE_NO_PATH, NULL, err);
	if (strcmp(script, "/") == 0)
		return wsgi_rule_break(WSGI_RULE_SCRIPT_NAME_ROOT, NULL, err);
	return 0;
}

/*
 * What wsgiref.validate does not look at. An empty SERVER_NAME or SERVER_PORT is what nginx says by
 * default, or on a unix socket: no reason to serve nothing at all.
 */
static int check_more(const struct wsgi_environ *env, struct wsgi_errors *warnings,
		      struct wsgi_error *err)
{
	if (value_of(env, "REQUEST_METHOD")[0] == '\0')
		return wsgi_rule_break(WSGI_RULE_EMPTY, "REQUEST_METHOD", err);
	for (size_t i = 0; i < REQUIRED; i++)
		if (value_of(env, required[i])[0] == '\0')
			wsgi_rule_warn(WSGI_RULE_EMPTY, required[i], warnings);
	if (value_of(env, "SERVER_PROTOCOL")[0] == '\0')
		wsgi_rule_warn(WSGI_RULE_PROTOCOL, NULL, warnings);
	return 0;
}

int wsgi_rules_environ(const struct wsgi_environ *env, struct wsgi_errors *warnings,
		       struct wsgi_error *err)
{
	int rc = check_presence(env, warnings, err);

	if (rc == 0)
		rc = check_members(env, err);
	if (rc == 0) {
		check_method(env, warnings);
		rc = check_paths(env, err);
	}
	return rc == 0 ? check_more(env, warnings, err) : rc;
}

/* -- status and headers ------------------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* As str.split() sees latin-1. */
static bool is_blank(char c)
{
	const unsigned char u = (unsigned char)c;

	return u == ' ' || (u >= '\t' && u <= '\r') || (u >= 0x1c && u <= 0x1f) || u == 0x85 ||
	       u == 0xa0;
}

/* Sets *code to the number that a status begins with, blanks before it let pass for now. */
static int check_code(const char *status, int *code, struct wsgi_error *err)
{
	const char *at = status;

	if (status == NULL)
		return wsgi_rule_break(WSGI_RULE_STATUS_STRING, NULL, err);
	while (is_blank(*at))
		at++;
	for (int i = 0; i < 3; i++)
		if (!is_digit(at[i]))
			return wsgi_rule_break(WSGI_RULE_STATUS_CODE, status, err);
	if (at[3] != '\0' && !is_blank(at[3]))
		return wsgi_rule_break(WSGI_RULE_STATUS_CODE, status, err);
	*code = atoi(at);
	return *code >= 100 ? 0 : wsgi_rule_break(WSGI_RULE_STATUS_RANGE, status, err);
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Less than RFC 9110 allows, as wsgiref.validate has it: what has passed here is safe in CGI too.
 */
static bool is_name(const char *name)
{
	if (!is_letter(name[0]))
		return false;
	for (; *name != '\0'; name++)
		if (!is_letter(*name) && !is_digit(*name) && *name != '-' && *name != '_')
			return false;
	return true;
}

/* A tab is one too, in wsgiref.validate and in PEP 3333. */
static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static int check_header(const struct wsgi_header *h, struct wsgi_error *err)
{
	if (h->name == NULL || h->value == NULL)
		return wsgi_rule_break(WSGI_RULE_HEADER_PAIR, h->name, err);
	if (wsgi_span_is_nocase(wsgi_span_of(h->name), "status"))
		return wsgi_rule_break(WSGI_RULE_HEADER_STATUS, h->value, err);
	if (strpbrk(h->name, ":\n") != NULL)
		return wsgi_rule_break(WSGI_RULE_HEADER_COLON, h->name, err);
	if (!is_name(h->name))
		return wsgi_rule_break(WSGI_RULE_HEADER_NAME, h->name, err);
	if (strchr("-_", h->name[strlen(h->name) - 1]) != NULL)
		return wsgi_rule_break(WSGI_RULE_HEADER_NAME_END, h->name, err);
	if (has_control(h->value))
		return wsgi_rule_break(WSGI_RULE_HEADER_VALUE, h->value, err);
	return 0;
}

static bool is_named(const struct wsgi_header *h, const char *name)
{
	return wsgi_span_is_nocase(wsgi_span_of(h->name), name);
}

/* The next header of that name from *at on, which moves behind it; NULL: there is none. */
static const struct wsgi_header *find(const struct wsgi_header *headers, size_t n, size_t *at,
				      const char *name)
{
	while (*at < n)
		if (is_named(&headers[(*at)++], name))
			return &headers[*at - 1];
	return NULL;
}

static int check_type(int code, const struct wsgi_header *headers, size_t n, struct wsgi_error *err)
{
	const bool unwanted = code == 204 || code == 304;
	size_t at = 0;
	const struct wsgi_header *type = find(headers, n, &at, "Content-Type");

	if (type != NULL && unwanted)
		return wsgi_rule_break(WSGI_RULE_TYPE_UNWANTED, type->value, err);
	if (type == NULL && !unwanted)
		return wsgi_rule_break(WSGI_RULE_TYPE_MISSING, NULL, err);
	return 0;
}

/* What any server refuses. */
static int check_form(const char *status, struct wsgi_error *err)
{
	switch (wsgi_status_check(wsgi_span_of(status), NULL)) {
	case 0:
		return 0;
	case -EINVAL:
		return wsgi_rule_break(WSGI_RULE_STATUS_CONTROL, status, err);
	default:
		return wsgi_rule_break(WSGI_RULE_STATUS_FORM, status, err);
	}
}

static int check_length(const struct wsgi_header *headers, size_t n, struct wsgi_error *err)
{
	size_t at = 0;
	const struct wsgi_header *length = find(headers, n, &at, "Content-Length");

	if (length == NULL)
		return 0;
	if (length->value[0] == '\0' ||
	    strspn(length->value, "0123456789") != strlen(length->value))
		return wsgi_rule_break(WSGI_RULE_LENGTH_FORM, length->value, err);
	length = find(headers, n, &at, "Content-Length");
	return length == NULL ? 0 : wsgi_rule_break(WSGI_RULE_LENGTH_TWICE, length->value, err);
}

static int check_hops(const struct wsgi_header *headers, size_t n, struct wsgi_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (wsgi_is_hop_by_hop(wsgi_span_of(headers[i].name)))
			return wsgi_rule_break(WSGI_RULE_HOP_BY_HOP, headers[i].name, err);
	return 0;
}

/* What is questionable about a response that breaks no rule. */
static void warn_of_start(int code, const char *status, const struct wsgi_header *headers, size_t n,
			  struct wsgi_errors *warnings)
{
	const char *reason = status + 4; /* "200 " is without one */
	size_t at = 0;

	if (reason[0] != '\0' && (is_blank(reason[0]) || is_blank(reason[strlen(reason) - 1])))
		wsgi_rule_warn(WSGI_RULE_STATUS_SPACE, status, warnings);
	if (code < 200)
		wsgi_rule_warn(WSGI_RULE_STATUS_INTERIM, status, warnings);
	if ((code < 200 || code == 204) && find(headers, n, &at, "Content-Length") != NULL)
		wsgi_rule_warn(WSGI_RULE_LENGTH_UNWANTED, NULL, warnings);
}

/* check_status(), check_headers(), check_content_type(), check_exc_info(). Sets *code. */
static int check_as_wsgiref(const char *status, const struct wsgi_header *headers, size_t n,
			    const struct wsgi_error *exc, int *code, struct wsgi_error *err)
{
	int rc = check_code(status, code, err);

	if (rc == 0 && headers == NULL && n > 0)
		return wsgi_rule_break(WSGI_RULE_HEADERS_LIST, NULL, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_header(&headers[i], err);
	if (rc == 0)
		rc = check_type(*code, headers, n, err);
	if (rc == 0 && exc != NULL && exc->code >= 0)
		return wsgi_rule_break(WSGI_RULE_EXC_INFO, NULL, err);
	return rc;
}

int wsgi_rules_start(const char *status, const struct wsgi_header *headers, size_t n,
		     const struct wsgi_error *exc, struct wsgi_errors *warnings,
		     struct wsgi_error *err)
{
	int code = 0, rc = check_as_wsgiref(status, headers, n, exc, &code, err);

	if (rc == 0)
		rc = check_form(status, err);
	if (rc == 0)
		rc = check_hops(headers, n, err);
	if (rc == 0)
		rc = check_length(headers, n, err);
	if (rc == 0)
		warn_of_start(code, status, headers, n, warnings);
	return rc;
}
