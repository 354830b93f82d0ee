#include "host/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"

enum {
	IDLE_MS = 250,     /* between two looks */
	SETTLING_MS = 50,  /* and while something changes */
	QUIET_MS = 100,    /* without a further change: it is over */
	LONGEST_MS = 1000, /* for a file that never comes to rest, such as a log */
	MOST_GONE = 100,   /* that keep() keeps */
	MOST_LOADS = 3,    /* in a row, in which a change counts */
};

struct wsgi_watch_file {
	char *name;
	struct wsgi_watch_stamp stamp;
	bool always;
	bool was_there; /* at some time */
	bool listed;    /* while keep() goes through its list */
	unsigned loads; /* in a row that it has changed in, to the last one */
	bool in_load;   /* that one is the last that has begun */
};

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

int64_t wsgi_watch_time_ns(void)
{
	return wsgi_clock_ns(CLOCK_REALTIME);
}

struct wsgi_watch_stamp wsgi_watch_stamp_of(const char *file)
{
	struct stat st;

	if (stat(file, &st) != 0)
		return (struct wsgi_watch_stamp){0};
	return (struct wsgi_watch_stamp){
		.mtime_ns = nanoseconds(&st.st_mtim),
		.ctime_ns = nanoseconds(&st.st_ctim),
		.bytes = (uint64_t)st.st_size,
		.inode = st.st_ino,
	};
}

static bool is_same(const struct wsgi_watch_stamp *a, const struct wsgi_watch_stamp *b)
{
	return a->mtime_ns == b->mtime_ns && a->bytes == b->bytes && a->inode == b->inode;
}

static bool is_there(const struct wsgi_watch_stamp *stamp)
{
	return !is_same(stamp, &(struct wsgi_watch_stamp){0});
}

void wsgi_watch_init(struct wsgi_watch *w, struct wsgi_watch_stamp (*look)(const char *file))
{
	*w = (struct wsgi_watch){.look = look};
}

void wsgi_watch_finish(struct wsgi_watch *w)
{
	for (size_t i = 0; i < w->len; i++)
		free(w->files[i].name);
	free(w->files);
	free(w->changed);
	free(w->ignored);
	wsgi_watch_init(w, w->look);
}

/* -- the set ----------------------------------------------------------------------------------- */

/* Where a name is, or has its place; *found says which. */
static size_t place_of(const struct wsgi_watch *w, const char *name, bool *found)
{
	size_t from = 0, to = w->len;

	*found = false;
	while (from < to && !*found) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(name, w->files[middle].name);

		if (order > 0)
			from = middle + 1;
		else
			to = middle;
		*found = order == 0;
	}
	return to;
}

static int make_room(struct wsgi_watch *w)
{
	size_t cap = w->cap > 0 ? 2 * w->cap : 64;
	struct wsgi_watch_file *files;

	if (w->len < w->cap)
		return 0;
	files = realloc(w->files, cap * sizeof(*files));
	if (files == NULL)
		return -ENOMEM;
	w->files = files;
	w->cap = cap;
	return 0;
}

static void set_stamp(struct wsgi_watch_file *f, struct wsgi_watch_stamp stamp)
{
	f->stamp = stamp;
	f->was_there |= is_there(&stamp);
}

static int insert(struct wsgi_watch *w, size_t at, const char *name, int64_t since_ns)
{
	struct wsgi_watch_stamp stamp = w->look(name);
	char *copy = make_room(w) == 0 ? strdup(name) : NULL;

	if (copy == NULL)
		return -ENOMEM;
	memmove(&w->files[at + 1], &w->files[at], (w->len - at) * sizeof(w->files[0]));
	w->files[at] = (struct wsgi_watch_file){.name = copy};
	/* Otherwise it is as if it came only now. */
	if (since_ns == 0 || stamp.ctime_ns < since_ns)
		set_stamp(&w->files[at], stamp);
	w->len++;
	return 0;
}

static int add(struct wsgi_watch *w, const char *file, bool always, int64_t since_ns)
{
	bool found;
	size_t at = place_of(w, file, &found);

	if (!found && insert(w, at, file, since_ns) != 0)
		return -ENOMEM;
	w->files[at].always |= always;
	w->files[at].listed = true;
	return 0;
}

