#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "serve/visible.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define BAD "\xef\xbf\xbd"

static struct wsgi_buf out;

static void tear_down(void)
{
	wsgi_buf_finish(&out);
}

static const char *shown(int (*show)(struct wsgi_buf *, struct wsgi_span), struct wsgi_span text)
{
	char *copy = malloc(text.len + 1); /* of just that size, with room at the front */

	memcpy(copy + 1, text.data, text.len);
	out.len = 0;
	ck_assert_int_eq(show(&out, (struct wsgi_span){copy + 1, text.len}), 0);
	free(copy);
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	return out.data;
}

static const struct {
	const char *claim, *input, *html, *text;
} rows[] = {
	{"nothing is nothing", "", "", ""},
	{"plain text stays", "abc 1", "abc 1", "abc 1"},
	{"markup is shown", "<script>alert('&\")</script>",
	 "&lt;script&gt;alert(&#39;&amp;&quot;)&lt;/script&gt;", "<script>alert('&\")</script>"},
	{"newline and tab stay", "a\n\tb", "a\n\tb", "a\n\tb"},
	{"an escape sequence is shown", "\x1b[2J", "\\x1b[2J", "\\x1b[2J"},
	{"a carriage return is shown", "a\rb", "a\\x0db", "a\\x0db"},
	{"DEL is shown", "\x7f", "\\x7f", "\\x7f"},
	{"a C1 control is shown", "\xc2\x9b", "\\x9b", "\\x9b"},
	{"the first after them stays", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
	{"text that turns round is shown", "\xe2\x80\xae", "\\u202e", "\\u202e"},
	{"an isolate too", "\xe2\x81\xa6", "\\u2066", "\\u2066"},
	{"and a mark", "\xe2\x80\x8f", "\\u200f", "\\u200f"},
	{"the other one", "\xe2\x80\x8e", "\\u200e", "\\u200e"},
	{"the Arabic one", "\xd8\x9c", "\\u061c", "\\u061c"},
	{"and a line separator", "\xe2\x80\xa8", "\\u2028", "\\u2028"},
	{"two bytes", "\xc3\xa9", "\xc3\xa9", "\xc3\xa9"},
	{"three bytes", "\xe6\x97\xa5", "\xe6\x97\xa5", "\xe6\x97\xa5"},
	{"four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{"the last character", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	{"latin-1 is not UTF-8", "caf\xe9!", "caf" BAD "!", "caf" BAD "!"},
	{"a tail without a head", "\x80z", BAD "z", BAD "z"},
	{"a head at the end", "a\xe6\x97", "a" BAD BAD, "a" BAD BAD},
	{"a head with a bad tail", "\xe6\x97<", BAD BAD "&lt;", BAD BAD "<"},
	{"a long form of '<'", "\xc0\xbc", BAD BAD, BAD BAD},
	{"one of three bytes", "\xe0\x80\xbc", BAD BAD BAD, BAD BAD BAD},
	{"one of four", "\xf0\x80\x80\xbc", BAD BAD BAD BAD, BAD BAD BAD BAD},
	{"a surrogate", "\xed\xa0\x80", BAD BAD BAD, BAD BAD BAD},
	{"beyond the last", "\xf4\x90\x80\x80", BAD BAD BAD BAD, BAD BAD BAD BAD},
	{"no byte of UTF-8", "\xff", BAD, BAD},
};

START_TEST(text_is_shown_as_what_it_is)
{
	ck_assert_str_eq(shown(wsgi_visible_html, wsgi_span_of(rows[_i].input)), rows[_i].html);
	ck_assert_str_eq(shown(wsgi_visible_text, wsgi_span_of(rows[_i].input)), rows[_i].text);
}
END_TEST

static const struct {
	const char *claim, *input, *line, *json;
} strings[] = {
	{"nothing is nothing", "", "", ""},
	{"markup is a line's, and a string's", "<a b='c'>&", "<a b='c'>&", "<a b='c'>&"},
	{"what ends a string is escaped", "\"\\", "\"\\", "\\\"\\\\"},
	{"no newline is in a line or a string", "a\n\tb", "a\\x0a\\x09b", "a\\u000a\\u0009b"},
	{"an escape sequence", "\x1b[2J", "\\x1b[2J", "\\u001b[2J"},
	{"DEL, and a C1 control", "\x7f\xc2\x9b", "\\x7f\\x9b", "\\u007f\\u009b"},
	{"text that turns round", "\xe2\x80\xae", "\\u202e", "\\u202e"},
	{"no character at all", "\xef\xbf\xbf\xef\xbf\xbe", "\\uffff\\ufffe", "\\uffff\\ufffe"},
	{"one of four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{"latin-1 is not UTF-8", "caf\xe9\"", "caf" BAD "\"", "caf" BAD "\\\""},
};

START_TEST(a_part_of_a_line_and_of_a_string_end_neither)
{
	ck_assert_str_eq(shown(wsgi_visible_line, wsgi_span_of(strings[_i].input)),
			 strings[_i].line);
	ck_assert_str_eq(shown(wsgi_visible_json, wsgi_span_of(strings[_i].input)),
			 strings[_i].json);
}
END_TEST

START_TEST(a_nul_is_shown_too)
{
	ck_assert_str_eq(shown(wsgi_visible_html, (struct wsgi_span){"a\0b", 3}), "a\\x00b");
	ck_assert_str_eq(shown(wsgi_visible_json, (struct wsgi_span){"a\0b", 3}), "a\\u0000b");
}
END_TEST

START_TEST(no_byte_reaches_a_terminal_or_a_page_as_a_command)
{
	char c = (char)_i;
	const char *html = shown(wsgi_visible_html, (struct wsgi_span){&c, 1});

	for (const char *p = html; *p != '\0'; p++)
		ck_assert((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t');
	ck_assert(strchr("<>\"'", html[0]) == NULL || html[0] == '\0');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("visible");
	TCase *tc = tcase_create("visible");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, text_is_shown_as_what_it_is, 0, LEN(rows));
	tcase_add_loop_test(tc, a_part_of_a_line_and_of_a_string_end_neither, 0, LEN(strings));
	tcase_add_test(tc, a_nul_is_shown_too);
	tcase_add_loop_test(tc, no_byte_reaches_a_terminal_or_a_page_as_a_command, 0, 256);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
