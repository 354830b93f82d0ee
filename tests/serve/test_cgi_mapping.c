#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/program.h"
#include "serve/cgi_mapping.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* In a table "@" is that folder. */
static char folder[] = "/tmp/test_cgi_mapping.XXXXXX";

static const char *const folders[] = {"@/www", "@/www/a", "@/www/a~1", "@/wwwx"};
static const char *const files[] = {
	"@/www/app.py",     "@/www/a/deep.wsgi",     "@/www/lib.so",       "@/www/plain.txt",
	"@/www/app.py.",    "@/www/appl~1.py",       "@/www/a~1/app.py",   "@/www/app.py:x.py",
	"@/www/app.py ",    "@/www/APP.PY",          "@/wwwx/app.py",      "@/out.py",
	"@/www/caf\xc3.py", "@/www/\xe6\x97\xa5.py", "@/www/a/v~1.0-2.py", "@/www/a/backup-of~1.py",
	"@/www/wsgi",
};
static const char *const links[][2] = {
	{"@/out.py", "@/www/link-out.py"},
	{"@/www/a/deep.wsgi", "@/www/link-in.py"},
	{"@/www/plain.txt", "@/www/link-plain.py"},
	{"@/www/app.py", "@/www/link"},
};

/* What "@" stands for; in one of some buffers, in turn. */
static const char *at(const char *text)
{
	static char made[8][300];
	static int next;
	char *out;

	if (text == NULL || text[0] != '@')
		return text;
	out = made[next++ % LEN(made)];
	snprintf(out, sizeof(made[0]), "%s%s", folder, text + 1);
	return out;
}

static void given_a_site(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int i = 0; i < LEN(folders); i++)
		ck_assert_int_eq(mkdir(at(folders[i]), 0755), 0);
	for (int i = 0; i < LEN(files); i++)
		ck_assert_int_eq(close(creat(at(files[i]), 0644)), 0);
	for (int i = 0; i < LEN(links); i++)
		ck_assert_int_eq(symlink(at(links[i][0]), at(links[i][1])), 0);
	setenv("GATEWAY_INTERFACE", "CGI/1.1", 1);
	unsetenv("SCRIPT_FILENAME");
}

static void tear_down(void)
{
	for (int i = 0; i < LEN(links); i++)
		unlink(at(links[i][1]));
	for (int i = 0; i < LEN(files); i++)
		unlink(at(files[i]));
	for (int i = LEN(folders) - 1; i >= 0; i--)
		rmdir(at(folders[i]));
	ck_assert_int_eq(rmdir(folder), 0);
}

static void set(const char *name, const char *value)
{
	if (value != NULL)
		ck_assert_int_eq(setenv(name, value, 1), 0);
	else
		unsetenv(name);
}

/* -- the script below a root ------------------------------------------------------------------- */

