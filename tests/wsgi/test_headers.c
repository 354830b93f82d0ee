#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "wsgi/app.h"
#include "wsgi/headers.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_headers headers;
static struct wsgi_buf out;

static void given_no_fields(void)
{
	wsgi_headers_init(&headers);
}

static void tear_down(void)
{
	wsgi_headers_finish(&headers);
	wsgi_headers_finish(NULL);
	wsgi_buf_finish(&out);
}

static void add(const char *name, const char *value)
{
	ck_assert_int_eq(wsgi_headers_add(&headers, name, value), 0);
}

/* The bytes, as they go to the client. */
static void reads(const char *expected)
{
	out.len = 0;
	ck_assert_int_eq(wsgi_headers_bytes(&headers, &out), 0);
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	ck_assert_str_eq(out.data, expected);
}

static void get(const char *name, const char *value)
{
	ck_assert_pstr_eq(wsgi_headers_get(&headers, name), value);
}

START_TEST(no_fields_are_an_empty_line)
{
	reads("\r\n");
	get("Any", NULL);
	wsgi_headers_delete(&headers, "Any");
	reads("\r\n");
}
END_TEST

START_TEST(fields_are_kept_in_order_and_repeated)
{
	add("Set-Cookie", "a=1");
	add("X", "");
	add("set-cookie", "b=2");
	reads("Set-Cookie: a=1\r\nX: \r\nset-cookie: b=2\r\n\r\n");
	get("SET-COOKIE", "a=1");
	get("x", "");
	ck_assert_pstr_eq(wsgi_headers_get_all(&headers, "Set-Cookie", 0), "a=1");
	ck_assert_pstr_eq(wsgi_headers_get_all(&headers, "Set-Cookie", 1), "b=2");
	ck_assert_pstr_eq(wsgi_headers_get_all(&headers, "Set-Cookie", 2), NULL);
}
END_TEST

START_TEST(set_replaces_every_field_of_the_name_and_stands_last)
{
	add("A", "1");
	add("B", "2");
	add("a", "3");
	ck_assert_int_eq(wsgi_headers_set(&headers, "a", "4"), 0);
	reads("B: 2\r\na: 4\r\n\r\n");
	ck_assert_int_eq(wsgi_headers_set(&headers, "C", "5"), 0);
	reads("B: 2\r\na: 4\r\nC: 5\r\n\r\n");
}
END_TEST

START_TEST(setting_again_and_again_takes_no_more_memory)
{
	size_t cap;

	ck_assert_int_eq(wsgi_headers_set(&headers, "X", "0123456789"), 0);
	cap = headers.text.cap;
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(wsgi_headers_set(&headers, "X", "0123456789"), 0);
	ck_assert_uint_eq(headers.text.cap, cap);
	reads("X: 0123456789\r\n\r\n");
}
END_TEST

START_TEST(setdefault_adds_what_is_missing_only)
{
	add("A", "1");
	ck_assert_int_eq(wsgi_headers_setdefault(&headers, "a", "2"), 0);
	ck_assert_int_eq(wsgi_headers_setdefault(&headers, "B", "3"), 0);
	reads("A: 1\r\nB: 3\r\n\r\n");
}
END_TEST

/* So many that one more field moves all of them in memory. */
static void given_fields_that_fill_the_memory(void)
{
	add("A", "the first");
	add("B", "the second");
	add("a", "the third");
	while (headers.text.cap - headers.text.len > 2)
		add("", "");
}

static int set_own(const char *name, const char *value)
{
	return wsgi_headers_set(&headers, name, value);
}

static int add_own(const char *name, const char *value)
{
	return wsgi_headers_add(&headers, name, value);
}

static int setdefault_own(const char *name, const char *value)
{
	return wsgi_headers_setdefault(&headers, name, value);
}

static int add_own_header(const char *name, const char *value)
{
	return wsgi_headers_add_header(&headers, name, value, NULL, 0);
}

static int add_own_param(const char *name, const char *value)
{
	const struct wsgi_header_param param = {"p", value};

	return wsgi_headers_add_header(&headers, name, NULL, &param, 1);
}

static const struct {
	const char *claim;
	int (*change)(const char *name, const char *value);
	const char *name, *from, *expected;
} owns[] = {
	{"set to its own value", set_own, "B", "B", "the second"},
	{"set to its own first value", set_own, "A", "A", "the first"},
	{"set to another's value", set_own, "A", "B", "the second"},
	{"a new one set", set_own, "X", "A", "the first"},
	{"added", add_own, "X", "B", "the second"},
	{"a default", setdefault_own, "X", "B", "the second"},
	{"added as a header", add_own_header, "X", "B", "the second"},
	{"added as a parameter", add_own_param, "X", "B", "p=\"the second\""},
};

