#include <check.h>
#include <errno.h>
#include <string.h>

#include "handler/mount.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

static void set(const char *name, const char *value)
{
	if (value != NULL)
		ck_assert_int_eq(wsgi_environ_set(&env, name, value), 0);
}

static const char *get(const char *name)
{
	const char *value = wsgi_environ_get(&env, name);

	return value != NULL ? value : "(none)";
}

static const struct {
	const char *claim;
	const char *mount; /* NULL: as the front end says */
	const char *script_name, *path_info, *request_uri, *document_uri;
	int rc;
	const char *script, *path;
} rows[] = {
	/* Apache mod_cgid, and everyone else who has it right */
	{"right: as it is", NULL, "/cgi-bin/app", "/x", "/cgi-bin/app/x?q", NULL, 0, "/cgi-bin/app",
	 "/x"},
	{"right, without REQUEST_URI", NULL, "/app", "/x", NULL, NULL, 0, "/app", "/x"},
	{"PATH_INFO comes before REQUEST_URI", NULL, "/app", "/x", "/app/y", NULL, 0, "/app", "/x"},
	{"an empty PATH_INFO is one", NULL, "/app", "", "/app/y", NULL, 0, "/app", ""},
	{"neither is nothing", NULL, NULL, NULL, NULL, NULL, 0, "", "(none)"},
	{"an absolute path in PATH_INFO stays", NULL, "/app", "//a//b/", NULL, NULL, 0, "/app",
	 "//a//b/"},
	{"PATH_INFO is not decoded", NULL, "/app", "/%2F", NULL, NULL, 0, "/app", "/%2F"},
	{"a star stays", NULL, "/app", "*", "*", NULL, 0, "/app", "*"},

	/* 2: PATH_INFO from REQUEST_URI, less the query and SCRIPT_NAME, decoded once */
	{"derived", NULL, "/app", NULL, "/app/x/y", NULL, 0, "/app", "/x/y"},
	{"derived: the query goes", NULL, "/app", NULL, "/app/x?y=/z", NULL, 0, "/app", "/x"},
	{"derived: a fragment goes", NULL, "/app", NULL, "/app/x#y", NULL, 0, "/app", "/x"},
	{"derived: the mount itself", NULL, "/app", NULL, "/app", NULL, 0, "/app", ""},
	{"derived: the mount and a slash", NULL, "/app", NULL, "/app/", NULL, 0, "/app", "/"},
	{"derived: the mount and a query", NULL, "/app", NULL, "/app?q", NULL, 0, "/app", ""},
	{"derived: no mount", NULL, "", NULL, "/x", NULL, 0, "", "/x"},
	{"derived: no SCRIPT_NAME", NULL, NULL, NULL, "/x", NULL, 0, "", "/x"},
	{"derived: a lone slash is the root", NULL, "/", NULL, "/x", NULL, 0, "", "/x"},
	{"derived: not below the mount", NULL, "/app", NULL, "/other", NULL, 0, "", "/other"},
	{"derived: not at a boundary", NULL, "/app", NULL, "/apple", NULL, 0, "", "/apple"},
	{"derived: decoded", NULL, "", NULL, "/%C3%A9", NULL, 0, "", "/\xc3\xa9"},
	{"derived: decoded once", NULL, "", NULL, "/a%252Fb", NULL, 0, "", "/a%2Fb"},
	{"derived: a slash that was encoded", NULL, "", NULL, "/a%2fb", NULL, 0, "", "/a/b"},
	{"derived: a byte that is no UTF-8", NULL, "", NULL, "/%E9", NULL, 0, "", "/\xe9"},
	{"derived: a plus is a plus", NULL, "", NULL, "/a+b", NULL, 0, "", "/a+b"},
	{"derived: bad escapes stay", NULL, "", NULL, "/%zz%4", NULL, 0, "", "/%zz%4"},
	{"derived: an encoded mount", NULL, "/caf\xc3\xa9", NULL, "/caf%C3%A9/x", NULL, 0,
	 "/caf\xc3\xa9", "/x"},
	{"derived: an encoded question mark", NULL, "", NULL, "/a%3Fb?c", NULL, 0, "", "/a?b"},
	{"derived: the absolute form", NULL, "/app", NULL, "http://h:8/app/x?y", NULL, 0, "/app",
	 "/x"},
	{"derived: the absolute form, no path", NULL, "", NULL, "http://h", NULL, 0, "", "/"},
	{"derived: no host in a path", NULL, "", NULL, "/go/http://h/x", NULL, 0, "",
	 "/go/http://h/x"},
	{"derived: double slashes stay", NULL, "", NULL, "//a//b", NULL, 0, "", "//a//b"},
	{"derived: a star", NULL, "", NULL, "*", NULL, 0, "", "*"},

	/* nginx's fastcgi_params: SCRIPT_NAME is the whole path */
	{"nginx", NULL, "/a b", NULL, "/a%20b?q", "/a b", 0, "", "/a b"},
	{"nginx at the root", NULL, "/", NULL, "/", "/", 0, "", "/"},
	{"nginx with a PATH_INFO", NULL, "/app", "/x", "/app/x", "/app", 0, "/app", "/x"},

	/* 3 and 6: SCRIPT_NAME is there, never "/" alone */
	{"no SCRIPT_NAME", NULL, NULL, "/x", NULL, NULL, 0, "", "/x"},
	{"a lone slash", NULL, "/", "/x", NULL, NULL, 0, "", "/x"},
	{"a lone slash, a path without one", NULL, "/", "x", NULL, NULL, 0, "", "/x"},
	{"a lone slash, no path", NULL, "/", "", NULL, NULL, 0, "", "/"},
	{"a lone slash, no PATH_INFO", NULL, "/", NULL, NULL, NULL, 0, "", "(none)"},
	{"two slashes stay", NULL, "//", "/x", NULL, NULL, 0, "//", "/x"},
	{"a mount with a slash at its end stays", NULL, "/app/", "/x", NULL, NULL, 0, "/app/",
	 "/x"},

	/* 4: a mount that the operator names */
	{"mount: itself", "/app", "/app", NULL, "/app", "/app", 0, "/app", ""},
	{"mount: and a slash", "/app", "/app/", NULL, "/app/", "/app/", 0, "/app", "/"},
	{"mount: below", "/app", "/app/x", NULL, "/app/x?q", "/app/x", 0, "/app", "/x"},
	{"mount: not at a boundary", "/app", "/apple", NULL, "/apple", "/apple", -ENOENT, NULL,
	 NULL},
	{"mount: elsewhere", "/app", "/x", NULL, "/x", "/x", -ENOENT, NULL, NULL},
	{"mount: above", "/a/b", "/a", NULL, "/a", "/a", -ENOENT, NULL, NULL},
	{"mount: the root", "", "/x", NULL, "/x", "/x", 0, "", "/x"},
	{"mount: the root by a slash", "/", "/x", NULL, "/x", "/x", 0, "", "/x"},
	{"mount: from SCRIPT_NAME and PATH_INFO", "/a/b", "/a", "/b/c", NULL, NULL, 0, "/a/b",
	 "/c"},
	{"mount: from a lone slash and PATH_INFO", "/a", "/", "/a/b", NULL, NULL, 0, "/a", "/b"},
	{"mount: from a lone slash", "", "/", "", NULL, NULL, 0, "", "/"},
	{"mount: from a lone slash, no PATH_INFO", "", "/", NULL, NULL, NULL, 0, "", "/"},
	{"mount: from a lone slash and a path without one", "/a", "/", "a/b", NULL, NULL, 0, "/a",
	 "/b"},
	{"mount: from PATH_INFO alone", "/a", NULL, "/a/b", NULL, NULL, 0, "/a", "/b"},
	{"mount: shorter than SCRIPT_NAME", "/a", "/a/b", "/c", NULL, NULL, 0, "/a", "/b/c"},
	{"mount: case counts", "/app", NULL, NULL, "/APP/x", NULL, -ENOENT, NULL, NULL},
	{"mount: decoded", "/caf\xc3\xa9", NULL, NULL, "/caf%C3%A9/%252F", NULL, 0, "/caf\xc3\xa9",
	 "/%2F"},
	{"mount: nothing known", "/app", NULL, NULL, NULL, NULL, -ENOENT, NULL, NULL},
	{"mount: the root, nothing known", "", NULL, NULL, NULL, NULL, 0, "", ""},
};

