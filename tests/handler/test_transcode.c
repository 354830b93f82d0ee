#include <check.h>
#include <errno.h>
#include <string.h>

#include "../base/memory.h"
#include "handler/transcode.h"
#include "page.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum {
	UTF8 = WSGI_TRANSCODING_UTF8,
	LATIN1 = WSGI_TRANSCODING_LATIN1,
	PAGE = WSGI_TRANSCODING_CODEPAGE
};

static struct wsgi_buf out;

static void given_an_empty_buf(void)
{
	out = (struct wsgi_buf){0};
}

static void tear_down(void)
{
	wsgi_buf_finish(&out);
}

static const struct {
	const char *software;
	int how;
} servers[] = {
	{"Microsoft-IIS/10.0", UTF8},
	{"Microsoft-IIS/", UTF8},
	{"MICROSOFT-iis/7.5", UTF8},
	{"Microsoft-IIS", PAGE},
	{" Microsoft-IIS/10.0", PAGE},
	{"NotMicrosoft-IIS/10.0", PAGE},
	{"Microsoft-HTTPAPI/2.0", PAGE},
	{"Apache/2.4.57 (Win64) OpenSSL/3.0.8", LATIN1},
	{"apache/", LATIN1},
	{"Apache", PAGE},
	{"Apache-Coyote/1.1", PAGE},
	{"Apache/2 Microsoft-IIS/10.0", LATIN1},
	{"SimpleHTTP/0.6 Python/3.11.2", UTF8},
	{"simplehttp/0.6 PYTHON/3", UTF8},
	{"SimpleHTTP/Python/3", UTF8},
	{"SimpleHTTP/0.6 Python/2.7.18", PAGE},
	{"SimpleHTTP/0.6", PAGE},
	{"SimpleHTTP/0.6 Python/", PAGE},
	{"SimpleHTTP 0.6 Python/3", PAGE},
	{"WSGIServer/0.2 CPython/3.11.2", PAGE},
	{"Python/3 SimpleHTTP/0.6", PAGE},
	{"nginx/1.22.1", PAGE},
	{"", PAGE},
	/* A dotted capital I is no i, by Python's lower() either. */
	{"M\xc4\xb0"
	 "crosoft-IIS/10.0",
	 PAGE},
};

START_TEST(a_server_is_known_by_its_software)
{
	ck_assert_msg((int)wsgi_transcoding_of(wsgi_span_of(servers[_i].software)) ==
			      servers[_i].how,
		      "%s", servers[_i].software);
}
END_TEST

START_TEST(software_is_looked_at_to_its_end_only)
{
	static const char text[] = "SimpleHTTP/0.6 Python/3Microsoft-IIS/Apache/";

	for (size_t len = 0; len < 23; len++)
		ck_assert_int_eq(wsgi_transcoding_of((struct wsgi_span){text, len}), PAGE);
	ck_assert_int_eq(wsgi_transcoding_of((struct wsgi_span){text, 23}), UTF8);
	ck_assert_int_eq(wsgi_transcoding_of((struct wsgi_span){text + 23, 13}), PAGE);
	ck_assert_int_eq(wsgi_transcoding_of((struct wsgi_span){text + 23, 14}), UTF8);
	ck_assert_int_eq(wsgi_transcoding_of((struct wsgi_span){NULL, 0}), PAGE);
}
END_TEST

