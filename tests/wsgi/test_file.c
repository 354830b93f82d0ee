#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/memory.h"
#include "wsgi/file.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_file_body file;
static int fd, closed;
static char text[1000];

static void given_a_file(void)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	fd = memfd_create("file", MFD_CLOEXEC);
	ck_assert_int_eq(write(fd, text, sizeof(text)), sizeof(text));
	lseek(fd, 0, SEEK_SET);
	closed = 0;
}

static void tear_down(void)
{
	close(fd);
}

static void close_it(struct wsgi_file_body *f)
{
	ck_assert_ptr_eq(f, &file);
	closed++;
}

/* The body is text from a byte on, in chunks of at most size; then it is closed. */
static void is_body(size_t from, size_t len, size_t size)
{
	const void *data;
	size_t n;
	int rc;

	while ((rc = file.body.next(&file.body, &data, &n)) > 0) {
		ck_assert_uint_eq(n, len < size ? len : size);
		ck_assert_mem_eq(data, text + from, n);
		from += n;
		len -= n;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 0);
	ck_assert_int_eq(file.body.close(&file.body), 0);
}

static const struct {
	off_t at;
	size_t block_size;
} starts[] = {{0, 0}, {0, 8}, {0, 333}, {0, 1000}, {100, 8}, {100, 0}, {1000, 8}, {2000, 8}};

START_TEST(a_file_comes_block_by_block_from_where_it_stands)
{
	const size_t at = (size_t)starts[_i].at, size = starts[_i].block_size;

	lseek(fd, starts[_i].at, SEEK_SET);
	ck_assert_int_eq(wsgi_file_body_init(&file, fd, size), 0);
	is_body(at, at < sizeof(text) ? sizeof(text) - at : 0, size != 0 ? size : 8192);
}
END_TEST

START_TEST(a_regular_file_is_offered_for_sendfile)
{
	lseek(fd, 100, SEEK_SET);
	ck_assert_int_eq(wsgi_file_body_init(&file, fd, 0), 0);
	ck_assert_ptr_nonnull(file.body.file);
	ck_assert_int_eq(file.body.file->fd, fd);
	ck_assert_int_eq(file.body.file->offset, 100);
	ck_assert_uint_eq(file.body.file->len, UINT64_MAX);
	file.body.close(&file.body);
}
END_TEST

START_TEST(a_part_of_a_file_can_be_sent)
{
	ck_assert_int_eq(wsgi_file_body_init(&file, fd, 30), 0);
	file.file.offset = 500;
	file.file.len = 100;
	is_body(500, 100, 30);
}
END_TEST

START_TEST(a_pipe_comes_as_it_comes)
{
	const void *data;
	int ends[2];
	size_t n;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(wsgi_file_body_init(&file, ends[0], 8), 0);
	ck_assert_ptr_null(file.body.file);
	ck_assert_int_eq(write(ends[1], text, 10), 10);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 1);
	ck_assert_uint_eq(n, 8);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 1);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(write(ends[1], text, 5), 5);
	close(ends[1]);
	is_body(0, 5, 8);
	close(ends[0]);
}
END_TEST

START_TEST(close_is_passed_on_once)
{
	ck_assert_int_eq(wsgi_file_body_init(&file, fd, 0), 0);
	file.closed = close_it;
	is_body(0, sizeof(text), 8192);
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(what_is_no_file_is_an_error)
{
	const void *data;
	size_t n;

	ck_assert_int_eq(wsgi_file_body_init(&file, 1023, 0), -EBADF);
	ck_assert_int_eq(wsgi_file_body_init(&file, fd, 0), 0);
	close(fd);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), -EBADF);
	file.body.close(&file.body);
}
END_TEST

START_TEST(a_file_that_has_ended_is_not_resumed)
{
	const void *data;
	size_t n;

	ck_assert_int_eq(wsgi_file_body_init(&file, fd, 0), 0);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 1);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 0);
	ck_assert_int_eq(write(fd, text, 10), 10);
	ck_assert_int_eq(file.body.next(&file.body, &data, &n), 0);
	file.body.close(&file.body);
}
END_TEST

START_TEST(a_body_on_the_heap_owns_its_descriptor)
{
	struct wsgi_file_body *f;
	const void *data;
	size_t n;
	int own = dup(fd);

	ck_assert_int_eq(wsgi_file_body_create(&f, own, 10), 0);
	ck_assert_int_eq(f->body.next(&f->body, &data, &n), 1);
	ck_assert_uint_eq(n, 10);
	ck_assert_mem_eq(data, text, n);
	ck_assert_ptr_eq(f->body.file, &f->file);
	ck_assert_int_eq(f->body.close(&f->body), 0);
	ck_assert_int_eq(fcntl(own, F_GETFD), -1);
	ck_assert_int_eq(wsgi_file_body_create(&f, own, 10), -EBADF);
}
END_TEST

/* A reader that gives what it is told to: count bytes, the end, or a failure. */
static struct script {
	struct wsgi_reader reader;
	const ssize_t *steps; /* the last stands for all that follow */
	size_t at, asked;
	int reads, closes, close_rc;
} script;

