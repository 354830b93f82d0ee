#include "http/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/token.h"
#include "wsgi/uri.h"

/* -- what must be refused ---------------------------------------------------------------------- */

static bool is_target(const char *target)
{
	for (const char *p = target; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 127)
			return false;
	return true;
}

/* The length of the scheme that a target in absolute form begins with, "://" with it; 0: none. */
static size_t scheme_of(const char *target)
{
	if (strncasecmp(target, "http://", 7) == 0)
		return 7;
	return strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
}

/* Origin form, absolute form with a host, or the asterisk form: RFC 9112, 3.2. */
static bool has_form(const char *method, const char *target)
{
	size_t scheme = scheme_of(target);

	if (scheme > 0)
		return strcspn(target + scheme, "/?") > 0;
	return target[0] == '/' || (strcmp(method, "OPTIONS") == 0 && strcmp(target, "*") == 0);
}

static size_t count(const struct wsgi_http_message *m, const char *name, struct wsgi_span *value)
{
	size_t n = 0;

	for (size_t i = 0; i < m->fields_len; i++) {
		if (!wsgi_span_is_nocase(m->fields[i].name, name))
			continue;
		*value = m->fields[i].value;
		n++;
	}
	return n;
}

static int refused(int status, const char **why, const char *words)
{
	*why = words;
	return status;
}

static int refused_line(const struct wsgi_http_message *m, const char **why)
{
	if (!wsgi_http_is_token(wsgi_span_of(m->method)))
		return refused(400, why, "its method is no token");
	if (!is_target(m->target))
		return refused(400, why, "there is a blank or a control character in its target");
	if (strcmp(m->method, "CONNECT") == 0)
		return refused(501, why, "CONNECT asks for a proxy");
	if (!has_form(m->method, m->target))
		return refused(400, why, "its target is neither a path nor a URL");
	return 0;
}

/* RFC 9110, 5.5: to some a bare CR, or a NUL, is the end of a line. */
static bool ends_line(struct wsgi_span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] == '\0' || value.data[i] == '\r' || value.data[i] == '\n')
			return true;
	return false;
}

static int refused_fields(const struct wsgi_http_message *m, const char **why)
{
	struct wsgi_span host;
	size_t hosts = count(m, "Host", &host);

	for (size_t i = 0; i < m->fields_len; i++) {
		if (!wsgi_http_is_token(m->fields[i].name))
			return refused(400, why, "the name of a header is no token");
		if (ends_line(m->fields[i].value))
			return refused(400, why, "there is a NUL or a line end in a header");
	}
	if (hosts > 1)
		return refused(400, why, "it has more than one header Host");
	if (hosts == 0 && strcmp(m->version, "HTTP/1.1") == 0)
		return refused(400, why, "it has no header Host");
	return 0;
}

static int refused_body(const struct wsgi_http_message *m, const char **why)
{
	struct wsgi_span coding, length;
	size_t codings = count(m, "Transfer-Encoding", &coding);
	size_t lengths = count(m, "Content-Length", &length);

	if (lengths > 1)
		return refused(400, why, "it has more than one Content-Length");
	if (codings > 1)
		return refused(400, why, "it has more than one Transfer-Encoding");
	if (lengths > 0 && codings > 0)
		return refused(400, why, "it has both a Content-Length and a Transfer-Encoding");
	if (codings > 0 && strcmp(m->version, "HTTP/1.0") == 0)
		return refused(400, why, "there is no Transfer-Encoding in HTTP/1.0");
	if (codings > 0 && !wsgi_span_is_nocase(coding, "chunked"))
		return refused(501, why, "its Transfer-Encoding is not chunked");
	return 0;
}

int wsgi_http_refusal(const struct wsgi_http_message *m, const char **why)
{
	int status = refused_line(m, why);

	if (status == 0)
		status = refused_fields(m, why);
	return status == 0 ? refused_body(m, why) : status;
}

/* -- whether the head is as it came ------------------------------------------------------------ */

/* A part of len bytes and the NUL that took its separator's place. */
static bool take(struct wsgi_span *head, const char *part, size_t len)
{
	if (head->data != part || head->len <= len || part[len] != '\0')
		return false;
	head->data += len + 1;
	head->len -= len + 1;
	return true;
}

static bool skip(struct wsgi_span *head, const char *one_of, size_t len)
{
	if (head->len == 0 || memchr(one_of, head->data[0], len) == NULL)
		return false;
	head->data++;
	head->len--;
	return true;
}

