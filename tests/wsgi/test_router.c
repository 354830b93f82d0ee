#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "base/container.h"
#include "wsgi/body.h"
#include "wsgi/router.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;
static struct wsgi_body *body;
static struct wsgi_buf page;
static char status[40];

static int respond(struct wsgi_start *start, const char *line, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	(void)exc;
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(headers[0].name, "Content-Type");
	ck_assert_str_eq(headers[0].value, "text/plain");
	strcpy(status, line);
	return 0;
}

static struct wsgi_start start = {.respond = respond};

/* -- an application that says where it is, when it is called and again as its body is read ----- */

struct place {
	struct wsgi_app app;
	const char *name;
	int rc; /* returned in place of success */
	bool bodiless;
};

struct told {
	struct wsgi_body body;
	const struct place *place;
	const struct wsgi_environ *env;
	char text[200];
	bool sent;
};

static int told_count(struct wsgi_body *b, size_t *chunks)
{
	(void)b;
	*chunks = 1;
	return 0;
}

static void where(struct told *t, size_t at)
{
	snprintf(t->text + at, sizeof(t->text) - at, "%s %s|%s", t->place->name,
		 wsgi_environ_get(t->env, "SCRIPT_NAME"), wsgi_environ_get(t->env, "PATH_INFO"));
}

static int told_next(struct wsgi_body *b, const void **data, size_t *len)
{
	struct told *t = container_of(b, struct told, body);
	char before[sizeof(t->text)];

	if (t->sent)
		return 0;
	t->sent = true;
	strcpy(before, t->text);
	where(t, 0);
	ck_assert_str_eq(t->text, before);
	ck_assert_str_eq(t->env->url_scheme, "https");
	*data = t->text;
	*len = strlen(t->text);
	return 1;
}

static int closed, close_rc;

static int told_close(struct wsgi_body *b)
{
	struct told *t = container_of(b, struct told, body);

	where(t, 0); /* the environ is still there */
	closed++;
	free(t);
	return close_rc;
}

static int tell(struct wsgi_app *app, const struct wsgi_environ *e, struct wsgi_start *s,
		struct wsgi_body **result)
{
	const struct place *place = container_of(app, struct place, app);
	struct told *t;

	if (s != &start)
		return -EINVAL;
	if (place->rc != 0 || place->bodiless)
		return place->rc;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	*t = (struct told){
		.body = {.next = told_next, .close = told_close, .count = told_count},
		.place = place,
		.env = e,
	};
	where(t, 0);
	*result = &t->body;
	return 0;
}

#define PLACE(place)                                                                               \
	{                                                                                          \
		.app = {.call = tell}, .name = place                                               \
	}

static struct place blog = PLACE("blog"), years = PLACE("years"), images = PLACE("images"),
		    cafe = PLACE("cafe"), second = PLACE("second"), other = PLACE("other"),
		    failing = {.app = {.call = tell}, .rc = -EIO},
		    bodiless = {.app = {.call = tell}, .bodiless = true};

static struct wsgi_router router, inner;

static const struct wsgi_route deeper[] = {{"/a", &blog.app}, {"/b", &years.app}};

static const struct wsgi_route routes[] = {
	{"/blog", &blog.app},         {"/blog/2024", &years.app},    {"/static/img", &images.app},
	{"/caf\xc3\xa9", &cafe.app},  {"blog/", &second.app},        {"/failing", &failing.app},
	{"/bodiless", &bodiless.app}, {"/inner/router", &inner.app},
};

static void given_routes(void)
{
	wsgi_environ_init(&env);
	env.url_scheme = "https";
	body = NULL;
	closed = close_rc = 0;
	status[0] = '\0';
	wsgi_router_init(&inner, deeper, LEN(deeper), NULL);
	wsgi_router_init(&router, routes, LEN(routes), &other.app);
}

static void tear_down(void)
{
	wsgi_body_close(body);
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&page);
}

static int when_called(const char *script, const char *path, size_t path_len)
{
	ck_assert_int_eq(wsgi_environ_set(&env, "SCRIPT_NAME", script), 0);
	ck_assert_int_eq(wsgi_environ_set_span(&env, wsgi_span_of("PATH_INFO"),
					       (struct wsgi_span){path, path_len}),
			 0);
	return router.app.call(&router.app, &env, &start, &body);
}

