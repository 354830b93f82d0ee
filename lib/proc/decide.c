#include "proc/decide.h"

enum {
	TICK_MS = 1000, /* PHP-FPM's: how often spare workers are counted */
	DUMP_MS = 500,  /* for the stacks to be written, before the worker is killed */
};

/* What the view comes to. */
struct count {
	unsigned starting, serving; /* that are not outgoing */
	unsigned idle;              /* of those that serve: with a thread to spare */
	unsigned outgoing;          /* that serve */
};

static void act(struct wsgi_pool_plan *plan, enum wsgi_pool_verb verb, uint32_t place)
{
	plan->actions[plan->len++] = (struct wsgi_pool_action){verb, place};
}

static void look_again(struct wsgi_pool_plan *plan, int64_t at_ms)
{
	if (at_ms < plan->next_ms)
		plan->next_ms = at_ms;
}

static unsigned busy_threads(const struct wsgi_pool_row *r)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < r->threads; i++)
		busy += r->began_ms[i] != 0;
	return busy;
}

/* Whether a worker has no thread to spare. One without rows on the board is not known to be busy.
 */
static bool is_full(const struct wsgi_pool_row *r)
{
	return r->threads > 0 && busy_threads(r) == r->threads;
}

static struct count count(const struct wsgi_pool_view *view)
{
	struct count c = {0};

	for (uint32_t i = 0; i < view->n; i++) {
		const struct wsgi_pool_row *r = &view->rows[i];

		if (r->stage == WSGI_BOARD_STARTING && !r->outgoing)
			c.starting++;
		if (r->stage != WSGI_BOARD_SERVING)
			continue;
		if (r->outgoing) {
			c.outgoing++;
			continue;
		}
		c.serving++;
		c.idle += !is_full(r);
	}
	return c;
}

/* -- requests that take long ------------------------------------------------------------------- */

/* How many requests are beyond a limit; and when the next one will be. */
static unsigned beyond(struct wsgi_pool_plan *plan, const struct wsgi_pool_row *r, int64_t limit_ms,
		       int64_t said_ms, int64_t now_ms)
{
	unsigned n = 0;

	look_again(plan, now_ms + limit_ms); /* for those that begin after this */
	for (unsigned i = 0; i < r->threads; i++) {
		if (r->began_ms[i] == 0 || r->began_ms[i] <= said_ms)
			continue;
		if (now_ms - r->began_ms[i] >= limit_ms)
			n++;
		else
			look_again(plan, r->began_ms[i] + limit_ms);
	}
	return n;
}

static void watch_requests(struct wsgi_pool_plan *plan, const struct wsgi_pool_row *r,
			   uint32_t place, const struct wsgi_pool_limits *l, int64_t now_ms)
{
	if (r->stuck_ms != 0)
		return;
	if (l->timeout_ms > 0 && beyond(plan, r, l->timeout_ms, 0, now_ms) > 0) {
		act(plan, WSGI_POOL_TIMEOUT, place);
		look_again(plan, now_ms); /* for another one in its stead */
	} else if (l->slow_ms > 0 && beyond(plan, r, l->slow_ms, r->slow_ms, now_ms) > 0) {
		act(plan, WSGI_POOL_SLOW, place);
	}
}

/* When a worker that is to end is killed. */
static int64_t deadline(struct wsgi_pool_plan *plan, const struct wsgi_pool_row *r,
			const struct wsgi_pool_limits *l, int64_t now_ms)
{
	int64_t at_ms = r->told_ms + l->graceful_ms;
	unsigned busy = busy_threads(r);

	/* There is no sense in waiting for a request that has had its time. */
	if (r->stuck_ms != 0 && busy > 0 && l->timeout_ms > 0 &&
	    beyond(plan, r, l->timeout_ms, 0, now_ms) == busy && r->stuck_ms + DUMP_MS < at_ms)
		at_ms = r->stuck_ms + DUMP_MS;
	return at_ms;
}

static void watch_end(struct wsgi_pool_plan *plan, const struct wsgi_pool_row *r, uint32_t place,
		      const struct wsgi_pool_limits *l, int64_t now_ms)
{
	int64_t at_ms;

	if (r->killed)
		return;
	at_ms = deadline(plan, r, l, now_ms);
	if (now_ms >= at_ms)
		act(plan, WSGI_POOL_KILL, place);
	else
		look_again(plan, at_ms);
}