START_TEST(the_mount_and_the_path_by_what_front_ends_say)
{
	int rc;

	set("SCRIPT_NAME", rows[_i].script_name);
	set("PATH_INFO", rows[_i].path_info);
	set("REQUEST_URI", rows[_i].request_uri);
	set("DOCUMENT_URI", rows[_i].document_uri);
	rc = wsgi_mount_fix(&env, rows[_i].mount);
	ck_assert_msg(rc == rows[_i].rc, "%s: %d", rows[_i].claim, rc);
	if (rc != 0)
		return;
	ck_assert_msg(strcmp(get("SCRIPT_NAME"), rows[_i].script) == 0 &&
			      strcmp(get("PATH_INFO"), rows[_i].path) == 0,
		      "%s: SCRIPT_NAME '%s', PATH_INFO '%s'", rows[_i].claim, get("SCRIPT_NAME"),
		      get("PATH_INFO"));
}
END_TEST

/* Apache's mod_proxy_fcgi, as 2.4.71 sends it for ProxyPass "/m" "fcgi://a/srv" */
static const struct {
	const char *claim, *mount;
	const char *script_name, *path_info, *request_uri;
	const char *script, *path;
} proxied[] = {
	{"the whole path is SCRIPT_NAME", NULL, "/m/y/z%2F\xe9 w", NULL, "/m/y%2Fz%252F%E9%20w?q=1",
	 "", "/m/y/z%2F\xe9 w"},
	{"at the root", NULL, "/", NULL, "/", "", "/"},
	{"what Apache made of it", NULL, "/x", NULL, "/m/../x", "", "/x"},
	{"slashes that Apache merged", NULL, "/a/", NULL, "/a//", "", "/a/"},
	{"no SCRIPT_NAME: an authorizer", NULL, NULL, NULL, "/m/x%20y?q", "", "/m/x y"},
	{"a mount, and dots", "/m", "/m/x", NULL, "/n/../m//x", "/m", "/x"},
	{"a mount", "/m", "/m/x y", NULL, "/m/x%20y", "/m", "/x y"},
	{"a mount, itself", "/m", "/m", NULL, "/m?q", "/m", ""},
	{"pathinfo, no escape", NULL, "/m", "/x", "/m/x", "/m", "/x"},
	{"pathinfo, escapes", NULL, "/m/y/z%2F\xe9 w", "/y/z%252F%E9%20w",
	 "/m/y%2Fz%252F%E9%20w?q=1", "/m", "/y/z%2F\xe9 w"},
	{"pathinfo, escapes, at the root", NULL, "/x y", "/x%20y", "/x%20y", "", "/x y"},
	{"pathinfo, escapes, with a mount", "/m", "/m/x y", "/x%20y", "/m/x%20y", "/m", "/x y"},
	{"pathinfo, a part of what was escaped", NULL, "/m/x y", " y", "/m/x%20y", "/m/x", " y"},
	{"pathinfo, the mount below itself", NULL, "/x", "/x", "/x/x", "/x", "/x"},
	{"pathinfo, something else", NULL, "/x y", "/z", "/x%20y", "/x y", "/z"},
	{"pathinfo, longer than all", NULL, "/x", "/m/x", "/x", "/x", "/m/x"},
	{"pathinfo, no REQUEST_URI", NULL, "/x y", "/x%20y", NULL, "/x y", "/x%20y"},
	{"an empty PATH_INFO is one", NULL, "/m", "", "/m", "/m", ""},
};

