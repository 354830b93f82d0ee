/* CPython's test_wsgiref, HeaderTests: its cases as facts. What is left out: test_util.c. */
#include <check.h>
#include <string.h>

#include "wsgi/headers.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_headers headers;
static struct wsgi_buf out;

static void given_no_headers(void)
{
	wsgi_headers_init(&headers);
}

static void tear_down(void)
{
	wsgi_headers_finish(&headers);
	wsgi_buf_finish(&out);
}

/* -- testMappingInterface ---------------------------------------------------------------------- */

START_TEST(no_headers_are_none)
{
	ck_assert_uint_eq(wsgi_headers_len(&headers), 0);
	ck_assert_int_eq(wsgi_headers_add_all(&headers, NULL, 0), 0);
	ck_assert_uint_eq(wsgi_headers_len(&headers), 0);
}
END_TEST

START_TEST(a_list_of_one_is_its_key_and_its_value_and_is_copied)
{
	char x[] = "x", y[] = "y";
	const struct wsgi_header list[] = {{x, y}};
	struct wsgi_span name, value;

	ck_assert_int_eq(wsgi_headers_add_all(&headers, list, 1), 0);
	x[0] = y[0] = '-';
	ck_assert_uint_eq(wsgi_headers_len(&headers), 1);
	wsgi_headers_at(&headers, 0, &name, &value);
	ck_assert(wsgi_span_is(name, "x") && wsgi_span_is(value, "y"));
}
END_TEST

START_TEST(what_is_not_there_can_be_deleted)
{
	wsgi_headers_delete(&headers, "foo");
	ck_assert_uint_eq(wsgi_headers_len(&headers), 0);
}
END_TEST

static const struct {
	const char *name;
	bool there;
} asked[] = {{"foo", true}, {"Foo", true}, {"FOO", true}, {"bar", false}};

START_TEST(a_name_is_found_in_any_case)
{
	ck_assert_int_eq(wsgi_headers_set(&headers, "Foo", "bar"), 0);
	ck_assert_int_eq(wsgi_headers_contains(&headers, asked[_i].name), asked[_i].there);
	ck_assert_pstr_eq(wsgi_headers_get(&headers, asked[_i].name),
			  asked[_i].there ? "bar" : NULL);
	ck_assert_pstr_eq(wsgi_headers_get_all(&headers, asked[_i].name, 0),
			  asked[_i].there ? "bar" : NULL);
}
END_TEST

START_TEST(setting_a_name_again_replaces_its_value)
{
	ck_assert_int_eq(wsgi_headers_set(&headers, "Foo", "bar"), 0);
	ck_assert_int_eq(wsgi_headers_set(&headers, "foo", "baz"), 0);
	ck_assert_str_eq(wsgi_headers_get(&headers, "FOO"), "baz");
	ck_assert_str_eq(wsgi_headers_get_all(&headers, "foo", 0), "baz");
	ck_assert_ptr_null(wsgi_headers_get_all(&headers, "foo", 1));
}
END_TEST

START_TEST(a_default_is_set_where_nothing_is)
{
	ck_assert_int_eq(wsgi_headers_set(&headers, "foo", "baz"), 0);
	ck_assert_ptr_null(wsgi_headers_get(&headers, "zoo"));
	ck_assert_int_eq(wsgi_headers_setdefault(&headers, "foo", "whee"), 0);
	ck_assert_int_eq(wsgi_headers_setdefault(&headers, "zoo", "whee"), 0);
	ck_assert_str_eq(wsgi_headers_get(&headers, "foo"), "baz");
	ck_assert_str_eq(wsgi_headers_get(&headers, "zoo"), "whee");
}
END_TEST

/* -- testExtras -------------------------------------------------------------------------------- */

static void then_bytes_are(const char *expected)
{
	out.len = 0;
	ck_assert_int_eq(wsgi_headers_bytes(&headers, &out), 0);
	ck_assert_uint_eq(out.len, strlen(expected));
	ck_assert_mem_eq(out.data, expected, out.len);
}

START_TEST(no_headers_are_a_blank_line)
{
	then_bytes_are("\r\n");
}
END_TEST

START_TEST(a_header_with_a_parameter_stands_beside_another_of_its_name)
{
	static const struct wsgi_header_param baz = {"baz", "spam"}, cheese = {"cheese", NULL};

	ck_assert_int_eq(wsgi_headers_add_header(&headers, "foo", "bar", &baz, 1), 0);
	ck_assert_str_eq(wsgi_headers_get(&headers, "foo"), "bar; baz=\"spam\"");
	then_bytes_are("foo: bar; baz=\"spam\"\r\n\r\n");
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "Foo", "bar", &cheese, 1), 0);
	ck_assert_str_eq(wsgi_headers_get_all(&headers, "foo", 0), "bar; baz=\"spam\"");
	ck_assert_str_eq(wsgi_headers_get_all(&headers, "foo", 1), "bar; cheese");
	ck_assert_ptr_null(wsgi_headers_get_all(&headers, "foo", 2));
	then_bytes_are("foo: bar; baz=\"spam\"\r\nFoo: bar; cheese\r\n\r\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wsgiref headers");
	TCase *tc = tcase_create("headers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_no_headers, tear_down);
	tcase_add_test(tc, no_headers_are_none);
	tcase_add_test(tc, a_list_of_one_is_its_key_and_its_value_and_is_copied);
	tcase_add_test(tc, what_is_not_there_can_be_deleted);
	tcase_add_loop_test(tc, a_name_is_found_in_any_case, 0, LEN(asked));
	tcase_add_test(tc, setting_a_name_again_replaces_its_value);
	tcase_add_test(tc, a_default_is_set_where_nothing_is);
	tcase_add_test(tc, no_headers_are_a_blank_line);
	tcase_add_test(tc, a_header_with_a_parameter_stands_beside_another_of_its_name);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
