#include "serve/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/contents.h"
#include "base/fdio.h"

#define FIRST_LINE "wsgi-fcgi-upgrade 1"

void wsgi_upgrade_init(struct wsgi_upgrade *u)
{
	*u = (struct wsgi_upgrade){.exchange = {-1, -1}, .board = -1, .zygote_line = -1};
}

void wsgi_upgrade_finish(struct wsgi_upgrade *u)
{
	for (size_t i = 0; i < u->n_listeners; i++) {
		free(u->listeners[i].spec);
		free(u->listeners[i].name);
		free(u->listeners[i].path);
	}
	free(u->listeners);
	free(u->workers);
	wsgi_upgrade_init(u);
}

int wsgi_upgrade_add_listener(struct wsgi_upgrade *u, int fd, const char *spec, const char *name,
			      const char *path)
{
	struct wsgi_upgrade_listener *more = realloc(u->listeners,
						     (u->n_listeners + 1) * sizeof(*more)),
				     *l;

	if (more == NULL)
		return -ENOMEM;
	u->listeners = more;
	l = &more[u->n_listeners++];
	*l = (struct wsgi_upgrade_listener){fd, strdup(spec), strdup(name), strdup(path)};
	return l->spec != NULL && l->name != NULL && l->path != NULL ? 0 : -ENOMEM;
}

int wsgi_upgrade_add_worker(struct wsgi_upgrade *u, uint32_t place, bool has_board,
			    const struct wsgi_pool_place *state)
{
	struct wsgi_upgrade_worker *more = realloc(u->workers, (u->n_workers + 1) * sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	u->workers = more;
	more[u->n_workers++] = (struct wsgi_upgrade_worker){place, has_board, *state};
	return 0;
}

/* -- text -------------------------------------------------------------------------------------- */

/* A string as one word: what would end it is "%20", and the empty one is "%". */
static int add_text(struct wsgi_buf *out, const char *text)
{
	int rc = wsgi_buf_adds(out, " ");

	if (rc == 0 && *text == '\0')
		rc = wsgi_buf_adds(out, "%");
	for (; rc == 0 && *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c == '%' || c == 0x7f)
			rc = wsgi_buf_addf(out, "%%%02x", c);
		else
			rc = wsgi_buf_add(out, text, 1);
	}
	return rc;
}

/* The string that a word is, in place. Returns 0 or -EINVAL. */
static int read_text(char *word)
{
	char *to = word;
	unsigned c;

	if (strcmp(word, "%") == 0)
		*word = '\0';
	for (; *word != '\0'; word++) {
		if (*word == '%') {
			if (sscanf(word + 1, "%2x", &c) != 1 || c == 0)
				return -EINVAL;
			*to++ = (char)c;
			word += 2;
		} else {
			*to++ = *word;
		}
	}
	*to = '\0';
	return 0;
}

/* -- writing ----------------------------------------------------------------------------------- */

static int add_listener_line(struct wsgi_buf *out, const struct wsgi_upgrade_listener *l)
{
	int rc = wsgi_buf_addf(out, "listener %d", l->fd);

	rc = rc == 0 ? add_text(out, l->spec) : rc;
	rc = rc == 0 ? add_text(out, l->name) : rc;
	rc = rc == 0 ? add_text(out, l->path) : rc;
	return rc == 0 ? wsgi_buf_adds(out, "\n") : rc;
}

static int add_worker_line(struct wsgi_buf *out, const struct wsgi_upgrade_worker *w)
{
	const struct wsgi_pool_place *s = &w->state;

	return wsgi_buf_addf(
		out,
		"worker %" PRIu32 " %d %d %ld %" PRIu32 " %" PRIu32 " %d %d %d %d %d %d %d %" PRId64
		" %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
		w->place, w->has_board, (int)s->stage, (long)s->pid, s->serial, s->generation,
		s->line, s->outgoing, s->proved, s->stopped, s->killed, s->ready, s->code,
		s->started_ms, s->serves_ms, s->told_ms, s->stuck_ms, s->slow_ms);
}

static int add_all(struct wsgi_buf *out, const struct wsgi_upgrade *u)
{
	int rc = wsgi_buf_addf(out,
			       FIRST_LINE "\nexchange %d %d\nboard %d\nzygote %ld %d "
					  "%d\ngeneration %" PRIu32 " %" PRIu32 "\nwant %d %u\n",
			       u->exchange[0], u->exchange[1], u->board, (long)u->zygote,
			       u->zygote_line, u->zygote_is_up, u->generation, u->serial, u->more,
			       u->want);

	for (size_t i = 0; rc == 0 && i < u->n_listeners; i++)
		rc = add_listener_line(out, &u->listeners[i]);
	for (size_t i = 0; rc == 0 && i < u->n_workers; i++)
		rc = add_worker_line(out, &u->workers[i]);
	return rc;
}