static const struct {
	const char *claim;
	const char *word;                       /* "%s" in the mapping; NULL: it has none */
	const char *script, *info, *translated; /* as IIS has them */
	int rc;
	const char *wanted; /* the file that is served; words of the line that says why not */
} rows[] = {
	{"the word is the script", "@/www/app.py", "/app.py", "/app.py", "@/www/app.py", 0,
	 "@/www/app.py"},
	{"in a folder", "@/www/a/deep.wsgi", "/a/deep.wsgi", "/a/deep.wsgi/x",
	 "@/www/a/deep.wsgi/x", 0, "@/www/a/deep.wsgi"},
	{"in a virtual folder", "@/www/a/deep.wsgi", "/other/deep.wsgi", "/other/deep.wsgi",
	 "@/www/a/deep.wsgi", 0, "@/www/a/deep.wsgi"},
	{"an application in C", "@/www/lib.so", "/lib.so", "/lib.so", "@/www/lib.so", 0,
	 "@/www/lib.so"},
	{"the word with the path info", "@/www/app.py/x/y", "/app.py", "/app.py/x/y",
	 "@/www/app.py/x/y", 0, "@/www/app.py"},
	{"the word with slashes behind it", "@/www/app.py//", "/app.py", "/app.py//",
	 "@/www/app.py//", 0, "@/www/app.py"},
	{"with allowPathInfo the word alone counts", "@/www/app.py", "/app.py", "/a/deep.wsgi",
	 "@/www/a/deep.wsgi", 0, "@/www/app.py"},
	{"with allowPathInfo and no path info", "@/www/app.py", "/app.py", "", "", 0,
	 "@/www/app.py"},
	{"from a shell", "@/www/app.py", NULL, NULL, NULL, 0, "@/www/app.py"},
	{"bytes that are not ASCII", "@/www/\xe6\x97\xa5.py", "/\xe6\x97\xa5.py", "/", NULL, 0,
	 "@/www/\xe6\x97\xa5.py"},
	{"bytes that are not UTF-8", "@/www/caf\xc3.py", "/caf\xc3.py", "/", NULL, 0,
	 "@/www/caf\xc3.py"},
	{"a tilde is no short name yet", "@/www/a/v~1.0-2.py", "/a/v~1.0-2.py", "/", NULL, 0,
	 "@/www/a/v~1.0-2.py"},
	{"nor is one in a long name", "@/www/a/backup-of~1.py", "/a/backup-of~1.py", "/", NULL, 0,
	 "@/www/a/backup-of~1.py"},
	{"no word: PATH_TRANSLATED", NULL, "/app.py", "/app.py", "@/www/app.py", 0, "@/www/app.py"},
	{"with the path info", NULL, "/app.py", "/app.py/x/y", "@/www/app.py/x/y", 0,
	 "@/www/app.py"},
	{"which was made shorter", NULL, "/app.py", "/app.py//x//y", "@/www/app.py/x/y", 0,
	 "@/www/app.py"},
	{"which is itself a script's path", NULL, "/app.py", "/app.py/a/deep.wsgi",
	 "@/www/app.py/a/deep.wsgi", 0, "@/www/app.py"},
	{"a link to a file below the root", "@/www/link-in.py", "/link-in.py", "/", NULL, 0,
	 "@/www/a/deep.wsgi"},

	{"neither a word nor PATH_TRANSLATED", NULL, "/app.py", "/app.py", NULL, -ENOENT,
	 "neither is there"},
	{"an empty PATH_TRANSLATED", NULL, "/app.py", "/app.py", "", -ENOENT, "neither is there"},
	{"with allowPathInfo PATH_TRANSLATED is the client's", NULL, "/app.py", "/a/deep.wsgi",
	 "@/www/a/deep.wsgi", -EACCES, "allowPathInfo"},
	{"whatever its last part is", NULL, "/app.py", "/a/app.py", "@/www/app.py", -EACCES,
	 "allowPathInfo"},
	{"PATH_INFO goes on behind SCRIPT_NAME without a slash", NULL, "/app.py", "/app.pyx",
	 "@/www/app.py", -EACCES, "allowPathInfo"},
	{"no SCRIPT_NAME for PATH_TRANSLATED to belong to", NULL, NULL, "/app.py", "@/www/app.py",
	 -EACCES, "allowPathInfo"},
	{"an empty one", NULL, "", "/app.py", "@/www/app.py", -EACCES, "allowPathInfo"},
	{"no such file", "@/www/none.py", "/none.py", "/", NULL, -ENOENT, "no such file"},
	{"no such file by PATH_TRANSLATED", NULL, "/none.py", "/none.py", "@/www/none.py", -ENOENT,
	 "no such file"},
	{"a folder", "@/www/a", "/a", "/", NULL, -ENOENT, "no such file"},
	{"an unquoted %s", "/tmp/with", "/with space/app.py", "/", NULL, -ENOENT, "no such file"},
	{"a file that is no application", "@/www/plain.txt", "/plain.txt", "/", NULL, -EACCES,
	 "does not end in"},
	{"a name that is an ending without its dot", "@/www/wsgi", "/wsgi", "/", NULL, -EACCES,
	 "does not end in"},
	{"a link to one that is none", "@/www/link-plain.py", "/link-plain.py", "/", NULL, -EACCES,
	 "does not end in"},
	{"a link without an ending to one that has it", "@/www/link", "/link", "/", NULL, -EACCES,
	 "does not end in"},
	{"outside of the root", "@/out.py", "/out.py", "/", NULL, -EACCES, "is not below the root"},
	{"in a folder that begins as the root does", "@/wwwx/app.py", "/app.py", "/", NULL, -EACCES,
	 "is not below the root"},
	{"by a link out of it", "@/www/link-out.py", "/link-out.py", "/", NULL, -EACCES,
	 "is not below the root"},
	{"by dots", "@/www/../out.py", "/out.py", "/", NULL, -EACCES, "plain one"},
	{"by dots, and back", "@/www/a/../app.py", "/app.py", "/", NULL, -EACCES, "plain one"},
	{"by one dot", "@/www/./app.py", "/app.py", "/", NULL, -EACCES, "plain one"},
	{"by dots in the URL", "@/www/app.py", "/a/../app.py", "/", NULL, -EACCES, "plain one"},
	{"another file than the URL's", "@/www/app.py", "/other.py", "/", NULL, -EACCES,
	 "SCRIPT_NAME /other.py"},
	{"a handler of all paths", "@/www/app.py/x", "/app.py/x", "/app.py/x", "@/www/app.py/x",
	 -EACCES, "path=\"*.py\""},
	{"a dot at the end", "@/www/app.py.", "/app.py.", "/", NULL, -EACCES, "plain one"},
	{"a space at the end", "@/www/app.py ", "/app.py ", "/", NULL, -EACCES, "plain one"},
	{"a dot that the URL alone has", "@/www/app.py", "/app.py.", "/", NULL, -EACCES,
	 "plain one"},
	{"a stream of a file", "@/www/app.py:x.py", "/app.py:x.py", "/", NULL, -EACCES,
	 "plain one"},
	{"a stream of a file that the URL alone has", "@/www/app.py", "/app.py::$DATA", "/", NULL,
	 -EACCES, "plain one"},
	{"a short name", "@/www/appl~1.py", "/appl~1.py", "/", NULL, -EACCES, "plain one"},
	{"a short name from a shell", "@/www/appl~1.py", NULL, NULL, NULL, -EACCES, "plain one"},
	{"a short name of a folder", "@/www/a~1/app.py", "/a~1/app.py", "/", NULL, -EACCES,
	 "plain one"},
	{"a backslash in the URL", "@/www/app.py", "/a\\app.py", "/", NULL, -EACCES, "plain one"},
	{"a control character in it", "@/www/app.py", "/a\n/app.py", "/", NULL, -EACCES,
	 "plain one"},
	{"a share of another host", "//evil/share/app.py", "/app.py", "/", NULL, -EACCES,
	 "is not below the root"},
	{"the same in Windows' slashes", "\\\\evil\\share\\app.py", "/app.py", "/", NULL, -EACCES,
	 "is not below the root"},
	{"by its longest name", "\\\\?\\UNC\\evil\\share\\app.py", "/app.py", "/", NULL, -EACCES,
	 "is not below the root"},
	{"a device", "\\\\.\\pipe\\app.py", "/app.py", "/", NULL, -EACCES, "is not below the root"},
	{"a drive by its longest name is looked at", "\\\\?\\C:\\www\\app.py", "/app.py", "/", NULL,
	 -ENOENT, "no such file"},
};

