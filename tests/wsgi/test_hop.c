#include <check.h>
#include <stdlib.h>

#include "wsgi/hop.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *name;
	bool is_hop;
} rows[] = {
	{"Connection", true},
	{"Keep-Alive", true},
	{"Proxy-Authenticate", true},
	{"Proxy-Authorization", true},
	{"TE", true},
	{"Trailers", true},
	{"Transfer-Encoding", true},
	{"Upgrade", true},
	{"uPGRADE", true},
	{"te", true},
	/* Neither wsgiref nor RFC 2616 has these. */
	{"Trailer", false},
	{"Proxy-Connection", false},
	{"", false},
	{"Connection ", false},
	{"Transfer_Encoding", false},
	{"Content-Length", false},
	{"t\xe9", false},
};

START_TEST(a_name_is_hop_by_hop_or_not)
{
	ck_assert_int_eq(wsgi_is_hop_by_hop(wsgi_span_of(rows[_i].name)), rows[_i].is_hop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hop");
	TCase *tc = tcase_create("hop");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_name_is_hop_by_hop_or_not, 0, LEN(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
