#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/board.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { PLACES = 3, THREADS = 2 };

static struct wsgi_board board, other;
static struct wsgi_error err;
static struct wsgi_board_words words;

static void given_a_board(void)
{
	err = (struct wsgi_error){0};
	other = (struct wsgi_board){0};
	ck_assert_int_eq(wsgi_board_create(&board, PLACES, THREADS, &err), 0);
}

static void tear_down(void)
{
	wsgi_board_finish(&board);
	wsgi_board_finish(&other);
}

static struct wsgi_board_thread *first(void)
{
	return wsgi_board_thread(&board, 0, 0);
}

static const struct wsgi_board_request form = {.method = "POST",
					       .uri = "/form?x=1",
					       .script = "/srv/app.py",
					       .user = "anna",
					       .content_length = "42"};

/* -- the memory -------------------------------------------------------------------------------- */

START_TEST(a_new_board_has_free_places_and_idle_threads)
{
	ck_assert_uint_eq(board.head->places, PLACES);
	ck_assert_uint_eq(board.head->threads, THREADS);
	for (uint32_t p = 0; p < PLACES; p++) {
		ck_assert_int_eq(wsgi_board_worker(&board, p)->stage, WSGI_BOARD_FREE);
		for (uint32_t t = 0; t < THREADS; t++)
			ck_assert_int_eq(wsgi_board_thread(&board, p, t)->began_ms, 0);
	}
}
END_TEST

START_TEST(it_knows_when_it_was_made)
{
	ck_assert_int_le(wsgi_clock_ms() - board.head->started_ms, 60000);
	ck_assert_int_ge(wsgi_clock_ms(), board.head->started_ms);
	ck_assert_int_le(llabs((long long)time(NULL) - board.head->started_at / 1000), 60);
}
END_TEST

START_TEST(there_is_no_row_beyond_the_last)
{
	static const struct wsgi_board none;

	ck_assert_ptr_null(wsgi_board_worker(&board, PLACES));
	ck_assert_ptr_null(wsgi_board_thread(&board, PLACES, 0));
	ck_assert_ptr_null(wsgi_board_thread(&board, 0, THREADS));
	ck_assert_ptr_null(wsgi_board_worker(&none, 0));
	wsgi_board_begin(NULL, &form);
	wsgi_board_end(NULL);
	wsgi_board_clear(&board, PLACES);
	wsgi_board_clear(&none, 0);
}
END_TEST

START_TEST(what_a_worker_writes_into_the_head_moves_no_row)
{
	struct wsgi_board_thread *last = wsgi_board_thread(&board, PLACES - 1, THREADS - 1);

	board.head->places = board.head->threads = UINT32_MAX;
	ck_assert_ptr_null(wsgi_board_worker(&board, PLACES));
	ck_assert_ptr_eq(wsgi_board_thread(&board, PLACES - 1, THREADS - 1), last);
}
END_TEST

START_TEST(rows_do_not_overlap)
{
	for (uint32_t p = 0; p < PLACES; p++)
		for (uint32_t t = 0; t < THREADS; t++)
			memset(wsgi_board_thread(&board, p, t), 1 + (int)(p * THREADS + t),
			       sizeof(struct wsgi_board_thread));
	for (uint32_t p = 0; p < PLACES; p++) {
		ck_assert_int_eq(wsgi_board_worker(&board, p)->stage, WSGI_BOARD_FREE);
		ck_assert_uint_eq(wsgi_board_worker(&board, p)->memory_bytes, 0);
		for (uint32_t t = 0; t < THREADS; t++)
			ck_assert_uint_eq(wsgi_board_thread(&board, p, t)->requests,
					  UINT64_C(0x0101010101010101) * (1 + p * THREADS + t));
	}
}
END_TEST

static const struct {
	uint32_t places, threads;
} sizes[] = {{0, 1},
	     {1, 0},
	     {WSGI_BOARD_MAX_PLACES + 1, 1},
	     {1, WSGI_BOARD_MAX_THREADS + 1},
	     {UINT32_MAX, UINT32_MAX}};

START_TEST(a_size_that_makes_no_sense_is_refused)
{
	ck_assert_int_eq(wsgi_board_create(&other, sizes[_i].places, sizes[_i].threads, &err),
			 -EINVAL);
	ck_assert_ptr_null(other.head);
	ck_assert_str_ne(err.text, "");
}
END_TEST

