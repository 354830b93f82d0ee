#include "fcgi/handover.h"

enum {
	SAMPLE_EVERY = 16,
	MEAN_OF = 16,
	WAKE_NS = 50000,        /* what takes less is over before another thread has begun */
	MOST_NS = 8 * WAKE_NS,  /* that a request counts for */
	CALM_NS = WAKE_NS / 2,  /* the way back: not at each small change */
	PATIENCE_NS = 50000000, /* from an attempt that failed to the next */
	PATIENCE_MAX_NS = 1600000000,
	LONG_NS = 1000000, /* a request that took so long: look at the next one */
};

void wsgi_handover_init(struct wsgi_handover *h, bool exclusive)
{
	*h = (struct wsgi_handover){.exclusive = exclusive, .next_patience_ns = PATIENCE_NS};
}

static void become_eager(struct wsgi_handover *h, int64_t now_ns)
{
	if (h->eager)
		return;
	if (now_ns - h->lazy_since_ns > PATIENCE_MAX_NS)
		h->next_patience_ns = PATIENCE_NS; /* being lazy was right for long */
	h->eager = true;
	h->lazy_again_ns = now_ns + h->next_patience_ns;
	if (h->next_patience_ns < PATIENCE_MAX_NS)
		h->next_patience_ns *= 2;
}

/* Under load, threads that wait for their lock look like such that wait for something else: the
 * only way to know is to try. */
static void try_to_be_lazy(struct wsgi_handover *h, int64_t now_ns)
{
	h->eager = false;
	h->sample_next = true;
	h->lazy_since_ns = now_ns;
}

bool wsgi_handover_is_eager(struct wsgi_handover *h, int64_t now_ns)
{
	if (h->exclusive && h->eager && now_ns >= h->lazy_again_ns)
		try_to_be_lazy(h, now_ns);
	return h->eager;
}

bool wsgi_handover_wants_sample(const struct wsgi_handover *h)
{
	return h->exclusive && !h->eager &&
	       (h->sample_next || (h->mean_ns > WAKE_NS && h->unsampled >= SAMPLE_EVERY - 1));
}

static void note_idle(struct wsgi_handover *h, int64_t now_ns, int64_t took_ns, int64_t idle_ns)
{
	if (idle_ns < 0) {
		h->unsampled++;
		h->sample_next |= took_ns >= LONG_NS;
		return;
	}
	h->unsampled = 0;
	h->sample_next = false;
	if (idle_ns > WAKE_NS && idle_ns > took_ns / 4)
		become_eager(h, now_ns);
}

void wsgi_handover_note(struct wsgi_handover *h, int64_t now_ns, int64_t took_ns, int64_t idle_ns)
{
	/* One that had no processor for a while says nothing of the others. */
	h->mean_ns += ((took_ns < MOST_NS ? took_ns : MOST_NS) - h->mean_ns) / MEAN_OF;
	if (h->exclusive)
		note_idle(h, now_ns, took_ns, idle_ns);
	else if (h->mean_ns > WAKE_NS)
		become_eager(h, now_ns);
	else if (h->mean_ns < CALM_NS)
		h->eager = false;
}

void wsgi_handover_note_late(struct wsgi_handover *h, int64_t now_ns, bool busy)
{
	if (h->exclusive && busy)
		return;
	if (h->mean_ns < 2 * WAKE_NS)
		h->mean_ns = 2 * WAKE_NS;
	become_eager(h, now_ns);
}
