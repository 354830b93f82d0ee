#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/decide.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { PLACES = 64, NOW = 1000000 };

static struct wsgi_pool_row rows[PLACES];
static int64_t began[PLACES][2];
static struct wsgi_pool_action actions[2 * PLACES];
static struct wsgi_pool_plan plan;
static struct wsgi_pace pace;
static struct wsgi_pool_limits limits;
static struct wsgi_pool_view view;

static void given(enum wsgi_pool_mode mode, unsigned max)
{
	memset(rows, 0, sizeof(rows));
	memset(began, 0, sizeof(began));
	wsgi_pace_finish(&pace);
	limits = (struct wsgi_pool_limits){
		.mode = mode,
		.max = max,
		.start = 2,
		.min_spare = 1,
		.max_spare = 3,
		.idle_timeout_ms = 10000,
		.graceful_ms = 30000,
		.spawn_rate = 32,
	};
	view = (struct wsgi_pool_view){.rows = rows, .now_ms = NOW, .can_spawn = true};
	plan = (struct wsgi_pool_plan){.actions = actions};
}

/*
 * A letter for each place: '.' free, 's' starting, 'i' idle, 'h' with one of two threads busy,
 * 'b' busy; 'S', 'I', 'B': the same, outgoing; 'r' retiring.
 */
static void given_place(uint32_t i, char letter)
{
	static const char letters[] = ".sihbSIBr";
	static const enum wsgi_board_stage stages[] = {
		WSGI_BOARD_FREE,    WSGI_BOARD_STARTING, WSGI_BOARD_SERVING,
		WSGI_BOARD_SERVING, WSGI_BOARD_SERVING,  WSGI_BOARD_STARTING,
		WSGI_BOARD_SERVING, WSGI_BOARD_SERVING,  WSGI_BOARD_RETIRING,
	};
	const char *at = strchr(letters, letter);

	ck_assert_ptr_nonnull(at);
	rows[i] = (struct wsgi_pool_row){
		.stage = stages[at - letters],
		.outgoing = strchr("SIB", letter) != NULL,
		.began_ms = began[i],
		.threads = 2,
		.idle_since_ms = NOW,
		.told_ms = NOW,
	};
	began[i][0] = strchr("hbB", letter) != NULL ? NOW - 10 : 0;
	began[i][1] = strchr("bB", letter) != NULL ? NOW - 10 : 0;
}

static void given_places(const char *letters)
{
	view.n = view.usable = (uint32_t)strlen(letters);
	for (uint32_t i = 0; i < view.n; i++)
		given_place(i, letters[i]);
}

/* What is done: a sign for each action, and its place. */
static const char *when_decided(void)
{
	static const char signs[] = {
		[WSGI_POOL_SPAWN] = '+', [WSGI_POOL_RETIRE] = '-',  [WSGI_POOL_STOP] = '.',
		[WSGI_POOL_SLOW] = '?',  [WSGI_POOL_TIMEOUT] = '!', [WSGI_POOL_KILL] = 'x',
	};
	static char text[16 * PLACES];

	text[0] = '\0';
	wsgi_pool_decide(&plan, &view, &limits, &pace);
	ck_assert_uint_le(plan.len, 2 * view.n);
	for (size_t i = 0; i < plan.len; i++)
		sprintf(text + strlen(text), "%s%c%u", i > 0 ? " " : "", signs[actions[i].verb],
			actions[i].place);
	return text;
}

/* -- static ------------------------------------------------------------------------------------ */