START_TEST(a_value_may_be_one_of_the_same_headers)
{
	given_fields_that_fill_the_memory();
	ck_assert_msg(owns[_i].change(owns[_i].name, wsgi_headers_get(&headers, owns[_i].from)) ==
			      0,
		      "%s", owns[_i].claim);
	get(owns[_i].name, owns[_i].expected);
}
END_TEST

START_TEST(a_name_may_be_one_of_the_same_headers)
{
	struct wsgi_span name, value;

	given_fields_that_fill_the_memory();
	wsgi_headers_at(&headers, 0, &name, &value);
	ck_assert_int_eq(wsgi_headers_set(&headers, name.data, value.data), 0);
	get("A", "the first");
	ck_assert_pstr_eq(wsgi_headers_get_all(&headers, "A", 1), NULL);
	add("B", "the fourth");
	wsgi_headers_at(&headers, 0, &name, &value);
	ck_assert_str_eq(name.data, "B");
	wsgi_headers_delete(&headers, name.data);
	get("B", NULL);
	get("A", "the first");
}
END_TEST

START_TEST(delete_takes_out_every_field_of_the_name)
{
	add("A", "1");
	add("B", "2");
	add("a", "3");
	add("C", "4");
	wsgi_headers_delete(&headers, "A");
	reads("B: 2\r\nC: 4\r\n\r\n");
	get("C", "4");
	add("D", "5");
	get("D", "5");
}
END_TEST

START_TEST(names_compare_as_python_compares_latin_1)
{
	add("X-\xc9", "e-acute");
	get("x-\xe9", "e-acute");
	add("\xd7", "times");
	get("\xf7", NULL); /* what stands 0x20 after the times sign is the divide sign */
	get("X-", NULL);
}
END_TEST

/* From the tests of CPython's wsgiref, and _formatparam(). */
static const struct {
	const char *claim, *value;
	struct wsgi_header_param params[3];
	size_t n;
	const char *expected;
} params[] = {
	{"no parameter", "bar", {{0}}, 0, "bar"},
	{"a value in quotes", "bar", {{"baz", "spam"}}, 1, "bar; baz=\"spam\""},
	{"a bare name", "bar", {{"cheese", NULL}}, 1, "bar; cheese"},
	{"an empty value is a bare name", "bar", {{"cheese", ""}}, 1, "bar; cheese"},
	{"underscores are hyphens, in names", "b_r", {{"a_b_", "c_d"}}, 1, "b_r; a-b-=\"c_d\""},
	{"a bare name's too", "b", {{"a_b", NULL}}, 1, "b; a-b"},
	{"quotes and backslashes", "b", {{"f", "a\"\\b"}}, 1, "b; f=\"a\\\"\\\\b\""},
	{"no value", NULL, {{"a", "1"}, {"b", NULL}}, 2, "a=\"1\"; b"},
	{"nothing at all", NULL, {{0}}, 0, ""},
	{"an empty value stands there", "", {{"a", NULL}}, 1, "; a"},
	{"several", "b", {{"x", "1"}, {"y", ""}, {"z", "3"}}, 3, "b; x=\"1\"; y; z=\"3\""},
};

START_TEST(add_header_writes_parameters)
{
	add("First", "1");
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "foo", params[_i].value,
						 params[_i].params, params[_i].n),
			 0);
	ck_assert_msg(strcmp(wsgi_headers_get(&headers, "foo"), params[_i].expected) == 0, "%s: %s",
		      params[_i].claim, wsgi_headers_get(&headers, "foo"));
	add("Last", "2");
	get("First", "1");
	get("foo", params[_i].expected);
	get("Last", "2");
}
END_TEST

static const struct {
	const char *claim;
	struct wsgi_span name, value;
	int rc;
} checks[] = {
	{"plain", {"X-A", 3}, {"a b", 3}, 0},
	{"empty", {"", 0}, {"", 0}, 0},
	{"latin-1", {"X-\xe9", 3}, {"\x80\xff", 2}, 0},
	{"a tab in a value", {"X", 1}, {"a\tb", 3}, 0},
	{"a tab in a name", {"X\t", 2}, {"", 0}, -EINVAL},
	{"CR in a value", {"X", 1}, {"a\rb", 3}, -EINVAL},
	{"LF in a value", {"X", 1}, {"a\nSet-Cookie: b", 15}, -EINVAL},
	{"LF at the end", {"X", 1}, {"a\n", 2}, -EINVAL},
	{"NUL in a value", {"X", 1}, {"a\0b", 3}, -EINVAL},
	{"DEL in a value", {"X", 1}, {"\x7f", 1}, -EINVAL},
	{"US in a value", {"X", 1}, {"\x1f", 1}, -EINVAL},
	{"VT in a value", {"X", 1}, {"\x0b", 1}, -EINVAL},
	{"LF in a name", {"X\nY", 3}, {"", 0}, -EINVAL},
	{"NUL in a name", {"X\0Y", 3}, {"", 0}, -EINVAL},
	{"DEL in a name", {"\x7f", 1}, {"", 0}, -EINVAL},
};

