#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/watch.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_watch watch;

/* A file system of files with names of one letter; '-': it is not there, else its version. */
static char version[128];
static int64_t clock_ns, changed_ns[128];

static void change(char file, char to)
{
	version[(unsigned char)file] = to;
	changed_ns[(unsigned char)file] = ++clock_ns;
}

static struct wsgi_watch_stamp look(const char *file)
{
	char v = version[(unsigned char)file[0]];

	return v == '-' ? (struct wsgi_watch_stamp){0}
			: (struct wsgi_watch_stamp){.mtime_ns = v,
						    .ctime_ns = changed_ns[(unsigned char)file[0]]};
}

static void given_files_a_to_f(void)
{
	memset(version, '1', sizeof(version));
	wsgi_watch_init(&watch, look);
}

static void tear_down(void)
{
	wsgi_watch_finish(&watch);
}

static void when_added(const char *names)
{
	for (; *names != '\0'; names++) {
		const char name[] = {*names, '\0'};

		ck_assert_int_eq(wsgi_watch_add(&watch, name, false), 0);
	}
}

/* Returns how many characters that took. */
static int when_it_happens(const char *what)
{
	if (what[0] == '(')
		wsgi_watch_load_begins(&watch);
	else if (what[0] == ')')
		wsgi_watch_load_ends(&watch, ++clock_ns);
	else
		change(what[0], what[1]);
	return what[0] == '(' || what[0] == ')' ? 1 : 2;
}

/*
 * A script is "TIME[NAMEVERSION]... ..." : a poll at each time, after these files changed so. '('
 * among them begins a load, ')' ends it.
 * What it makes is "TIME=NAME " for each poll that said a name, "TIME!NAME " for one that is no
 * reason any more.
 */
