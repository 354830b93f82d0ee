#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const uint64_t seed = 0x123456789abcdef;

START_TEST(the_same_bytes_have_the_same_hash_wherever_they_stand)
{
	const char text[] = " a text of thirty-six bytes in memory";
	char moved[64];

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		memcpy(moved + 3, text + 1, len);
		ck_assert_uint_eq(wsgi_hash(moved + 3, len, seed), wsgi_hash(text + 1, len, seed));
	}
}
END_TEST

START_TEST(every_byte_and_the_length_count)
{
	char text[40] = {0};

	for (size_t len = 1; len <= sizeof(text); len++) {
		const uint64_t before = wsgi_hash(text, len, seed);

		ck_assert_uint_ne(before, wsgi_hash(text, len - 1, seed));
		for (size_t i = 0; i < len; i++) {
			text[i] = 1;
			ck_assert_uint_ne(before, wsgi_hash(text, len, seed));
			text[i] = 0;
		}
	}
}
END_TEST

START_TEST(another_seed_gives_other_hashes)
{
	ck_assert_uint_ne(wsgi_hash("PATH_INFO", 9, seed), wsgi_hash("PATH_INFO", 9, seed + 1));
	ck_assert_uint_ne(wsgi_hash_seed(), wsgi_hash_seed());
	ck_assert_uint_ne(wsgi_hash_seed(), 0);
}
END_TEST

START_TEST(the_low_bits_spread_over_a_table)
{
	static unsigned slots[1024];
	char name[16];
	unsigned most = 0;

	for (int i = 0; i < 8 * 1024; i++) {
		int len = sprintf(name, "HTTP_X_%d", i);
		unsigned *slot = &slots[wsgi_hash(name, (size_t)len, seed) & 1023];

		most = ++*slot > most ? *slot : most;
	}
	/* 8 on average; 30 in one slot comes by chance in fewer than one of a million tables. */
	ck_assert_uint_lt(most, 30);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hash");
	TCase *tc = tcase_create("hash");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, the_same_bytes_have_the_same_hash_wherever_they_stand);
	tcase_add_test(tc, every_byte_and_the_length_count);
	tcase_add_test(tc, another_seed_gives_other_hashes);
	tcase_add_test(tc, the_low_bits_spread_over_a_table);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
