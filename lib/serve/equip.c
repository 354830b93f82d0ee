#include "serve/equip.h"

#include <sys/random.h>
#include <unistd.h>

/* --max-requests and its jitter, so that workers that began together do not end so. */
static uint64_t draw_max_requests(const struct wsgi_options *o)
{
	uint64_t chance = 0;

	if (o->max_requests == 0 || o->max_requests_jitter == 0)
		return o->max_requests;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	return o->max_requests + chance % ((uint64_t)o->max_requests_jitter + 1);
}

static int allow_peers(struct wsgi_equip *e, struct wsgi_fastcgi_worker *w,
		       const struct wsgi_options *o, struct wsgi_error *err)
{
	int rc = wsgi_allow_add_environment(&e->allow, err);

	for (size_t i = 0; rc == 0 && i < o->allowed_clients_len; i++)
		rc = wsgi_allow_add(&e->allow, o->allowed_clients[i], err);
	if (e->allow.len > 0)
		w->allow = &e->allow;
	return rc;
}

/* --status-path and --ping-path are of all workers: they need the board. */
static void answer_for_all(struct wsgi_equip *e, struct wsgi_fastcgi_worker *w,
			   const struct wsgi_options *o)
{
	if (w->board.head == NULL || (o->status_path == NULL && o->ping_path == NULL))
		return;
	wsgi_status_init(&e->status, &w->board);
	w->status = &e->status;
	w->status_path = o->status_path;
	w->ping_path = o->ping_path;
}

/* The words on the board are for the status page, and for the log, of what takes too long. */
static bool is_board_read(const struct wsgi_options *o)
{
	return o->status_path != NULL || o->status_socket != NULL || o->timeout_ms > 0 ||
	       o->slow_ms > 0;
}

int wsgi_equip(struct wsgi_equip *e, struct wsgi_fastcgi_worker *w, const struct wsgi_options *o,
	       int access, struct wsgi_error *err)
{
	int rc = allow_peers(e, w, o, err);

	w->threads = o->threads;
	w->script_name = o->script_name;
	w->iis = o->iis;
	w->max_requests = draw_max_requests(o);
	w->max_memory_bytes = o->max_memory_bytes;
	w->board_is_read = is_board_read(o);
	answer_for_all(e, w, o);
	if (rc == 0 && access >= 0)
		rc = wsgi_access_log_create(&e->access, o->access_logformat, access, err);
	w->access = e->access;
	return rc;
}

void wsgi_equip_finish(struct wsgi_equip *e)
{
	wsgi_access_log_destroy(e->access);
	wsgi_allow_finish(&e->allow);
}