static void answers(const char *text)
{
	const void *data;
	size_t len;

	page.len = 0;
	while (body->next(body, &data, &len) == 1)
		ck_assert_int_eq(wsgi_buf_add(&page, data, len), 0);
	ck_assert_int_eq(wsgi_buf_add(&page, "", 1), 0);
	ck_assert_str_eq(page.data, text);
}

static const struct {
	const char *script, *path, *answer;
} requests[] = {
	{"", "/blog", "blog /blog|"},
	{"", "/blog/", "blog /blog|/"},
	{"", "/blog/x", "blog /blog|/x"},
	{"", "/blog/x/y/", "blog /blog|/x/y/"},
	{"", "/blogs", "other |/blogs"},
	{"", "/Blog", "other |/Blog"},
	{"", "/blo", "other |/blo"},
	{"/app", "/blog/x", "blog /app/blog|/x"},
	/* The longest wins; of equals the first. */
	{"", "/blog/2024", "years /blog/2024|"},
	{"", "/blog/2024/", "years /blog/2024|/"},
	{"", "/blog/2024/5", "years /blog/2024|/5"},
	{"", "/blog/20245", "blog /blog|/20245"},
	{"", "/static/img/a.png", "images /static/img|/a.png"},
	{"", "/static", "other |/static"},
	{"", "/static/", "other |/static/"},
	/* Idle segments. */
	{"", "//blog", "blog /blog|"},
	{"", "///blog//", "blog /blog|/"},
	{"", "/./blog/./x", "blog /blog|/x"},
	{"", "/static//./img", "images /static/img|"},
	{"", "//blog//2024//x", "years /blog/2024|/x"},
	{"", "/blog/.", "blog /blog|/."},
	{"", "/blog/..", "blog /blog|/.."},
	{"", "/blog/../static/img", "blog /blog|/../static/img"},
	{"", "/../blog", "other |/../blog"},
	/* Bytes; what is still encoded after a decoding is another segment. */
	{"", "/caf\xc3\xa9", "cafe /caf\xc3\xa9|"},
	{"", "/caf\xc3", "other |/caf\xc3"},
	{"", "/%62log", "other |/%62log"},
	/* No path, or none that PEP 3333 knows. */
	{"", "", "other |"},
	{"/blog", "", "other /blog|"},
	{"", "/", "other |/"},
	{"", "blog", "other |blog"},
	{"", "x/blog", "other |x/blog"},
	/* A router in a router. */
	{"/app", "/inner/router/a/x", "blog /app/inner/router/a|/x"},
	{"", "/inner/router/b/", "years /inner/router/b|/"},
};

START_TEST(a_request_goes_to_the_application_of_its_path)
{
	ck_assert_int_eq(
		when_called(requests[_i].script, requests[_i].path, strlen(requests[_i].path)), 0);
	answers(requests[_i].answer);
	ck_assert_str_eq(wsgi_environ_get(&env, "SCRIPT_NAME"), requests[_i].script);
	ck_assert_str_eq(wsgi_environ_get(&env, "PATH_INFO"), requests[_i].path);
}
END_TEST

START_TEST(a_nul_is_a_byte_of_its_segment)
{
	ck_assert_int_eq(when_called("", "/blog\0x", 7), 0);
	answers("other |/blog");
}
END_TEST

START_TEST(a_request_without_a_path_goes_to_the_fallback)
{
	ck_assert_int_eq(wsgi_environ_set(&env, "SCRIPT_NAME", ""), 0);
	ck_assert_int_eq(router.app.call(&router.app, &env, &start, &body), 0);
	ck_assert_ptr_nonnull(body);
}
END_TEST

static const struct {
	const char *path, *answer;
} roots[] = {
	{"", "second |"}, {"/", "second |/"}, {"/x", "second |/x"}, {"/blog/x", "blog /blog|/x"}};