START_TEST(the_script_is_served_when_it_is_plainly_one_below_the_root)
{
	struct wsgi_error err = {0};
	char *application;
	int rc;

	set("SCRIPT_NAME", rows[_i].script);
	set("PATH_INFO", rows[_i].info);
	set("PATH_TRANSLATED", at(rows[_i].translated));
	rc = wsgi_cgi_mapping(at("@/www"), at(rows[_i].word), &application, &err);
	ck_assert_msg(rc == rows[_i].rc, "%s: %d %s", rows[_i].claim, rc, err.text);
	if (rc == 0) {
		char *real = realpath(at(rows[_i].wanted), NULL), wanted[400];

		snprintf(wanted, sizeof(wanted), "%s:application", real);
		ck_assert_msg(strcmp(application, wanted) == 0, "%s: %s", rows[_i].claim,
			      application);
		free(real);
		free(application);
	} else {
		ck_assert_ptr_null(application);
		ck_assert_msg(strstr(err.text, rows[_i].wanted) != NULL, "%s: %s", rows[_i].claim,
			      err.text);
	}
}
END_TEST

static void when_served(const char *root, const char *word)
{
	struct wsgi_error err = {0};
	char *application;

	ck_assert_msg(wsgi_cgi_mapping(root, word, &application, &err) == 0, "%s", err.text);
	free(application);
}

START_TEST(SCRIPT_FILENAME_is_the_file_and_the_rest_stays_the_servers)
{
	set("SCRIPT_NAME", "/link-in.py");
	set("PATH_INFO", "/link-in.py/x");
	set("PATH_TRANSLATED", at("@/www/link-in.py/x"));
	when_served(at("@/www"), at("@/www/link-in.py/x"));
	ck_assert_str_eq(getenv("SCRIPT_FILENAME"), at("@/www/link-in.py"));
	ck_assert_str_eq(getenv("SCRIPT_NAME"), "/link-in.py");
	ck_assert_str_eq(getenv("PATH_INFO"), "/link-in.py/x");
	ck_assert_str_eq(getenv("PATH_TRANSLATED"), at("@/www/link-in.py/x"));
}
END_TEST