static const struct {
	const char *claim;
	unsigned max;
	const char *places, *actions;
} statics[] = {
	{"all are started", 3, "....", "+0 +1 +2"},
	{"those that start count", 3, "s.s.", "+1"},
	{"those that retire do not", 2, "ri.r", "+2"},
	{"a busy one counts as any other", 2, "bb..", ""},
	{"enough is enough", 2, "ii..", ""},
	{"too many: one goes, the idle one", 2, "bibi", "-1"},
	{"too many, all busy: one goes all the same", 1, "bb", "-0"},
	{"too many, of which some start: those are waited for", 1, "bs", ""},
	{"no place is free: nothing", 3, "rrr", ""},
	{"one wants to be replaced: another is started first", 1, "I..", "+1"},
	{"and it goes when that one serves", 1, "Is.", ""},
	{"now", 1, "Ii.", "-0"},
	{"two want to be replaced: each has another", 3, "IIi..", "+3 +4"},
	{"and goes when one more serves than is wanted", 3, "IIiis", "-0"},
	{"the idle one of them first", 2, "BIi.", "+3 -1"},
	{"a generation is succeeded: the first new one", 4, "IIIIi.....", "+5 +6 +7 -0"},
	{"what is outgoing and still starts is killed", 1, "Si", "x0"},
	{"and does not count", 1, "S.", "x0 +1"},
	{"an outgoing one goes first, however busy", 1, "Bi", "-0"},
};

START_TEST(static_has_so_many)
{
	const char *got;

	given(WSGI_POOL_STATIC, statics[_i].max);
	given_places(statics[_i].places);
	got = when_decided();
	ck_assert_msg(strcmp(got, statics[_i].actions) == 0, "%s: %s", statics[_i].claim, got);
}
END_TEST

START_TEST(no_more_are_started_a_second_than_the_rate)
{
	given(WSGI_POOL_STATIC, 6);
	given_places("......");
	limits.spawn_rate = 4;
	ck_assert_str_eq(when_decided(), "+0 +1 +2 +3");
	given_places("ssss..");
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + 1000);
	view.now_ms += 1000;
	ck_assert_str_eq(when_decided(), "+4 +5");
}
END_TEST

START_TEST(without_a_zygote_nobody_is_started)
{
	given(WSGI_POOL_STATIC, 2);
	given_places("Ii..");
	view.can_spawn = false;
	ck_assert_str_eq(when_decided(), "");
}
END_TEST

START_TEST(a_place_beyond_the_board_is_not_used)
{
	given(WSGI_POOL_STATIC, 3);
	given_places("i....");
	view.usable = 2;
	limits.spawn_rate = 2;
	ck_assert_str_eq(when_decided(), "+1");
	given_places("is...");
	ck_assert_str_eq(when_decided(), "+2"); /* and was not counted as started */
}
END_TEST

START_TEST(of_those_that_are_idle_the_longest_idle_goes)
{
	given(WSGI_POOL_STATIC, 2);
	given_places("iii");
	rows[1].idle_since_ms = NOW - 1;
	ck_assert_str_eq(when_decided(), "-1");
	ck_assert_int_eq(plan.next_ms, NOW); /* there may be another one */
}
END_TEST

/* -- failures ---------------------------------------------------------------------------------- */

START_TEST(after_a_failure_one_finds_out_whether_it_works_again)
{
	int64_t wait_ms;

	given(WSGI_POOL_STATIC, 3);
	given_places("...");
	wait_ms = wsgi_pace_failed(&pace, NOW);
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + wait_ms);
	view.now_ms = NOW + wait_ms;
	ck_assert_str_eq(when_decided(), "+0");
	given_places("s..");
	ck_assert_str_eq(when_decided(), "");
	wsgi_pace_proved(&pace);
	given_places("i..");
	ck_assert_str_eq(when_decided(), "+1 +2");
}
END_TEST

/* -- dynamic ----------------------------------------------------------------------------------- */