START_TEST(what_mod_proxy_fcgi_splits_for_php_is_put_right)
{
	int rc;

	set("SCRIPT_FILENAME", "proxy:fcgi://a/srv/x");
	set("SCRIPT_NAME", proxied[_i].script_name);
	set("PATH_INFO", proxied[_i].path_info);
	set("REQUEST_URI", proxied[_i].request_uri);
	rc = wsgi_mount_fix(&env, proxied[_i].mount);
	ck_assert_msg(rc == 0, "%s: %d", proxied[_i].claim, rc);
	ck_assert_msg(strcmp(get("SCRIPT_NAME"), proxied[_i].script) == 0 &&
			      strcmp(get("PATH_INFO"), proxied[_i].path) == 0,
		      "%s: SCRIPT_NAME '%s', PATH_INFO '%s'", proxied[_i].claim, get("SCRIPT_NAME"),
		      get("PATH_INFO"));
	ck_assert_str_eq(get("SCRIPT_FILENAME"), "/srv/x");
}
END_TEST

/* 5: what Apache's mod_proxy_fcgi puts around a file name */
static const struct {
	const char *given, *expected;
} files[] = {
	{"proxy:fcgi://127.0.0.1:9000/srv/app.py", "/srv/app.py"},
	{"proxy:fcgi://127.0.0.1:9000/srv/app.py?q=1", "/srv/app.py"},
	{"proxy:fcgi://127.0.0.1:9000/srv/app.py?q=?", "/srv/app.py"},
	{"proxy:unix:/run/app.sock|fcgi://localhost/srv/app.py", "/srv/app.py"},
	{"proxy:fcgi://[::1]:9000/", "/"},
	{"proxy:fcgi://localhost", "proxy:fcgi://localhost"},
	{"proxy:http://h/x", "proxy:http://h/x"},
	{"proxy:", "proxy:"},
	{"/srv/app.py", "/srv/app.py"},
	{"/srv/app.py?x", "/srv/app.py?x"},
	{"/srv/proxy:fcgi://h/x", "/srv/proxy:fcgi://h/x"},
	{"", ""},
};