START_TEST(control_characters_are_refused)
{
	struct wsgi_error err = {0};
	int rc = wsgi_header_check(checks[_i].name, checks[_i].value, &err);

	ck_assert_msg(rc == checks[_i].rc, "%s: %d", checks[_i].claim, rc);
	ck_assert_str_eq(err.text, rc == 0 ? "" : "Control characters not allowed in headers");
}
END_TEST

START_TEST(a_refused_field_changes_nothing)
{
	const struct wsgi_header_param bad_name = {"a\tb", "1"}, bad_value = {"a", "1\r\n"};

	add("X", "1");
	ck_assert_int_eq(wsgi_headers_add(&headers, "X", "a\nb"), -EINVAL);
	ck_assert_int_eq(wsgi_headers_set(&headers, "X", "a\nb"), -EINVAL);
	ck_assert_int_eq(wsgi_headers_setdefault(&headers, "Y\r", "a"), -EINVAL);
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "X", "a\nb", NULL, 0), -EINVAL);
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "X\n", "a", NULL, 0), -EINVAL);
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "X", "a", &bad_name, 1), -EINVAL);
	ck_assert_int_eq(wsgi_headers_add_header(&headers, "X", "a", &bad_value, 1), -EINVAL);
	reads("X: 1\r\n\r\n");
}
END_TEST

START_TEST(many_fields_of_bytes_can_be_read_in_order)
{
	struct wsgi_span name, value;
	char text[16];

	for (int i = 0; i < 1000; i++) {
		sprintf(text, "N%d", i);
		ck_assert_int_eq(wsgi_headers_add_span(&headers, wsgi_span_of(text),
						       (struct wsgi_span){"a\0b", 3}),
				 0);
	}
	ck_assert_uint_eq(headers.len, 1000);
	wsgi_headers_at(&headers, 999, &name, &value);
	ck_assert(wsgi_span_is(name, "N999"));
	ck_assert_uint_eq(value.len, 3);
	ck_assert_mem_eq(value.data, "a\0b", 4);
}
END_TEST

START_TEST(whether_a_name_is_there_can_be_asked)
{
	ck_assert(!wsgi_headers_contains(&headers, "A"));
	add("A", "");
	ck_assert(wsgi_headers_contains(&headers, "a"));
	ck_assert(!wsgi_headers_contains(&headers, "B"));
	wsgi_headers_delete(&headers, "A");
	ck_assert(!wsgi_headers_contains(&headers, "A"));
}
END_TEST

START_TEST(len_counts_each_field_of_a_name)
{
	ck_assert_uint_eq(wsgi_headers_len(&headers), 0);
	add("A", "1");
	add("a", "2");
	add("B", "3");
	ck_assert_uint_eq(wsgi_headers_len(&headers), 3);
	wsgi_headers_delete(&headers, "a");
	ck_assert_uint_eq(wsgi_headers_len(&headers), 1);
}
END_TEST

START_TEST(a_list_is_added_as_it_is)
{
	const struct wsgi_header list[] = {{"B", "1"}, {"A", "2"}, {"b", "3"}};

	add("A", "0");
	ck_assert_int_eq(wsgi_headers_add_all(&headers, list, 3), 0);
	reads("A: 0\r\nB: 1\r\nA: 2\r\nb: 3\r\n\r\n");
	ck_assert_int_eq(wsgi_headers_add_all(&headers, NULL, 0), 0);
	ck_assert_uint_eq(wsgi_headers_len(&headers), 4);
}
END_TEST

START_TEST(of_a_list_with_a_bad_field_nothing_is_added)
{
	const struct wsgi_header list[] = {{"B", "1"}, {"C", "2\r\n"}, {"D", "3"}};

	add("A", "0");
	ck_assert_int_eq(wsgi_headers_add_all(&headers, list, 3), -EINVAL);
	reads("A: 0\r\n\r\n");
	add("E", "4");
	reads("A: 0\r\nE: 4\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(wsgi_headers_add_all(&headers, list, 3), -EINVAL);
	ck_assert_uint_lt(headers.text.cap, 1000); /* nor does it take memory */
}
END_TEST

START_TEST(without_memory_for_a_list_the_fields_are_as_they_were)
{
	const struct wsgi_header list[] = {{"B", "1"}, {"C", "2"}};
	int rc = -1;

	for (long n = 0; rc != 0; n++) {
		wsgi_headers_finish(&headers);
		for (int i = 0; i < 15; i++) /* the next but one needs room */
			add("A", "");
		memory_left(n);
		rc = wsgi_headers_add_all(&headers, list, 2);
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 0 || rc == -ENOMEM);
		ck_assert_uint_eq(wsgi_headers_len(&headers), rc == 0 ? 17 : 15);
		ck_assert(rc == 0 || !wsgi_headers_contains(&headers, "B"));
	}
}
END_TEST