static const struct {
	const char *claim;
	unsigned want; /* 0: at the beginning */
	unsigned rate;
	const char *places, *actions;
	unsigned wanted, next_rate; /* afterwards */
} dynamics[] = {
	{"start-servers at the beginning", 0, 1, "......", "+0 +1", 2, 1},
	{"enough are idle: nothing", 2, 4, "bi....", "", 2, 1},
	{"none is idle: one more, and twice as many the next time", 2, 1, "bb....", "+2", 3, 2},
	{"no more than are missing", 2, 8, "bb....", "+2", 3, 16},
	{"one with a thread to spare is idle", 2, 1, "hh....", "", 2, 1},
	{"one that starts will be", 3, 2, "bbs...", "", 3, 1},
	{"too many are idle: one goes", 5, 4, "iiiii.", "-0", 4, 1},
	{"max-spare-servers may be idle", 4, 4, "biii..", "", 4, 1},
	{"at the most: no more", 6, 1, "bbbbbb", "", 6, 1},
	{"one that was lost is replaced, whatever the others do", 3, 1, "ii....", "+2", 3, 1},
	{"no more are wanted than there may be", 9, 1, "hhhhhhhh", "-0", 6, 1},
	{"outgoing ones are replaced one by one", 3, 1, "IIIi....", "+4 +5 -0", 3, 1},
};

START_TEST(dynamic_has_as_many_as_it_takes)
{
	const char *got;

	given(WSGI_POOL_DYNAMIC, 6);
	given_places(dynamics[_i].places);
	pace.want = dynamics[_i].want;
	pace.begun = dynamics[_i].want != 0;
	pace.rate = dynamics[_i].rate;
	got = when_decided();
	ck_assert_msg(strcmp(got, dynamics[_i].actions) == 0, "%s: %s", dynamics[_i].claim, got);
	ck_assert_uint_eq(pace.want, dynamics[_i].wanted);
	ck_assert_uint_eq(pace.rate, dynamics[_i].next_rate);
}
END_TEST

START_TEST(spare_workers_are_counted_once_a_second)
{
	given(WSGI_POOL_DYNAMIC, 6);
	given_places("bb....");
	pace = (struct wsgi_pace){.want = 2, .begun = true, .tick_ms = NOW + 700};
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + 700);
	view.now_ms = NOW + 700;
	ck_assert_str_eq(when_decided(), "+2");
	ck_assert_int_eq(plan.next_ms, NOW + 1700);
}
END_TEST

START_TEST(the_rate_doubles_up_to_the_most)
{
	static const unsigned expected[] = {1, 2, 4, 5, 5};
	uint32_t n = 1;

	given(WSGI_POOL_DYNAMIC, 60);
	limits.min_spare = limits.max_spare = 20;
	limits.spawn_rate = 5;
	pace = (struct wsgi_pace){.want = 1, .begun = true};
	for (int second = 0; second < LEN(expected); second++) {
		view.n = view.usable = PLACES;
		memset(rows, 0, sizeof(rows));
		for (uint32_t i = 0; i < n; i++)
			given_place(i, 'b');
		view.now_ms = NOW + second * 1000;
		when_decided();
		ck_assert_uint_eq(plan.len, expected[second]);
		n += expected[second];
	}
}
END_TEST

START_TEST(to_want_more_than_the_most_is_told)
{
	given(WSGI_POOL_DYNAMIC, 2);
	given_places("bb..");
	pace = (struct wsgi_pace){.want = 2, .begun = true};
	ck_assert_str_eq(when_decided(), "");
	ck_assert(plan.at_max);
	given_places("bi..");
	view.now_ms += 1000;
	when_decided();
	ck_assert(!plan.at_max);
}
END_TEST

/* -- ondemand ---------------------------------------------------------------------------------- */

static const struct {
	const char *claim, *places;
	bool waiting;
	unsigned want;
	const char *actions;
	bool watch;
} ondemands[] = {
	{"nobody waits: nobody is started", "....", false, 0, "", true},
	{"somebody waits", "....", true, 0, "+0", false},
	{"one that starts will serve him", "s...", true, 1, "", false},
	{"one that is idle does", "i...", true, 1, "", false},
	{"one that has a thread to spare does", "h...", true, 1, "", false},
	{"all are busy: whoever comes is looked out for", "b...", false, 1, "", true},
	{"all are busy, and somebody waits", "b...", true, 1, "+1", false},
	{"all are busy, and there may be no more", "bbb.", true, 3, "", false},
	{"one that was lost is replaced, before somebody waits", "b...", false, 2, "+1", false},
};

