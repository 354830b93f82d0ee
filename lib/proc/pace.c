#include "proc/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_MS = 250, LONGEST_MS = 30000, FORGET_MS = 120000, SECOND_MS = 1000 };

int wsgi_pace_watch_crashes(struct wsgi_pace *p, unsigned threshold, int64_t interval_ms)
{
	int64_t *crashes = NULL;

	if (threshold > 0) {
		crashes = calloc(threshold, sizeof(*crashes));
		if (crashes == NULL)
			return -ENOMEM;
	}
	free(p->crashes);
	p->crashes = crashes;
	p->max_crashes = threshold;
	p->at = 0;
	p->interval_ms = interval_ms;
	return 0;
}

void wsgi_pace_finish(struct wsgi_pace *p)
{
	free(p->crashes);
	*p = (struct wsgi_pace){0};
}

unsigned wsgi_pace_allow(struct wsgi_pace *p, unsigned wanted, unsigned a_second, int64_t now_ms)
{
	unsigned left, allowed;

	if (wanted == 0 || now_ms < p->retry_ms)
		return 0;
	if (p->spawned == 0 || now_ms - p->second_ms >= SECOND_MS) {
		p->second_ms = now_ms;
		p->spawned = 0;
	}
	left = p->spawned < a_second ? a_second - p->spawned : 0;
	allowed = wanted < left ? wanted : left;
	p->is_full = wanted > left;
	if (p->failures > 0 && allowed > 1)
		allowed = 1; /* one finds out whether it works again */
	p->spawned += allowed;
	return allowed;
}

int64_t wsgi_pace_next_ms(const struct wsgi_pace *p)
{
	int64_t second = p->is_full ? p->second_ms + SECOND_MS : 0;

	return p->retry_ms > second ? p->retry_ms : second;
}

int64_t wsgi_pace_failed(struct wsgi_pace *p, int64_t now_ms)
{
	int64_t wait_ms = FIRST_MS;

	if (now_ms - p->retry_ms > FORGET_MS)
		p->failures = 0;
	for (unsigned i = 0; i < p->failures && wait_ms < LONGEST_MS; i++)
		wait_ms *= 2;
	if (wait_ms > LONGEST_MS)
		wait_ms = LONGEST_MS;
	p->failures++;
	p->retry_ms = now_ms + wait_ms;
	return wait_ms;
}

void wsgi_pace_proved(struct wsgi_pace *p)
{
	p->failures = 0;
	p->retry_ms = 0;
}

bool wsgi_pace_crashed(struct wsgi_pace *p, int64_t now_ms)
{
	int64_t oldest;

	if (p->max_crashes == 0)
		return false;
	p->crashes[p->at] = now_ms;
	p->at = (p->at + 1) % p->max_crashes;
	oldest = p->crashes[p->at]; /* 0: there have not been so many */
	if (oldest == 0 || now_ms - oldest > p->interval_ms)
		return false;
	memset(p->crashes, 0, p->max_crashes * sizeof(*p->crashes));
	return true;
}