static struct wsgi_buf given_head;
static const struct wsgi_error *given_exc;

static int note_head(struct wsgi_start *start, const char *status, const struct wsgi_header *list,
		     size_t n, const struct wsgi_error *exc)
{
	(void)start;
	given_exc = exc;
	given_head.len = 0;
	wsgi_buf_addf(&given_head, "%s", status);
	for (size_t i = 0; i < n; i++)
		wsgi_buf_addf(&given_head, "|%s=%s", list[i].name, list[i].value);
	wsgi_buf_add(&given_head, "", 1);
	return n > 0 ? -EPROTO : 0;
}

START_TEST(headers_are_given_to_start_response)
{
	struct wsgi_start start = {.respond = note_head};
	const struct wsgi_error exc = {.code = -EIO};

	ck_assert_int_eq(wsgi_headers_respond(&headers, &start, "200 OK", NULL), 0);
	ck_assert_str_eq(given_head.data, "200 OK");
	ck_assert_ptr_null(given_exc);
	add("A", "1");
	add("a", "");
	ck_assert_int_eq(wsgi_headers_respond(&headers, &start, "500 X", &exc), -EPROTO);
	ck_assert_str_eq(given_head.data, "500 X|A=1|a=");
	ck_assert_ptr_eq(given_exc, &exc);
	wsgi_buf_finish(&given_head);
}
END_TEST

START_TEST(headers_are_not_given_without_memory)
{
	struct wsgi_start start = {.respond = note_head};
	int rc;

	given_exc = NULL;
	memory_left(0);
	rc = wsgi_headers_respond(&headers, &start, "200 OK", NULL);
	memory_left(MEMORY_ENOUGH);
	ck_assert(rc == -ENOMEM || rc == 0); /* 0: the allocator is ASan's */
	ck_assert(rc == 0 || given_head.data == NULL);
	wsgi_buf_finish(&given_head);
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
	const struct wsgi_field *fields;
	const char *text;

	add("A", "1");
	fields = headers.fields;
	text = headers.text.data;
	wsgi_headers_clear(&headers);
	reads("\r\n");
	get("A", NULL);
	add("B", "2");
	ck_assert_ptr_eq(headers.fields, fields);
	ck_assert_ptr_eq(headers.text.data, text);
	reads("B: 2\r\n\r\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("headers");
	TCase *tc = tcase_create("headers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_no_fields, tear_down);
	tcase_add_test(tc, no_fields_are_an_empty_line);
	tcase_add_test(tc, fields_are_kept_in_order_and_repeated);
	tcase_add_test(tc, set_replaces_every_field_of_the_name_and_stands_last);
	tcase_add_test(tc, setting_again_and_again_takes_no_more_memory);
	tcase_add_test(tc, setdefault_adds_what_is_missing_only);
	tcase_add_loop_test(tc, a_value_may_be_one_of_the_same_headers, 0, LEN(owns));
	tcase_add_test(tc, a_name_may_be_one_of_the_same_headers);
	tcase_add_test(tc, delete_takes_out_every_field_of_the_name);
	tcase_add_test(tc, names_compare_as_python_compares_latin_1);
	tcase_add_loop_test(tc, add_header_writes_parameters, 0, LEN(params));
	tcase_add_loop_test(tc, control_characters_are_refused, 0, LEN(checks));
	tcase_add_test(tc, a_refused_field_changes_nothing);
	tcase_add_test(tc, many_fields_of_bytes_can_be_read_in_order);
	tcase_add_test(tc, whether_a_name_is_there_can_be_asked);
	tcase_add_test(tc, len_counts_each_field_of_a_name);
	tcase_add_test(tc, a_list_is_added_as_it_is);
	tcase_add_test(tc, of_a_list_with_a_bad_field_nothing_is_added);
	tcase_add_test(tc, without_memory_for_a_list_the_fields_are_as_they_were);
	tcase_add_test(tc, headers_are_given_to_start_response);
	tcase_add_test(tc, headers_are_not_given_without_memory);
	tcase_add_test(tc, clear_keeps_the_memory);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
