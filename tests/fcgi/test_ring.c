#include "fcgi/ring.h"

#include <check.h>

struct element {
	int value;
	struct wsgi_ring ring;
};

static struct wsgi_ring list;
static struct element elements[5];

static void set_up(void)
{
	wsgi_ring_init(&list);
	for (int i = 0; i < 5; i++) {
		elements[i].value = i;
		wsgi_ring_init(&elements[i].ring);
	}
}

static void append(int i)
{
	wsgi_ring_append(&list, &elements[i].ring);
}

/* All that are in it, from first to last, as one number. */
static int read_all(void)
{
	int n = 0;

	for (struct wsgi_ring *r = list.next; r != &list; r = r->next) {
		ck_assert_ptr_eq(r->next->prev, r);
		n = 10 * n + container_of(r, struct element, ring)->value;
	}
	return n;
}

START_TEST(an_empty_list_has_no_first)
{
	ck_assert(wsgi_ring_is_alone(&list));
	ck_assert_ptr_null(WSGI_RING_FIRST(&list, struct element, ring));
}
END_TEST

START_TEST(elements_stand_in_the_order_they_came)
{
	append(3);
	append(1);
	append(4);
	ck_assert_int_eq(read_all(), 314);
	ck_assert_int_eq(WSGI_RING_FIRST(&list, struct element, ring)->value, 3);
	ck_assert(!wsgi_ring_is_alone(&elements[1].ring));
}
END_TEST

START_TEST(any_element_can_leave_and_come_back)
{
	append(1);
	append(2);
	append(3);
	wsgi_ring_remove(&elements[2].ring);
	ck_assert_int_eq(read_all(), 13);
	ck_assert(wsgi_ring_is_alone(&elements[2].ring));
	wsgi_ring_remove(&elements[1].ring);
	append(2);
	ck_assert_int_eq(read_all(), 32);
	wsgi_ring_remove(&elements[3].ring);
	wsgi_ring_remove(&elements[2].ring);
	ck_assert(wsgi_ring_is_alone(&list));
}
END_TEST

START_TEST(who_is_in_no_list_may_leave)
{
	wsgi_ring_remove(&elements[0].ring);
	append(1);
	wsgi_ring_remove(&elements[0].ring);
	ck_assert_int_eq(read_all(), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, an_empty_list_has_no_first);
	tcase_add_test(t, elements_stand_in_the_order_they_came);
	tcase_add_test(t, any_element_can_leave_and_come_back);
	tcase_add_test(t, who_is_in_no_list_may_leave);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