START_TEST(a_servers_SCRIPT_FILENAME_stays_too)
{
	set("SCRIPT_NAME", "/app.py");
	set("SCRIPT_FILENAME", "what it says");
	when_served(at("@/www"), at("@/www/app.py"));
	ck_assert_str_eq(getenv("SCRIPT_FILENAME"), "what it says");
}
END_TEST

START_TEST(the_root_may_be_a_link_or_have_a_slash_behind_it)
{
	set("SCRIPT_NAME", "/app.py");
	ck_assert_int_eq(symlink(at("@/www"), at("@/link")), 0);
	when_served(at("@/link"), at("@/www/app.py"));
	unsetenv("SCRIPT_FILENAME");
	when_served(at("@/www/"), at("@/link/app.py"));
	ck_assert_int_eq(unlink(at("@/link")), 0);
}
END_TEST

START_TEST(a_root_that_is_not_there_serves_nothing)
{
	struct wsgi_error err = {0};
	char *application;

	set("SCRIPT_NAME", "/app.py");
	ck_assert_int_eq(wsgi_cgi_mapping(at("@/none"), at("@/www/app.py"), &application, &err),
			 -EACCES);
	ck_assert_ptr_null(application);
	ck_assert_ptr_nonnull(strstr(err.text, "the root "));
}
END_TEST

/* The exe's own URL would pass by the access rules of the file's folder. */
START_TEST(with_a_root_a_request_for_the_program_itself_is_refused)
{
	struct wsgi_error err = {0};
	char *application;

	set("SCRIPT_NAME", "/bin/test_cgi_mapping");
	set("PATH_INFO", "/bin/test_cgi_mapping/app.py");
	for (int i = 0; i < 2; i++) {
		set("PATH_TRANSLATED", i == 0 ? at("@/www/app.py") : NULL);
		ck_assert_int_eq(wsgi_cgi_mapping(at("@/www"), NULL, &application, &err), -EACCES);
		ck_assert_ptr_nonnull(strstr(err.text, "names the program itself"));
	}
}
END_TEST

/* -- a word that is the script ----------------------------------------------------------------- */

static const struct {
	const char *claim;
	bool is_script;
	const char *word, *script, *info, *translated, *filename;
} words[] = {
	{"the script", true, "@/www/app.py", "/app.py", "/app.py", "@/www/app.py", NULL},
	{"before its path info", true, "@/www/app.py", "/app.py", "/app.py/x", "@/www/app.py/x",
	 NULL},
	{"with its path info", true, "@/www/app.py/x", "/app.py", "/app.py/x", "@/www/app.py/x",
	 NULL},
	{"one that is not there", true, "@/www/none.py", "/none.py", "/none.py/x",
	 "@/www/none.py/x", NULL},
	{"with a stream: no callable of app.py", true, "@/www/app.py:x", "/app.py:x", "/app.py:x",
	 "@/www/app.py:x", NULL},
	{"by another name", true, "@/www/link-in.py", "/a/deep.wsgi", "/a/deep.wsgi",
	 "@/www/a/deep.wsgi", NULL},
	{"in Windows' slashes", true, "/www\\a/deep.wsgi", "/a/deep.wsgi", "/a/deep.wsgi/x",
	 "/www/a\\deep.wsgi\\x", NULL},
	{"with allowPathInfo, by its last part", true, "@/www/app.py", "/app.py", "/x", "/srv/x",
	 NULL},
	{"with allowPathInfo and nothing else", true, "@/www/app.py", "/app.py", "", "", NULL},
	{"an application elsewhere of the same name", false, "@/wwwx/app.py", "/app.py", "/app.py",
	 "@/www/app.py", NULL},
	{"an application of another name", false, "@/www/a/deep.wsgi", "/app.py", "/x", "/srv/x",
	 NULL},
	{"the script with a callable", true, "@/www/app.py:app", "/app.py", "/app.py",
	 "@/www/app.py", NULL},
	{"a module", false, "blog.wsgi", "/blog.wsgi", "/", "", NULL},
	{"a relative name", false, "app.py", "/app.py", "/", "", NULL},
	{"one that only begins so", false, "@/www/app", "/app.py", "/app.py", "@/www/app.py", NULL},
	{"not where a server has SCRIPT_FILENAME", false, "/srv/app.py", "/app.py", "/x", "/www/x",
	 "/cgi-bin/app.py"},
	{"no variables at all", false, "@/www/app.py", NULL, NULL, NULL, NULL},
};

