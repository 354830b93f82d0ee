#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/title.h"

static char text[4096];

static size_t read_own(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return n;
}

START_TEST(the_words_are_the_command_line)
{
	static char a[] = "w-f", b[] = "-b", c[] = "x";
	static char *words[] = {a, b, c};

	wsgi_title_set(3, words);
	ck_assert_uint_ge(read_own("/proc/self/cmdline"), 9);
	ck_assert_mem_eq(text, "w-f\0-b\0x\0", 9);
}
END_TEST

START_TEST(the_first_is_the_name)
{
	static char a[] = "wsgi-fcgi";
	static char *words[] = {a};

	wsgi_title_set(1, words);
	read_own("/proc/self/comm");
	ck_assert_str_eq(text, "wsgi-fcgi\n");
}
END_TEST

START_TEST(a_word_that_does_not_fit_is_left_out)
{
	static char a[] = "w", b[5000];
	static char *words[] = {a, b};

	memset(b, 'b', sizeof(b) - 1);
	wsgi_title_set(2, words);
	read_own("/proc/self/cmdline");
	ck_assert_str_eq(text, "w");
	ck_assert_ptr_null(memchr(text, 'b', sizeof(text)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("title");
	TCase *tc = tcase_create("title");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, the_words_are_the_command_line);
	tcase_add_test(tc, the_first_is_the_name);
	tcase_add_test(tc, a_word_that_does_not_fit_is_left_out);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
