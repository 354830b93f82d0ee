/* The log files of the master: opened by it alone, and handed to whoever writes to them. */
#include "base/fdpass.h"
#include "base/log.h"
#include "proc/line.h"
#include "serve/master_parts.h"

int wsgi_master_open_logs(struct wsgi_master *m, struct wsgi_error *err)
{
	int rc = wsgi_logs_open(&m->logs, m->first.error_logfile, m->first.access_logfile, err);

	if (rc == 0)
		m->log = wsgi_options_log(&m->first);
	return rc;
}

/* Without waiting: one that does not listen must not hold us up. */
static void tell_zygote(const struct wsgi_master *m, const struct wsgi_generation *g,
			const int *fds, size_t n)
{
	const struct wsgi_line_message said = {.word = WSGI_LINE_LOGS};

	if (g != NULL && g->line >= 0 && wsgi_fd_send(g->line, &said, sizeof(said), fds, n) != 0)
		wsgi_log(&m->log, WSGI_LOG_WARNING, "zygote %ld writes to the old log files",
			 (long)g->zygote);
}

void wsgi_master_reopen_logs(struct wsgi_master *m)
{
	struct wsgi_error err;
	int fds[2], rc = wsgi_logs_reopen(&m->logs, &err);
	size_t n = wsgi_logs_fds(&m->logs, fds);

	if (rc != 0)
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s: the old one is written to", err.text);
	tell_zygote(m, m->current, fds, n);
	tell_zygote(m, m->candidate, fds, n);
	for (uint32_t i = 0; i < m->pool.n; i++)
		if (m->pool.places[i].line >= 0 &&
		    wsgi_pool_tell(&m->pool, i, WSGI_LINE_LOGS, fds, n) != 0)
			wsgi_log(&m->log, WSGI_LOG_WARNING,
				 "worker %ld writes to the old log files",
				 (long)m->pool.places[i].pid);
	wsgi_status_keeper_renew(&m->status_keeper);
	wsgi_log(&m->log, WSGI_LOG_INFO, "the log files were opened again");
}
