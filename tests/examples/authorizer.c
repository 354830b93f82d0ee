/*
 * An authorizer: a web server asks it who may have what, before anything else serves the request.
 *
 *	cc -shared -fPIC -o authorizer.so authorizer.c $(pkg-config --cflags --libs libwsgi)
 *	wsgi-fcgi --bind unix:/run/wsgi/authorizer.sock -e TOKENS=/etc/wsgi/tokens ./authorizer.so
 *
 * TOKENS names a file, in each line a token and whose it is: "5f2b... joe". A request with
 * "Authorization: Bearer 5f2b..." is let in, and whatever serves it finds joe in REMOTE_USER.
 * wsgi-frontends(7) has the web servers' side.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wsgi.h>

enum { LINE_MAX_BYTES = 1024 };

/* Which byte is wrong must not be told by the time it takes. */
static int same(const char *known, const char *token)
{
	const size_t len = strlen(known);
	unsigned char differ = 0;

	if (strlen(token) != len)
		return 0;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(known[i] ^ token[i]);
	return differ == 0;
}

/* Whose token it is, into user, or "". Returns 0; -errno when nobody can tell. */
static int find_user(const char *token, char user[LINE_MAX_BYTES])
{
	const char *path = getenv("TOKENS");
	FILE *tokens = path != NULL ? fopen(path, "r") : NULL;
	char line[LINE_MAX_BYTES];

	user[0] = '\0';
	if (tokens == NULL)
		return path != NULL ? -errno : -ENOENT;
	while (fgets(line, sizeof(line), tokens) != NULL) {
		char *known = strtok(line, " \r\n"), *whose = strtok(NULL, "\r\n");

		if (known != NULL && whose != NULL && same(known, token))
			strcpy(user, whose);
	}
	fclose(tokens);
	return 0;
}

static int answer(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		  struct wsgi_body **body)
{
	static const struct wsgi_header denied[] = {
		{"Content-Type", "text/plain"},
		{"WWW-Authenticate", "Bearer realm=\"wsgi\""},
	};
	static const char words[] = "A token is needed.\n";
	const char *role = wsgi_environ_get(env, "FCGI_ROLE");
	const char *header = wsgi_environ_get(env, "HTTP_AUTHORIZATION");
	char user[LINE_MAX_BYTES] = "";
	int rc = 0;

	(void)app;
	if (role == NULL || strcmp(role, "AUTHORIZER") != 0) /* somebody can reach it as a page */
		return wsgi_reply(start, body, "404 Not Found", "text/plain",
				  "There is nothing here.\n");
	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		rc = find_user(header + 7, user);
	if (rc != 0) /* a 500: nobody is let in */
		return rc;
	if (user[0] == '\0')
		return wsgi_reply_bytes(start, body, "401 Unauthorized", denied, 2, words,
					strlen(words));
	return wsgi_reply_bytes(start, body, "200 OK",
				&(struct wsgi_header){"Variable-REMOTE_USER", user}, 1, "", 0);
}

struct wsgi_app application = {.call = answer};