START_TEST(a_slash_fits_every_path_that_no_other_fits)
{
	static const struct wsgi_route with_root[] = {{"/", &second.app}, {"/blog", &blog.app}};

	wsgi_router_init(&router, with_root, 2, NULL);
	ck_assert_int_eq(when_called("", roots[_i].path, strlen(roots[_i].path)), 0);
	answers(roots[_i].answer);
}
END_TEST

START_TEST(without_a_fallback_it_is_404)
{
	wsgi_router_init(&router, routes, LEN(routes), NULL);
	ck_assert_int_eq(when_called("", "/nowhere", 8), 0);
	ck_assert_str_eq(status, "404 Not Found");
	answers("Not Found\n");
}
END_TEST

START_TEST(a_body_passes_through_with_what_it_knows_of_itself)
{
	size_t n = 0;

	ck_assert_int_eq(when_called("", "/blog", 5), 0);
	ck_assert_int_eq(body->count(body, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(!body->eager);
	ck_assert_ptr_null(body->file);
	close_rc = -EIO;
	ck_assert_int_eq(wsgi_body_close(body), -EIO);
	ck_assert_int_eq(closed, 1);
	body = NULL;
}
END_TEST

static const struct wsgi_file some_file = {.fd = 5};

static int no_next(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b;
	(void)data;
	(void)len;
	return -EPIPE;
}

static struct wsgi_body file_body = {.next = no_next, .eager = true, .file = &some_file};

static int give_file(struct wsgi_app *app, const struct wsgi_environ *e, struct wsgi_start *s,
		     struct wsgi_body **result)
{
	(void)app;
	(void)e;
	(void)s;
	*result = &file_body;
	return 0;
}

START_TEST(a_file_stays_one_and_what_cannot_be_counted_too)
{
	static struct wsgi_app file_app = {.call = give_file};
	static const struct wsgi_route file_route[] = {{"/f", &file_app}};
	const void *data;
	size_t len;

	wsgi_router_init(&router, file_route, 1, NULL);
	ck_assert_int_eq(when_called("", "/f", 2), 0);
	ck_assert_ptr_eq(body->file, &some_file);
	ck_assert(body->eager);
	ck_assert(body->count == NULL);
	ck_assert_int_eq(body->next(body, &data, &len), -EPIPE);
}
END_TEST

START_TEST(a_failure_is_passed_on_and_nothing_leaks)
{
	long held;

	ck_assert_int_eq(when_called("", "/failing", 8), -EIO);
	held = memory_held();
	ck_assert_int_eq(when_called("", "/failing", 8), -EIO);
	ck_assert_int_eq(when_called("", "/bodiless", 9), 0);
	ck_assert_ptr_null(body);
	ck_assert_int_eq(memory_held(), held);
}
END_TEST

START_TEST(without_memory_a_request_fails_and_nothing_leaks)
{
	int rc = when_called("/app", "/blog/2024/x", 12);
	long held;

	ck_assert_int_eq(rc, 0);
	wsgi_body_close(body);
	held = memory_held();
	rc = -1;
	for (long n = 0; rc != 0; n++) {
		body = NULL;
		memory_left(n);
		rc = router.app.call(&router.app, &env, &start, &body);
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 0 || rc == -ENOMEM);
		if (rc != 0) {
			ck_assert_ptr_null(body);
			ck_assert_int_eq(memory_held(), held);
		}
	}
	answers("years /app/blog/2024|/x");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("router");
	TCase *tc = tcase_create("router");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_routes, tear_down);
	tcase_add_loop_test(tc, a_request_goes_to_the_application_of_its_path, 0, LEN(requests));
	tcase_add_test(tc, a_nul_is_a_byte_of_its_segment);
	tcase_add_test(tc, a_request_without_a_path_goes_to_the_fallback);
	tcase_add_loop_test(tc, a_slash_fits_every_path_that_no_other_fits, 0, LEN(roots));
	tcase_add_test(tc, without_a_fallback_it_is_404);
	tcase_add_test(tc, a_body_passes_through_with_what_it_knows_of_itself);
	tcase_add_test(tc, a_file_stays_one_and_what_cannot_be_counted_too);
	tcase_add_test(tc, a_failure_is_passed_on_and_nothing_leaks);
	tcase_add_test(tc, without_memory_a_request_fails_and_nothing_leaks);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