START_TEST(ondemand_has_none_before_somebody_comes)
{
	const char *got;

	given(WSGI_POOL_ONDEMAND, 3);
	given_places(ondemands[_i].places);
	view.waiting = ondemands[_i].waiting;
	pace = (struct wsgi_pace){.want = ondemands[_i].want, .begun = true};
	got = when_decided();
	ck_assert_msg(strcmp(got, ondemands[_i].actions) == 0, "%s: %s", ondemands[_i].claim, got);
	ck_assert_msg(plan.watch == ondemands[_i].watch, "%s", ondemands[_i].claim);
}
END_TEST

START_TEST(a_worker_that_is_idle_for_long_ends_and_is_not_replaced)
{
	given(WSGI_POOL_ONDEMAND, 3);
	given_places("iib");
	pace = (struct wsgi_pace){.want = 3, .begun = true};
	rows[0].idle_since_ms = NOW - 9000;
	rows[1].idle_since_ms = rows[2].idle_since_ms = NOW - 10000;
	ck_assert_str_eq(when_decided(), "-1");
	ck_assert_uint_eq(pace.want, 2);
	ck_assert_int_le(plan.next_ms, NOW + 1000);
	ck_assert(!plan.empty);
}
END_TEST

START_TEST(with_the_last_worker_somebody_else_looks_out_at_once)
{
	given(WSGI_POOL_ONDEMAND, 3);
	given_places("i..");
	pace = (struct wsgi_pace){.want = 1, .begun = true};
	rows[0].idle_since_ms = NOW - 10000;
	ck_assert_str_eq(when_decided(), "-0");
	ck_assert(plan.watch && plan.empty);
	given_places("r..");
	ck_assert_str_eq(when_decided(), "");
	ck_assert(plan.watch && plan.empty);
}
END_TEST

START_TEST(the_worker_that_tried_a_new_generation_stays_until_it_is_idle_for_long)
{
	given(WSGI_POOL_ONDEMAND, 3);
	given_places("i..");
	ck_assert_str_eq(when_decided(), "");
	ck_assert_uint_eq(pace.want, 1);
}
END_TEST

START_TEST(what_does_not_start_is_tried_again_for_somebody_only)
{
	given(WSGI_POOL_ONDEMAND, 3);
	given_places("...");
	pace = (struct wsgi_pace){.want = 1, .begun = true};
	view.now_ms += wsgi_pace_failed(&pace, NOW);
	ck_assert_str_eq(when_decided(), "");
	ck_assert(plan.watch);
	view.waiting = true;
	ck_assert_str_eq(when_decided(), "+0");
}
END_TEST

/* -- requests ---------------------------------------------------------------------------------- */

START_TEST(a_request_beyond_the_timeout_ends_its_worker)
{
	given(WSGI_POOL_STATIC, 2);
	given_places("bb");
	limits.timeout_ms = 5000;
	began[0][1] = NOW - 4999;
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + 1);
	view.now_ms++;
	ck_assert_str_eq(when_decided(), "!0");
	ck_assert_int_eq(plan.next_ms, view.now_ms);
}
END_TEST

START_TEST(one_that_retires_has_no_more_time)
{
	given(WSGI_POOL_STATIC, 1);
	given_places("ri");
	limits.timeout_ms = 5000;
	began[0][0] = NOW - 5000;
	ck_assert_str_eq(when_decided(), "!0");
	rows[0].stuck_ms = NOW;
	ck_assert_str_eq(when_decided(), "");
}
END_TEST

