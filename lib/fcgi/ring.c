#include "fcgi/ring.h"

void wsgi_ring_init(struct wsgi_ring *r)
{
	r->prev = r->next = r;
}

bool wsgi_ring_is_alone(const struct wsgi_ring *r)
{
	return r->next == r;
}

void wsgi_ring_remove(struct wsgi_ring *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	wsgi_ring_init(r);
}

void wsgi_ring_append(struct wsgi_ring *list, struct wsgi_ring *r)
{
	r->prev = list->prev;
	r->next = list;
	list->prev->next = r;
	list->prev = r;
}
