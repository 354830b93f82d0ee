#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "wsgi/query.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define BYTES(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

enum { FIELDS_MAX = 4 };

struct field {
	struct wsgi_span name, value;
};

/* What urllib.parse.parse_qsl(text, keep_blank_values=True, encoding="latin-1") says. */
static const struct {
	struct wsgi_span text;
	struct field fields[FIELDS_MAX];
	size_t n;
} queries[] = {
	{{NULL, 0}, {{{0}, {0}}}, 0},
	{BYTES(""), {{{0}, {0}}}, 0},
	{BYTES("a=1"), {{BYTES("a"), BYTES("1")}}, 1},
	{BYTES("a=1&b=2"), {{BYTES("a"), BYTES("1")}, {BYTES("b"), BYTES("2")}}, 2},
	{BYTES("a=1&a=2"), {{BYTES("a"), BYTES("1")}, {BYTES("a"), BYTES("2")}}, 2},
	{BYTES("a"), {{BYTES("a"), BYTES("")}}, 1},
	{BYTES("a="), {{BYTES("a"), BYTES("")}}, 1},
	{BYTES("="), {{BYTES(""), BYTES("")}}, 1},
	{BYTES("=a"), {{BYTES(""), BYTES("a")}}, 1},
	{BYTES("=&="), {{BYTES(""), BYTES("")}, {BYTES(""), BYTES("")}}, 2},
	{BYTES("a=b=c"), {{BYTES("a"), BYTES("b=c")}}, 1},
	{BYTES("&"), {{{0}, {0}}}, 0},
	{BYTES("&&a=b"), {{BYTES("a"), BYTES("b")}}, 1},
	{BYTES("a=b&&&c&"), {{BYTES("a"), BYTES("b")}, {BYTES("c"), BYTES("")}}, 2},
	{BYTES("a=1;b=2"), {{BYTES("a"), BYTES("1;b=2")}}, 1},
	{BYTES("+"), {{BYTES(" "), BYTES("")}}, 1},
	{BYTES("a+b=+c++d+"), {{BYTES("a b"), BYTES(" c  d ")}}, 1},
	{BYTES("a=%2B+%2b"), {{BYTES("a"), BYTES("+ +")}}, 1},
	{BYTES("a%26b%3Dc=%26%3d"), {{BYTES("a&b=c"), BYTES("&=")}}, 1},
	{BYTES("%41=%2541"), {{BYTES("A"), BYTES("%41")}}, 1},
	{BYTES("%zz"), {{BYTES("%zz"), BYTES("")}}, 1},
	{BYTES("a=%&b=%4"), {{BYTES("a"), BYTES("%")}, {BYTES("b"), BYTES("%4")}}, 2},
	{BYTES("a=%+41"), {{BYTES("a"), BYTES("% 41")}}, 1},
	{BYTES("a=%4+1"), {{BYTES("a"), BYTES("%4 1")}}, 1},
	{BYTES("%00=a%00b"), {{BYTES("\0"), BYTES("a\0b")}}, 1},
	{BYTES("a\0=\0"), {{BYTES("a\0"), BYTES("\0")}}, 1},
	{BYTES("\xe9=%e9\xff"), {{BYTES("\xe9"), BYTES("\xe9\xff")}}, 1},
	{BYTES("a=%c3%a9"), {{BYTES("a"), BYTES("\xc3\xa9")}}, 1},
	{BYTES("a= b\r\n"), {{BYTES("a"), BYTES(" b\r\n")}}, 1},
	{BYTES("a=1#b"), {{BYTES("a"), BYTES("1#b")}}, 1},
};

static void same(struct wsgi_span seen, struct wsgi_span wanted)
{
	ck_assert_uint_eq(seen.len, wanted.len);
	ck_assert_mem_eq(seen.data, wanted.data, wanted.len);
	ck_assert_int_eq(seen.data[seen.len], '\0');
}

START_TEST(fields_come_one_by_one)
{
	struct wsgi_span name, value;
	struct wsgi_query q;

	wsgi_query_init(&q, queries[_i].text);
	for (size_t i = 0; i < queries[_i].n; i++) {
		ck_assert_int_eq(wsgi_query_next(&q, &name, &value), 1);
		same(name, queries[_i].fields[i].name);
		same(value, queries[_i].fields[i].value);
	}
	ck_assert_int_eq(wsgi_query_next(&q, &name, &value), 0);
	ck_assert_int_eq(wsgi_query_next(&q, &name, &value), 0);
	wsgi_query_finish(&q);
	wsgi_query_finish(NULL);
}
END_TEST

static const struct {
	const char *text, *name, *value; /* NULL: there is none */
} gets[] = {
	{"a=1&b=2", "a", "1"}, {"a=1&b=2", "b", "2"}, {"a=1&a=2", "a", "1"},
	{"a=1", "A", NULL},    {"a=1", "", NULL},     {"=1", "", "1"},
	{"", "a", NULL},       {"ab=1&a", "a", ""},   {"%61+b=c%20d", "a b", "c d"},
};

START_TEST(a_field_is_found_by_its_name)
{
	struct wsgi_buf out = {0};
	int rc;

	ck_assert_int_eq(wsgi_buf_adds(&out, "<"), 0);
	rc = wsgi_query_get(wsgi_span_of(gets[_i].text), gets[_i].name, &out);
	ck_assert_int_eq(rc, gets[_i].value != NULL);
	if (rc == 1)
		ck_assert_str_eq(out.data + 1, gets[_i].value);
	ck_assert_uint_eq(out.len, 1 + (rc == 1 ? strlen(gets[_i].value) : 0));
	wsgi_buf_finish(&out);
}
END_TEST

START_TEST(without_memory_a_query_says_so_and_nothing_leaks)
{
	const long held = memory_held();
	struct wsgi_buf out = {0};

	for (long n = 0, rc = -1; rc != 1; n++) {
		memory_left(n);
		rc = wsgi_query_get(wsgi_span_of("a=1&b=2+3"), "b", &out);
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 1 || rc == -ENOMEM);
		if (rc != 1)
			ck_assert_int_eq(memory_held(), held);
	}
	ck_assert_str_eq(out.data, "2 3");
	wsgi_buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("query");
	TCase *tc = tcase_create("query");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, fields_come_one_by_one, 0, LEN(queries));
	tcase_add_loop_test(tc, a_field_is_found_by_its_name, 0, LEN(gets));
	tcase_add_test(tc, without_memory_a_query_says_so_and_nothing_leaks);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