START_TEST(script_filename_loses_what_apache_puts_around_it)
{
	set("SCRIPT_FILENAME", files[_i].given);
	ck_assert_int_eq(wsgi_mount_fix(&env, NULL), 0);
	ck_assert_str_eq(get("SCRIPT_FILENAME"), files[_i].expected);
}
END_TEST

START_TEST(a_script_filename_that_is_not_there_is_not_made)
{
	ck_assert_int_eq(wsgi_mount_fix(&env, NULL), 0);
	ck_assert_str_eq(get("SCRIPT_FILENAME"), "(none)");
}
END_TEST

START_TEST(the_query_is_left_alone)
{
	set("QUERY_STRING", "a=%2F%252F");
	set("REQUEST_URI", "/x?a=%2F%252F");
	ck_assert_int_eq(wsgi_mount_fix(&env, NULL), 0);
	ck_assert_str_eq(get("QUERY_STRING"), "a=%2F%252F");
}
END_TEST

START_TEST(fixing_twice_is_fixing_once)
{
	set("SCRIPT_NAME", "/");
	set("REQUEST_URI", "/a%252Fb");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(wsgi_mount_fix(&env, NULL), 0);
		ck_assert_str_eq(get("SCRIPT_NAME"), "");
		ck_assert_str_eq(get("PATH_INFO"), "/a%2Fb");
	}
}
END_TEST

static const struct {
	const char *claim, *mount, *script_name;
	struct wsgi_span path_info, left;
} nuls[] = {
	{"below a mount", "/app", NULL, {"/app/a\0b", 8}, {"/a\0b", 4}},
	{"below the root", "/", NULL, {"/a\0b", 4}, {"/a\0b", 4}},
	{"without a slash at the root", NULL, "/", {"a\0b", 3}, {"/a\0b", 4}},
	{"as the front end has it", NULL, "/app", {"/a\0b", 4}, {"/a\0b", 4}},
};

START_TEST(what_stands_behind_a_nul_in_a_path_stays)
{
	struct wsgi_span path;

	set("SCRIPT_NAME", nuls[_i].script_name);
	ck_assert_int_eq(wsgi_environ_set_span(&env, wsgi_span_of("PATH_INFO"), nuls[_i].path_info),
			 0);
	ck_assert_int_eq(wsgi_mount_fix(&env, nuls[_i].mount), 0);
	ck_assert(wsgi_environ_find(&env, "PATH_INFO", &path));
	ck_assert_msg(path.len == nuls[_i].left.len &&
			      memcmp(path.data, nuls[_i].left.data, path.len) == 0,
		      "%s", nuls[_i].claim);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mount");
	TCase *tc = tcase_create("mount");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_loop_test(tc, what_stands_behind_a_nul_in_a_path_stays, 0, LEN(nuls));
	tcase_add_loop_test(tc, the_mount_and_the_path_by_what_front_ends_say, 0, LEN(rows));
	tcase_add_loop_test(tc, what_mod_proxy_fcgi_splits_for_php_is_put_right, 0, LEN(proxied));
	tcase_add_loop_test(tc, script_filename_loses_what_apache_puts_around_it, 0, LEN(files));
	tcase_add_test(tc, a_script_filename_that_is_not_there_is_not_made);
	tcase_add_test(tc, the_query_is_left_alone);
	tcase_add_test(tc, fixing_twice_is_fixing_once);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
