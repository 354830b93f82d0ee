#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/frontend_files.h"
#include "serve/frontends.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_options o;
static struct wsgi_buf text;
static struct wsgi_error err;

static void tear_down(void)
{
	wsgi_options_finish(&o);
	wsgi_buf_finish(&text);
	err = (struct wsgi_error){0};
}

enum { MAX_WORDS = 8 };

/* Words of a command line with blanks between them; what comes of it is in text and err. */
static int when_printed(const char *line)
{
	static char copy[400];
	char *argv[MAX_WORDS + 2] = {"wsgi-fcgi"};
	int argc = 1;

	ck_assert_uint_lt(strlen(line), sizeof(copy));
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		ck_assert_int_le(argc, MAX_WORDS);
		argv[argc++] = word;
	}
	ck_assert_msg(wsgi_options_parse(&o, WSGI_GATEWAY_FCGI, argc, argv, &err) == 0, "%s",
		      err.text);
	return wsgi_frontend_config(&o, "/usr/bin/wsgi-fcgi", "/srv/app", &text, &err);
}

static bool has(const char *part)
{
	ck_assert_int_eq(wsgi_buf_add(&text, "", 1), 0);
	text.len--;
	return strstr(text.data, part) != NULL;
}

/* -- what is put in ---------------------------------------------------------------------------- */

