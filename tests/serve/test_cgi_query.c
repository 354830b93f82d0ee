/* cgi_query: what servers make of a query; test_cgi_line has what of a command line is left. */
#include "serve/cgi_query.h"

#include <check.h>
#include <string.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { WORDS = 8 };

static const struct {
	const char *claim, *query;
	const char *words[WORDS];
	bool yes;
} rows[] = {
	{"its words", "a+b", {"a", "b"}, true},
	{"its beginning", "a+b+c", {"a", "b"}, true},
	{"not more than it has", "a+b", {"a", "b", "c"}, false},
	{"not its end", "a+b", {"b"}, false},
	{"not in another order", "a+b", {"b", "a"}, false},
	{"not the beginning of a word", "apple", {"app"}, false},
	{"not a longer word", "app", {"apple"}, false},
	{"letters of one case", "App", {"app"}, false},
	{"decoded", "%2D-root%3D/", {"--root=/"}, true},
	{"as it is", "%2D-root%3D/", {"%2D-root%3D/"}, true},
	{"one of them decoded", "%41+%41", {"A", "%41"}, true},
	{"as it is, where decoded it is a digit too", "%33+3+a", {"%33", "3", "a"}, true},
	{"quoted", "a;b", {"a\\;b"}, true},
	{"bytes made other ones", "%C2%ADh", {"-h"}, true},
	{"up to a NUL", "a%00b+c", {"a", "c"}, true},
	{"the first NUL alone", "a%00b%00c+d", {"a", "d"}, true},
	{"a NUL and nothing behind it", "a%00b", {"a", "b"}, false},
	{"empty words left out", "a++b", {"a", "b"}, true},
	{"empty words kept", "a++b", {"a", "", "b"}, true},
	{"all in one word", "a+b+c", {"a b c"}, true},
	{"the last in one word", "a+b+c", {"a", "b c"}, true},
	{"no code of a character", "%zz+%4", {"%zz", "%4"}, true},
	{"words without letters", "--+-", {"--", "-"}, true},
	{"an empty query, an empty word", "", {""}, true},
	{"an empty query, a word", "", {"a"}, false},
	{"a word without letters begins no query of some", "-h", {"/"}, false},
	{"nor with more behind it", "-h", {"/", "-h"}, false},
	{"but where the query begins so", "/+-h", {"/", "-h"}, true},
};

START_TEST(words_are_a_querys_or_not)
{
	char copies[WORDS][40], *words[WORDS + 1] = {0};

	for (int i = 0; i < WORDS && rows[_i].words[i] != NULL; i++)
		words[i] = strcpy(copies[i], rows[_i].words[i]);
	ck_assert_msg(wsgi_cgi_query_is(words, rows[_i].query) == rows[_i].yes, "%s",
		      rows[_i].claim);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_query");
	TCase *t = tcase_create("words");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, words_are_a_querys_or_not, 0, LEN(rows));
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