/* What is left of a line's end after the NUL for its first byte: blanks, a NUL for the newline. */
static void skip_line_end(struct wsgi_span *head)
{
	while (skip(head, " \t", 2))
		;
	if (!skip(head, "\0", 1)) {
		skip(head, "\r", 1);
		skip(head, "\n", 1);
	}
}

static bool take_field(struct wsgi_span *head, const struct wsgi_http_field *field)
{
	if (!take(head, field->name.data, field->name.len))
		return false;
	while (head->data != field->value.data && skip(head, " \t", 2))
		;
	if (!take(head, field->value.data, field->value.len))
		return false;
	skip_line_end(head);
	return true;
}

bool wsgi_http_is_as_it_came(const struct wsgi_http_message *m, const char *target, size_t len)
{
	struct wsgi_span head = {m->method, len};

	if (!take(&head, m->method, strlen(m->method)) || !take(&head, target, strlen(m->target)) ||
	    !take(&head, m->version, strlen(m->version)))
		return false;
	skip_line_end(&head);
	for (size_t i = 0; i < m->fields_len; i++)
		if (!take_field(&head, &m->fields[i]))
			return false;
	/* The blank line; nothing that somebody else could take for one more field. */
	skip(&head, "\0\r", 2);
	skip(&head, "\0\n", 2);
	return head.len == 0;
}

bool wsgi_http_expects_continue(const struct wsgi_http_message *m)
{
	struct wsgi_span value;

	return strcmp(m->version, "HTTP/1.0") != 0 && count(m, "Expect", &value) > 0 &&
	       wsgi_span_is_nocase(value, "100-continue");
}

/* -- the environ ------------------------------------------------------------------------------- */

static bool is_any(const struct sockaddr *addr)
{
	const struct sockaddr_in *in4 = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	if (addr->sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
	return addr->sa_family == AF_INET && in4->sin_addr.s_addr == htonl(INADDR_ANY);
}

static void name_server(const struct sockaddr *addr, bool https, char name[256], char port[8])
{
	const struct sockaddr_in *in4 = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;
	char text[INET6_ADDRSTRLEN] = "";

	strcpy(name, "localhost");
	strcpy(port, https ? "443" : "80"); /* PEP 3333: neither can be empty */
	if (addr->sa_family == AF_INET && inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text))) {
		snprintf(name, 256, "%s", text);
		snprintf(port, 8, "%u", (unsigned)ntohs(in4->sin_port));
	}
	if (addr->sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text))) {
		snprintf(name, 256, "[%s]", text);
		snprintf(port, 8, "%u", (unsigned)ntohs(in6->sin6_port));
	}
	if (is_any(addr) && (gethostname(name, 256) != 0 || name[0] == '\0'))
		strcpy(name, "localhost");
	name[255] = '\0';
}

int wsgi_http_setup_environ(struct wsgi_environ *base, const struct sockaddr *addr,
			    const char *software, bool https)
{
	char name[256], port[8];
	int rc;

	name_server(addr, https, name, port);
	rc = wsgi_environ_set(base, "SERVER_NAME", name);
	if (rc == 0)
		rc = wsgi_environ_set(base, "GATEWAY_INTERFACE", "CGI/1.1");
	if (rc == 0)
		rc = wsgi_environ_set(base, "SERVER_PORT", port);
	if (rc == 0)
		rc = wsgi_environ_set(base, "REMOTE_HOST", "");
	if (rc == 0)
		rc = wsgi_environ_set(base, "CONTENT_LENGTH", "");
	if (rc == 0)
		rc = wsgi_environ_set(base, "SCRIPT_NAME", "");
	if (rc == 0 && https)
		rc = wsgi_environ_set(base, "HTTPS", "on");
	return rc == 0 ? wsgi_environ_set(base, "SERVER_SOFTWARE", software) : rc;
}

/* The path and query of a target, which may be in absolute form (RFC 9112, 3.2.2). */
static const char *origin_form(const char *target)
{
	size_t scheme = scheme_of(target);

	if (scheme == 0)
		return target;
	target += scheme;
	target += strcspn(target, "/?");
	return *target == '/' ? target : target[0] == '?' ? target : "/";
}