START_TEST(one_that_is_stuck_is_killed_once_its_stacks_are_logged)
{
	given(WSGI_POOL_STATIC, 1);
	given_places("ri");
	limits.timeout_ms = 5000;
	began[0][0] = NOW - 5000;
	rows[0].stuck_ms = NOW;
	when_decided();
	ck_assert_int_eq(plan.next_ms, NOW + 500);
	view.now_ms += 500;
	ck_assert_str_eq(when_decided(), "x0");
	rows[0].killed = true;
	ck_assert_str_eq(when_decided(), "");
}
END_TEST

START_TEST(its_other_requests_are_finished_first)
{
	given(WSGI_POOL_STATIC, 1);
	given_places("ri");
	limits.timeout_ms = 5000;
	limits.graceful_ms = 2000;
	began[0][0] = NOW - 5000;
	began[0][1] = NOW - 100;
	rows[0].stuck_ms = NOW;
	view.now_ms += 1999;
	ck_assert_str_eq(when_decided(), "");
	view.now_ms++;
	ck_assert_str_eq(when_decided(), "x0");
}
END_TEST

START_TEST(a_slow_request_is_told_once)
{
	given(WSGI_POOL_STATIC, 1);
	given_places("b");
	limits.slow_ms = 1000;
	began[0][0] = NOW - 1000;
	ck_assert_str_eq(when_decided(), "?0");
	rows[0].slow_ms = NOW - 1000;
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + 990); /* the other thread's */
	view.now_ms = plan.next_ms;
	ck_assert_str_eq(when_decided(), "?0");
}
END_TEST

START_TEST(a_worker_whose_board_cannot_be_read_has_no_requests)
{
	given(WSGI_POOL_STATIC, 1);
	given_places("i");
	limits.timeout_ms = limits.slow_ms = 1000;
	rows[0].threads = 0;
	rows[0].began_ms = NULL;
	ck_assert_str_eq(when_decided(), "");
}
END_TEST

/* -- the end ----------------------------------------------------------------------------------- */

START_TEST(at_the_end_all_are_told_and_those_that_start_are_killed)
{
	given(WSGI_POOL_DYNAMIC, 4);
	given_places("isbIrS.");
	view.stopping = true;
	ck_assert_str_eq(when_decided(), ".0 x1 .2 .3 .4 x5");
	ck_assert_int_eq(plan.next_ms, NOW + 30000);
}
END_TEST

START_TEST(whoever_does_not_end_in_time_is_killed)
{
	given(WSGI_POOL_STATIC, 2);
	given_places("rr");
	view.stopping = true;
	rows[0].stopped = rows[1].stopped = true;
	rows[1].told_ms = NOW - 29999;
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, NOW + 1);
	view.now_ms++;
	ck_assert_str_eq(when_decided(), "x1");
}
END_TEST

START_TEST(nobody_is_started_at_the_end)
{
	given(WSGI_POOL_STATIC, 4);
	given_places("....");
	view.stopping = true;
	ck_assert_str_eq(when_decided(), "");
	ck_assert_int_eq(plan.next_ms, INT64_MAX);
}
END_TEST

/* -- a world ----------------------------------------------------------------------------------- */

/*
 * Workers that start, serve, are outgoing, end and fail by chance, for a quarter of an hour. seed
 * is the test's; what it draws is the same each time.
 */
static uint32_t seed;

static bool chance(uint32_t in)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % in == 0;
}

struct world {
	int64_t ready_ms[PLACES];
	unsigned spawned, retired, failed, least_serving, most_active;
	bool hostile; /* nothing ever comes to serve */
};

