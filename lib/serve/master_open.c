/* What the master has open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "base/program.h"
#include "proc/title.h"
#include "serve/fcgi_rules.h"
#include "serve/master_parts.h"

/* -- words ------------------------------------------------------------------------------------- */

/* The command line, in memory of our own: the title takes the place of what it was read from. */
static int keep_words(struct wsgi_master *m, const struct wsgi_options *o)
{
	m->words = calloc((size_t)o->argc + 1, sizeof(*m->words));
	if (m->words == NULL)
		return -ENOMEM;
	for (int i = 0; i < o->argc; i++) {
		m->words[i] = strdup(o->argv[i]);
		if (m->words[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int keep_options(struct wsgi_master *m, struct wsgi_error *err)
{
	struct wsgi_options given = m->first;
	int rc;

	if (keep_words(m, &given) != 0) {
		m->first = (struct wsgi_options){.program = given.program};
		return wsgi_fail(err, -ENOMEM, "out of memory");
	}
	given.argv = m->words;
	rc = wsgi_options_again(&m->first, &given, err);
	return rc == 0 ? wsgi_fcgi_rules_apply(&m->first, err) : rc;
}

static void free_words(struct wsgi_master *m)
{
	for (char **word = m->words; word != NULL && *word != NULL; word++)
		free(*word);
	free(m->words);
	m->words = NULL;
}

static void set_title(const struct wsgi_master *m)
{
	union {
		const char *made[3];
		char *const wanted[3]; /* only read; the type of an argv is older than const */
	} words = {{m->first.program, "master", m->first.application}};

	wsgi_title_set(3, words.wanted);
}

/* -- sockets ----------------------------------------------------------------------------------- */

#define SYSTEMD "systemd" /* what a socket is opened by that was given to us */

/* The one that the program before this one had open by that, and has not been taken yet. */
static struct wsgi_upgrade_listener *find_left(struct wsgi_master *m, const char *spec)
{
	for (size_t i = 0; i < m->left.n_listeners; i++)
		if (m->left.listeners[i].fd >= 0 && strcmp(m->left.listeners[i].spec, spec) == 0)
			return &m->left.listeners[i];
	return NULL;
}

static int inherit(struct wsgi_listener *l, struct wsgi_upgrade_listener *left,
		   struct wsgi_error *err)
{
	int fd = left->fd;

	left->fd = -1;
	return wsgi_listener_inherit(l, fd, left->name, *left->path != '\0' ? left->path : NULL,
				     err);
}

/*
 *   spec   what a later program finds it by
 */
static int add_listener(struct wsgi_master *m, const char *spec, const char *address,
			const struct wsgi_listener_access *access, struct wsgi_error *err)
{
	struct wsgi_listener *l = &m->listeners[m->n_fds];
	struct wsgi_upgrade_listener *left = find_left(m, spec);
	int rc = left != NULL
			 ? inherit(l, left, err)
			 : wsgi_listener_open_for(l, address, (int)m->first.backlog, access, err);

	if (rc != 0)
		return rc;
	m->specs[m->n_fds] = spec;
	m->fds[m->n_fds++] = l->fd;
	return 0;
}

/* The socket of --status-socket, from the program before this one where it is that one's. */
static int open_status(struct wsgi_master *m, struct wsgi_error *err)
{
	const char *address = m->first.status_socket;
	struct wsgi_upgrade_listener *left;
	struct wsgi_listener l = {.fd = -1};
	char spec[WSGI_MASTER_STATUS_SPEC];
	int rc = 0;

	wsgi_master_status_spec(spec, address);
	left = find_left(m, spec);
	if (left != NULL)
		rc = inherit(&l, left, err);
	if (rc != 0)
		return rc;
	return wsgi_status_keeper_open(&m->status_keeper, address, &l, &m->priv, &m->log, err);
}

void wsgi_master_status_spec(char spec[WSGI_MASTER_STATUS_SPEC], const char *address)
{
	snprintf(spec, WSGI_MASTER_STATUS_SPEC, "status=%s", address != NULL ? address : "");
}

/* What nobody listens on any more. */
static void close_left(struct wsgi_master *m)
{
	for (size_t i = 0; i < m->left.n_listeners; i++) {
		struct wsgi_listener l;

		if (m->left.listeners[i].fd < 0)
			continue;
		if (inherit(&l, &m->left.listeners[i], NULL) == 0)
			wsgi_listener_finish(&l);
	}
}

/* Those of systemd: given to this program, or to the one before it. */
static int add_activated(struct wsgi_master *m, struct wsgi_error *err)
{
	int rc = 0;

	while (rc == 0 && find_left(m, SYSTEMD) != NULL)
		rc = add_listener(m, SYSTEMD, NULL, NULL, err);
	for (int i = 0; rc == 0 && i < m->activated; i++) {
		char address[20];

		snprintf(address, sizeof(address), "fd://%d", WSGI_ACTIVATION_FIRST + i);
		rc = add_listener(m, SYSTEMD, address, NULL, err);
	}
	return rc;
}

static int open_listeners(struct wsgi_master *m, struct wsgi_error *err)
{
	const struct wsgi_options *o = &m->first;
	struct wsgi_listener_access access;
	bool given;
	size_t most = o->bind_len + (size_t)m->activated + m->left.n_listeners;
	int rc = wsgi_listener_access_find(&access, o->listen_owner, o->listen_group,
					   o->listen_mode, err);

	m->listeners = calloc(most + 1, sizeof(*m->listeners));
	m->fds = calloc(most + 1, sizeof(*m->fds));
	m->specs = calloc(most + 1, sizeof(*m->specs));
	if (rc == 0 && (m->listeners == NULL || m->fds == NULL || m->specs == NULL))
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = add_activated(m, err);
	given = m->n_fds > 0;
	if (rc == 0 && given && o->bind_len > 0) /* as by gunicorn */
		wsgi_log(&m->log, WSGI_LOG_WARNING,
			 "--bind is not listened on: the sockets that systemd has given are");
	for (size_t i = 0; rc == 0 && !given && i < o->bind_len; i++)
		rc = add_listener(m, o->bind[i], o->bind[i], &access, err);
	close_left(m);
	if (rc == 0 && m->n_fds == 0)
		rc = wsgi_fail(err, -EINVAL,
			       "nothing to listen on: give --bind unix:PATH or --bind HOST:PORT, "
			       "or a listening socket on descriptor 0");
	return rc;
}

/* Whether nobody has it but this program. */
static bool is_ours(const char *spec)
{
	return strcmp(spec, SYSTEMD) != 0 && strncmp(spec, "fd://", 5) != 0;
}

void wsgi_master_close_listeners(struct wsgi_master *m)
{
	for (size_t i = 0; i < m->n_fds; i++) {
		if (is_ours(m->specs[i])) /* workers and zygotes have it open for a while */
			wsgi_listener_hush(&m->listeners[i]);
		wsgi_listener_close(&m->listeners[i]);
	}
	m->watched = 0;
}

/* -- all --------------------------------------------------------------------------------------- */

static int open_rest(struct wsgi_master *m, struct wsgi_error *err)
{
	int rc = wsgi_signals_open(&m->signals, m->first.upgrade != NULL, err);

	if (rc != 0)
		return rc;
	if (m->exchange[0] < 0)
		rc = wsgi_fdpass_pair(m->exchange);
	if (rc != 0)
		return wsgi_fail(err, rc, "no sockets between workers: %s", strerror(-rc));
	rc = wsgi_parked_init(&m->parked, m->exchange[0], m->exchange[1]);
	if (rc != 0)
		return wsgi_fail(err, rc, "no descriptors to spare: %s", strerror(-rc));
	/* Workers are the children of children; they are to be ours. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return wsgi_fail(err, -errno, "the children of workers cannot be ours: %s",
				 strerror(errno));
	if (m->first.pid != NULL)
		return wsgi_pidfile_write(&m->pidfile, m->first.pid, getpid(), err);
	return 0;
}

int wsgi_master_open(struct wsgi_master *m, struct wsgi_error *err)
{
	int rc = keep_options(m, err);

	if (rc == 0)
		rc = wsgi_priv_find(&m->priv, m->first.user, m->first.group, err);
	if (rc == 0)
		rc = wsgi_notify_open(&m->notify, err);
	if (rc == 0)
		rc = wsgi_activation_take(&m->activated, err);
	if (rc == 0 && m->first.upgrade != NULL)
		rc = wsgi_master_read_left(m, err);
	if (rc == 0)
		rc = open_status(m, err);
	if (rc == 0)
		rc = open_listeners(m, err);
	if (rc == 0)
		rc = open_rest(m, err);
	if (rc == 0 && m->first.upgrade != NULL)
		rc = wsgi_master_take_workers(m, err);
	if (rc == 0) /* the last of what can fail: until now words go to who started us */
		rc = wsgi_master_open_logs(m, err);
	m->program = wsgi_program_path();
	if (rc == 0) {
		wsgi_status_keeper_say(&m->status_keeper);
		set_title(m);
	}
	return rc;
}

static void free_generations(struct wsgi_master *m)
{
	wsgi_generation_destroy(m->current);
	wsgi_generation_destroy(m->candidate);
	while (m->old != NULL) {
		struct wsgi_generation *g = m->old;

		m->old = g->next;
		wsgi_generation_destroy(g);
	}
}

static void free_rest(struct wsgi_master *m)
{
	wsgi_pool_finish(&m->pool);
	free_generations(m);
	wsgi_pace_finish(&m->pace);
	wsgi_priv_finish(&m->priv);
	free(m->listeners);
	free(m->fds);
	free(m->specs);
	free(m->program);
	wsgi_upgrade_finish(&m->left);
	free(m->rows);
	free(m->actions);
	free(m->polled);
	free(m->parked.connections);
	wsgi_options_finish(&m->first);
	free_words(m);
}

void wsgi_master_close(struct wsgi_master *m)
{
	wsgi_status_keeper_close(&m->status_keeper);
	wsgi_parked_finish(&m->parked);
	for (size_t i = 0; i < m->n_fds; i++)
		wsgi_listener_finish(&m->listeners[i]);
	for (int i = 0; i < 2; i++)
		if (m->exchange[i] >= 0)
			close(m->exchange[i]);
	wsgi_pidfile_remove(&m->pidfile);
	wsgi_logs_finish(&m->logs);
	wsgi_notify_finish(&m->notify);
	free_rest(m);
	wsgi_signals_leave(&m->signals); /* the process ends: nothing is to cut that short */
}

void wsgi_master_forget(struct wsgi_master *m)
{
	for (size_t i = 0; i < m->n_fds; i++) {
		free(m->listeners[i].name);
		free(m->listeners[i].path); /* not removed: it is the master's */
	}
	/* The numbers are somebody else's by now; and how a zygote ends is told before its line. */
	for (uint32_t i = 0; i < m->pool.n; i++)
		m->pool.places[i].line = -1;
	m->born->line = -1;
	free(m->pidfile.path);
	m->logs.access = -1;
	wsgi_logs_finish(&m->logs);
	free_rest(m);
}