START_TEST(the_largest_board_costs_little_memory)
{
	ck_assert_int_eq(wsgi_board_create(&other, 4096, 1024, &err), 0);
	wsgi_board_begin(wsgi_board_thread(&other, 4095, 1023), &form);
	wsgi_board_read(wsgi_board_thread(&other, 4095, 1023), &words);
	ck_assert_str_eq(words.method, "POST");
}
END_TEST

START_TEST(nobody_can_cut_it_off_under_its_readers)
{
	ck_assert_int_ne(ftruncate(board.fd, 0), 0);
	ck_assert_int_ne(ftruncate(board.fd, 1 << 24), 0);
}
END_TEST

START_TEST(no_child_of_an_application_has_it)
{
	ck_assert((fcntl(board.fd, F_GETFD) & FD_CLOEXEC) != 0);
}
END_TEST

/* -- by its descriptor ------------------------------------------------------------------------- */

START_TEST(who_attaches_sees_what_the_others_write)
{
	ck_assert_int_eq(wsgi_board_attach(&other, dup(board.fd), &err), 0);
	wsgi_board_begin(first(), &form);
	wsgi_board_read(wsgi_board_thread(&other, 0, 0), &words);
	ck_assert_str_eq(words.uri, "/form?x=1");
	ck_assert_uint_eq(other.places, PLACES);
	ck_assert_uint_eq(other.threads, THREADS);
	ck_assert((fcntl(other.fd, F_GETFD) & FD_CLOEXEC) != 0);
}
END_TEST

static int refused(int fd)
{
	int rc = wsgi_board_attach(&other, fd, &err);

	ck_assert_ptr_null(other.head);
	if (fd >= 0)
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* it was b's from then on */
	ck_assert_str_ne(err.text, "");
	return rc;
}

START_TEST(a_board_of_another_layout_is_refused)
{
	board.head->layout[5]++;
	ck_assert_int_eq(refused(dup(board.fd)), -EPROTO);
}
END_TEST

START_TEST(a_head_that_an_application_wrote_over_can_be_signed_again)
{
	struct wsgi_board again;

	memset(board.head, 0x7f, sizeof(*board.head));
	ck_assert_int_eq(refused(dup(board.fd)), -EPROTO);
	wsgi_board_sign(&board);
	ck_assert_int_eq(wsgi_board_attach(&again, dup(board.fd), NULL), 0);
	ck_assert_uint_eq(again.places, PLACES);
	ck_assert_uint_eq(again.threads, THREADS);
	wsgi_board_finish(&again);
}
END_TEST

START_TEST(a_head_that_says_more_rows_than_there_are_is_refused)
{
	board.head->places++;
	ck_assert_int_eq(refused(dup(board.fd)), -EPROTO);
	board.head->places = UINT32_MAX;
	ck_assert_int_eq(refused(dup(board.fd)), -EPROTO);
}
END_TEST

