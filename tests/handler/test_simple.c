#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handler/simple.h"
#include "wsgi/file.h"

static struct wsgi_simple_handler handler;
static struct wsgi_environ vars;
static struct wsgi_fd_input in;
static struct wsgi_fd_output out;
static struct wsgi_fd_errors err;
static struct wsgi_file_body file;
static int requests[2], responses[2], logs[2]; /* pipes: read [0], write [1] */
static char seen[200];                         /* of the input, given out once */
static int given_out;
static FILE *content;

static void given_streams(void)
{
	ck_assert_int_eq(pipe(requests), 0);
	ck_assert_int_eq(pipe(responses), 0);
	ck_assert_int_eq(pipe(logs), 0);
	wsgi_fd_input_init(&in, requests[0]);
	wsgi_fd_output_init(&out, responses[1]);
	wsgi_fd_errors_init(&err, logs[1]);
	wsgi_environ_init(&vars);
	wsgi_environ_set(&vars, "REQUEST_METHOD", "POST");
	wsgi_environ_set(&vars, "CONTENT_LENGTH", "4");
	wsgi_simple_handler_init(&handler, &in.input, &out.output, &err.errors, &vars);
	handler.base.origin_server = false;
	given_out = 0;
	content = NULL;
}

static void tear_down(void)
{
	wsgi_simple_handler_finish(&handler);
	wsgi_simple_handler_finish(NULL);
	wsgi_environ_finish(&vars);
	wsgi_input_finish(&in.input);
	wsgi_fd_output_finish(&out);
	for (int i = 0; i < 2; i++) {
		close(requests[i]);
		close(responses[i]);
		close(logs[i]);
	}
	if (content != NULL)
		fclose(content);
}

static const char *arrived(int fd)
{
	static char text[400];
	ssize_t n = read(fd, text, sizeof(text) - 1); /* a pipe gives all that is in it */

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	(void)body;
	*data = seen;
	*len = strlen(seen);
	return given_out++ == 0;
}

static int echo(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static struct wsgi_body b = {.next = next};
	ssize_t n = wsgi_input_read(env->input, seen, sizeof(seen) - 1);

	(void)app;
	ck_assert_int_ge(n, 0);
	seen[n] = '\0';
	*body = &b;
	return start->respond(start, "200 OK", NULL, 0, NULL);
}

static int complain(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		    struct wsgi_body **body)
{
	wsgi_errors_puts(env->errors, "what the application says\n");
	return echo(app, env, start, body);
}

static int send_file(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	(void)app;
	(void)env;
	content = tmpfile();
	ck_assert_ptr_nonnull(content);
	ck_assert_int_eq(write(fileno(content), "0123456789", 10), 10);
	ck_assert_int_eq(lseek(fileno(content), 3, SEEK_SET), 3);
	ck_assert_int_eq(wsgi_file_body_init(&file, fileno(content), 2), 0);
	*body = &file.body;
	return start->respond(start, "200 OK", NULL, 0, NULL);
}

static void when_run(int (*call)(struct wsgi_app *, const struct wsgi_environ *,
				 struct wsgi_start *, struct wsgi_body **))
{
	struct wsgi_app app = {.call = call};

	ck_assert_int_eq(wsgi_handler_run(&handler.base, &app), 0);
}

START_TEST(it_reads_and_writes_the_streams_it_was_given)
{
	ck_assert_int_eq(write(requests[1], "ping and more", 13), 13);
	when_run(echo);
	ck_assert_str_eq(arrived(responses[0]), "Status: 200 OK\r\n\r\nping");
}
END_TEST

START_TEST(it_logs_to_the_stream_it_was_given)
{
	ck_assert_int_eq(write(requests[1], "ping", 4), 4);
	when_run(complain);
	ck_assert_str_eq(arrived(logs[0]), "what the application says\n");
}
END_TEST

START_TEST(the_given_environ_is_the_applications)
{
	ck_assert_int_eq(write(requests[1], "ping", 4), 4);
	vars.from_process = true;
	ck_assert_int_eq(wsgi_environ_set_object(&vars, "test.vars", &vars), 0);
	when_run(echo);
	ck_assert_ptr_eq(wsgi_environ_get_object(&handler.base.environ, "test.vars"), &vars);
	ck_assert_str_eq(wsgi_environ_get(&handler.base.environ, "REQUEST_METHOD"), "POST");
	ck_assert(handler.base.environ.from_process);
}
END_TEST

START_TEST(a_file_is_sent_from_where_it_stands)
{
	when_run(send_file);
	ck_assert_str_eq(arrived(responses[0]), "Status: 200 OK\r\n\r\n3456789");
	ck_assert_uint_eq(handler.base.bytes_sent, 7);
}
END_TEST

START_TEST(an_output_without_sendfile_is_written_to)
{
	out.output.sendfile = NULL;
	when_run(send_file);
	ck_assert_str_eq(arrived(responses[0]), "Status: 200 OK\r\n\r\n3456789");
}
END_TEST

static int refuse(struct wsgi_output *o, const struct wsgi_file *f, uint64_t limit, uint64_t *sent)
{
	(void)o;
	(void)f;
	(void)limit;
	(void)sent;
	return -ENOTSUP;
}

START_TEST(an_output_that_cannot_send_this_file_is_written_to)
{
	out.output.sendfile = refuse;
	when_run(send_file);
	ck_assert_str_eq(arrived(responses[0]), "Status: 200 OK\r\n\r\n3456789");
}
END_TEST

START_TEST(a_closed_pipe_is_a_client_that_left)
{
	close(responses[0]);
	ck_assert_int_eq(write(requests[1], "ping", 4), 4);
	when_run(echo);
	ck_assert(handler.base.client_left);
	close(logs[1]);
	ck_assert_str_eq(arrived(logs[0]), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("simple");
	TCase *tc = tcase_create("simple");
	SRunner *sr = srunner_create(s);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(tc, given_streams, tear_down);
	tcase_add_test(tc, it_reads_and_writes_the_streams_it_was_given);
	tcase_add_test(tc, it_logs_to_the_stream_it_was_given);
	tcase_add_test(tc, the_given_environ_is_the_applications);
	tcase_add_test(tc, a_file_is_sent_from_where_it_stands);
	tcase_add_test(tc, an_output_without_sendfile_is_written_to);
	tcase_add_test(tc, an_output_that_cannot_send_this_file_is_written_to);
	tcase_add_test(tc, a_closed_pipe_is_a_client_that_left);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
