#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "base/clock.h"
#include "wsgi/environ.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env, other;

static void given_no_variables(void)
{
	wsgi_environ_init(&env);
	wsgi_environ_init(&other);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&other);
}

static void set(const char *name, const char *value)
{
	ck_assert_int_eq(wsgi_environ_set(&env, name, value), 0);
}

static void is(const char *name, const char *value)
{
	ck_assert_pstr_eq(wsgi_environ_get(&env, name), value);
}

/* The whole of env in order: "A=1 B=2 ". */
static void reads(const char *expected)
{
	struct wsgi_span name, value;
	char text[512] = "";
	size_t at = 0;

	for (size_t i = 0; i < env.len; i++) {
		wsgi_environ_at(&env, i, &name, &value);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s=%.*s ", (int)name.len,
				       name.data, (int)value.len, value.data);
	}
	ck_assert_str_eq(text, expected);
}

START_TEST(what_was_set_is_there_in_order)
{
	is("B", NULL);
	set("B", "2");
	set("A", "");
	set("b", "3");
	is("A", "");
	is("B", "2");
	is("C", NULL);
	reads("B=2 A= b=3 ");
}
END_TEST

START_TEST(a_second_value_takes_the_place_of_the_first)
{
	set("A", "1");
	set("B", "2");
	set("A", "a longer one");
	wsgi_environ_borrow(&env, "B=3", 1, 1);
	reads("A=a longer one B=3 ");
}
END_TEST

START_TEST(set_keeps_a_copy)
{
	char name[] = "NAME", value[] = "value";

	set(name, value);
	memset(name, 'x', 4);
	memset(value, 'x', 5);
	is("NAME", "value");
}
END_TEST

START_TEST(a_value_may_be_set_to_what_it_was)
{
	set("A", "1");
	set("A", wsgi_environ_get(&env, "A"));
	set("B", wsgi_environ_get(&env, "A"));
	reads("A=1 B=1 ");
}
END_TEST

START_TEST(borrow_keeps_no_copy)
{
	static const char text[] = "PATH_INFO=/x";

	ck_assert_int_eq(wsgi_environ_borrow(&env, text, 9, 2), 0);
	ck_assert_ptr_eq(wsgi_environ_get(&env, "PATH_INFO"), text + 10);
}
END_TEST

static const char *const bad_names[] = {"", "=", "A=B", "A="};

START_TEST(set_refuses_a_name_that_no_process_environment_has)
{
	set("A", "1");
	ck_assert_int_eq(wsgi_environ_set(&env, bad_names[_i], "x"), -EINVAL);
	ck_assert_int_eq(wsgi_environ_setdefault(&env, bad_names[_i], "x"), -EINVAL);
	reads("A=1 ");
}
END_TEST

/* FastCGI has lengths, and so any byte in a name and in a value. */
static const struct {
	struct wsgi_span name, value;
} odd[] = {
	{{"", 0}, {"empty name", 10}},  {{"=", 1}, {"=", 1}},     {{"A=B", 3}, {"", 0}},
	{{"A", 1}, {"x\0y", 3}},        {{"A\0", 2}, {"nul", 3}}, {{"A\0B", 3}, {"other", 5}},
	{{"\xff\xfe", 2}, {"\xe9", 1}}, {{NULL, 0}, {NULL, 0}},
};

START_TEST(bytes_are_taken_as_they_are)
{
	struct wsgi_span name, value;

	for (int i = 0; i < LEN(odd); i++)
		ck_assert_int_eq(wsgi_environ_set_span(&env, odd[i].name, odd[i].value), 0);
	ck_assert_uint_eq(env.len, LEN(odd) - 1); /* the last has the name of the first */
	wsgi_environ_at(&env, 0, &name, &value);
	ck_assert_uint_eq(name.len + value.len, 0);
	for (size_t i = 1; i < env.len; i++) {
		wsgi_environ_at(&env, i, &name, &value);
		ck_assert_uint_eq(name.len, odd[i].name.len);
		ck_assert_mem_eq(name.data, odd[i].name.data, name.len);
		ck_assert_uint_eq(value.len, odd[i].value.len);
		ck_assert_mem_eq(value.data, odd[i].value.data, value.len);
		ck_assert_int_eq(value.data[value.len], '\0');
		ck_assert(wsgi_environ_has(&env, odd[i].name));
	}
	ck_assert(!wsgi_environ_has(&env, (struct wsgi_span){"A\0C", 3}));
}
END_TEST

