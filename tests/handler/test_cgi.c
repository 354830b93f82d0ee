#include <check.h>
#include <stddef.h>
#include <string.h>

#include "handler/cgi.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* -- what kind of server each says it is ------------------------------------------------------- */

typedef void init(struct wsgi_simple_handler *s, struct wsgi_input *in, struct wsgi_output *out,
		  struct wsgi_errors *err, const struct wsgi_environ *base_env);

static const struct {
	const char *name;
	init *init;
	bool multithread, multiprocess, run_once, origin_server;
} kinds[] = {
	{"SimpleHandler", wsgi_simple_handler_init, true, false, false, true},
	{"BaseCGIHandler", wsgi_base_cgi_handler_init, true, false, false, false},
	{"CGIHandler", wsgi_cgi_handler_init, false, true, true, false},
};

START_TEST(the_flags_are_those_of_wsgiref)
{
	struct wsgi_simple_handler s;
	struct wsgi_environ env;

	wsgi_environ_init(&env);
	kinds[_i].init(&s, NULL, NULL, NULL, &env);
	ck_assert_msg(s.base.wsgi_multithread == kinds[_i].multithread &&
			      s.base.wsgi_multiprocess == kinds[_i].multiprocess &&
			      s.base.wsgi_run_once == kinds[_i].run_once &&
			      s.base.origin_server == kinds[_i].origin_server,
		      "%s", kinds[_i].name);
	ck_assert_ptr_null(s.base.os_environ);
	wsgi_simple_handler_finish(&s);
	wsgi_environ_finish(&env);
}
END_TEST

/* -- IISCGIHandler ----------------------------------------------------------------------------- */

/* What IISCGIHandler.__init__() makes of PATH_INFO; NULL: it is not there. */
static const struct {
	const char *script, *path, *expected;
} rows[] = {
	{"/a.exe", "/a.exe/x", "/x"},
	{"/a.exe", "/a.exe", ""},
	{"/a.exe", "/a.exe/", "/"},
	{"/a.exe", "/a.exe//x", "//x"},
	{"/a.exe", "/a.exefoo", "/a.exefoo"},
	{"/a.exe", "/a.exefoo/x", "/a.exefoo/x"},
	{"/a.exe", "/a.exe.exe/x", "/a.exe.exe/x"},
	{"/a.exe", "/a.ex", "/a.ex"},
	{"/a.exe", "/x", "/x"},
	{"/a.exe", "/", "/"},
	{"/a.exe", "", ""},
	{"/a.exe", NULL, NULL},
	{"/a.exe", "/a.exe/a.exe/x", "/a.exe/x"},
	{"/a.exe", "/A.EXE/x", "/A.EXE/x"},
	{"/a.exe", "//a.exe/x", "//a.exe/x"},
	{"/a.exe", "/a.exe?x", "/a.exe?x"},
	{"/d/a.exe", "/d/a.exe/x", "/x"},
	{"/d/a.exe", "/d/x", "/d/x"},
	{"/d/", "/d/", ""},
	{"/d/", "/d//x", "/x"},
	{"/d/", "/d/x", "/d/x"},
	{"", "/x", "/x"},
	{"", "x", "x"},
	{"", "", ""},
	{"", NULL, ""},
	{NULL, "/x", "/x"},
	{NULL, "x", "x"},
	{NULL, "", ""},
	{NULL, NULL, ""},
	{"/", "/", ""},
	{"/", "//x", "/x"},
	{"/", "/x", "/x"},
	{"/", "", ""},
	{"/", NULL, NULL},
	{"/caf\xc3\xa9", "/caf\xc3\xa9/x", "/x"},
	{"/caf\xc3", "/caf\xc3\xa9/x", "/caf\xc3\xa9/x"},
};

START_TEST(the_script_name_that_iis_repeats_is_stripped_at_a_slash)
{
	struct wsgi_environ env;

	wsgi_environ_init(&env);
	if (rows[_i].script != NULL)
		wsgi_environ_set(&env, "SCRIPT_NAME", rows[_i].script);
	if (rows[_i].path != NULL)
		wsgi_environ_set(&env, "PATH_INFO", rows[_i].path);
	ck_assert_int_eq(wsgi_iis_fix_path(&env), 0);
	ck_assert_pstr_eq(wsgi_environ_get(&env, "PATH_INFO"), rows[_i].expected);
	ck_assert_pstr_eq(wsgi_environ_get(&env, "SCRIPT_NAME"), rows[_i].script);
	wsgi_environ_finish(&env);
}
END_TEST

/* A FastCGI parameter may hold a NUL. */
START_TEST(what_follows_a_nul_stays)
{
	struct wsgi_span path = {"/a.exe/x\0y", 10};
	struct wsgi_environ env;

	wsgi_environ_init(&env);
	wsgi_environ_set(&env, "SCRIPT_NAME", "/a.exe");
	wsgi_environ_set_span(&env, wsgi_span_of("PATH_INFO"), path);
	ck_assert_int_eq(wsgi_iis_fix_path(&env), 0);
	ck_assert(wsgi_environ_find(&env, "PATH_INFO", &path));
	ck_assert_uint_eq(path.len, 4);
	ck_assert_mem_eq(path.data, "/x\0y", 4);
	wsgi_environ_finish(&env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi");
	TCase *tc = tcase_create("cgi");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, the_flags_are_those_of_wsgiref, 0, LEN(kinds));
	tcase_add_loop_test(tc, the_script_name_that_iis_repeats_is_stripped_at_a_slash, 0,
			    LEN(rows));
	tcase_add_test(tc, what_follows_a_nul_stays);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