static const struct {
	const char *claim, *text;
	const char *bytes[3]; /* by the transcoding */
} values[] = {
	{"nothing", "", {"", "", ""}},
	{"ASCII", "/a b%20~\x7f\x01", {"/a b%20~\x7f\x01", "/a b%20~\x7f\x01", "/a b%20~\x7f\x01"}},
	{"\xe9", "/caf\xc3\xa9", {"/caf\xc3\xa9", "/caf\xe9", "/caf\xe9"}},
	{"bytes as Unicode",
	 "/caf\xc3\x83\xc2\xa9",
	 {"/caf\xc3\x83\xc2\xa9", "/caf\xc3\xa9", "/caf??"}},
	{"the first and last byte", "\xc2\x80\xc3\xbf", {"\xc2\x80\xc3\xbf", "\x80\xff", "??"}},
	{"above a byte", "\xc4\x80", {"\xc4\x80", "\xc4\x80", "?"}},
	{"above a byte, at the end",
	 "\xc3\xa9\xc4\x80",
	 {"\xc3\xa9\xc4\x80", "\xc3\xa9\xc4\x80", "\xe9?"}},
	{"a page has some", "\xe2\x82\xac", {"\xe2\x82\xac", "\xe2\x82\xac", "\x80"}},
	{"no text at all", "a\xe9", {"a\xe9", "a\xe9", "a?"}},
	{"of two bytes", "\xe6\x97\xa5", {"\xe6\x97\xa5", "\xe6\x97\xa5", "\x93\xfa"}},
	{"of two units", "x\xf0\x9f\x98\x80y", {"x\xf0\x9f\x98\x80y", "x\xf0\x9f\x98\x80y", "x?y"}},
	{"half a character", "x\xed\xa0\xbdy", {"x\xed\xa0\xbdy", "x\xed\xa0\xbdy", "x?y"}},
};

START_TEST(a_value_becomes_the_bytes_it_was_made_of)
{
	const int row = _i / 3, how = _i % 3;
	const char *expected = values[row].bytes[how];

	ck_assert_int_eq(wsgi_buf_adds(&out, "="), 0);
	ck_assert_int_eq(wsgi_transcode((enum wsgi_transcoding)how, &page,
					wsgi_span_of(values[row].text), &out),
			 0);
	ck_assert_msg(out.len == strlen(expected) + 1 &&
			      memcmp(out.data + 1, expected, out.len - 1) == 0 &&
			      out.data[0] == '=',
		      "%s by %d: %.*s", values[row].claim, how, (int)out.len, out.data);
}
END_TEST

START_TEST(a_value_may_be_long)
{
	enum { MANY = 100000 };
	struct wsgi_buf text = {0};

	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(wsgi_buf_adds(&text, "\xc3\xa9"), 0);
	ck_assert_int_eq(wsgi_transcode((enum wsgi_transcoding)_i, &page,
					(struct wsgi_span){text.data, text.len}, &out),
			 0);
	ck_assert_uint_eq(out.len, _i == UTF8 ? 2 * MANY : MANY);
	for (size_t i = 0; i < out.len; i++)
		ck_assert_int_eq(out.data[i], _i == UTF8 ? text.data[i] : '\xe9');
	wsgi_buf_finish(&text);
}
END_TEST

START_TEST(it_fails_without_memory_and_leaves_nothing_behind)
{
	const long held = memory_held();
	long allocations = 0;
	int rc;

	for (;; allocations++) {
		memory_left(allocations);
		rc = wsgi_transcode((enum wsgi_transcoding)_i, &page, wsgi_span_of("\xc3\xa9"),
				    &out);
		memory_left(MEMORY_ENOUGH);
		if (rc == 0)
			break;
		ck_assert_int_eq(rc, -ENOMEM);
		ck_assert_uint_eq(out.len, 0);
		wsgi_buf_finish(&out);
		ck_assert_int_eq(memory_held(), held);
	}
	ck_assert_uint_gt(out.len, 0);
	wsgi_buf_finish(&out);
	ck_assert_int_eq(memory_held(), held);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transcode");
	TCase *tc = tcase_create("transcode");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_empty_buf, tear_down);
	tcase_add_loop_test(tc, a_server_is_known_by_its_software, 0, LEN(servers));
	tcase_add_test(tc, software_is_looked_at_to_its_end_only);
	tcase_add_loop_test(tc, a_value_becomes_the_bytes_it_was_made_of, 0, 3 * LEN(values));
	tcase_add_loop_test(tc, a_value_may_be_long, 0, 3);
	tcase_add_loop_test(tc, it_fails_without_memory_and_leaves_nothing_behind, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
