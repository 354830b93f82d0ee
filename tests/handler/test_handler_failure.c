/* start->failure: an application says why it fails, and the words reach whoever reads the log. */
#include "recorder.h"

static const char *failing; /* what writes its words: "call", "next", "close" */
static struct wsgi_error words;

static void tell(struct wsgi_start *start, const char *where)
{
	if (strcmp(failing, where) == 0)
		*start->failure = words;
}

static struct wsgi_start *given_start;

static int tell_next(struct wsgi_body *b, const void **data, size_t *len)
{
	tell(given_start, "next");
	return scene_next(b, data, len);
}

static int tell_close(struct wsgi_body *b)
{
	tell(given_start, "close");
	return scene_close(b);
}

static int tell_call(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **result)
{
	int rc = scene_call(a, env, start, result);

	given_start = start;
	tell(start, "call");
	if (rc == 0) {
		(*result)->next = tell_next;
		(*result)->close = tell_close;
	}
	return rc;
}

static const struct {
	const char *claim, *failing;
	struct wsgi_error words;
	struct scene scene;
	const char *logged;
} stories[] = {
	{"the call fails", "call", {-EIO, "no disk"}, {.call_rc = -EIO}, "no disk\n"},
	{"a next fails, before the headers",
	 "next",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .next_rc = -EIO},
	 "no disk\n"},
	{"a next fails, after the headers",
	 "next",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}, .next_rc = -EIO},
	 "no disk\n"},
	{"a close fails",
	 "close",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}, .close_rc = -EIO},
	 "no disk\n"},
	{"a close fails after a next did",
	 "close",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .next_rc = -EDOM, .close_rc = -EIO},
	 "no disk\n"},
	{"the words are about another code: they are not this failure's",
	 "call",
	 {-EPERM, "no disk"},
	 {.call_rc = -EIO},
	 "Input/output error\n"},
	{"words of a call that went well are not those of a next that fails with the same code",
	 "call",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .next_rc = -EIO},
	 "Input/output error\n"},
	{"words of a next are not those of a close that fails with the same code",
	 "next",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}, .close_rc = -EIO},
	 "Input/output error\n"},
	{"a code without words", "call", {-EIO, ""}, {.call_rc = -EIO}, "Input/output error\n"},
	{"words, but all goes well: in the call",
	 "call",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}},
	 ""},
	{"words, but all goes well: in next",
	 "next",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}},
	 ""},
	{"words, but all goes well: in close",
	 "close",
	 {-EIO, "no disk"},
	 {.status = "200 OK", .chunks = {"a"}},
	 ""},
};

static void when_told(int i)
{
	app.call = tell_call;
	failing = stories[i].failing;
	words = stories[i].words;
	ck_assert_int_eq(when_run(stories[i].scene), 0);
}

START_TEST(the_words_are_those_of_what_failed_last)
{
	when_told(_i);
	ck_assert_msg(strcmp(text_of(&logged), stories[_i].logged) == 0, "%s: %s",
		      stories[_i].claim, text_of(&logged));
}
END_TEST

static char seen[80];
static int code_seen;

static void look(struct wsgi_handler *h)
{
	memcpy(seen, h->error.text, sizeof(seen) - 1);
	code_seen = h->error.code;
}

START_TEST(a_log_exception_of_ones_own_sees_the_words)
{
	ops.log_exception = look;
	when_told(0);
	ck_assert_str_eq(seen, "no disk");
	ck_assert_int_eq(code_seen, -EIO);
}
END_TEST

static void print(struct wsgi_app *a, struct wsgi_errors *e, const struct wsgi_error *error,
		  int limit)
{
	(void)a;
	(void)limit;
	wsgi_errors_puts(e, "application: ");
	wsgi_errors_puts(e, error->text);
}

START_TEST(a_log_exception_of_the_applications_gets_the_words)
{
	app.log_exception = print;
	when_told(0);
	then_logged("application: no disk");
}
END_TEST

static void look_at_end(struct wsgi_handler *h)
{
	code_seen = h->error.code;
}

START_TEST(when_all_went_well_there_is_no_error_at_the_end)
{
	ops.close = look_at_end;
	when_told(LEN(stories) - 1 - _i);
	ck_assert_int_eq(handler.error.code, 0);
	ck_assert_int_eq(code_seen, 0);
}
END_TEST

/* -- a middleware ------------------------------------------------------------------------------ */

/* Answers in place of an application that fails. */
static int swallow(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		   struct wsgi_body **result)
{
	int rc = tell_call(a, env, start, result);

	ck_assert_int_eq(rc, -EIO);
	ck_assert_str_eq(start->failure->text, "no disk");
	scene.call_rc = 0;
	scene.status = "503 Later";
	scene.chunks[0] = "wait";
	return scene_call(a, env, start, result);
}

START_TEST(an_error_that_a_middleware_swallows_is_not_logged)
{
	app.call = swallow;
	failing = "call";
	words = (struct wsgi_error){-EIO, "no disk"};
	when_it_answers((struct scene){.call_rc = -EIO});
	then_sent("Status: 503 Later\r\n\r\nwait");
}
END_TEST

/* Fails in its own words where the application did. */
static int reword(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		  struct wsgi_body **result)
{
	int rc = tell_call(a, env, start, result);

	return wsgi_fail(start->failure, rc, "the middleware says: busy");
}

START_TEST(a_middleware_may_say_it_in_its_own_words)
{
	app.call = reword;
	failing = "call";
	words = (struct wsgi_error){-EIO, "no disk"};
	ck_assert_int_eq(when_run((struct scene){.call_rc = -EIO}), 0);
	then_logged("the middleware says: busy\n");
	then_sent(ERROR_PAGE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handler failure");
	TCase *tc = tcase_create("failure");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	tcase_add_loop_test(tc, the_words_are_those_of_what_failed_last, 0, LEN(stories));
	tcase_add_test(tc, a_log_exception_of_ones_own_sees_the_words);
	tcase_add_test(tc, a_log_exception_of_the_applications_gets_the_words);
	tcase_add_loop_test(tc, when_all_went_well_there_is_no_error_at_the_end, 0, 3);
	tcase_add_test(tc, an_error_that_a_middleware_swallows_is_not_logged);
	tcase_add_test(tc, a_middleware_may_say_it_in_its_own_words);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