int wsgi_upgrade_write(const struct wsgi_upgrade *u)
{
	struct wsgi_buf out = {0};
	int fd = -ENOMEM, rc = add_all(&out, u);

	if (rc == 0) {
		fd = memfd_create("wsgi-fcgi upgrade", MFD_CLOEXEC);
		rc = fd < 0 ? -errno : wsgi_fd_write(fd, out.data, out.len);
	}
	if (rc == 0 && lseek(fd, 0, SEEK_SET) != 0)
		rc = -errno;
	if (rc != 0 && fd >= 0)
		close(fd);
	wsgi_buf_finish(&out);
	return rc == 0 ? fd : rc;
}

/* -- reading ----------------------------------------------------------------------------------- */

static int read_listener(struct wsgi_upgrade *u, char *values)
{
	char *words[4], *rest = values;

	for (int i = 0; i < 4; i++) {
		words[i] = strsep(&rest, " ");
		if (words[i] == NULL || read_text(words[i]) != 0)
			return -EINVAL;
	}
	return wsgi_upgrade_add_listener(u, atoi(words[0]), words[1], words[2], words[3]);
}

static int read_worker(struct wsgi_upgrade *u, const char *values)
{
	struct wsgi_pool_place s = {0};
	uint32_t place;
	int board, stage, outgoing, proved, stopped, killed, ready;
	long pid;

	if (sscanf(values,
		   "%" SCNu32 " %d %d %ld %" SCNu32 " %" SCNu32 " %d %d %d %d %d %d %d %" SCNd64
		   " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
		   &place, &board, &stage, &pid, &s.serial, &s.generation, &s.line, &outgoing,
		   &proved, &stopped, &killed, &ready, &s.code, &s.started_ms, &s.serves_ms,
		   &s.told_ms, &s.stuck_ms, &s.slow_ms) != 18 ||
	    stage <= WSGI_BOARD_FREE || stage > WSGI_BOARD_RETIRING)
		return -EINVAL;
	s.stage = (enum wsgi_board_stage)stage;
	s.pid = (pid_t)pid;
	s.outgoing = outgoing;
	s.proved = proved;
	s.stopped = stopped;
	s.killed = killed;
	s.ready = ready;
	return wsgi_upgrade_add_worker(u, place, board, &s);
}

static int read_line(struct wsgi_upgrade *u, char *line)
{
	char *values = line, *word = strsep(&values, " ");
	int up = 0, n = 1;
	long pid = 0;

	if (values == NULL)
		return -EINVAL;
	if (strcmp(word, "listener") == 0)
		return read_listener(u, values);
	if (strcmp(word, "worker") == 0)
		return read_worker(u, values);
	if (strcmp(word, "exchange") == 0)
		n = sscanf(values, "%d %d", &u->exchange[0], &u->exchange[1]) == 2;
	else if (strcmp(word, "board") == 0)
		n = sscanf(values, "%d", &u->board) == 1;
	else if (strcmp(word, "generation") == 0)
		n = sscanf(values, "%" SCNu32 " %" SCNu32, &u->generation, &u->serial) == 2;
	else if (strcmp(word, "want") == 0)
		n = sscanf(values, "%d %u", &u->more, &u->want) == 2;
	else if (strcmp(word, "zygote") == 0)
		n = sscanf(values, "%ld %d %d", &pid, &u->zygote_line, &up) == 3;
	if (pid != 0) {
		u->zygote = (pid_t)pid;
		u->zygote_is_up = up != 0;
	}
	return n == 1 ? 0 : -EINVAL;
}

int wsgi_upgrade_read(struct wsgi_upgrade *u, int fd, struct wsgi_error *err)
{
	struct wsgi_buf in = {0};
	char *rest, *line;
	int rc = wsgi_contents_read(fd, SIZE_MAX, &in);

	close(fd);
	rest = rc == 0 ? in.data : NULL;
	line = strsep(&rest, "\n");
	if (rc == 0 && strcmp(line, FIRST_LINE) != 0)
		rc = -EINVAL;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			rc = read_line(u, line);
	wsgi_buf_finish(&in);
	if (rc == 0)
		return 0;
	return wsgi_fail(err, rc, "what the program before this one left cannot be read: %s",
			 strerror(-rc));
}

/* -- descriptors ------------------------------------------------------------------------------- */

static void keep(int fd, bool to_keep)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, to_keep ? 0 : FD_CLOEXEC);
}

void wsgi_upgrade_keep(const struct wsgi_upgrade *u, bool to_keep)
{
	keep(u->exchange[0], to_keep);
	keep(u->exchange[1], to_keep);
	keep(u->board, to_keep);
	keep(u->zygote_line, to_keep);
	for (size_t i = 0; i < u->n_listeners; i++)
		keep(u->listeners[i].fd, to_keep);
	for (size_t i = 0; i < u->n_workers; i++)
		keep(u->workers[i].state.line, to_keep);
}
