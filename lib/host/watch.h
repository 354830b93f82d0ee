#ifndef WSGI_HOST_WATCH_H
#define WSGI_HOST_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * watch - whether one of some files has changed.
 *
 * Shape    a set of names, each with how its file looked last: there or not, when it was written,
 *          how large it is, which inode. Folders are not looked at, so what appears beside a file,
 *          a __pycache__, is no change. Polling, and not inotify: it sees the same on network and
 *          container file systems, and a thousand files cost two milliseconds.
 * Owner    the caller owns the struct; it keeps its own copy of every name.
 * Time     is given by the caller, as is the look at a file; see wsgi_watch_init().
 */
struct wsgi_watch_stamp { /* zeroed: it is not there */
	int64_t mtime_ns;
	uint64_t bytes, inode;
	int64_t ctime_ns; /* another one alone, as by a chmod, is no change */
};

/* The time of day, that of mtime and ctime; the clock of file systems may lag by a tick. */
int64_t wsgi_watch_time_ns(void);

/* How a file looks now; relative names count from the working directory. */
struct wsgi_watch_stamp wsgi_watch_stamp_of(const char *file);

struct wsgi_watch {
	struct wsgi_watch_stamp (*look)(const char *file);
	struct wsgi_watch_file *files; /* len of them, by name; private, as all below */
	size_t len, cap;
	char *changed;             /* the first that did, while it has not settled; or NULL */
	int64_t first_ms, last_ms; /* when changes were seen */
	bool is_loading;
	int64_t loaded_ns; /* when that was over */
	char *ignored;     /* what take_ignored() is to return */
};

/*
 * An empty set.
 *   look   wsgi_watch_stamp_of()
 */
void wsgi_watch_init(struct wsgi_watch *w, struct wsgi_watch_stamp (*look)(const char *file));
void wsgi_watch_finish(struct wsgi_watch *w);

/*
 * Watch a file, whether it is there or not, from how it looks now on; for one that is watched
 * already, from how it looked.
 *   always   keep it whatever wsgi_watch_keep() is given
 * Returns 0 or -ENOMEM.
 */
int wsgi_watch_add(struct wsgi_watch *w, const char *file, bool always);

/*
 * wsgi_watch_add() of each name of a list, in which each has a NUL after it.
 *   since_ns   what is not watched already, and was changed at that time of day or later, counts as
 *              changed: it may have been read before that. 0: none does
 * Returns 0 or -ENOMEM.
 */
int wsgi_watch_add_list(struct wsgi_watch *w, const char *list, size_t len, bool always,
			int64_t since_ns);

/*
 * Watch only those of such a list, what is watched always, and, up to a hundred, what was there and
 * is gone: it may come back. Returns 0 or -ENOMEM.
 */
int wsgi_watch_keep(struct wsgi_watch *w, const char *list, size_t len, int64_t since_ns);

/*
 * Look at each file. Editors write in several steps, by a rename, or after a removal, and a
 * checkout writes many: a change counts once there was no further one for 100 ms, after a second
 * in any case.
 * Returns the name of the first that changed, the caller's to free; NULL: none, or not yet.
 */
char *wsgi_watch_poll(struct wsgi_watch *w, int64_t now_ms);

/*
 * The program whose files these are begins to load, and has loaded, or failed to. It may write one
 * itself each time, which is no reason to start it for ever: what has changed in each of three
 * loads in a row is ignored in those that follow, until one does without, or it changes between
 * them.
 *   at_ns   what was changed later than at that time of day, was so after the load
 */
void wsgi_watch_load_begins(struct wsgi_watch *w);
void wsgi_watch_load_ends(struct wsgi_watch *w, int64_t at_ns);

/* The name, the caller's to free, of a file that is ignored from now on; NULL: no further one. */
char *wsgi_watch_take_ignored(struct wsgi_watch *w);

/* After how many milliseconds the next poll is worth its while. */
int wsgi_watch_wait_ms(const struct wsgi_watch *w);

#endif