static const char *when_played(const char *script)
{
	static char out[100];
	char copy[200], *rest = copy, *step, *at, *said;

	out[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", script);
	while ((step = strsep(&rest, " ")) != NULL) {
		long now = strtol(step, &at, 10);

		while (*at != '\0')
			at += when_it_happens(at);
		said = wsgi_watch_poll(&watch, now);
		if (said != NULL)
			sprintf(out + strlen(out), "%ld=%s ", now, said);
		free(said);
		said = wsgi_watch_take_ignored(&watch);
		if (said != NULL)
			sprintf(out + strlen(out), "%ld!%s ", now, said);
		free(said);
	}
	return out;
}

/* -- when a change counts ---------------------------------------------------------------------- */

static const struct {
	const char *claim, *script, *said;
} played[] = {
	{"nothing changes", "0 250 500 750", ""},
	{"a change counts 100 ms after it was seen", "0 250a2 300 349 350 600", "350=a "},
	{"a late poll sees a change, but does not settle it", "0 9000a2 9100", "9100=a "},
	{"a further change begins the wait again", "0a2 50a3 100 149 150", "150=a "},
	{"of another file too, and the first is named", "0b2 50a2 100 150 400", "150=b "},
	{"a file that is gone counts", "0a- 100 200", "100=a "},
	{"removed and written again: once", "0a- 50a2 100 150 400", "150=a "},
	{"removed, and put back as it was: once", "0a- 50a1 100 150 400", "150=a "},
	{"removed, and put back later: twice", "0a- 100 400a2 500 750", "100=a 500=a "},
	{"what never comes to rest counts after a second",
	 "5000a2 5090a3 5180a4 5270a5 5360a6 5450a7 5540a8 5630a9 5720a2 5810a3 5900a4 5990a5 "
	 "6000a6 6100a7 6200",
	 "6000=a 6200=a "},
	{"two changes one after the other", "0a2 100 200b2 300 400", "100=a 300=b "},
	{"a file that is not watched", "0x2 100 200", ""},
	{"a change by a load counts", "0(a2) 100 200 300(b2) 400", "100=a 400=b "},
	{"by three loads in a row too", "0(a2) 100 200(a3) 300 400(a4) 500", "100=a 300=a 500=a "},
	{"by the fourth and those after it not any more",
	 "0(a2) 100 200(a3) 300 400(a4) 500 600(a5) 700 800(a6) 900", "100=a 300=a 500=a 600!a "},
	{"several in one load count as one",
	 "0(a2 50a3 90a4 130a5 170a6 210a7) 310 400(a8) 500 600(a9) 700", "310=a 500=a 700=a "},
	{"a load without one in between", "0(a2) 100 200(a3) 300 400(a4) 500 550() 600(a5) 700",
	 "100=a 300=a 500=a 700=a "},
	{"a change right after a load is not one by it",
	 "0()a2 100 200()a3 300 400()a4 500 600()a5 700", "100=a 300=a 500=a 700=a "},
	{"a change between loads in between",
	 "0(a2) 100 200(a3) 300 400(a4) 500 600a5 700 750(a6) 850",
	 "100=a 300=a 500=a 700=a 850=a "},
	{"another file counts all the same", "0(a2) 100 200(a3) 300 400(a4) 500 600(a5b2) 700",
	 "100=a 300=a 500=a 600!a 700=b "},
	{"so does that file when no load writes it",
	 "0(a2) 100 200(a3) 300 400(a4) 500 600(a5) 700 800a6 900",
	 "100=a 300=a 500=a 600!a 900=a "},
};

START_TEST(a_change_counts_when_it_is_over)
{
	when_added("abcdef");
	ck_assert_msg(strcmp(when_played(played[_i].script), played[_i].said) == 0, "%s: %s",
		      played[_i].claim, when_played(played[_i].script));
}
END_TEST

START_TEST(it_looks_more_often_while_something_changes)
{
	when_added("a");
	when_played("0");
	ck_assert_int_eq(wsgi_watch_wait_ms(&watch), 250);
	when_played("250a2");
	ck_assert_int_eq(wsgi_watch_wait_ms(&watch), 50);
	when_played("350");
	ck_assert_int_eq(wsgi_watch_wait_ms(&watch), 250);
}
END_TEST

/* -- the set ----------------------------------------------------------------------------------- */

START_TEST(a_file_that_is_not_there_counts_when_it_comes)
{
	version['a'] = '-';
	when_added("a");
	ck_assert_str_eq(when_played("0 250a1 350"), "350=a ");
}
END_TEST

START_TEST(a_file_is_watched_from_when_it_was_first_added_on)
{
	when_added("a");
	version['a'] = '2';
	when_added("a");
	ck_assert_str_eq(when_played("0 100 200"), "100=a ");
	version['b'] = '2';
	when_added("b");
	ck_assert_str_eq(when_played("300 400"), "");
}
END_TEST

static const struct {
	const char *claim, *before, *list;
	size_t len;
	const char *changes, *said;
} kept[] = {
	{"one that is not in the list", "ab", "b", 2, "0a2 100", ""},
	{"one that is", "ab", "b", 2, "0b2 100", "100=b "},
	{"a new one", "ab", "b\0c", 4, "0c2 100", "100=c "},
	{"the last of several", "", "f\0b\0d\0a\0c\0e", 12, "0e2 100", "100=e "},
	{"an empty list", "ab", "", 0, "0a2b2 100", ""},
	{"what is watched always", "ab", "", 0, "0f2 100", "100=f "},
};

START_TEST(those_of_a_list_are_kept_and_those_that_are_watched_always)
{
	ck_assert_int_eq(wsgi_watch_add(&watch, "f", true), 0);
	when_added(kept[_i].before);
	ck_assert_int_eq(wsgi_watch_keep(&watch, kept[_i].list, kept[_i].len, 0), 0);
	ck_assert_int_eq(wsgi_watch_keep(&watch, kept[_i].list, kept[_i].len, 0), 0);
	ck_assert_msg(strcmp(when_played(kept[_i].changes), kept[_i].said) == 0, "%s",
		      kept[_i].claim);
}
END_TEST

START_TEST(what_is_watched_always_may_stand_in_a_list)
{
	ck_assert_int_eq(wsgi_watch_add(&watch, "f", true), 0);
	ck_assert_int_eq(wsgi_watch_keep(&watch, "f", 2, 0), 0);
	ck_assert_int_eq(wsgi_watch_keep(&watch, "", 0, 0), 0);
	ck_assert_str_eq(when_played("0f2 100"), "100=f ");
}
END_TEST

START_TEST(a_kept_file_has_not_forgotten_how_it_looked)
{
	when_added("ab");
	version['a'] = '2';
	ck_assert_int_eq(wsgi_watch_keep(&watch, "a", 2, 0), 0);
	ck_assert_str_eq(when_played("0 100"), "100=a ");
}
END_TEST

static const struct {
	const char *claim;
	int64_t since_ns; /* 0: not known */
	const char *said;
} new_ones[] = {
	{"changed before", 11, ""},
	{"changed at that moment, or after it", 10, "100=c "},
	{"changed after it", 9, "100=c "},
	{"nobody knows since when it is one", 0, ""},
};

START_TEST(a_new_one_that_has_changed_since_it_became_one_counts_once)
{
	when_added("ab");
	clock_ns = 8;
	change('a', '2');
	change('c', '2');
	version['d'] = '-';
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b\0c\0d", 6, new_ones[_i].since_ns), 0);
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b\0c\0d", 6, new_ones[_i].since_ns), 0);
	ck_assert_msg(strcmp(when_played("0 100 200 300"), new_ones[_i].said) == 0, "%s",
		      new_ones[_i].claim);
	ck_assert_int_eq(wsgi_watch_add_list(&watch, "b\0c", 4, false, 1), 0);
	ck_assert_str_eq(when_played("400 500"), ""); /* it is not new */
}
END_TEST

START_TEST(a_file_that_is_gone_is_kept_until_it_is_back)
{
	when_added("ab");
	ck_assert_str_eq(when_played("0a- 100"), "100=a ");
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("200 300a1 400"), "400=a ");
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("500a2 600"), "");
}
END_TEST

