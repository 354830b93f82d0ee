#ifndef WSGI_FCGI_RING_H
#define WSGI_FCGI_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/container.h"

/*
 * ring - lists through members of their elements: nothing is allocated, and an element leaves
 * without being searched for.
 *
 * Shape    a ring of members; one that stands alone is in no list, and a list that does is empty.
 */
struct wsgi_ring {
	struct wsgi_ring *prev, *next;
};

void wsgi_ring_init(struct wsgi_ring *r);

/* Of an element: it is in no list. Of a list: it has no elements. */
bool wsgi_ring_is_alone(const struct wsgi_ring *r);

/* Take an element out of the list that it is in, if it is in one. */
void wsgi_ring_remove(struct wsgi_ring *r);

/* Add an element, which is in no list, at the end of one. */
void wsgi_ring_append(struct wsgi_ring *list, struct wsgi_ring *r);

/* The struct of the first element; NULL when there is none. */
#define WSGI_RING_FIRST(list, type, member)                                                        \
	(wsgi_ring_is_alone(list) ? NULL : container_of((list)->next, type, member))

#endif
