/* What is left of a text stands in it in order, and has nothing in common with a secret. */
#include "serve/secrets.h"

#include "../fuzz.h"

#define MARK "(hidden)"

/* The next piece of what came out; *out moves behind the mark after it. */
static struct wsgi_span piece(struct wsgi_span *out)
{
	const char *mark = memmem(out->data, out->len, MARK, strlen(MARK));
	struct wsgi_span found = {out->data, mark != NULL ? (size_t)(mark - out->data) : out->len};
	const size_t used = found.len + (mark != NULL ? strlen(MARK) : 0);

	*out = (struct wsgi_span){out->data + used, out->len - used};
	return found;
}

static void check_piece(struct wsgi_span found, struct wsgi_span secret)
{
	const size_t least = secret.len < 12 ? secret.len : 12;

	for (size_t i = 0; secret.len >= 4 && i + least <= found.len; i++)
		must(memmem(secret.data, secret.len, found.data + i, least) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct wsgi_secrets secrets;
	struct wsgi_environ env;
	struct wsgi_buf out = {0};
	char *secret = fuzz_text(&f, 60), *text = fuzz_text(&f, 200);
	const char *at = text;
	struct wsgi_span rest;

	wsgi_environ_init(&env);
	must(wsgi_environ_set(&env, fuzz_byte(&f) & 1 ? "HTTP_COOKIE" : "HTTP_AUTHORIZATION",
			      secret) == 0);
	must(wsgi_secrets_init(&secrets, &env) == 0);
	must(wsgi_secrets_hide(&secrets, &out, wsgi_span_of(text)) == 0);
	rest = (struct wsgi_span){out.data, out.len};
	while (rest.len > 0) {
		struct wsgi_span found = piece(&rest);

		check_piece(found, wsgi_span_of(secret));
		at = memmem(at, strlen(at), found.data, found.len);
		must(at != NULL);
		at += found.len;
	}
	wsgi_secrets_finish(&secrets);
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&out);
	free(secret);
	free(text);
	return 0;
}