static void live(struct world *w, uint32_t i)
{
	struct wsgi_pool_row *r = &rows[i];

	if (r->stage == WSGI_BOARD_STARTING && r->killed) {
		r->stage = WSGI_BOARD_FREE;
	} else if (r->stage == WSGI_BOARD_STARTING && view.now_ms >= w->ready_ms[i]) {
		if (w->hostile || chance(50)) {
			r->stage = WSGI_BOARD_FREE;
			w->failed++;
			wsgi_pace_failed(&pace, view.now_ms);
			return;
		}
		r->stage = WSGI_BOARD_SERVING;
		r->idle_since_ms = view.now_ms;
		wsgi_pace_proved(&pace);
	} else if (r->stage == WSGI_BOARD_SERVING) {
		for (int t = 0; t < 2; t++)
			if (chance(4))
				began[i][t] = began[i][t] == 0 ? view.now_ms : 0;
		if (began[i][0] != 0 || began[i][1] != 0)
			r->idle_since_ms = view.now_ms;
		r->outgoing = r->outgoing || chance(200);
		if (chance(500)) /* killed by somebody */
			given_place(i, '.');
	} else if (r->stage == WSGI_BOARD_RETIRING && (r->killed || chance(20))) {
		given_place(i, '.');
	}
}

static void carry_out(struct world *w)
{
	for (size_t a = 0; a < plan.len; a++) {
		uint32_t i = actions[a].place;
		struct wsgi_pool_row *r = &rows[i];

		switch (actions[a].verb) {
		case WSGI_POOL_SPAWN:
			ck_assert_int_eq(r->stage, WSGI_BOARD_FREE);
			given_place(i, 's');
			w->ready_ms[i] = view.now_ms + 300;
			w->spawned++;
			break;
		case WSGI_POOL_TIMEOUT:
			r->stuck_ms = view.now_ms;
			__attribute__((fallthrough));
		case WSGI_POOL_RETIRE:
			ck_assert(r->stage == WSGI_BOARD_SERVING || r->stuck_ms != 0);
			if (r->stage == WSGI_BOARD_SERVING)
				r->told_ms = view.now_ms;
			r->stage = WSGI_BOARD_RETIRING;
			w->retired++;
			break;
		case WSGI_POOL_KILL:
			ck_assert(r->stage == WSGI_BOARD_RETIRING ||
				  r->stage == WSGI_BOARD_STARTING);
			r->killed = true;
			break;
		case WSGI_POOL_SLOW:
			r->slow_ms = view.now_ms - limits.slow_ms;
			break;
		case WSGI_POOL_STOP:
			ck_abort_msg("nobody has said that it ends");
		}
	}
}

/* What must be so after every plan, whatever happened. */
static void check_invariants(struct world *w, unsigned serving_before)
{
	unsigned active = 0, serving = 0;

	for (uint32_t i = 0; i < view.n; i++) {
		const struct wsgi_pool_row *r = &rows[i];

		active += !r->outgoing &&
			  (r->stage == WSGI_BOARD_STARTING || r->stage == WSGI_BOARD_SERVING);
		serving += r->stage == WSGI_BOARD_SERVING;
		ck_assert(r->stage != WSGI_BOARD_RETIRING || r->killed ||
			  view.now_ms - r->told_ms < limits.graceful_ms);
	}
	ck_assert_uint_le(active, limits.max);
	ck_assert_uint_le(pace.want, limits.max);
	/* A plan ends nobody who is needed: but for what has run too long, or idled. */
	if (limits.mode == WSGI_POOL_STATIC && limits.timeout_ms == 0 && serving < serving_before)
		ck_assert_uint_ge(serving, limits.max);
	if (active > w->most_active)
		w->most_active = active;
}

static unsigned count_serving(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < view.n; i++)
		n += rows[i].stage == WSGI_BOARD_SERVING;
	return n;
}

static void when_it_runs(struct world *w, int seconds)
{
	view.n = view.usable = 32;
	for (int i = 0; i < seconds * 10; i++, view.now_ms += 100) {
		for (uint32_t place = 0; place < view.n; place++)
			live(w, place);
		view.waiting = plan.watch && chance(3);
		for (int again = 0; again < 50; again++) {
			unsigned before = count_serving();

			wsgi_pool_decide(&plan, &view, &limits, &pace);
			carry_out(w);
			check_invariants(w, before);
			view.waiting = false;
			if (plan.next_ms > view.now_ms)
				break;
			ck_assert_int_lt(again, 49); /* a plan comes to an end */
		}
	}
}

