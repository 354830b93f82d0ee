/* fuzz_record - whatever a peer sends: record, session, pair and params take it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi/params.h"
#include "fcgi/session.h"

enum { LIMIT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wsgi_session session;
static struct wsgi_params params;
static struct wsgi_environ env;

/* Returns 0, or a negative errno at which a server would close the connection. */
static int on_event(int event, struct wsgi_span piece)
{
	FCGX_ParamArray envp;
	int rc = 0;

	switch (event) {
	case WSGI_SESSION_BEGIN:
	case WSGI_SESSION_INPUT_END:
		wsgi_environ_clear(&env);
		wsgi_params_clear(&params);
		if (event == WSGI_SESSION_INPUT_END)
			wsgi_session_end(&session);
		break;
	case WSGI_SESSION_PARAMS:
		rc = wsgi_params_add(&params, piece, LIMIT);
		break;
	case WSGI_SESSION_PARAMS_END:
		rc = wsgi_params_end(&params, &env, &envp);
		for (size_t i = 0; rc == 0 && envp[i] != NULL; i++)
			FCGX_GetParam("PATH_INFO", envp + i);
		break;
	case WSGI_SESSION_ABORT:
		wsgi_session_end(&session);
		break;
	default:
		break;
	}
	if (params.text.cap > 8 * LIMIT)
		abort(); /* memory was made for what had not come */
	return rc;
}

/* The first byte says in what portions the others come; each is copied, so that reading past it is
 * seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t part = size > 0 && data[0] > 0 ? data[0] : 65536;
	int event = 0;

	wsgi_session_init(&session, 1, 1);
	for (size_t at = 1; at < size && event >= 0; at += part) {
		size_t n = size - at < part ? size - at : part;
		char *copy = malloc(n);
		struct wsgi_span in = {copy, n}, piece = {0};

		for (size_t i = 0; i < n; i++)
			copy[i] = (char)data[at + i];
		while ((event = wsgi_session_next(&session, &in, &piece)) > 0) {
			int rc = on_event(event, piece);

			if (rc < 0) {
				event = rc;
				break;
			}
		}
		free(copy);
	}
	wsgi_environ_finish(&env);
	wsgi_params_finish(&params);
	return 0;
}
