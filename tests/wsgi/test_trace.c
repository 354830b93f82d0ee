#include <check.h>
#include <stdio.h>

#include "wsgi/trace.h"

static struct wsgi_trace trace;

static void set_up(void)
{
	wsgi_trace_init(&trace);
}

static void tear_down(void)
{
	wsgi_trace_finish(&trace);
}

static const char *text(size_t at)
{
	return wsgi_trace_text(&trace, at);
}

START_TEST(an_empty_trace_has_nothing)
{
	ck_assert_uint_eq(trace.errors_len + trace.frames_len + trace.locals_len, 0);
	ck_assert_str_eq(text(trace.runtime), "");
	wsgi_trace_finish(&trace);
	wsgi_trace_finish(&trace);
	wsgi_trace_finish(NULL);
}
END_TEST

START_TEST(an_error_keeps_copies_of_its_words)
{
	char type[] = "KeyError", message[] = "'a'\nb";

	ck_assert_int_eq(wsgi_trace_add_error(&trace, type, message, WSGI_TRACE_CAUSE), 0);
	type[0] = message[0] = '?';
	ck_assert_str_eq(text(trace.errors[0].type), "KeyError");
	ck_assert_str_eq(text(trace.errors[0].message), "'a'\nb");
	ck_assert_int_eq(trace.errors[0].relation, WSGI_TRACE_CAUSE);
}
END_TEST

START_TEST(frames_belong_to_the_last_error_and_locals_to_the_last_frame)
{
	wsgi_trace_add_error(&trace, "A", "first", WSGI_TRACE_CONTEXT);
	wsgi_trace_add_frame(&trace, "a.py", "f", 7, "x\ny\n", 6);
	wsgi_trace_add_local(&trace, "i", "1");
	wsgi_trace_add_error(&trace, "B", "second", WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, "b.py", "g", 8, "", 0);
	wsgi_trace_add_frame(&trace, "c.py", "h", 9, NULL, 0);
	wsgi_trace_add_local(&trace, "j", "2");
	wsgi_trace_add_local(&trace, "k", "3");

	ck_assert_uint_eq(trace.errors[0].first_frame, 0);
	ck_assert_uint_eq(trace.errors[0].frames, 1);
	ck_assert_uint_eq(trace.errors[1].first_frame, 1);
	ck_assert_uint_eq(trace.errors[1].frames, 2);
	ck_assert_uint_eq(trace.frames[0].locals, 1);
	ck_assert_uint_eq(trace.frames[1].locals, 0);
	ck_assert_uint_eq(trace.frames[2].first_local, 1);
	ck_assert_uint_eq(trace.frames[2].locals, 2);
	ck_assert_str_eq(text(trace.frames[0].file), "a.py");
	ck_assert_str_eq(text(trace.frames[0].function), "f");
	ck_assert_str_eq(text(trace.frames[0].source), "x\ny\n");
	ck_assert_uint_eq(trace.frames[0].line, 7);
	ck_assert_uint_eq(trace.frames[0].source_line, 6);
	ck_assert_str_eq(text(trace.locals[2].name), "k");
	ck_assert_str_eq(text(trace.locals[2].value), "3");
}
END_TEST

START_TEST(null_is_the_empty_string)
{
	ck_assert_int_eq(wsgi_trace_add_error(&trace, NULL, NULL, WSGI_TRACE_LAST), 0);
	ck_assert_int_eq(wsgi_trace_add_frame(&trace, NULL, NULL, 0, NULL, 0), 0);
	ck_assert_int_eq(wsgi_trace_add_local(&trace, NULL, NULL), 0);
	ck_assert_str_eq(text(trace.errors[0].type), "");
	ck_assert_str_eq(text(trace.frames[0].source), "");
	ck_assert_str_eq(text(trace.locals[0].value), "");
}
END_TEST

START_TEST(the_lists_grow)
{
	char name[16];

	wsgi_trace_add_error(&trace, "E", "", WSGI_TRACE_LAST);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		ck_assert_int_eq(wsgi_trace_add_frame(&trace, "f.py", name, i, "", 0), 0);
		ck_assert_int_eq(wsgi_trace_add_local(&trace, name, "1"), 0);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		ck_assert_uint_eq(trace.frames[i].line, i);
		ck_assert_str_eq(text(trace.frames[i].function), name);
		ck_assert_str_eq(text(trace.locals[i].name), name);
	}
}
END_TEST

START_TEST(what_runs_the_application_can_be_said)
{
	ck_assert_int_eq(wsgi_trace_set_runtime(&trace, "Python 3.11.2"), 0);
	wsgi_trace_add_error(&trace, "E", "m", WSGI_TRACE_LAST);
	ck_assert_str_eq(text(trace.runtime), "Python 3.11.2");
	ck_assert_str_eq(text(trace.errors[0].type), "E");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *tc = tcase_create("trace");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_empty_trace_has_nothing);
	tcase_add_test(tc, an_error_keeps_copies_of_its_words);
	tcase_add_test(tc, frames_belong_to_the_last_error_and_locals_to_the_last_frame);
	tcase_add_test(tc, null_is_the_empty_string);
	tcase_add_test(tc, the_lists_grow);
	tcase_add_test(tc, what_runs_the_application_can_be_said);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
