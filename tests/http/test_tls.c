#include "http/tls.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* Asked for by LeakSanitizer: GnuTLS loses what it has read of a certificate that is spoilt. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgnutls\n";
}

static char folder[] = "/tmp/test_tls.XXXXXX";
static struct wsgi_tls tls;
static struct wsgi_error err;

static void shell(const char *command)
{
	char line[1000];

	snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", folder, command);
	ck_assert_msg(system(line) == 0, "%s", line);
}

#define NEW_KEY "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
#define NEW_CERT "openssl req -x509 -subj /CN=localhost -days 2 "

/* Once for all tests: they only read. */
static void given_files(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	shell(NEW_KEY "-out key && " NEW_CERT "-key key -out cert");
	shell("cat key cert >key+cert && cat cert key >cert+key");
	shell(NEW_KEY "-out other");
	shell("openssl ec -in key -out key.ec");
	shell("openssl pkcs8 -topk8 -in key -passout pass:x -out key.pkcs8");
	shell("openssl ec -in key -aes128 -passout pass:x -out key.old");
	shell("openssl x509 -in cert -outform DER -out cert.der");
	shell("sed '3s/./!/g' cert >cert.spoilt && sed '2s/./!/g' key >key.spoilt");
	shell(": >empty && mkdir dir && head -c 1048577 /dev/zero >huge");
}

static void remove_files(void)
{
	char line[100];

	snprintf(line, sizeof(line), "rm -r %s", folder);
	ck_assert_int_eq(system(line), 0);
}

static void set_up(void)
{
	ck_assert_int_eq(chdir(folder), 0);
	tls = (struct wsgi_tls){0};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_tls_finish(&tls);
}

static const struct {
	const char *cert, *key;
} pairs[] = {
	{"cert", "key"},    {"cert", "key.ec"},  {"cert", "key+cert"}, {"key+cert", NULL},
	{"cert+key", NULL}, {"key+cert", "key"}, {"cert", "cert+key"},
};

START_TEST(a_certificate_and_its_key_are_taken)
{
	int rc = wsgi_tls_load(&tls, pairs[_i].cert, pairs[_i].key, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(tls.cert, "-----BEGIN CERTIFICATE-----"));
	ck_assert_ptr_nonnull(strstr(tls.key, "PRIVATE KEY-----"));
}
END_TEST

static const struct {
	const char *cert, *key;
	int code;
	const char *words;
} refused[] = {
	{"none", NULL, -ENOENT, "cannot read the certificate in none: No such file or directory"},
	{"cert", "none", -ENOENT, "cannot read the private key in none: No such file or directory"},
	{"dir", NULL, -EISDIR, "cannot read the certificate in dir: Is a directory"},
	{"huge", NULL, -EFBIG, "cannot read the certificate in huge: File too large"},
	{"empty", NULL, -EINVAL, "there is no certificate in PEM in empty"},
	{"cert.der", NULL, -EINVAL, "there is no certificate in PEM in cert.der"},
	{"key", NULL, -EINVAL, "there is no certificate in PEM in key"},
	{"cert", NULL, -EINVAL, "there is no private key in PEM in cert"},
	{"cert", "empty", -EINVAL, "there is no private key in PEM in empty"},
	{"cert", "key.pkcs8", -EINVAL, "the private key in key.pkcs8 is encrypted;"},
	{"cert", "key.old", -EINVAL, "the private key in key.old is encrypted;"},
	{"cert", "other", -EINVAL,
	 "the certificate in cert and the key in other: "
	 "The certificate and the given key do not match."},
	{"cert.spoilt", "key", -EINVAL,
	 "the certificate in cert.spoilt and the key in key: Base64"},
	{"cert", "key.spoilt", -EINVAL,
	 "the certificate in cert and the key in key.spoilt: Base64"},
};

START_TEST(what_is_no_pair_is_refused_in_a_line_that_says_why)
{
	ck_assert_int_eq(wsgi_tls_load(&tls, refused[_i].cert, refused[_i].key, &err),
			 refused[_i].code);
	ck_assert_int_eq(err.code, refused[_i].code);
	ck_assert_msg(strncmp(err.text, refused[_i].words, strlen(refused[_i].words)) == 0, "%s",
		      err.text);
	ck_assert_uint_gt(strlen(err.text) + 1, strlen(refused[_i].words));
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_ptr_null(tls.cert);
	ck_assert_ptr_null(tls.key);
}
END_TEST

START_TEST(a_file_that_may_not_be_read_is_refused)
{
	if (geteuid() == 0)
		return; /* who may read all */
	ck_assert_int_eq(chmod("other", 0), 0);
	ck_assert_int_eq(wsgi_tls_load(&tls, "cert", "other", &err), -EACCES);
	chmod("other", 0600);
}
END_TEST

START_TEST(the_key_may_come_through_a_pipe)
{
	char path[40];
	FILE *p = popen("cat key", "r");

	snprintf(path, sizeof(path), "/dev/fd/%d", fileno(p));
	ck_assert_msg(wsgi_tls_load(&tls, "cert", path, &err) == 0, "%s", err.text);
	pclose(p);
}
END_TEST

START_TEST(what_is_empty_can_be_finished)
{
	wsgi_tls_finish(&tls);
	ck_assert_ptr_null(tls.key);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_unchecked_fixture(tc, given_files, remove_files);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_certificate_and_its_key_are_taken, 0, LEN(pairs));
	tcase_add_loop_test(tc, what_is_no_pair_is_refused_in_a_line_that_says_why, 0,
			    LEN(refused));
	tcase_add_test(tc, a_file_that_may_not_be_read_is_refused);
	tcase_add_test(tc, the_key_may_come_through_a_pipe);
	tcase_add_test(tc, what_is_empty_can_be_finished);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