START_TEST(find_tells_the_length)
{
	struct wsgi_span value = {.data = "as it was", .len = 9};

	ck_assert(!wsgi_environ_find(&env, "A", &value));
	ck_assert_uint_eq(value.len, 9);
	wsgi_environ_borrow(&env, "A=x\0y", 1, 3);
	ck_assert(wsgi_environ_find(&env, "A", &value));
	ck_assert_uint_eq(value.len, 3);
}
END_TEST

START_TEST(setdefault_sets_what_is_missing_only)
{
	set("A", "");
	ck_assert_int_eq(wsgi_environ_setdefault(&env, "A", "default"), 0);
	ck_assert_int_eq(wsgi_environ_setdefault(&env, "B", "default"), 0);
	reads("A= B=default ");
}
END_TEST

START_TEST(delete_keeps_the_order_of_the_others)
{
	set("A", "1");
	wsgi_environ_borrow(&env, "B=2", 1, 1);
	set("C", "3");
	wsgi_environ_delete(&env, "B");
	wsgi_environ_delete(&env, "B");
	wsgi_environ_delete(&env, "D");
	reads("A=1 C=3 ");
	is("B", NULL);
	is("C", "3");
	set("B", "again");
	reads("A=1 C=3 B=again ");
	wsgi_environ_delete(&env, "A");
	wsgi_environ_delete(&env, "B");
	wsgi_environ_delete(&env, "C");
	wsgi_environ_delete(&env, "C");
	ck_assert_uint_eq(env.len, 0);
}
END_TEST

START_TEST(names_are_found_among_many_after_others_went)
{
	char name[16];

	for (int i = 0; i < 300; i++) {
		sprintf(name, "N%d", i);
		set(name, name);
	}
	for (int i = 0; i < 300; i += 3) {
		sprintf(name, "N%d", i);
		wsgi_environ_delete(&env, name);
	}
	ck_assert_uint_eq(env.len, 200);
	for (int i = 0; i < 300; i++) {
		sprintf(name, "N%d", i);
		is(name, i % 3 == 0 ? NULL : name);
	}
}
END_TEST

START_TEST(clear_takes_out_everything_and_keeps_the_memory)
{
	const struct wsgi_var *vars;

	set("A", "1");
	wsgi_environ_borrow(&env, "B=2", 1, 1);
	env.url_scheme = "https";
	env.run_once = env.multithread = true;
	vars = env.vars;
	for (int i = 0; i < 3; i++) {
		wsgi_environ_clear(&env);
		ck_assert_uint_eq(env.len, 0);
		ck_assert_ptr_null(env.url_scheme);
		ck_assert(!env.run_once && !env.multithread);
		is("A", NULL);
		is("B", NULL);
		set("B", "3");
		ck_assert_ptr_eq(env.vars, vars);
		reads("B=3 ");
	}
}
END_TEST

START_TEST(an_empty_environ_can_be_cleared_and_finished)
{
	wsgi_environ_clear(&env);
	wsgi_environ_delete(&env, "A");
	ck_assert_int_eq(wsgi_environ_update(&env, &other), 0);
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&env);
	wsgi_environ_finish(NULL);
	is("A", NULL);
}
END_TEST

START_TEST(update_sets_all_variables_of_another_and_borrows_them)
{
	static const char *const before[] = {"", "B=0", "Z=0"};
	static const char *const after[] = {"A=1 B=2 ", "B=2 A=1 ", "Z=0 A=1 B=2 "};

	wsgi_environ_set(&other, "A", "1");
	wsgi_environ_borrow(&other, "B=2", 1, 1);
	other.url_scheme = "https";
	if (before[_i][0] != '\0')
		wsgi_environ_borrow(&env, before[_i], 1, 1);
	ck_assert_int_eq(wsgi_environ_update(&env, &other), 0);
	reads(after[_i]);
	ck_assert_ptr_eq(wsgi_environ_get(&env, "A"), wsgi_environ_get(&other, "A"));
	ck_assert_ptr_null(env.url_scheme);
	set("A", "changed");
	set("C", "3");
	is("A", "changed");
	is("C", "3");
	ck_assert_str_eq(wsgi_environ_get(&other, "A"), "1");
	wsgi_environ_clear(&env);
	ck_assert_str_eq(wsgi_environ_get(&other, "A"), "1");
}
END_TEST

START_TEST(an_updated_environ_can_be_used_again_and_again)
{
	char text[40][16];

	for (int round = 0; round < 4; round++) {
		const int n = 10 * (round + 1);

		wsgi_environ_clear(&other);
		for (int i = 0; i < n; i++)
			wsgi_environ_borrow(&other, text[i],
					    (size_t)sprintf(text[i], "N%d=v", i) - 2, 1);
		wsgi_environ_clear(&env);
		ck_assert_int_eq(wsgi_environ_update(&env, &other), 0);
		ck_assert_uint_eq(env.len, n);
		is("N9", "v");
		is("N39", n == 40 ? "v" : NULL);
	}
}
END_TEST

