#include "fcgi/params.h"

#include <check.h>
#include <errno.h>

#include "wire.h"

static struct wsgi_params params;
static struct wsgi_environ env;
static FCGX_ParamArray envp;
static struct wsgi_buf bytes;

static void set_up(void)
{
	params = (struct wsgi_params){0};
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_params_finish(&params);
	wsgi_buf_finish(&bytes);
}

static int when_they_come(size_t part, size_t limit)
{
	int rc = 0;

	for (size_t at = 0; at < bytes.len && rc == 0; at += part) {
		struct wsgi_span in = {bytes.data + at, part};

		if (in.len > bytes.len - at)
			in.len = bytes.len - at;
		rc = wsgi_params_add(&params, in, limit);
	}
	return rc == 0 ? wsgi_params_end(&params, &env, &envp) : rc;
}

START_TEST(the_environ_has_them_however_they_are_cut)
{
	char large[300];

	memset(large, 'v', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	add_pair(&bytes, "REQUEST_METHOD", "GET");
	add_pair(&bytes, "LARGE", large);
	add_pair(&bytes, "QUERY_STRING", "");
	add_pair(&bytes, "PATH_INFO", "/\xe9");
	ck_assert_int_eq(when_they_come((size_t)_i, 1000), 0);
	ck_assert_uint_eq(env.len, 4);
	ck_assert_str_eq(wsgi_environ_get(&env, "REQUEST_METHOD"), "GET");
	ck_assert_str_eq(wsgi_environ_get(&env, "LARGE"), large);
	ck_assert_str_eq(wsgi_environ_get(&env, "QUERY_STRING"), "");
	ck_assert_str_eq(wsgi_environ_get(&env, "PATH_INFO"), "/\xe9");
}
END_TEST

START_TEST(libfcgi_finds_them_too)
{
	add_pair(&bytes, "A", "1");
	add_pair(&bytes, "AB", "2");
	ck_assert_int_eq(when_they_come(100, 100), 0);
	ck_assert_str_eq(FCGX_GetParam("AB", envp), "2");
	ck_assert_str_eq(FCGX_GetParam("A", envp), "1");
	ck_assert_ptr_null(FCGX_GetParam("B", envp));
	ck_assert_ptr_null(envp[2]);
}
END_TEST

START_TEST(of_two_with_one_name_the_later_one_counts)
{
	add_pair(&bytes, "A", "first");
	add_pair(&bytes, "B", "b");
	add_pair(&bytes, "A", "second");
	ck_assert_int_eq(when_they_come(100, 100), 0);
	ck_assert_uint_eq(env.len, 2);
	ck_assert_str_eq(wsgi_environ_get(&env, "A"), "second");
	ck_assert_str_eq(FCGX_GetParam("A", envp), "second");
}
END_TEST

static const struct {
	const char *claim, *name, *values[4], *expected;
} repeated[] = {
	{"two", "HTTP_X", {"a", "b"}, "a, b"},
	{"three, in order", "HTTP_X", {"c", "a", "b"}, "c, a, b"},
	{"an empty one counts", "HTTP_X", {"a", "", "b"}, "a, , b"},
	{"cookies", "HTTP_COOKIE", {"a=1", "b=2; c=3"}, "a=1; b=2; c=3"},
	{"another that begins like it", "HTTP_COOKIES", {"a", "b"}, "a, b"},
	{"one", "HTTP_X", {"a"}, "a"},
	{"HTTP_ alone is no header", "HTTP_", {"a", "b"}, "b"},
	{"HTTPS is none", "HTTPS", {"off", "on"}, "on"},
	{"of others the later counts", "REMOTE_USER", {"a", "b"}, "b"},
};

START_TEST(the_values_of_a_header_that_is_repeated_are_joined)
{
	const char *name = repeated[_i].name;

	add_pair(&bytes, "HTTP_A", "first");
	for (int i = 0; i < 4 && repeated[_i].values[i] != NULL; i++) {
		add_pair(&bytes, name, repeated[_i].values[i]);
		add_pair(&bytes, "HTTP_OTHER", "o"); /* the same each time, between them */
	}
	ck_assert_int_eq(when_they_come(7, 1000), 0);
	ck_assert_uint_eq(env.len, 3);
	ck_assert_msg(strcmp(wsgi_environ_get(&env, name), repeated[_i].expected) == 0, "%s: '%s'",
		      repeated[_i].claim, wsgi_environ_get(&env, name));
	ck_assert_str_eq(FCGX_GetParam(name, envp), repeated[_i].expected);
	ck_assert_str_eq(wsgi_environ_get(&env, "HTTP_A"), "first");
	ck_assert_ptr_null(envp[3]);
}
END_TEST

START_TEST(a_header_that_comes_a_hundred_thousand_times_takes_no_time)
{
	struct wsgi_span value;

	for (int i = 0; i < 100000; i++)
		add_pair(&bytes, i % 2 == 0 ? "HTTP_A" : "HTTP_B", "");
	ck_assert_int_eq(when_they_come(60000, 1 << 20), 0);
	ck_assert_uint_eq(env.len, 2);
	ck_assert(wsgi_environ_find(&env, "HTTP_B", &value));
	ck_assert_uint_eq(value.len, 49999 * 2);
}
END_TEST

START_TEST(odd_bytes_stay_as_they_are)
{
	struct wsgi_span value;

	add_pair_bytes(&bytes, "A=B", 3, "x\0y", 3);
	add_pair_bytes(&bytes, "", 0, "empty", 5);
	ck_assert_int_eq(when_they_come((size_t)_i, 100), 0);
	ck_assert(wsgi_environ_find(&env, "A=B", &value));
	ck_assert_uint_eq(value.len, 3);
	ck_assert_mem_eq(value.data, "x\0y", 3);
	ck_assert(wsgi_environ_find(&env, "", &value));
}
END_TEST

START_TEST(a_pair_that_is_cut_off_is_an_error)
{
	add_pair(&bytes, "NAME", "value");
	bytes.len--;
	ck_assert_int_eq(when_they_come(3, 100), -EPROTO);
}
END_TEST

START_TEST(a_length_is_not_believed_before_its_bytes_came)
{
	static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff";

	wsgi_buf_add(&bytes, huge, 8);
	wsgi_buf_adds(&bytes, "a few bytes");
	ck_assert_int_eq(when_they_come(100, 100), -EPROTO);
	ck_assert_uint_lt(params.text.cap, 1000);
}
END_TEST

START_TEST(more_than_the_limit_is_an_error)
{
	add_pair(&bytes, "NAME", "value"); /* 11 bytes */
	ck_assert_int_eq(when_they_come((size_t)_i, 10), -EMSGSIZE);
	wsgi_params_clear(&params);
	ck_assert_int_eq(when_they_come((size_t)_i, 11), 0);
}
END_TEST

START_TEST(half_a_million_empty_pairs_take_no_time)
{
	wsgi_buf_reserve(&bytes, 1 << 20);
	memset(bytes.data, 0, 1 << 20);
	bytes.len = 1 << 20;
	ck_assert_int_eq(when_they_come(60000, 1 << 20), 0);
	ck_assert_uint_eq(env.len, 1);
}
END_TEST

START_TEST(a_small_request_leaves_its_memory_to_the_next)
{
	const char *text;

	add_pair(&bytes, "NAME", "value");
	when_they_come(100, 100);
	text = params.text.data;
	wsgi_environ_clear(&env);
	wsgi_params_clear(&params);
	when_they_come(100, 100);
	ck_assert_ptr_eq(params.text.data, text);
}
END_TEST

START_TEST(a_large_one_gives_it_back)
{
	wsgi_buf_reserve(&bytes, 100000);
	memset(bytes.data, 0, 100000);
	bytes.len = 100000;
	when_they_come(100000, 100000);
	wsgi_environ_clear(&env);
	wsgi_params_clear(&params);
	ck_assert_uint_eq(params.text.cap, 0);
	ck_assert_uint_eq(params.cap, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("params");
	TCase *tc = tcase_create("decode");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, the_environ_has_them_however_they_are_cut, 1, 400);
	tcase_add_test(tc, libfcgi_finds_them_too);
	tcase_add_test(tc, of_two_with_one_name_the_later_one_counts);
	tcase_add_loop_test(tc, the_values_of_a_header_that_is_repeated_are_joined, 0,
			    (int)(sizeof(repeated) / sizeof(repeated[0])));
	tcase_add_test(tc, a_header_that_comes_a_hundred_thousand_times_takes_no_time);
	tcase_add_loop_test(tc, odd_bytes_stay_as_they_are, 1, 20);
	tcase_add_test(tc, a_pair_that_is_cut_off_is_an_error);
	tcase_add_test(tc, a_length_is_not_believed_before_its_bytes_came);
	tcase_add_loop_test(tc, more_than_the_limit_is_an_error, 1, 12);
	tcase_add_test(tc, half_a_million_empty_pairs_take_no_time);
	tcase_add_test(tc, a_small_request_leaves_its_memory_to_the_next);
	tcase_add_test(tc, a_large_one_gives_it_back);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