static int set_path(struct wsgi_environ *env, const char *target)
{
	/* "*" is about the server, not about a path of it: RFC 3875, 4.1.5 has no word for it. */
	const char *path = strcmp(target, "*") == 0 ? "" : origin_form(target);
	size_t len = strcspn(path, "?");
	struct wsgi_buf decoded = {0};
	int rc;

	/* "//host/" would be another site in a redirect made of it: CPython gh-87389. */
	while (len > 1 && path[0] == '/' && path[1] == '/') {
		path++;
		len--;
	}
	rc = wsgi_percent_decode((struct wsgi_span){path, len}, &decoded);
	if (rc == 0)
		rc = wsgi_environ_set_span(env, wsgi_span_of("PATH_INFO"),
					   (struct wsgi_span){decoded.data, decoded.len});
	wsgi_buf_finish(&decoded);
	if (rc == 0)
		rc = wsgi_environ_set(env, "QUERY_STRING", path[len] == '?' ? path + len + 1 : "");
	return rc;
}

static int set_line(struct wsgi_environ *env, const struct wsgi_http_message *m)
{
	int rc = wsgi_environ_set(env, "SERVER_PROTOCOL", m->version);

	if (rc == 0)
		rc = wsgi_environ_set(env, "REQUEST_METHOD", m->method);
	if (rc == 0)
		rc = set_path(env, m->target);
	if (rc == 0)
		rc = wsgi_environ_set(env, "REQUEST_URI", m->target);
	if (rc == 0)
		rc = wsgi_environ_set(env, "REMOTE_ADDR", m->remote_addr);
	return rc;
}

static int set_body(struct wsgi_environ *env, const struct wsgi_http_message *m)
{
	struct wsgi_span type = wsgi_span_of("text/plain"); /* what get_content_type() says */
	struct wsgi_span length = {0};
	int rc;

	count(m, "Content-Type", &type);
	rc = wsgi_environ_set_span(env, wsgi_span_of("CONTENT_TYPE"), type);
	if (rc == 0 && count(m, "Content-Length", &length) > 0)
		rc = wsgi_environ_set_span(env, wsgi_span_of("CONTENT_LENGTH"), length);
	return rc;
}

/* "X-Name" to "HTTP_X_NAME". */
static int name_variable(struct wsgi_buf *name, struct wsgi_span field)
{
	int rc;

	name->len = 0;
	rc = wsgi_buf_adds(name, "HTTP_");
	if (rc == 0)
		rc = wsgi_buf_add(name, field.data, field.len);
	for (size_t i = 5; rc == 0 && i < name->len; i++) {
		if (name->data[i] == '-')
			name->data[i] = '_';
		else if (name->data[i] >= 'a' && name->data[i] <= 'z')
			name->data[i] -= 32;
	}
	/* Looked up as a string. */
	return rc == 0 ? wsgi_buf_add(name, "", 1) : rc;
}

/* RFC 9110, 5.5: blanks behind a value are none of it; those before it are gone already. */
static struct wsgi_span value_of(const struct wsgi_http_field *field)
{
	struct wsgi_span s = field->value;

	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int set_field(struct wsgi_environ *env, const struct wsgi_http_field *field,
		     struct wsgi_buf *name, struct wsgi_buf *joined)
{
	struct wsgi_span older, value = value_of(field);
	int rc = name_variable(name, field->name);

	if (rc != 0 || wsgi_environ_get(env, name->data + 5) != NULL)
		return rc; /* Content-Type, Content-Length and the like, as in wsgiref */
	if (!wsgi_environ_find(env, name->data, &older))
		return wsgi_environ_set_span(env, wsgi_span_of(name->data), value);
	joined->len = 0;
	rc = wsgi_buf_add(joined, older.data, older.len);
	if (rc == 0)
		rc = wsgi_buf_adds(joined, ",");
	if (rc == 0)
		rc = wsgi_buf_add(joined, value.data, value.len);
	if (rc == 0)
		rc = wsgi_environ_set_span(env, wsgi_span_of(name->data),
					   (struct wsgi_span){joined->data, joined->len});
	return rc;
}

int wsgi_http_get_environ(struct wsgi_environ *env, const struct wsgi_environ *base,
			  const struct wsgi_http_message *m)
{
	struct wsgi_buf name = {0}, joined = {0};
	int rc = wsgi_environ_update(env, base);

	if (rc == 0)
		rc = set_line(env, m);
	if (rc == 0)
		rc = set_body(env, m);
	for (size_t i = 0; rc == 0 && i < m->fields_len; i++)
		if (memchr(m->fields[i].name.data, '_', m->fields[i].name.len) == NULL)
			rc = set_field(env, &m->fields[i], &name, &joined);
	wsgi_buf_finish(&name);
	wsgi_buf_finish(&joined);
	return rc;
}