START_TEST(what_is_no_board_is_refused)
{
	int empty = memfd_create("empty", MFD_ALLOW_SEALING);

	ck_assert_int_eq(refused(empty), -EPROTO);
	empty = memfd_create("empty", MFD_ALLOW_SEALING);
	ck_assert_int_eq(fcntl(empty, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ck_assert_int_eq(refused(empty), -EPROTO);
	ck_assert_int_eq(refused(open("/dev/null", O_RDWR)), -EPROTO);
	ck_assert_int_eq(refused(open("/etc/passwd", O_RDONLY)), -EPROTO);
	ck_assert_int_eq(refused(-1), -EBADF);
}
END_TEST

START_TEST(a_copy_that_somebody_could_cut_off_is_refused)
{
	int copied = memfd_create("copy", MFD_ALLOW_SEALING);
	off_t bytes = lseek(board.fd, 0, SEEK_END);

	ck_assert_int_eq(write(copied, board.head, (size_t)bytes), bytes);
	ck_assert_int_eq(refused(dup(copied)), -EPROTO);
	ck_assert_int_eq(fcntl(copied, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ck_assert_int_eq(wsgi_board_attach(&other, copied, &err), 0);
}
END_TEST

START_TEST(to_finish_what_is_none_is_nothing)
{
	struct wsgi_board zeroed = {0};

	wsgi_board_finish(NULL);
	wsgi_board_finish(&zeroed);
	wsgi_board_finish(&zeroed);
	ck_assert_int_ne(fcntl(STDIN_FILENO, F_GETFD), -1);
}
END_TEST

/* -- requests ---------------------------------------------------------------------------------- */

START_TEST(a_request_under_way_says_what_it_is)
{
	wsgi_board_begin(first(), &form);
	wsgi_board_read(first(), &words);
	ck_assert_str_eq(words.method, "POST");
	ck_assert_str_eq(words.uri, "/form?x=1");
	ck_assert_str_eq(words.script, "/srv/app.py");
	ck_assert_str_eq(words.user, "anna");
	ck_assert_int_eq(words.content_length, 42);
	ck_assert_int_eq(words.took_us, -1);
	ck_assert_int_le(llabs((long long)time(NULL) - words.began_at / 1000), 60);
	ck_assert_int_gt(first()->began_ms, 0);
	ck_assert_int_le(wsgi_clock_ms() - first()->began_ms, 60000);
	ck_assert_uint_eq(first()->requests, 0);
}
END_TEST

START_TEST(one_that_has_ended_is_counted_and_stays_to_be_read)
{
	wsgi_board_begin(first(), &form);
	usleep(2000);
	wsgi_board_end(first());
	wsgi_board_read(first(), &words);
	ck_assert_str_eq(words.uri, "/form?x=1");
	ck_assert_int_ge(words.took_us, 2000);
	ck_assert_int_eq(words.cpu_us, -1);
	ck_assert_int_eq(first()->began_ms, 0);
	ck_assert_uint_eq(first()->requests, 1);
}
END_TEST

START_TEST(an_end_without_a_beginning_counts_nothing)
{
	wsgi_board_end(first());
	ck_assert_uint_eq(first()->requests, 0);
}
END_TEST

START_TEST(processor_time_is_counted_where_it_is_asked_for)
{
	struct wsgi_board_request counted = form;
	int64_t until = wsgi_clock_ms() + 20;

	counted.cpu = true;
	wsgi_board_begin(first(), &counted);
	while (wsgi_clock_ms() < until)
		;
	wsgi_board_end(first());
	wsgi_board_read(first(), &words);
	ck_assert_int_gt(words.cpu_us, 0);
	ck_assert_int_le(words.cpu_us, words.took_us + 1000);
}
END_TEST

START_TEST(a_brief_one_has_no_words_and_is_counted)
{
	static const struct wsgi_board_request brief = {.method = "GET", .brief = true};

	wsgi_board_begin(first(), &form);
	wsgi_board_end(first());
	wsgi_board_begin(first(), &brief);
	ck_assert_int_gt(first()->began_ms, 0);
	wsgi_board_read(first(), &words);
	ck_assert_str_eq(words.method, "POST");
	wsgi_board_end(first());
	ck_assert_int_eq(first()->began_ms, 0);
	ck_assert_uint_eq(first()->requests, 2);
}
END_TEST

START_TEST(its_time_counts_from_the_beginning_that_was_said)
{
	struct wsgi_board_request early = form;

	early.began_us = wsgi_clock_ms() * 1000 - 5000000;
	wsgi_board_begin(first(), &early);
	ck_assert_int_eq(first()->began_ms, early.began_us / 1000);
	wsgi_board_end(first());
	wsgi_board_read(first(), &words);
	ck_assert_int_ge(words.took_us, 5000000);
}
END_TEST

START_TEST(what_is_not_said_is_empty)
{
	static const struct wsgi_board_request nothing;

	wsgi_board_begin(first(), &form);
	wsgi_board_begin(first(), &nothing);
	wsgi_board_read(first(), &words);
	ck_assert_str_eq(words.method, "");
	ck_assert_str_eq(words.uri, "");
	ck_assert_str_eq(words.user, "");
	ck_assert_int_eq(words.content_length, -1);
}
END_TEST

static const struct {
	const char *text;
	int64_t length;
} lengths[] = {{"0", 0},    {"7", 7},   {"9223372036854", INT64_C(9223372036854)},
	       {"", -1},    {"-1", -1}, {"99999999999999999999999999", -1},
	       {"1 2", -1}, {"x", -1}};

START_TEST(a_content_length_is_a_number_or_none)
{
	struct wsgi_board_request request = {.content_length = lengths[_i].text};

	wsgi_board_begin(first(), &request);
	wsgi_board_read(first(), &words);
	ck_assert_int_eq(words.content_length, lengths[_i].length);
}
END_TEST

/* Each length around that of a cell and around the room that there is. */
START_TEST(a_string_is_kept_as_far_as_there_is_room)
{
	char uri[2 * WSGI_BOARD_URI], expected[WSGI_BOARD_URI];
	struct wsgi_board_request request = {.method = "GET", .uri = uri, .script = "s"};

	memset(uri, 'u', sizeof(uri));
	uri[_i] = '\0';
	snprintf(expected, sizeof(expected), "%.*s", (int)sizeof(expected) - 1, uri);
	wsgi_board_begin(first(), &form);
	wsgi_board_begin(first(), &request);
	wsgi_board_read(first(), &words);
	ck_assert_str_eq(words.uri, expected);
	ck_assert_str_eq(words.method, "GET");
	ck_assert_str_eq(words.script, "s");
}
END_TEST

START_TEST(a_cleared_place_is_as_new)
{
	struct wsgi_board_worker *w = wsgi_board_worker(&board, 1);

	w->stage = WSGI_BOARD_SERVING;
	w->pid = 1;
	w->generation = 2;
	w->started_at = w->started_ms = 3;
	w->connections = 4;
	w->accepted = 5;
	w->memory_bytes = 6;
	for (uint32_t t = 0; t < THREADS; t++) {
		wsgi_board_begin(wsgi_board_thread(&board, 1, t), &form);
		wsgi_board_end(wsgi_board_thread(&board, 1, t));
		wsgi_board_begin(wsgi_board_thread(&board, 1, t), &form);
	}
	wsgi_board_begin(wsgi_board_thread(&board, 2, 0), &form);
	wsgi_board_clear(&board, 1);
	ck_assert_int_eq(w->stage, WSGI_BOARD_FREE);
	ck_assert(w->pid == 0 && w->generation == 0 && w->started_at == 0 && w->started_ms == 0);
	ck_assert(w->connections == 0 && w->accepted == 0 && w->memory_bytes == 0);
	for (uint32_t t = 0; t < THREADS; t++) {
		ck_assert_int_eq(wsgi_board_thread(&board, 1, t)->began_ms, 0);
		ck_assert_uint_eq(wsgi_board_thread(&board, 1, t)->requests, 0);
		wsgi_board_read(wsgi_board_thread(&board, 1, t), &words);
		ck_assert_str_eq(words.uri, "");
		ck_assert_int_eq(words.began_at, 0);
	}
	ck_assert_int_ne(wsgi_board_thread(&board, 2, 0)->began_ms, 0);
}
END_TEST

/* -- at the same time -------------------------------------------------------------------------- */

START_TEST(a_worker_that_was_killed_in_mid_word_hangs_no_reader)
{
	wsgi_board_begin(first(), &form);
	first()->turn = 7;
	ck_assert(!wsgi_board_read(first(), &words));
	ck_assert_str_eq(words.uri, "/form?x=1");
	wsgi_board_clear(&board, 0);
	ck_assert_uint_eq(first()->turn % 2, 0);
	wsgi_board_begin(first(), &form);
	ck_assert(wsgi_board_read(first(), &words));
}
END_TEST

START_TEST(strings_end_whatever_a_worker_wrote)
{
	memset(first()->cells, 'x', sizeof(first()->cells));
	wsgi_board_read(first(), &words);
	ck_assert_uint_eq(strlen(words.method), sizeof(words.method) - 1);
	ck_assert_uint_eq(strlen(words.uri), sizeof(words.uri) - 1);
	ck_assert_uint_eq(strlen(words.script), sizeof(words.script) - 1);
	ck_assert_uint_eq(strlen(words.user), sizeof(words.user) - 1);
}
END_TEST

static _Atomic bool over;

/* As long as a short request takes. */
static void pass_10_us(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 10000);
}

static void *write_by_turns(void *arg)
{
	static const struct wsgi_board_request requests[] = {
		{.method = "AAAAAAAAAAAA", .uri = "aaaaaaaaaaaaaaaaaaaaaaa", .user = "aaaaaaaaa"},
		{.method = "BBBBBBBBBBBB", .uri = "bbbbbbbbbbbbbbbbbbbbbbb", .user = "bbbbbbbbb"},
	};

	for (unsigned i = 0; !over; i++) {
		wsgi_board_begin(arg, &requests[i % 2]);
		wsgi_board_end(arg);
		pass_10_us();
	}
	return NULL;
}

START_TEST(a_reader_sees_the_words_of_one_request)
{
	pthread_t writer;
	int seen[2] = {0};

	over = false;
	ck_assert_int_eq(pthread_create(&writer, NULL, write_by_turns, first()), 0);
	for (int i = 0; i < 1000000 && (i < 20000 || seen[0] == 0 || seen[1] == 0); i++) {
		char c;

		if (!wsgi_board_read(first(), &words) || words.method[0] == '\0')
			continue;
		c = words.method[0];
		seen[c == 'B']++;
		ck_assert_uint_eq(strspn(words.method, c == 'A' ? "A" : "B"), 12);
		ck_assert_uint_eq(strspn(words.uri, c == 'A' ? "a" : "b"), 23);
		ck_assert_uint_eq(strspn(words.user, c == 'A' ? "a" : "b"), 9);
	}
	over = true;
	pthread_join(writer, NULL);
	ck_assert_int_gt(seen[0], 0);
	ck_assert_int_gt(seen[1], 0);
}
END_TEST

START_TEST(a_forked_worker_writes_into_the_same_board)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		wsgi_board_begin(wsgi_board_thread(&board, 2, 1), &form);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	wsgi_board_read(wsgi_board_thread(&board, 2, 1), &words);
	ck_assert_str_eq(words.user, "anna");
}
END_TEST

static TCase *memory(void)
{
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_test(tc, a_new_board_has_free_places_and_idle_threads);
	tcase_add_test(tc, it_knows_when_it_was_made);
	tcase_add_test(tc, there_is_no_row_beyond_the_last);
	tcase_add_test(tc, what_a_worker_writes_into_the_head_moves_no_row);
	tcase_add_test(tc, rows_do_not_overlap);
	tcase_add_loop_test(tc, a_size_that_makes_no_sense_is_refused, 0, LEN(sizes));
	tcase_add_test(tc, the_largest_board_costs_little_memory);
	tcase_add_test(tc, nobody_can_cut_it_off_under_its_readers);
	tcase_add_test(tc, no_child_of_an_application_has_it);
	tcase_add_test(tc, who_attaches_sees_what_the_others_write);
	tcase_add_test(tc, a_board_of_another_layout_is_refused);
	tcase_add_test(tc, a_head_that_an_application_wrote_over_can_be_signed_again);
	tcase_add_test(tc, a_head_that_says_more_rows_than_there_are_is_refused);
	tcase_add_test(tc, what_is_no_board_is_refused);
	tcase_add_test(tc, a_copy_that_somebody_could_cut_off_is_refused);
	tcase_add_test(tc, to_finish_what_is_none_is_nothing);
	return tc;
}

static TCase *requests(void)
{
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_test(tc, a_request_under_way_says_what_it_is);
	tcase_add_test(tc, one_that_has_ended_is_counted_and_stays_to_be_read);
	tcase_add_test(tc, an_end_without_a_beginning_counts_nothing);
	tcase_add_test(tc, processor_time_is_counted_where_it_is_asked_for);
	tcase_add_test(tc, a_brief_one_has_no_words_and_is_counted);
	tcase_add_test(tc, its_time_counts_from_the_beginning_that_was_said);
	tcase_add_test(tc, what_is_not_said_is_empty);
	tcase_add_loop_test(tc, a_content_length_is_a_number_or_none, 0, LEN(lengths));
	tcase_add_loop_test(tc, a_string_is_kept_as_far_as_there_is_room, 0, 26);
	tcase_add_loop_test(tc, a_string_is_kept_as_far_as_there_is_room, WSGI_BOARD_URI - 10,
			    WSGI_BOARD_URI + 10);
	tcase_add_test(tc, a_cleared_place_is_as_new);
	return tc;
}

static TCase *at_the_same_time(void)
{
	TCase *tc = tcase_create("at the same time");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_test(tc, a_worker_that_was_killed_in_mid_word_hangs_no_reader);
	tcase_add_test(tc, strings_end_whatever_a_worker_wrote);
	tcase_add_test(tc, a_reader_sees_the_words_of_one_request);
	tcase_add_test(tc, a_forked_worker_writes_into_the_same_board);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("board");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, memory());
	suite_add_tcase(s, requests());
	suite_add_tcase(s, at_the_same_time());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