START_TEST(one_that_nobody_has_seen_go_is_kept_too)
{
	when_added("ab");
	version['a'] = '-';
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("0 100 200a1 300"), "100=a 300=a ");
}
END_TEST

START_TEST(and_one_that_is_back_before_anybody_saw_it)
{
	when_added("ab");
	ck_assert_str_eq(when_played("0a- 100"), "100=a ");
	version['a'] = '1';
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("200 300"), "300=a ");
}
END_TEST

START_TEST(one_that_never_was_there_is_not_kept)
{
	version['a'] = '-';
	when_added("ab");
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("0a1 100"), "");
}
END_TEST

START_TEST(one_that_came_and_went_is_kept)
{
	version['a'] = '-';
	when_added("ab");
	ck_assert_str_eq(when_played("0a1 100 200a- 300"), "100=a 300=a ");
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_str_eq(when_played("400a1 500"), "500=a ");
}
END_TEST

START_TEST(no_more_than_a_hundred_that_are_gone_are_kept)
{
	char name[8];

	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		ck_assert_int_eq(wsgi_watch_add(&watch, name, false), 0);
	}
	version['a'] = '-';
	ck_assert_int_eq(wsgi_watch_keep(&watch, "b", 2, 0), 0);
	ck_assert_int_eq(watch.len, 101);
}
END_TEST

START_TEST(a_list_can_be_added_without_dropping_what_is_not_in_it)
{
	when_added("ab");
	ck_assert_int_eq(wsgi_watch_add_list(&watch, "c\0d", 4, _i, 0), 0);
	ck_assert_str_eq(when_played("0a2 100 200d2 300"), "100=a 300=d ");
	ck_assert_int_eq(wsgi_watch_keep(&watch, NULL, 0, 0), 0);
	ck_assert_str_eq(when_played("400c2a3 500"), _i ? "500=c " : "");
}
END_TEST

START_TEST(a_change_that_was_seen_counts_although_its_file_is_dropped)
{
	when_added("a");
	when_played("0a2");
	ck_assert_int_eq(wsgi_watch_keep(&watch, "", 0, 0), 0);
	ck_assert_str_eq(when_played("100"), "100=a ");
}
END_TEST

START_TEST(a_thousand_files_are_found_again)
{
	char name[3] = "";
	size_t once = 0;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			name[0] = (char)('a' + i * 7 % 26);
			name[1] = (char)('!' + i * 31 % 90);
			ck_assert_int_eq(wsgi_watch_add(&watch, name, false), 0);
			once = round == 0 ? watch.len : once;
		}
	ck_assert_int_eq(watch.len, once);
	ck_assert_int_gt(once, 500);
	ck_assert_str_eq(when_played("0z2 100"), "100=z$ ");
}
END_TEST

