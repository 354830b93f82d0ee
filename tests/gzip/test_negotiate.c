#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "gzip/negotiate.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_headers headers;
static struct wsgi_buf out;

static void given_no_headers(void)
{
	wsgi_headers_init(&headers);
}

static void tear_down(void)
{
	wsgi_headers_finish(&headers);
	wsgi_buf_finish(&out);
}

/* "Name: value" each, up to NULL. */
static void given(const char *const fields[])
{
	for (int i = 0; fields[i] != NULL; i++) {
		const char *colon = strstr(fields[i], ": ");
		const struct wsgi_span name = {fields[i], (size_t)(colon - fields[i])};

		ck_assert_int_eq(wsgi_headers_add_span(&headers, name, wsgi_span_of(colon + 2)), 0);
	}
}

static void reads(const char *expected)
{
	out.len = 0;
	ck_assert_int_eq(wsgi_headers_bytes(&headers, &out), 0);
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	ck_assert_str_eq(out.data, expected);
}

static const struct {
	const char *accept;
	bool accepted;
} accepts[] = {
	{"", false},
	{"gzip", true},
	{"GZIP", true},
	{"x-gzip", true},
	{"gzip, deflate, br", true},
	{"deflate,\tgzip", true},
	{"deflate", false},
	{"gzipped", false},
	{"gzi", false},
	{"identity", false},
	/* Weights. */
	{"gzip;q=0", false},
	{"gzip;q=0.0", false},
	{"gzip;q=0.000", false},
	{"gzip;q=0.", false},
	{"gzip;q=0.001", true},
	{"gzip;q=0.5", true},
	{"gzip;q=1", true},
	{"gzip;q=1.000", true},
	{"gzip ; q=1.0", true},
	{"gzip; Q=0", false},
	{"deflate;q=1, gzip;q=0", false},
	/* What is malformed is no yes. */
	{"gzip;q=", false},
	{"gzip;q", false},
	{"gzip;q=2", false},
	{"gzip;q=1.001", false},
	{"gzip;q=0.5555", false},
	{"gzip;q=0,5", false},
	{"gzip;q=-1", false},
	{"gzip;q=0x1", false},
	{"gzip;q=05", false},
	{"gzip;q=0.5a", false},
	{"gzip;level=1", false},
	/* The star stands for what is not named. */
	{"*", true},
	{"*;q=0", false},
	{"*;q=0.1", true},
	{"gzip;q=0, *", false},
	{"x-gzip;q=0, *", false},
	{"*;q=0, gzip", true},
	{"*;q=0, x-gzip", true},
	{"gzip;q=0, x-gzip", false},
	/* A client may like it better as it is. */
	{"gzip;q=0.5, identity;q=1", false},
	{"gzip;q=0.5, identity", false},
	{"identity;q=0.5, gzip;q=0.5", true},
	{"identity;q=0.5, gzip", true},
	{"identity;q=0", false},
	{"identity;q=0, gzip;q=0.1", true},
	/* Lists as RFC 9110, 5.6.1 lets them be. */
	{", ,gzip,", true},
	{" , ", false},
	{";q=1", false},
};

START_TEST(gzip_is_accepted_as_accept_encoding_says)
{
	ck_assert_msg(wsgi_gzip_is_accepted(wsgi_span_of(accepts[_i].accept)) ==
			      accepts[_i].accepted,
		      "'%s'", accepts[_i].accept);
}
END_TEST

START_TEST(without_accept_encoding_gzip_is_not_accepted)
{
	ck_assert(!wsgi_gzip_is_accepted((struct wsgi_span){0}));
}
END_TEST

static const struct {
	const char *status;
	const char *headers[4];
	bool fit;
} responses[] = {
	{"200 OK", {"Content-Type: text/plain"}, true},
	{"200 OK", {"content-type: TEXT/HTML; charset=utf-8"}, true},
	{"200 OK", {"Content-Type: text/html;charset=utf-8"}, true},
	{"200 OK", {"Content-Type: application/json"}, true},
	{"200 OK", {"Content-Type: application/problem+json"}, true},
	{"200 OK", {"Content-Type: application/atom+xml"}, true},
	{"200 OK", {"Content-Type: image/svg+xml"}, true},
	{"200 OK", {"Content-Type: application/xml"}, true},
	{"200 OK", {"Content-Type: application/javascript"}, true},
	{"200 OK", {"Content-Type: text/javascript"}, true},
	{"404 Not Found", {"Content-Type: text/plain"}, true},
	{"500 Internal Server Error", {"Content-Type: text/plain"}, true},
	{"200 OK", {NULL}, false},
	{"200 OK", {"Content-Type: "}, false},
	{"200 OK", {"Content-Type: text/"}, false},
	{"200 OK", {"Content-Type: textual/plain"}, false},
	{"200 OK", {"Content-Type: image/png"}, false},
	{"200 OK", {"Content-Type: application/octet-stream"}, false},
	{"200 OK", {"Content-Type: application/jsonish"}, false},
	{"200 OK", {"Content-Type: +json"}, false},
	{"204 No Content", {"Content-Type: text/plain"}, false},
	{"304 Not Modified", {"Content-Type: text/plain"}, false},
	{"100 Continue", {"Content-Type: text/plain"}, false},
	{"206 Partial Content", {"Content-Type: text/plain"}, false},
	{"416 Range Not Satisfiable",
	 {"Content-Type: text/plain", "Content-Range: bytes */9"},
	 false},
	{"200 OK", {"Content-Type: text/plain", "Content-Encoding: br"}, false},
	{"200 OK", {"Content-Type: text/plain", "content-encoding: gzip"}, false},
	{"200 OK", {"Content-Type: text/plain", "Cache-Control: no-transform"}, false},
	{"200 OK", {"Content-Type: text/plain", "Cache-Control: max-age=1, No-Transform"}, false},
	{"200 OK",
	 {"Content-Type: text/plain", "Cache-Control: public", "Cache-Control: no-transform"},
	 false},
	{"200 OK", {"Content-Type: text/plain", "Cache-Control: no-transformers"}, true},
};