int wsgi_watch_add(struct wsgi_watch *w, const char *file, bool always)
{
	return add(w, file, always, 0);
}

int wsgi_watch_add_list(struct wsgi_watch *w, const char *list, size_t len, bool always,
			int64_t since_ns)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < len; at += strlen(list + at) + 1)
		rc = add(w, list + at, always, since_ns);
	return rc;
}

/* What is not there for a while, as in a checkout, is not listed then, and may come back. */
static bool is_gone(const struct wsgi_watch *w, const struct wsgi_watch_file *f)
{
	struct wsgi_watch_stamp now;

	if (!f->was_there)
		return false;
	now = w->look(f->name);
	return !is_there(&f->stamp) || !is_there(&now);
}

int wsgi_watch_keep(struct wsgi_watch *w, const char *list, size_t len, int64_t since_ns)
{
	size_t kept = 0, gone = 0;

	for (size_t i = 0; i < w->len; i++)
		w->files[i].listed = false;
	if (wsgi_watch_add_list(w, list, len, false, since_ns) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < w->len; i++) {
		struct wsgi_watch_file *f = &w->files[i];
		bool is_kept = f->listed || f->always;

		if (!is_kept && gone < MOST_GONE && is_gone(w, f)) {
			is_kept = true;
			gone++;
		}
		if (is_kept)
			w->files[kept++] = *f;
		else
			free(f->name);
	}
	w->len = kept;
	return 0;
}

/* -- changes ----------------------------------------------------------------------------------- */

static bool is_by_load(const struct wsgi_watch *w, const struct wsgi_watch_stamp *stamp)
{
	return w->is_loading || (is_there(stamp) && stamp->ctime_ns <= w->loaded_ns);
}

/* Whether the program seems to write it itself whenever it is loaded. */
static bool is_ignored(struct wsgi_watch *w, struct wsgi_watch_file *f,
		       const struct wsgi_watch_stamp *stamp)
{
	if (!is_by_load(w, stamp)) {
		f->loads = 0;
		return false;
	}
	if (!f->in_load)
		f->loads++;
	if (!f->in_load && f->loads == MOST_LOADS + 1 && w->ignored == NULL)
		w->ignored = strdup(f->name);
	f->in_load = true;
	return f->loads > MOST_LOADS;
}

static void note(struct wsgi_watch *w, struct wsgi_watch_file *f, struct wsgi_watch_stamp stamp,
		 int64_t now_ms)
{
	if (!is_ignored(w, f, &stamp)) {
		if (w->changed == NULL) {
			w->changed = strdup(f->name);
			if (w->changed == NULL)
				return; /* it is different the next time too */
			w->first_ms = now_ms;
		}
		w->last_ms = now_ms;
	}
	set_stamp(f, stamp);
}

char *wsgi_watch_poll(struct wsgi_watch *w, int64_t now_ms)
{
	char *changed = w->changed;

	for (size_t i = 0; i < w->len; i++) {
		struct wsgi_watch_stamp stamp = w->look(w->files[i].name);

		if (!is_same(&stamp, &w->files[i].stamp))
			note(w, &w->files[i], stamp, now_ms);
	}
	if (changed == NULL ||
	    (now_ms - w->last_ms < QUIET_MS && now_ms - w->first_ms < LONGEST_MS))
		return NULL;
	w->changed = NULL;
	return changed;
}

/* -- loads ------------------------------------------------------------------------------------- */

void wsgi_watch_load_begins(struct wsgi_watch *w)
{
	w->is_loading = true;
	for (size_t i = 0; i < w->len; i++) {
		struct wsgi_watch_file *f = &w->files[i];

		if (!f->in_load)
			f->loads = 0;
		f->in_load = false;
	}
}

void wsgi_watch_load_ends(struct wsgi_watch *w, int64_t at_ns)
{
	if (w->is_loading)
		w->loaded_ns = at_ns;
	w->is_loading = false;
}

char *wsgi_watch_take_ignored(struct wsgi_watch *w)
{
	char *ignored = w->ignored;

	w->ignored = NULL;
	return ignored;
}

int wsgi_watch_wait_ms(const struct wsgi_watch *w)
{
	return w->changed != NULL ? SETTLING_MS : IDLE_MS;
}