/* What a hostile client can make a front end send; a square of it would take minutes. */
START_TEST(a_quarter_of_a_million_names_take_no_time)
{
	enum { NAMES = 260000, SIZE = 16 };
	char *text = malloc(NAMES * SIZE);
	const int64_t begin = wsgi_clock_ms();

	for (int i = 0; i < NAMES; i++) {
		int len = sprintf(text + i * SIZE, "N%d=v", i);

		wsgi_environ_borrow(&env, text + i * SIZE, (size_t)len - 2, 1);
	}
	for (int i = 0; i < 5000; i++)
		wsgi_environ_borrow(&env, "N7=w", 2, 1);
	ck_assert_uint_eq(env.len, NAMES);
	is("N7", "w");
	is("N259999", "v");
	is("N260000", NULL);
	ck_assert_int_lt(wsgi_clock_ms() - begin, 3000);
	wsgi_environ_clear(&env);
	ck_assert_uint_eq(env.cap, 0); /* so much memory is not kept */
	free(text);
}
END_TEST

START_TEST(one_name_thousands_of_times_is_one_variable)
{
	for (int i = 0; i < 5000; i++)
		set("HTTP_X", i == 4999 ? "last" : "early");
	reads("HTTP_X=last ");
}
END_TEST

START_TEST(a_copy_is_the_whole_of_another_and_can_be_changed)
{
	struct wsgi_input *input = (void *)&env;
	struct wsgi_errors *errors = (void *)&other;

	wsgi_environ_set(&other, "A", "1");
	wsgi_environ_set(&other, "B", "2");
	other.url_scheme = "https";
	other.input = input;
	other.errors = errors;
	other.multithread = other.run_once = other.input_terminated = _i == 0;
	other.multiprocess = other.file_wrapper = other.from_process = _i == 1;
	ck_assert_int_eq(wsgi_environ_copy(&env, &other), 0);
	ck_assert_str_eq(env.url_scheme, "https");
	ck_assert_ptr_eq(env.input, input);
	ck_assert_ptr_eq(env.errors, errors);
	ck_assert(env.multithread == (_i == 0) && env.run_once == (_i == 0));
	ck_assert(env.input_terminated == (_i == 0) && env.from_process == (_i == 1));
	ck_assert(env.multiprocess == (_i == 1) && env.file_wrapper == (_i == 1));
	set("A", "3");
	reads("A=3 B=2 ");
	ck_assert_str_eq(wsgi_environ_get(&other, "A"), "1");
}
END_TEST

/* -- objects ----------------------------------------------------------------------------------- */

static int session, database;

static void set_object(const char *name, void *object)
{
	ck_assert_int_eq(wsgi_environ_set_object(&env, name, object), 0);
}

START_TEST(an_object_is_there_until_it_is_taken_out)
{
	ck_assert_ptr_null(wsgi_environ_get_object(&env, "myapp.session"));
	set_object("myapp.session", &session);
	set_object("myapp.database", &session);
	set_object("myapp.database", &database);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "myapp.session"), &session);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "myapp.database"), &database);
	ck_assert_ptr_null(wsgi_environ_get_object(&env, "myapp.Session"));
	set_object("myapp.session", NULL);
	set_object("myapp.none", NULL);
	ck_assert_ptr_null(wsgi_environ_get_object(&env, "myapp.session"));
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "myapp.database"), &database);
}
END_TEST

START_TEST(an_object_is_no_variable)
{
	set("myapp.session", "text");
	set_object("myapp.session", &session);
	reads("myapp.session=text ");
	wsgi_environ_delete(&env, "myapp.session");
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "myapp.session"), &session);
	is("myapp.session", NULL);
}
END_TEST

static const char *const bad_objects[] = {"", "session", "wsgi.", "wsgi.input"};

START_TEST(the_name_of_an_object_is_one_of_ones_own)
{
	ck_assert_int_eq(wsgi_environ_set_object(&env, bad_objects[_i], &session), -EINVAL);
	ck_assert_ptr_null(wsgi_environ_get_object(&env, bad_objects[_i]));
	set_object("wsgiorg.session", &session);
}
END_TEST

START_TEST(the_name_of_an_object_is_copied)
{
	char name[] = "a.b";

	set_object(name, &session);
	name[0] = 'x';
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.b"), &session);
	ck_assert_ptr_null(wsgi_environ_get_object(&env, "x.b"));
}
END_TEST

