#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/contents.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_buf text;
static int fd = -1;

static void tear_down(void)
{
	wsgi_buf_finish(&text);
	if (fd >= 0)
		close(fd);
	fd = -1;
}

/* A file of len bytes, no two neighbours of which are the same. */
static void given_a_file(size_t len)
{
	fd = memfd_create("contents", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < len; i++) {
		const char c = (char)(i % 251);

		ck_assert_int_eq(pwrite(fd, &c, 1, (off_t)i), 1);
	}
}

static void then_the_text_is(size_t before, size_t len)
{
	ck_assert_uint_eq(text.len, before + len);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(text.data[before + i], (char)(i % 251));
	ck_assert_int_eq(text.data[text.len], '\0');
}

static const size_t sizes[] = {0, 1, 62, 63, 64, 4094, 4095, 4096, 4097, 20000};

START_TEST(all_is_read_and_ends_with_a_nul)
{
	given_a_file(sizes[_i]);
	ck_assert_int_eq(wsgi_contents_read(fd, SIZE_MAX, &text), 0);
	then_the_text_is(0, sizes[_i]);
}
END_TEST

START_TEST(it_is_appended)
{
	given_a_file(sizes[_i]);
	ck_assert_int_eq(wsgi_buf_adds(&text, "before"), 0);
	ck_assert_int_eq(wsgi_contents_read(fd, sizes[_i], &text), 0);
	ck_assert_int_eq(memcmp(text.data, "before", 6), 0);
	then_the_text_is(6, sizes[_i]);
}
END_TEST

START_TEST(as_many_as_may_be_are_read_and_one_more_is_too_many)
{
	given_a_file(sizes[_i] + 1);
	ck_assert_int_eq(wsgi_contents_read(fd, sizes[_i], &text), -EFBIG);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	text.len = 0;
	ck_assert_int_eq(wsgi_contents_read(fd, sizes[_i] + 1, &text), 0);
	then_the_text_is(0, sizes[_i] + 1);
}
END_TEST

/* So that a key that was read stands in one place, where it can be wiped. */
START_TEST(a_text_with_room_does_not_move)
{
	const char *data;

	text.cap = sizes[_i] + 2; /* and not a byte more: ASan would see it */
	text.data = malloc(text.cap);
	ck_assert_ptr_nonnull(text.data);
	data = text.data;
	given_a_file(sizes[_i] + 1);
	ck_assert_int_eq(wsgi_contents_read(fd, sizes[_i], &text), -EFBIG);
	ck_assert_ptr_eq(text.data, data);
	ck_assert_int_eq(ftruncate(fd, (off_t)sizes[_i]), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	text.len = 0;
	ck_assert_int_eq(wsgi_contents_read(fd, sizes[_i], &text), 0);
	ck_assert_ptr_eq(text.data, data);
	then_the_text_is(0, sizes[_i]);
}
END_TEST

START_TEST(a_pipe_is_read_until_nobody_writes_to_it)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			usleep(write(ends[1], "\0\1\2", 3) == 3 ? 5000 : 0);
		_exit(0);
	}
	close(ends[1]);
	fd = ends[0];
	ck_assert_int_eq(wsgi_contents_read(fd, SIZE_MAX, &text), 0);
	ck_assert_uint_eq(text.len, 9);
	ck_assert_int_eq(memcmp(text.data, "\0\1\2\0\1\2\0\1\2", 10), 0);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	fd = open("/", O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(wsgi_contents_read(fd, 10, &text), -EISDIR);
	ck_assert_int_eq(wsgi_contents_read(-1, 10, &text), -EBADF);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("contents");
	TCase *tc = tcase_create("contents");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, all_is_read_and_ends_with_a_nul, 0, LEN(sizes));
	tcase_add_loop_test(tc, it_is_appended, 0, LEN(sizes));
	tcase_add_loop_test(tc, as_many_as_may_be_are_read_and_one_more_is_too_many, 0, LEN(sizes));
	tcase_add_loop_test(tc, a_text_with_room_does_not_move, 0, LEN(sizes));
	tcase_add_test(tc, a_pipe_is_read_until_nobody_writes_to_it);
	tcase_add_test(tc, what_cannot_be_read_is_an_error);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
