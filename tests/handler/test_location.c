#include <check.h>
#include <string.h>

#include "handler/cgi.h"
#include "handler/location.h"

#define HAPROXY "HAProxy 2.6.12"
#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *claim, *headers[4], *head, *left, *software;
} preambles[] = {
	{"nothing but the status",
	 {"X-A", "a"},
	 "Status: 301 Moved\r\n",
	 "X-A: a\r\n\r\n",
	 HAPROXY},
	{"Location comes before it",
	 {"X-A", "a", "location", "/x"},
	 "Location: /x\r\nStatus: 301 Moved\r\n",
	 "X-A: a\r\n\r\n",
	 HAPROXY},
	{"each of several",
	 {"Location", "/x", "Location", "/y"},
	 "Location: /x\r\nLocation: /y\r\nStatus: 301 Moved\r\n",
	 "\r\n",
	 HAPROXY},
	{"Content-Location stays",
	 {"Content-Location", "/x"},
	 "Status: 301 Moved\r\n",
	 "Content-Location: /x\r\n\r\n",
	 HAPROXY},
	{"another web server gets what wsgiref sends",
	 {"Location", "/x"},
	 "Status: 301 Moved\r\n",
	 "Location: /x\r\n\r\n",
	 "nginx/1.22.1"},
};

START_TEST(for_haproxy_a_location_comes_before_the_status)
{
	struct wsgi_simple_handler s;
	struct wsgi_buf head = {0}, left = {0};

	wsgi_base_cgi_handler_init(&s, NULL, NULL, NULL, NULL);
	wsgi_buf_adds(&s.base.status, "301 Moved");
	wsgi_environ_set(&s.base.environ, "SERVER_SOFTWARE", preambles[_i].software);
	for (int i = 0; i < 4 && preambles[_i].headers[i] != NULL; i += 2)
		wsgi_headers_add(&s.base.headers, preambles[_i].headers[i],
				 preambles[_i].headers[i + 1]);
	ck_assert_int_eq(wsgi_location_send_preamble(&s.base, &head), 0);
	ck_assert_int_eq(wsgi_headers_bytes(&s.base.headers, &left), 0);
	wsgi_buf_add(&head, "", 1);
	wsgi_buf_add(&left, "", 1);
	ck_assert_msg(strcmp(head.data, preambles[_i].head) == 0 &&
			      strcmp(left.data, preambles[_i].left) == 0,
		      "%s: '%s', '%s'", preambles[_i].claim, head.data, left.data);
	wsgi_buf_finish(&head);
	wsgi_buf_finish(&left);
	wsgi_simple_handler_finish(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("location");
	TCase *tc = tcase_create("location");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, for_haproxy_a_location_comes_before_the_status, 0, LEN(preambles));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