START_TEST(a_word_is_known_for_the_script)
{
	set("SCRIPT_NAME", words[_i].script);
	set("PATH_INFO", words[_i].info);
	set("PATH_TRANSLATED", at(words[_i].translated));
	set("SCRIPT_FILENAME", words[_i].filename);
	ck_assert_msg(wsgi_cgi_mapping_is_script(at(words[_i].word)) == words[_i].is_script, "%s",
		      words[_i].claim);
}
END_TEST

/* -- the program itself ------------------------------------------------------------------------ */

static const struct {
	const char *claim;
	bool is_direct;
	const char *script, *translated, *filename; /* "@/self": a link to this program */
} urls[] = {
	{"its name ends SCRIPT_NAME", true, "/cgi/test_cgi_mapping", NULL, NULL},
	{"whatever a client has PATH_TRANSLATED be", true, "/cgi/test_cgi_mapping", "@/www/app.py",
	 NULL},
	{"a dot behind it", true, "/test_cgi_mapping.", NULL, NULL},
	{"spaces behind it", true, "/test_cgi_mapping  ", NULL, NULL},
	{"a stream of it", true, "/test_cgi_mapping::$DATA", NULL, NULL},
	{"PATH_TRANSLATED is it", true, "/cgi/blog.exe", "@/self", NULL},
	{"and what follows", true, "/cgi/blog.exe", "@/self/x/y", NULL},
	{"SCRIPT_FILENAME is it", true, "/cgi/blog", NULL, "@/self"},
	{"SCRIPT_FILENAME is another", false, "/cgi/test_cgi_mapping", "@/self", "@/www/app.py"},
	{"a script", false, "/app.py", "@/www/app.py", NULL},
	{"a folder of its name", false, "/test_cgi_mapping/app.py", "@/www/app.py", NULL},
	{"a name that begins so", false, "/test_cgi_mapping.py", NULL, NULL},
	{"a name that ends so", false, "/xtest_cgi_mapping", NULL, NULL},
	{"no name", false, "/cgi/", NULL, NULL},
	{"nothing", false, NULL, NULL, NULL},
};

static void link_to_self(void)
{
	char *self = wsgi_program_path();

	ck_assert_int_eq(symlink(self, at("@/self")), 0);
	free(self);
}

START_TEST(a_request_for_the_program_itself_is_known)
{
	link_to_self();
	set("SCRIPT_NAME", urls[_i].script);
	set("PATH_INFO", NULL);
	set("PATH_TRANSLATED", at(urls[_i].translated));
	set("SCRIPT_FILENAME", at(urls[_i].filename));
	ck_assert_msg(wsgi_cgi_mapping_is_direct() == urls[_i].is_direct, "%s", urls[_i].claim);
	unsetenv("GATEWAY_INTERFACE");
	ck_assert_msg(!wsgi_cgi_mapping_is_direct(), "%s, without a server", urls[_i].claim);
	ck_assert_int_eq(unlink(at("@/self")), 0);
}
END_TEST

START_TEST(another_name_beside_the_program_is_it_too)
{
	char *self = wsgi_program_path(), *beside;
	const char *name;

	ck_assert_int_ge(asprintf(&beside, "%s-%d", self, (int)getpid()), 0);
	ck_assert_int_eq(symlink(self, beside), 0);
	name = wsgi_path_last(beside);
	setenv("SCRIPT_NAME", name, 1);
	unsetenv("PATH_TRANSLATED");
	ck_assert(wsgi_cgi_mapping_is_direct());
	ck_assert_int_eq(unlink(beside), 0);
	ck_assert(!wsgi_cgi_mapping_is_direct());
	free(beside);
	free(self);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_mapping");
	TCase *t = tcase_create("site");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, given_a_site, tear_down);
	tcase_add_loop_test(t, the_script_is_served_when_it_is_plainly_one_below_the_root, 0,
			    LEN(rows));
	tcase_add_test(t, SCRIPT_FILENAME_is_the_file_and_the_rest_stays_the_servers);
	tcase_add_test(t, a_servers_SCRIPT_FILENAME_stays_too);
	tcase_add_test(t, the_root_may_be_a_link_or_have_a_slash_behind_it);
	tcase_add_test(t, a_root_that_is_not_there_serves_nothing);
	tcase_add_test(t, with_a_root_a_request_for_the_program_itself_is_refused);
	tcase_add_loop_test(t, a_word_is_known_for_the_script, 0, LEN(words));
	tcase_add_loop_test(t, a_request_for_the_program_itself_is_known, 0, LEN(urls));
	tcase_add_test(t, another_name_beside_the_program_is_it_too);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