START_TEST(objects_go_where_their_environ_is_copied_to)
{
	if (_i == 0)
		wsgi_environ_set(&other, "A", "1");
	ck_assert_int_eq(wsgi_environ_set_object(&other, "a.b", &session), 0);
	ck_assert_int_eq(wsgi_environ_set_object(&other, "a.c", &session), 0);
	ck_assert_int_eq(wsgi_environ_copy(&env, &other), 0);
	set_object("a.c", &database);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.b"), &session);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.c"), &database);
	ck_assert_ptr_eq(wsgi_environ_get_object(&other, "a.c"), &session);
	set_object("a.b", &database);
	ck_assert_int_eq(wsgi_environ_update(&env, &other), 0);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.b"), &session);
}
END_TEST

START_TEST(a_cleared_environ_has_no_objects)
{
	set_object("a.b", &session);
	wsgi_environ_clear(&env);
	ck_assert_ptr_null(wsgi_environ_get_object(&env, "a.b"));
}
END_TEST

START_TEST(without_memory_for_an_object_nothing_has_changed)
{
	int rc, again;

	set_object("a.b", &session);
	memory_left(0);
	rc = wsgi_environ_set_object(&env, "a.c", &session);
	again = wsgi_environ_set_object(&env, "a.b", &database);
	memory_left(MEMORY_ENOUGH);
	ck_assert_int_eq(again, 0);
	ck_assert(rc == -ENOMEM || rc == 0); /* 0: the allocator is ASan's */
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.c"), rc == 0 ? &session : NULL);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.b"), &database);
}
END_TEST

START_TEST(without_memory_for_its_objects_there_is_no_copy)
{
	int rc = -ENOMEM;

	wsgi_environ_set(&other, "A", "1");
	ck_assert_int_eq(wsgi_environ_set_object(&other, "a.b", &session), 0);
	for (long n = 0; rc == -ENOMEM; n++) {
		wsgi_environ_finish(&env);
		memory_left(n);
		rc = wsgi_environ_copy(&env, &other);
		memory_left(MEMORY_ENOUGH);
		ck_assert_int_lt(n, 10);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_ptr_eq(wsgi_environ_get_object(&env, "a.b"), &session);
	is("A", "1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("environ");
	TCase *tc = tcase_create("environ");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_no_variables, tear_down);
	tcase_add_test(tc, what_was_set_is_there_in_order);
	tcase_add_test(tc, a_second_value_takes_the_place_of_the_first);
	tcase_add_test(tc, set_keeps_a_copy);
	tcase_add_test(tc, a_value_may_be_set_to_what_it_was);
	tcase_add_test(tc, borrow_keeps_no_copy);
	tcase_add_loop_test(tc, set_refuses_a_name_that_no_process_environment_has, 0,
			    LEN(bad_names));
	tcase_add_test(tc, bytes_are_taken_as_they_are);
	tcase_add_test(tc, find_tells_the_length);
	tcase_add_test(tc, setdefault_sets_what_is_missing_only);
	tcase_add_test(tc, delete_keeps_the_order_of_the_others);
	tcase_add_test(tc, names_are_found_among_many_after_others_went);
	tcase_add_test(tc, clear_takes_out_everything_and_keeps_the_memory);
	tcase_add_test(tc, an_empty_environ_can_be_cleared_and_finished);
	tcase_add_loop_test(tc, update_sets_all_variables_of_another_and_borrows_them, 0, 3);
	tcase_add_test(tc, an_updated_environ_can_be_used_again_and_again);
	tcase_add_test(tc, a_quarter_of_a_million_names_take_no_time);
	tcase_add_test(tc, one_name_thousands_of_times_is_one_variable);
	tcase_add_loop_test(tc, a_copy_is_the_whole_of_another_and_can_be_changed, 0, 2);
	tcase_add_test(tc, an_object_is_there_until_it_is_taken_out);
	tcase_add_test(tc, an_object_is_no_variable);
	tcase_add_loop_test(tc, the_name_of_an_object_is_one_of_ones_own, 0, LEN(bad_objects));
	tcase_add_test(tc, the_name_of_an_object_is_copied);
	tcase_add_loop_test(tc, objects_go_where_their_environ_is_copied_to, 0, 2);
	tcase_add_test(tc, a_cleared_environ_has_no_objects);
	tcase_add_test(tc, without_memory_for_an_object_nothing_has_changed);
	tcase_add_test(tc, without_memory_for_its_objects_there_is_no_copy);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