static const struct {
	const char *line, *part;
} rows[] = {
	/* each server's own spelling of an address */
	{"--print-frontend=nginx -b unix:/run/a.sock", "\tserver unix:/run/a.sock;\n"},
	{"--print-frontend=nginx -b 127.0.0.1:9000", "\tserver 127.0.0.1:9000;\n"},
	{"--print-frontend=nginx -b [::1]:9000", "\tserver [::1]:9000;\n"},
	{"--print-frontend=nginx -b app.example:9000", "\tserver app.example:9000;\n"},
	{"--print-frontend=apache -b unix:/run/a.b/shop.sock",
	 "ProxyPass \"unix:/run/a.b/shop.sock|fcgi://shop/\" enablereuse=on\n"},
	{"--print-frontend=apache -b unix:/run/a_b.sock", "|fcgi://a-b/\""},
	{"--print-frontend=apache -b 127.0.0.1:9000", "ProxyPass \"fcgi://127.0.0.1:9000/\""},
	{"--print-frontend=lighttpd -b unix:/run/a.sock", "\"socket\" => \"/run/a.sock\","},
	{"--print-frontend=lighttpd -b 127.0.0.1:9000",
	 "\"host\" => \"127.0.0.1\", \"port\" => 9000,"},
	{"--print-frontend=lighttpd -b [::1]:9000", "\"host\" => \"::1\", \"port\" => 9000,"},
	{"--print-frontend=caddy -b unix:/run/a.sock", "reverse_proxy unix//run/a.sock {"},
	{"--print-frontend=caddy -b 10.0.0.1:9000", "reverse_proxy 10.0.0.1:9000 {"},
	{"--print-frontend=haproxy -b unix:/run/a.sock", "server wsgi unix@/run/a.sock proto fcgi"},
	{"--print-frontend=haproxy -b 10.0.0.1:9000", "server wsgi 10.0.0.1:9000 proto fcgi"},
	{"--print-frontend=h2o -b unix:/run/a.sock", "port: /run/a.sock\n          type: unix\n"},
	{"--print-frontend=h2o -b 127.0.0.1:9000", "port: 9000\n          type: tcp\n"},
	{"--print-frontend=h2o -b 10.0.0.1:9000",
	 "port: 9000\n          host: \"10.0.0.1\"\n          type: tcp\n"},
	{"--print-frontend=h2o -b [fe80::1]:9000", "host: \"fe80::1\"\n"},

	/* an address that can be connected to */
	{"--print-frontend=nginx -b unix:run/a.sock", "server unix:/srv/app/run/a.sock;"},
	{"--print-frontend=nginx -b :9000", "server 127.0.0.1:9000;"},
	{"--print-frontend=nginx -b 0.0.0.0:9000", "server 127.0.0.1:9000;"},
	{"--print-frontend=nginx -b [::]:9000", "server [::1]:9000;"},
	{"--print-frontend=nginx -b fd://3 -b unix:/a -b unix:/b", "server unix:/a;"},

	/* the mount */
	{"--print-frontend=nginx -b unix:/a --script-name=/app",
	 "fastcgi_split_path_info (?s)^(\\Q/app\\E)(.*)\\z;"},
	{"--print-frontend=nginx -b unix:/a --script-name=/",
	 "fastcgi_split_path_info (?s)^()(.*)\\z;"},
	{"--print-frontend=apache -b unix:/a --script-name=/app", "<Location \"/app\">"},
	{"--print-frontend=apache -b unix:/a", "<Location \"/\">"},
	{"--print-frontend=apache -b unix:/a --script-name=/", "SCRIPT_NAME \"/\""},
	{"--print-frontend=lighttpd -b unix:/a --script-name=/app",
	 "fastcgi.server = ( \"/app\" => (("},
	{"--print-frontend=caddy -b unix:/a --script-name=/app", "env SCRIPT_NAME /app\n"},
	{"--print-frontend=haproxy -b unix:/a --script-name=/app", "set-param SCRIPT_NAME /app\n"},

	/* nginx's variables are in it: no other file is needed */
	{"--print-frontend=nginx -b unix:/a",
	 "\t\tfastcgi_param PATH_INFO         $fastcgi_path_info;\n"},

	/* who starts wsgi-fcgi itself */
	{"--print-frontend=apache --threads=4 app.py",
	 "FcgidWrapper \"/usr/bin/wsgi-fcgi --chdir=/srv/app --threads=4 app.py\"\n"},
	{"--print-frontend=apache --script-name=/app app.py",
	 "Alias \"/app\" \"/usr/bin/wsgi-fcgi\""},
	{"--print-frontend=apache app.py", "Alias \"/\" \"/usr/bin/wsgi-fcgi/\""},
	{"--print-frontend=lighttpd -e A=b -e C=d --preload x:y",
	 "\"bin-path\" => \"/usr/bin/wsgi-fcgi --chdir=/srv/app --preload --env=A=b --env=C=d "
	 "x:y\",\n"},
	{"--print-frontend=iis --threads=2 --iis --script-name=/app app.py",
	 "arguments=\"--iis --script-name=/app --chdir=/srv/app --threads=2 app.py\""},
	{"--print-frontend=iis app.py",
	 "scriptProcessor=\"/usr/bin/wsgi-fcgi|--iis --script-name=/ --chdir=/srv/app app.py\""},

	{"--print-frontend=h2o --threads=2 app.py",
	 "fastcgi.spawn: \"exec /usr/bin/wsgi-fcgi --chdir=/srv/app --threads=2 app.py\"\n"},

	/* the head */
	{"--print-frontend=nginx -b unix:/a --script-name=/app",
	 "# nginx, and wsgi-fcgi --bind=unix:/a --script-name=/app.\n"},
	{"--print-frontend=iis app.py",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>"},
};

START_TEST(the_options_stand_in_the_configuration)
{
	ck_assert_msg(when_printed(rows[_i].line) == 0, "%s: %s", rows[_i].line, err.text);
	ck_assert_msg(has(rows[_i].part), "%s: no %s in:\n%s", rows[_i].line, rows[_i].part,
		      text.data);
}
END_TEST

static const char *const all[] = {
	"--print-frontend=nginx -b unix:/a",
	"--print-frontend=nginx -b unix:/a --script-name=/app",
	"--print-frontend=apache -b unix:/a",
	"--print-frontend=apache -b unix:/a --script-name=/app",
	"--print-frontend=apache app.py",
	"--print-frontend=apache --script-name=/app app.py",
	"--print-frontend=lighttpd -b unix:/a",
	"--print-frontend=lighttpd -b unix:/a --script-name=/app",
	"--print-frontend=lighttpd app.py",
	"--print-frontend=caddy -b unix:/a",
	"--print-frontend=caddy -b unix:/a --script-name=/app",
	"--print-frontend=haproxy -b unix:/a",
	"--print-frontend=haproxy -b unix:/a --script-name=/app",
	"--print-frontend=h2o -b unix:/a",
	"--print-frontend=h2o -b unix:/a --script-name=/app",
	"--print-frontend=h2o app.py",
	"--print-frontend=iis app.py",
};

/* "@NAME@" or "${WSGI_NAME}": what a new file wants and nobody fills in. */
static bool is_left(const char *c)
{
	size_t n = strspn(c + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return strncmp(c, "${WSGI_", 7) == 0 || (*c == '@' && n > 0 && c[1 + n] == '@');
}

START_TEST(nothing_is_left_to_put_in)
{
	ck_assert_msg(when_printed(all[_i]) == 0, "%s: %s", all[_i], err.text);
	has("");
	for (const char *c = text.data; *c != '\0'; c++)
		ck_assert_msg(!is_left(c), "%s: %.30s", all[_i], c);
	ck_assert_msg(!has("include wsgi_params"), "%s", all[_i]);
}
END_TEST

/* -- what is refused --------------------------------------------------------------------------- */

static const struct {
	const char *line, *words;
} wrong[] = {
	{"--print-frontend=thttpd -b unix:/a", "--print-frontend takes nginx, apache, lighttpd, "
					       "caddy, haproxy, h2o or iis, not 'thttpd'"},
	{"--print-frontend=Nginx -b unix:/a", "not 'Nginx'"},
	{"--print-frontend=nginx", "which address does it connect to?"},
	{"--print-frontend=h2o --script-name=/app app.py", "which address does it connect to?"},
	{"--print-frontend=nginx app.py", "which address does it connect to?"},
	{"--print-frontend=lighttpd --script-name=/app app.py",
	 "which address does it connect to?"},
	{"--print-frontend=apache", "name the application, too"},
	{"--print-frontend=iis -b unix:/a app.py", "leave --bind out"},
	{"--print-frontend=nginx -b fd://3", "nobody can connect to --bind=fd://3"},
	{"--print-frontend=nginx -b unix:", "nobody can connect to --bind=unix:"},
	{"--print-frontend=nginx -b nothing", "nobody can connect to --bind=nothing"},
	{"--print-frontend=nginx -b 127.0.0.1:0", "give a number"},
	{"--print-frontend=nginx -b 127.0.0.1:", "give a number"},
	{"--print-frontend=nginx -b unix:/a;b", "';' in the address 'unix:/a;b'"},
	{"--print-frontend=nginx -b unix:/a --script-name=/a(b", "'(' in the mount '/a(b'"},
	{"--print-frontend=nginx -b unix:/a --script-name=/caf\xc3\xa9", "write it by hand"},
	{"--print-frontend=apache --python=/a\"b app.py", "'\"' in the word '--python=/a\"b'"},
	{"--print-frontend=apache a$b.py", "'$' in the word 'a$b.py'"},
};

START_TEST(what_cannot_be_written_is_refused_in_words)
{
	int rc = when_printed(wrong[_i].line);

	ck_assert_msg(rc == -EINVAL, "%s: %d", wrong[_i].line, rc);
	ck_assert_msg(strstr(err.text, wrong[_i].words) != NULL, "%s: %s", wrong[_i].line,
		      err.text);
}
END_TEST

/* -- the files --------------------------------------------------------------------------------- */

START_TEST(the_files_are_there_byte_for_byte)
{
	static char read[1 << 16];
	size_t n = 0;

	for (const struct wsgi_frontend_file *f = wsgi_frontend_files; f->name != NULL; f++, n++) {
		char path[300];
		FILE *in;
		size_t len;

		snprintf(path, sizeof(path), "scripts/frontends/%s", f->name);
		in = fopen(path, "rb");
		ck_assert_msg(in != NULL, "%s", path);
		len = fread(read, 1, sizeof(read), in);
		fclose(in);
		ck_assert_msg(len == f->len && memcmp(read, f->data, len) == 0, "%s", path);
	}
	ck_assert_uint_ge(n, 15);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("frontends");
	TCase *tc = tcase_create("frontends");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, the_options_stand_in_the_configuration, 0, LEN(rows));
	tcase_add_loop_test(tc, nothing_is_left_to_put_in, 0, LEN(all));
	tcase_add_loop_test(tc, what_cannot_be_written_is_refused_in_words, 0, LEN(wrong));
	tcase_add_test(tc, the_files_are_there_byte_for_byte);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