static void watch_all(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		      const struct wsgi_pool_limits *l)
{
	for (uint32_t i = 0; i < view->n; i++) {
		const struct wsgi_pool_row *r = &view->rows[i];

		/* A load of what is out of date would be for nothing. */
		if (r->stage == WSGI_BOARD_STARTING && r->outgoing && !r->killed)
			act(plan, WSGI_POOL_KILL, i);
		if (r->stage == WSGI_BOARD_SERVING ||
		    (r->stage == WSGI_BOARD_RETIRING && !r->killed))
			watch_requests(plan, r, i, l, view->now_ms);
		if (r->stage == WSGI_BOARD_RETIRING)
			watch_end(plan, r, i, l, view->now_ms);
	}
}

/* -- how many there are to be ------------------------------------------------------------------ */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* By how many more to grow: twice as many as the last time. */
static unsigned step(struct wsgi_pace *pace, unsigned room, unsigned fastest)
{
	unsigned n = least(pace->rate, room);

	pace->rate = least(pace->rate * 2, fastest);
	return n;
}

/* PHP-FPM's fpm_pctl_perform_idle_server_maintenance(). */
static void count_spare(struct wsgi_pool_plan *plan, const struct count *c,
			const struct wsgi_pool_limits *l, struct wsgi_pace *pace)
{
	unsigned idle = c->idle + c->starting, active = c->serving + c->starting;

	if (idle > l->max_spare && active > 1) {
		pace->want = active - 1; /* one at a time */
		pace->rate = 1;
	} else if (idle >= l->min_spare) {
		pace->rate = 1;
	} else if (active >= l->max) {
		plan->at_max = true;
		pace->rate = 1;
	} else {
		unsigned more = least(l->min_spare - idle, l->max - active);

		pace->want = active + step(pace, more, l->spawn_rate);
	}
}

static void want_dynamic(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
			 const struct count *c, const struct wsgi_pool_limits *l,
			 struct wsgi_pace *pace)
{
	if (!pace->begun)
		pace->want = l->start;
	else if (view->now_ms >= pace->tick_ms && c->serving + c->starting >= pace->want)
		count_spare(plan, c, l, pace);
	if (view->now_ms >= pace->tick_ms)
		pace->tick_ms = view->now_ms + TICK_MS;
	if (pace->want == 0)
		pace->want = 1;
	look_again(plan, pace->tick_ms);
}

/* Workers that have had nothing to do for long are not wanted any more. */
static void drop_idle(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		      struct count *c, const struct wsgi_pool_limits *l, struct wsgi_pace *pace)
{
	for (uint32_t i = 0; i < view->n; i++) {
		const struct wsgi_pool_row *r = &view->rows[i];

		if (r->stage != WSGI_BOARD_SERVING || r->outgoing || busy_threads(r) > 0)
			continue;
		if (view->now_ms - r->idle_since_ms < l->idle_timeout_ms) {
			look_again(plan, r->idle_since_ms + l->idle_timeout_ms);
		} else {
			act(plan, WSGI_POOL_RETIRE, i);
			pace->want -= pace->want > 0;
			c->serving--;
			c->idle--;
		}
	}
}

static void want_ondemand(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
			  const struct count *c, const struct wsgi_pool_limits *l,
			  struct wsgi_pace *pace)
{
	unsigned active = c->serving + c->starting;

	if (!pace->begun)
		pace->want = active;
	else if (pace->failures > 0 && !view->waiting)
		pace->want = least(pace->want, active); /* not for nobody */
	if (c->idle > 0)
		pace->rate = 1;
	if (c->idle > 0 || c->starting > 0 || active < pace->want)
		; /* whoever waits is served soon */
	else if (!view->waiting)
		plan->watch = true;
	else if (active >= l->max)
		plan->at_max = true;
	else
		pace->want = active + step(pace, l->max - active, l->spawn_rate);
	if (c->serving > 0)
		look_again(plan, view->now_ms + TICK_MS); /* whether threads are busy */
}

static void set_want(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		     const struct count *c, const struct wsgi_pool_limits *l,
		     struct wsgi_pace *pace)
{
	if (pace->rate == 0)
		pace->rate = 1;
	if (l->mode == WSGI_POOL_STATIC)
		pace->want = l->max;
	else if (l->mode == WSGI_POOL_DYNAMIC)
		want_dynamic(plan, view, c, l, pace);
	else
		want_ondemand(plan, view, c, l, pace);
	pace->want = least(pace->want, l->max);
	pace->begun = true;
}

