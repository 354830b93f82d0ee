#include "serve/admission.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static struct wsgi_allow allow;
static int log_ends[2];
static struct wsgi_log log_to = {.program = "test"};
static struct wsgi_admission admission;

static void set_up(void)
{
	struct wsgi_error err;

	ck_assert_int_eq(pipe2(log_ends, O_NONBLOCK), 0);
	log_to.fd = log_ends[1];
	allow = (struct wsgi_allow){0};
	ck_assert_int_eq(wsgi_allow_add(&allow, "10.0.0.0/8,fd00::/8", &err), 0);
	admission = (struct wsgi_admission){.allow = &allow, .log = &log_to};
}

static void tear_down(void)
{
	wsgi_allow_finish(&allow);
	close(log_ends[0]);
	close(log_ends[1]);
}

static bool when_asked(const char *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return wsgi_admission_ask(&admission, (struct sockaddr *)&v4);
	ck_assert_int_eq(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return wsgi_admission_ask(&admission, (struct sockaddr *)&v6);
}

static const char *logged(void)
{
	static char text[1024];
	ssize_t n = read(log_ends[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(who_is_on_the_list_is_served_and_not_spoken_of)
{
	ck_assert(when_asked("10.1.2.3"));
	ck_assert(when_asked("fd00::1"));
	ck_assert_str_eq(logged(), "");
}
END_TEST

static const char *const strangers[] = {"192.0.2.1", "2001:db8::1"};

START_TEST(who_is_not_is_named_in_the_log)
{
	ck_assert(!when_asked(strangers[_i]));
	ck_assert_ptr_nonnull(strstr(logged(), strangers[_i]));
}
END_TEST

START_TEST(who_knocks_often_gets_a_line_a_second)
{
	for (int i = 0; i < 4; i++)
		ck_assert(!when_asked("192.0.2.1"));
	ck_assert_ptr_null(strstr(logged(), "others"));
	ck_assert_str_eq(logged(), "");
	admission.said_ms -= 1000;
	ck_assert(!when_asked("192.0.2.1"));
	ck_assert_ptr_nonnull(strstr(logged(), "3 others"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("admission");
	TCase *tc = tcase_create("admission");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, who_is_on_the_list_is_served_and_not_spoken_of);
	tcase_add_loop_test(tc, who_is_not_is_named_in_the_log, 0, 2);
	tcase_add_test(tc, who_knocks_often_gets_a_line_a_second);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