static ssize_t script_read(struct wsgi_reader *r, void *buf, size_t len)
{
	ssize_t step = script.steps[script.reads++];

	ck_assert_ptr_eq(r, &script.reader);
	script.asked = len;
	if (step > 0) {
		ck_assert_uint_le((size_t)step, len);
		memcpy(buf, text + script.at, (size_t)step);
		script.at += (size_t)step;
	}
	return step;
}

static int script_close(struct wsgi_reader *r)
{
	ck_assert_ptr_eq(r, &script.reader);
	script.closes++;
	return script.close_rc;
}

static const struct {
	const char *claim;
	ssize_t steps[5];
	int chunks; /* that come before the end */
	int rc;     /* what comes then */
} readers[] = {
	{"the end at once", {0, 5}, 0, 0},
	{"whole blocks", {10, 10, 0, 5}, 2, 0},
	{"short reads are chunks as they come", {3, 10, 1, 0, 5}, 3, 0},
	{"a failure", {4, -EIO, 5}, 1, -EIO},
};

START_TEST(a_reader_is_read_block_by_block)
{
	struct wsgi_reader_body b;
	const void *data;
	size_t n, at = 0;

	script = (struct script){.reader = {script_read, script_close}, .steps = readers[_i].steps};
	ck_assert_int_eq(wsgi_reader_body_init(&b, &script.reader, 10), 0);
	ck_assert_ptr_null(b.body.file);
	ck_assert(b.body.count == NULL);
	ck_assert(!b.body.eager);
	for (int i = 0; i < readers[_i].chunks; i++) {
		ck_assert_msg(b.body.next(&b.body, &data, &n) == 1, "%s", readers[_i].claim);
		ck_assert_int_eq(n, readers[_i].steps[i]);
		ck_assert_mem_eq(data, text + at, n);
		at += n;
	}
	ck_assert_int_eq(b.body.next(&b.body, &data, &n), readers[_i].rc);
	ck_assert_uint_eq(script.asked, 10);
	ck_assert_int_eq(b.body.next(&b.body, &data, &n), 0);
	ck_assert_int_eq(script.reads, readers[_i].chunks + 1);
	ck_assert_int_eq(b.body.close(&b.body), 0);
	ck_assert_int_eq(script.closes, 1);
}
END_TEST

START_TEST(the_close_of_a_reader_is_passed_on_with_what_it_returns)
{
	struct wsgi_reader_body b;
	const ssize_t steps[] = {0};
	const void *data;
	size_t n;

	script = (struct script){
		.reader = {script_read, script_close}, .steps = steps, .close_rc = -EIO};
	ck_assert_int_eq(wsgi_reader_body_init(&b, &script.reader, 0), 0);
	ck_assert_int_eq(b.body.next(&b.body, &data, &n), 0);
	ck_assert_uint_eq(script.asked, 8192);
	ck_assert_int_eq(b.body.close(&b.body), -EIO);
	ck_assert_int_eq(script.closes, 1);
}
END_TEST

START_TEST(a_reader_needs_no_close)
{
	struct wsgi_reader_body b;

	script = (struct script){.reader = {.read = script_read}};
	ck_assert_int_eq(wsgi_reader_body_init(&b, &script.reader, 0), 0);
	ck_assert_int_eq(b.body.close(&b.body), 0);
}
END_TEST

START_TEST(without_memory_a_body_is_not_made_and_nothing_leaks)
{
	const long held = memory_held();
	struct wsgi_reader_body b;
	struct wsgi_file_body *f;

	for (long n = 0, rc = -1; rc != 0; n++) {
		memory_left(n);
		rc = wsgi_file_body_create(&f, fd, 0);
		memory_left(MEMORY_ENOUGH);
		if (rc != 0)
			ck_assert_int_eq(rc, -ENOMEM);
		if (rc != 0)
			ck_assert_int_eq(memory_held(), held);
	}
	f->body.close(&f->body);
	fd = -1;
	memory_left(0);
	if (wsgi_reader_body_init(&b, &script.reader, 0) == 0)
		free(b.block); /* memory does not fail here */
	memory_left(MEMORY_ENOUGH);
	ck_assert_int_eq(memory_held(), held);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("file");
	TCase *tc = tcase_create("file");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_file, tear_down);
	tcase_add_loop_test(tc, a_file_comes_block_by_block_from_where_it_stands, 0, LEN(starts));
	tcase_add_test(tc, a_regular_file_is_offered_for_sendfile);
	tcase_add_test(tc, a_part_of_a_file_can_be_sent);
	tcase_add_test(tc, a_pipe_comes_as_it_comes);
	tcase_add_test(tc, close_is_passed_on_once);
	tcase_add_test(tc, what_is_no_file_is_an_error);
	tcase_add_test(tc, a_file_that_has_ended_is_not_resumed);
	tcase_add_test(tc, a_body_on_the_heap_owns_its_descriptor);
	tcase_add_loop_test(tc, a_reader_is_read_block_by_block, 0, LEN(readers));
	tcase_add_test(tc, the_close_of_a_reader_is_passed_on_with_what_it_returns);
	tcase_add_test(tc, a_reader_needs_no_close);
	tcase_add_test(tc, without_memory_a_body_is_not_made_and_nothing_leaks);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