/* -- a look at a file -------------------------------------------------------------------------- */

static char folder[] = "/tmp/test_watch.XXXXXX";

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void set_time(const char *name, time_t seconds, long ns)
{
	const struct timespec times[2] = {{seconds, ns}, {seconds, ns}};

	ck_assert_int_eq(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void overwritten(void)
{
	write_file("app.py", "longer");
	set_time("app.py", 1000, 0);
}

static void touched(void)
{
	set_time("app.py", 1000, 1);
}

/* As editors write: no byte and no time differs, but the file is another. */
static void replaced(void)
{
	write_file("new", "text");
	set_time("new", 1000, 0);
	ck_assert_int_eq(rename("new", "app.py"), 0);
}

static void removed(void)
{
	ck_assert_int_eq(unlink("app.py"), 0);
}

static void read_only(void)
{
	char c;
	int fd = open("app.py", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(read(fd, &c, 1), 1);
	close(fd);
	ck_assert_int_eq(chmod("app.py", 0444), 0);
}

static void given_a_neighbour(void)
{
	ck_assert_int_eq(mkdir("__pycache__", 0755), 0);
	ck_assert_int_eq(rmdir("__pycache__"), 0);
}

static const struct {
	const char *claim;
	void (*what)(void);
	bool is_change;
} looked[] = {
	{"another size", overwritten, true},    {"another time", touched, true},
	{"another inode", replaced, true},      {"not there", removed, true},
	{"it was only read", read_only, false}, {"a folder beside it", given_a_neighbour, false},
};

START_TEST(a_file_looks_different_when_it_was_written)
{
	char *said;

	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	write_file("app.py", "text");
	set_time("app.py", 1000, 0);
	wsgi_watch_init(&watch, wsgi_watch_stamp_of);
	ck_assert_int_eq(wsgi_watch_add(&watch, "app.py", false), 0);
	looked[_i].what();
	ck_assert_ptr_null(wsgi_watch_poll(&watch, 0));
	said = wsgi_watch_poll(&watch, 100);
	ck_assert_msg((said != NULL) == looked[_i].is_change, "%s", looked[_i].claim);
	free(said);
	unlink("app.py");
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("watch");
	TCase *tc = tcase_create("watch");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_files_a_to_f, tear_down);
	tcase_add_loop_test(tc, a_change_counts_when_it_is_over, 0, LEN(played));
	tcase_add_test(tc, it_looks_more_often_while_something_changes);
	tcase_add_test(tc, a_file_that_is_not_there_counts_when_it_comes);
	tcase_add_test(tc, a_file_is_watched_from_when_it_was_first_added_on);
	tcase_add_loop_test(tc, those_of_a_list_are_kept_and_those_that_are_watched_always, 0,
			    LEN(kept));
	tcase_add_test(tc, what_is_watched_always_may_stand_in_a_list);
	tcase_add_test(tc, a_kept_file_has_not_forgotten_how_it_looked);
	tcase_add_loop_test(tc, a_new_one_that_has_changed_since_it_became_one_counts_once, 0,
			    LEN(new_ones));
	tcase_add_test(tc, a_file_that_is_gone_is_kept_until_it_is_back);
	tcase_add_test(tc, one_that_nobody_has_seen_go_is_kept_too);
	tcase_add_test(tc, and_one_that_is_back_before_anybody_saw_it);
	tcase_add_test(tc, one_that_never_was_there_is_not_kept);
	tcase_add_test(tc, one_that_came_and_went_is_kept);
	tcase_add_test(tc, no_more_than_a_hundred_that_are_gone_are_kept);
	tcase_add_loop_test(tc, a_list_can_be_added_without_dropping_what_is_not_in_it, 0, 2);
	tcase_add_test(tc, a_change_that_was_seen_counts_although_its_file_is_dropped);
	tcase_add_test(tc, a_thousand_files_are_found_again);
	tcase_add_loop_test(tc, a_file_looks_different_when_it_was_written, 0, LEN(looked));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