/* -- so many ----------------------------------------------------------------------------------- */

static void spawn(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		  const struct count *c, const struct wsgi_pool_limits *l, struct wsgi_pace *pace)
{
	unsigned active = c->serving + c->starting, missing, places = 0;

	if (active >= pace->want || !view->can_spawn)
		return;
	if (pace->failures > 0 && c->starting > 0)
		return; /* that one finds out */
	for (uint32_t i = 0; i < view->usable && i < view->n; i++)
		places += view->rows[i].stage == WSGI_BOARD_FREE;
	missing = least(pace->want - active, places);
	places = wsgi_pace_allow(pace, missing, l->spawn_rate, view->now_ms);
	if (places < missing)
		look_again(plan, wsgi_pace_next_ms(pace));
	for (uint32_t i = 0; i < view->usable && i < view->n && places > 0; i++) {
		if (view->rows[i].stage != WSGI_BOARD_FREE)
			continue;
		act(plan, WSGI_POOL_SPAWN, i);
		places--;
	}
}

static bool is_told(const struct wsgi_pool_plan *plan, uint32_t place)
{
	for (size_t i = 0; i < plan->len; i++)
		if (plan->actions[i].place == place && plan->actions[i].verb != WSGI_POOL_SLOW)
			return true;
	return false;
}

/* Who of those that serve can be spared best: the least busy, the longest idle. n: nobody. */
static uint32_t find_spare(const struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
			   bool outgoing)
{
	uint32_t found = view->n;

	for (uint32_t i = 0; i < view->n; i++) {
		const struct wsgi_pool_row *r = &view->rows[i], *best = &view->rows[found];
		unsigned busy = busy_threads(r);

		if (r->stage != WSGI_BOARD_SERVING || r->outgoing != outgoing || is_told(plan, i))
			continue;
		if (found == view->n || busy < busy_threads(best) ||
		    (busy == busy_threads(best) && r->idle_since_ms < best->idle_since_ms))
			found = i;
	}
	return found;
}

static void retire(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view, bool outgoing)
{
	uint32_t place = find_spare(plan, view, outgoing);

	if (place == view->n)
		return;
	act(plan, WSGI_POOL_RETIRE, place);
	look_again(plan, view->now_ms); /* one at a time */
}

static void retire_surplus(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
			   const struct count *c, const struct wsgi_pace *pace)
{
	/* Those that go, go first; but never before others serve in their stead. */
	if (c->outgoing > 0 && c->serving + c->outgoing > pace->want)
		retire(plan, view, true);
	else if (c->serving > pace->want)
		retire(plan, view, false);
}

/* -- the end of it all ------------------------------------------------------------------------- */

static void stop(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		 const struct wsgi_pool_limits *l)
{
	for (uint32_t i = 0; i < view->n; i++) {
		const struct wsgi_pool_row *r = &view->rows[i];

		if (r->stage == WSGI_BOARD_STARTING && !r->killed)
			act(plan, WSGI_POOL_KILL, i); /* it serves nobody */
		if (r->stage == WSGI_BOARD_SERVING ||
		    (r->stage == WSGI_BOARD_RETIRING && !r->stopped))
			act(plan, WSGI_POOL_STOP, i);
		if (r->stage == WSGI_BOARD_SERVING)
			look_again(plan, view->now_ms + l->graceful_ms);
		if (r->stage == WSGI_BOARD_RETIRING)
			watch_end(plan, r, i, l, view->now_ms);
	}
}

void wsgi_pool_decide(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		      const struct wsgi_pool_limits *limits, struct wsgi_pace *pace)
{
	struct count c = count(view);

	plan->len = 0;
	plan->next_ms = INT64_MAX;
	plan->watch = plan->at_max = false;
	plan->empty = false;
	if (view->stopping) {
		stop(plan, view, limits);
		return;
	}
	watch_all(plan, view, limits);
	if (limits->mode == WSGI_POOL_ONDEMAND)
		drop_idle(plan, view, &c, limits, pace);
	plan->empty = c.starting + c.serving + c.outgoing == 0;
	set_want(plan, view, &c, limits, pace);
	spawn(plan, view, &c, limits, pace);
	retire_surplus(plan, view, &c, pace);
}