static const struct {
	enum wsgi_pool_mode mode;
	int64_t timeout_ms;
} worlds[] = {
	{WSGI_POOL_STATIC, 0},     {WSGI_POOL_STATIC, 2000},   {WSGI_POOL_DYNAMIC, 0},
	{WSGI_POOL_DYNAMIC, 2000}, {WSGI_POOL_ONDEMAND, 2000},
};

START_TEST(whatever_happens_there_are_never_too_many_and_never_none)
{
	struct world w = {0};

	seed = (uint32_t)_i + 1;
	given(worlds[_i].mode, 8);
	limits.timeout_ms = worlds[_i].timeout_ms;
	limits.slow_ms = worlds[_i].timeout_ms / 2;
	when_it_runs(&w, 900);
	ck_assert_uint_gt(w.spawned, 50);
	ck_assert_uint_gt(w.retired, 20);
	ck_assert_uint_gt(w.failed, 0);
	ck_assert_uint_gt(w.most_active, 3);
}
END_TEST

START_TEST(what_never_starts_is_not_tried_for_ever_and_ever)
{
	struct world w = {.hostile = true};

	given((enum wsgi_pool_mode)_i, 8);
	when_it_runs(&w, 900);
	ck_assert_uint_ge(w.spawned, 20);
	ck_assert_uint_le(w.spawned, 900 / 30 + 20);
}
END_TEST

static Suite *decide_suite(void)
{
	Suite *s = suite_create("decide");
	TCase *tc = tcase_create("workers");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, static_has_so_many, 0, LEN(statics));
	tcase_add_test(tc, no_more_are_started_a_second_than_the_rate);
	tcase_add_test(tc, without_a_zygote_nobody_is_started);
	tcase_add_test(tc, a_place_beyond_the_board_is_not_used);
	tcase_add_test(tc, of_those_that_are_idle_the_longest_idle_goes);
	tcase_add_test(tc, after_a_failure_one_finds_out_whether_it_works_again);
	tcase_add_loop_test(tc, dynamic_has_as_many_as_it_takes, 0, LEN(dynamics));
	tcase_add_test(tc, spare_workers_are_counted_once_a_second);
	tcase_add_test(tc, the_rate_doubles_up_to_the_most);
	tcase_add_test(tc, to_want_more_than_the_most_is_told);
	tcase_add_loop_test(tc, ondemand_has_none_before_somebody_comes, 0, LEN(ondemands));
	tcase_add_test(tc, a_worker_that_is_idle_for_long_ends_and_is_not_replaced);
	tcase_add_test(tc, with_the_last_worker_somebody_else_looks_out_at_once);
	tcase_add_test(tc, the_worker_that_tried_a_new_generation_stays_until_it_is_idle_for_long);
	tcase_add_test(tc, what_does_not_start_is_tried_again_for_somebody_only);
	tcase_add_test(tc, a_request_beyond_the_timeout_ends_its_worker);
	tcase_add_test(tc, one_that_retires_has_no_more_time);
	tcase_add_test(tc, one_that_is_stuck_is_killed_once_its_stacks_are_logged);
	tcase_add_test(tc, its_other_requests_are_finished_first);
	tcase_add_test(tc, a_slow_request_is_told_once);
	tcase_add_test(tc, a_worker_whose_board_cannot_be_read_has_no_requests);
	tcase_add_test(tc, at_the_end_all_are_told_and_those_that_start_are_killed);
	tcase_add_test(tc, whoever_does_not_end_in_time_is_killed);
	tcase_add_test(tc, nobody_is_started_at_the_end);
	tcase_add_loop_test(tc, whatever_happens_there_are_never_too_many_and_never_none, 0,
			    LEN(worlds));
	tcase_add_loop_test(tc, what_never_starts_is_not_tried_for_ever_and_ever, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(decide_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