START_TEST(a_response_is_fit_to_be_compressed_when_it_is_text_and_whole)
{
	given(responses[_i].headers);
	ck_assert_msg(wsgi_gzip_is_fit(wsgi_span_of(responses[_i].status), &headers) ==
			      responses[_i].fit,
		      "%s", responses[_i].headers[0]);
}
END_TEST

static const struct {
	const char *headers[4], *after;
} varies[] = {
	{{NULL}, "Vary: Accept-Encoding\r\n\r\n"},
	{{"Vary: Cookie"}, "Vary: Cookie, Accept-Encoding\r\n\r\n"},
	{{"vary: Cookie, Accept"}, "Vary: Cookie, Accept, Accept-Encoding\r\n\r\n"},
	{{"Vary: A", "X: 1", "Vary: B"}, "X: 1\r\nVary: A, B, Accept-Encoding\r\n\r\n"},
	{{"Vary: "}, "Vary: Accept-Encoding\r\n\r\n"},
	{{"Vary: *"}, "Vary: *\r\n\r\n"},
	{{"Vary: Cookie", "Vary: *"}, "Vary: Cookie\r\nVary: *\r\n\r\n"},
	{{"Vary: accept-encoding"}, "Vary: accept-encoding\r\n\r\n"},
	{{"Vary: Cookie ,Accept-Encoding"}, "Vary: Cookie ,Accept-Encoding\r\n\r\n"},
	{{"Vary: Accept-Encodings"}, "Vary: Accept-Encodings, Accept-Encoding\r\n\r\n"},
};

START_TEST(vary_has_accept_encoding_beside_what_it_had)
{
	given(varies[_i].headers);
	ck_assert_int_eq(wsgi_gzip_add_vary(&headers), 0);
	reads(varies[_i].after);
}
END_TEST

static const struct {
	const char *headers[5], *after;
} labels[] = {
	{{"Content-Type: text/plain", "Content-Length: 5"},
	 "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n"},
	{{"ETag: \"a\"", "Accept-Ranges: bytes", "X: 1"},
	 "X: 1\r\nContent-Encoding: gzip\r\nETag: W/\"a\"\r\n\r\n"},
	{{"ETag: W/\"a\""}, "ETag: W/\"a\"\r\nContent-Encoding: gzip\r\n\r\n"},
};

START_TEST(the_headers_are_those_of_a_compressed_response)
{
	given(labels[_i].headers);
	ck_assert_int_eq(wsgi_gzip_relabel(&headers), 0);
	reads(labels[_i].after);
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	const char *const fields[] = {"Vary: A", "ETag: \"a\"", NULL};
	int rc = -1;

	for (long n = 0; rc != 0; n++) {
		long held;

		wsgi_headers_finish(&headers);
		held = memory_held();
		given(fields);
		memory_left(n);
		rc = wsgi_gzip_add_vary(&headers);
		if (rc == 0)
			rc = wsgi_gzip_relabel(&headers);
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 0 || rc == -ENOMEM);
		wsgi_headers_finish(&headers);
		ck_assert_int_eq(memory_held(), held);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("negotiate");
	TCase *tc = tcase_create("negotiate");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_no_headers, tear_down);
	tcase_add_loop_test(tc, gzip_is_accepted_as_accept_encoding_says, 0, LEN(accepts));
	tcase_add_test(tc, without_accept_encoding_gzip_is_not_accepted);
	tcase_add_loop_test(tc, a_response_is_fit_to_be_compressed_when_it_is_text_and_whole, 0,
			    LEN(responses));
	tcase_add_loop_test(tc, vary_has_accept_encoding_beside_what_it_had, 0, LEN(varies));
	tcase_add_loop_test(tc, the_headers_are_those_of_a_compressed_response, 0, LEN(labels));
	tcase_add_test(tc, without_memory_it_is_said);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
