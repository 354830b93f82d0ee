#include "serve/status_openmetrics.h"

#include <inttypes.h>

#include "serve/visible.h"

#define PREFIX "wsgi_fcgi_"
#define POOL(member) offsetof(struct wsgi_status_facts, member)
#define ROW(member) offsetof(struct wsgi_status_row, member)

/* A counter's samples have "_total" behind its name; a unit is at the end of the name. */
struct metric {
	const char *name, *unit, *help; /* without the prefix; unit "": none */
	bool counter;
	size_t at; /* a uint64_t */
};

static const struct metric pool_metrics[] = {
	{"start_since_seconds", "seconds", "The time since the start.", false, POOL(start_since)},
	{"accepted_connections", "", "Requests served, by all workers there have been.", true,
	 POOL(accepted_conn)},
	{"listen_queue", "", "Connections that wait to be accepted.", false, POOL(listen_queue)},
	{"max_listen_queue", "", "The most that have waited at a time, since the start.", false,
	 POOL(max_listen_queue)},
	{"listen_queue_length", "", "How many may wait.", false, POOL(listen_queue_len)},
	{"idle_processes", "", "Workers without a request.", false, POOL(idle)},
	{"active_processes", "", "Workers with a request.", false, POOL(active)},
	{"total_processes", "", "Workers with and without.", false, POOL(total)},
	{"max_active_processes", "", "The most that were active at a time, since the start.", false,
	 POOL(max_active)},
	{"max_children_reached", "", "How often more workers were wanted than there may be.", true,
	 POOL(max_children_reached)},
	{"slow_requests", "", "Requests that took longer than --slow.", true, POOL(slow_requests)},
	/* ours */
	{"threads", "", "Threads of a worker.", false, POOL(threads)},
	{"starting_processes", "", "Workers that load the application.", false, POOL(starting)},
	{"retiring_processes", "", "Workers that end with the requests they have.", false,
	 POOL(retiring)},
	{"open_connections", "", "Connections that are open.", false, POOL(connections)},
	{"front_end_connections", "", "Connections accepted, by all workers there have been.", true,
	 POOL(accepted_connections)},
	{"resident_memory_bytes", "bytes", "The sum of the workers' resident sets.", false,
	 POOL(memory_bytes)},
	{"generation", "", "The number of the workers' zygote.", false, POOL(generation)},
	{"reloads", "", "Reloads that came to serve.", true, POOL(reloads)},
	{"crashes", "", "Workers that ended by themselves.", true, POOL(crashes)},
	{"timeouts", "", "Workers ended because a request took longer than --timeout.", true,
	 POOL(timeouts)},
};

static const struct metric row_metrics[] = {
	{"worker_requests", "", "Requests that a worker's thread has served.", true, ROW(requests)},
	{"worker_connections", "", "Connections that a worker has open.", false, ROW(connections)},
	{"worker_resident_memory_bytes", "bytes", "A worker's resident set.", false,
	 ROW(memory_bytes)},
	{"worker_start_since_seconds", "seconds", "The time since a worker's start.", false,
	 ROW(start_since)},
};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t value_of(const struct metric *m, const void *of)
{
	return *(const uint64_t *)(const void *)((const char *)of + m->at);
}

static int add_head(struct wsgi_buf *out, const char *name, const char *type, const char *unit,
		    const char *help)
{
	int rc = wsgi_buf_addf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help,
			       name, type);

	if (rc == 0 && unit[0] != '\0')
		rc = wsgi_buf_addf(out, "# UNIT " PREFIX "%s %s\n", name, unit);
	return rc;
}

static int add_metric_head(struct wsgi_buf *out, const struct metric *m)
{
	return add_head(out, m->name, m->counter ? "counter" : "gauge", m->unit, m->help);
}

/* A label's value: of anybody's bytes it must be UTF-8, with three characters escaped. */
static int add_label(struct wsgi_buf *out, const char *text)
{
	struct wsgi_buf line = {0};
	int rc = wsgi_visible_line(&line, wsgi_span_of(text));

	for (size_t i = 0; rc == 0 && i < line.len; i++) {
		if (line.data[i] == '\\' || line.data[i] == '"')
			rc = wsgi_buf_adds(out, "\\");
		if (rc == 0)
			rc = wsgi_buf_add(out, &line.data[i], 1);
	}
	wsgi_buf_finish(&line);
	return rc;
}

static int add_about(struct wsgi_buf *out, const struct wsgi_status_facts *f)
{
	const char *why;
	int rc = add_head(out, "pool", "info", "", "The application, and how it is run.");

	if (rc == 0)
		rc = wsgi_buf_adds(out, PREFIX "pool_info{pool=\"");
	if (rc == 0)
		rc = add_label(out, f->pool);
	if (rc == 0)
		rc = wsgi_buf_adds(out, "\",process_manager=\"");
	if (rc == 0)
		rc = add_label(out, f->process_manager);
	if (rc == 0)
		rc = wsgi_buf_adds(out, "\"} 1\n");
	if (rc == 0)
		rc = add_head(out, "up", "gauge", "", "Whether requests can be sent here.");
	return rc == 0 ? wsgi_buf_addf(out, PREFIX "up %d\n", wsgi_status_facts_healthy(f, &why))
		       : rc;
}

static int add_row(struct wsgi_buf *out, const struct metric *m, const struct wsgi_status_row *row)
{
	int rc = wsgi_buf_addf(out, PREFIX "%s%s{worker=\"%" PRIu64 "\"", m->name,
			       m->counter ? "_total" : "", row->worker);

	/* The one that is a thread's; the others are of the whole worker. */
	if (rc == 0 && m->counter)
		rc = wsgi_buf_addf(out, ",thread=\"%" PRIu64 "\"", row->thread);
	return rc == 0 ? wsgi_buf_addf(out, "} %" PRIu64 "\n", value_of(m, row)) : rc;
}

static int add_rows(struct wsgi_buf *out, const struct metric *m, const struct wsgi_status_facts *f)
{
	struct wsgi_status_row row = {0};
	int rc = add_metric_head(out, m);

	while (rc == 0 && wsgi_status_row_next(f, &row))
		if (m->counter || row.first)
			rc = add_row(out, m, &row);
	return rc;
}

int wsgi_status_openmetrics(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full)
{
	int rc = add_about(out, f);

	for (size_t i = 0; rc == 0 && i < LEN(pool_metrics); i++) {
		const struct metric *m = &pool_metrics[i];

		rc = add_metric_head(out, m);
		if (rc == 0)
			rc = wsgi_buf_addf(out, PREFIX "%s%s %" PRIu64 "\n", m->name,
					   m->counter ? "_total" : "", value_of(m, f));
	}
	for (size_t i = 0; rc == 0 && full && i < LEN(row_metrics); i++)
		rc = add_rows(out, &row_metrics[i], f);
	return rc == 0 ? wsgi_buf_adds(out, "# EOF\n") : rc;
}
