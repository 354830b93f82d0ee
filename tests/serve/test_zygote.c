#include "serve/zygote.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../fcgi/wire.h"
#include "base/fdpass.h"
#include "proc/board.h"
#include "proc/line.h"

/*
 * This program is the master. tests/apps is built into BUILD/apps, it itself into
 * BUILD/tests/serve.
 */
enum { PATIENCE_MS = 20000, PLACES = 4, PLACE = 2, SERIAL = 7, BIG = 400 << 10, PART = 300 << 10 };

static struct wsgi_board board;
static int line, exchange[2], listener, log_ends[2], access_ends[2];
static int lines[16]; /* of all workers */
static size_t lines_len;
static pid_t zygote;
static const char *method = "POST";
static struct sockaddr_in address = {.sin_family = AF_INET};

/* A worker, as the master knows it. */
struct hand {
	int line;
	pid_t pid;
};

/* -- the master's side of lines ---------------------------------------------------------------- */

static void say(int to, uint32_t word, const int *fds, size_t n)
{
	const struct wsgi_line_message m = {.word = word, .place = PLACE, .serial = SERIAL};

	ck_assert_int_eq(wsgi_line_say(to, &m, fds, n), 0);
}

/* What comes next on a line; word 0: its end. */
static struct wsgi_line_message hear(int from)
{
	struct wsgi_line_message m = {0};
	struct pollfd fd = {.fd = from, .events = POLLIN};
	size_t n = 0;

	ck_assert_msg(poll(&fd, 1, PATIENCE_MS) == 1, "nothing was said");
	ck_assert_int_ge(wsgi_line_hear(from, &m, NULL, &n), 0);
	return m;
}

static void then_nothing_is_said(int from)
{
	struct pollfd fd = {.fd = from, .events = POLLIN};

	ck_assert_int_eq(poll(&fd, 1, 300), 0);
}

static int status_of(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* -- the zygote -------------------------------------------------------------------------------- */

static void open_listener(void)
{
	socklen_t len = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
}

static void go_to_the_applications(void)
{
	char own[4096];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	ck_assert_int_gt(n, 0);
	own[n] = '\0';
	*strrchr(own, '/') = '\0';
	ck_assert_int_eq(chdir(own), 0);
	ck_assert_int_eq(chdir("../../apps"), 0);
}

static void set_up(void)
{
	struct wsgi_error err;

	go_to_the_applications();
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(wsgi_board_create(&board, PLACES, 2, &err), 0);
	ck_assert_int_eq(wsgi_fdpass_pair(exchange), 0);
	ck_assert_int_eq(pipe2(log_ends, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(access_ends, O_CLOEXEC), 0);
	open_listener();
}

/* Whoever is left when a test ends: the zygote ends with its line, workers with theirs. */
static void tear_down(void)
{
	for (size_t i = 0; i < lines_len; i++)
		close(lines[i]);
	close(line);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static int be_zygote(int mine, const char *application, const char *option)
{
	char words[64], bind_word[32];
	char *argv[] = {"wsgi-fcgi", bind_word, words, (char *)(uintptr_t)option,
			(char *)(uintptr_t)application};
	const struct wsgi_gateway_host host = {.plugin = "wsgi_python"};
	struct wsgi_options o;
	struct wsgi_error err;

	snprintf(bind_word, sizeof(bind_word), "--bind=fd://%d", listener);
	snprintf(words, sizeof(words), "--zygote=%d,%d,%d,%d,%d", mine, board.fd, exchange[0],
		 exchange[1], access_ends[1]);
	if (wsgi_options_parse(&o, WSGI_GATEWAY_FCGI, 5, argv, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return EX_USAGE;
	}
	return wsgi_zygote_run(&o, &host);
}

/* Start one whose log is our pipe. */
static void start(const char *application, const char *option)
{
	int ends[2];

	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	zygote = fork();
	ck_assert_int_ge(zygote, 0);
	if (zygote == 0) {
		dup2(log_ends[1], STDERR_FILENO);
		_exit(be_zygote(ends[1], application, option));
	}
	close(ends[1]);
	line = ends[0];
}

static void given_a_zygote_of(const char *application, const char *option)
{
	start(application, option);
	ck_assert_uint_eq(hear(line).word, WSGI_LINE_UP);
}

static void given_a_zygote(void)
{
	given_a_zygote_of("../apps/hello.so", "--threads=1");
}

static struct hand spawn(void)
{
	struct wsgi_line_message said;
	struct hand hand;
	int ends[2];

	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	say(line, WSGI_LINE_SPAWN, &ends[1], 1);
	close(ends[1]);
	said = hear(line);
	ck_assert_uint_eq(said.word, WSGI_LINE_SPAWNED);
	ck_assert_uint_eq(said.place, PLACE);
	ck_assert_uint_eq(said.serial, SERIAL);
	ck_assert_uint_lt(lines_len, sizeof(lines) / sizeof(lines[0]));
	lines[lines_len++] = hand.line = ends[0];
	hand.pid = said.pid;
	return hand;
}

static struct hand given_a_worker(void)
{
	struct hand hand = spawn();
	struct wsgi_line_message said = hear(hand.line);

	ck_assert_uint_eq(said.word, WSGI_LINE_READY);
	ck_assert_int_eq(said.pid, hand.pid);
	return hand;
}

static void then_it_ends_well(struct hand hand)
{
	ck_assert_uint_eq(hear(hand.line).word, 0);
	ck_assert_int_eq(status_of(hand.pid), 0);
}

/* A line of /proc/PID/status. */
static void read_status(char text[64], pid_t pid, const char *name)
{
	char path[64], row[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	text[0] = '\0';
	while (fgets(row, sizeof(row), f) != NULL)
		if (strncmp(row, name, strlen(name)) == 0)
			snprintf(text, 64, "%s", row + strlen(name) + 2);
	fclose(f);
}

/* -- the web server's side --------------------------------------------------------------------- */

static int connected(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void add_variables(struct wsgi_buf *b, const char *length)
{
	struct wsgi_buf pairs = {0};

	add_pair(&pairs, "REQUEST_METHOD", method);
	add_pair(&pairs, "SCRIPT_NAME", "/site");
	add_pair(&pairs, "PATH_INFO", "/x");
	add_pair(&pairs, "REQUEST_URI", "/site/x?q");
	add_pair(&pairs, "REMOTE_USER", "ada");
	add_pair(&pairs, "CONTENT_LENGTH", length);
	add_record(b, FCGI_PARAMS, 1, pairs.data, pairs.len, 0);
	add_record(b, FCGI_PARAMS, 1, "", 0, 0);
	wsgi_buf_finish(&pairs);
}

static void send_all(int fd, struct wsgi_buf *b)
{
	ck_assert_int_eq(send(fd, b->data, b->len, MSG_NOSIGNAL), (ssize_t)b->len);
	wsgi_buf_finish(b);
}

/* All that comes, to the end of the connection; NUL-terminated. */
static char *receive_all(int fd)
{
	struct wsgi_buf all = {0};
	ssize_t n;

	ck_assert_int_eq(wsgi_buf_reserve(&all, 1024), 0); /* what is looked at is there */
	memset(all.data, 0, 1024);
	do {
		ck_assert_int_eq(wsgi_buf_reserve(&all, 65536), 0);
		n = recv(fd, all.data + all.len, 65535, 0);
		ck_assert_int_ge(n, 0);
		all.len += (size_t)n;
	} while (n > 0);
	all.data[all.len] = '\0';
	close(fd);
	return all.data;
}

/* The answer to a request; to be freed. */
static char *answer(void)
{
	struct wsgi_buf b = {0};
	int fd = connected();

	add_begin(&b, 1, FCGI_RESPONDER, 0);
	add_variables(&b, "2");
	add_stream(&b, FCGI_STDIN, 1, "ab", 2, 2);
	add_record(&b, FCGI_STDIN, 1, "", 0, 0);
	send_all(fd, &b);
	return receive_all(fd);
}

static void then_the_answer_has(const char *words)
{
	char *text = answer();

	ck_assert_msg(memmem(text, 900, words, strlen(words)) != NULL, "no '%s'", words);
	free(text);
}

static void when_a_request_is_made(void)
{
	then_the_answer_has("Status: 200 OK");
}

static unsigned busy_rows(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < 2; i++)
		n += wsgi_board_thread(&board, PLACE, i)->began_ms != 0;
	return n;
}

/*
 * A part of a large body, which is more than is read ahead: the application waits for the rest.
 *   nth   it is the nth at the same time
 */
static int given_a_request_under_way(unsigned nth)
{
	static char part[PART];
	struct wsgi_buf b = {0};
	char length[16];
	int fd = connected();

	snprintf(length, sizeof(length), "%d", BIG);
	add_begin(&b, 1, FCGI_RESPONDER, 0);
	add_variables(&b, length);
	add_stream(&b, FCGI_STDIN, 1, part, sizeof(part), 32768);
	send_all(fd, &b);
	for (int i = 0; i < PATIENCE_MS && busy_rows() < nth; i++)
		usleep(1000);
	ck_assert_uint_eq(busy_rows(), nth);
	return fd;
}

static void then_it_is_answered(int fd)
{
	static char part[BIG - PART];
	struct wsgi_buf b = {0};
	char *text;

	add_stream(&b, FCGI_STDIN, 1, part, sizeof(part), 32768);
	add_record(&b, FCGI_STDIN, 1, "", 0, 0);
	send_all(fd, &b);
	text = receive_all(fd);
	ck_assert_ptr_nonnull(memmem(text, 64, "Status: 200 OK", 14));
	free(text);
}

/* -- a worker's life --------------------------------------------------------------------------- */

static long parent_of(pid_t pid)
{
	char text[64];

	read_status(text, pid, "PPid");
	return atol(text);
}

START_TEST(a_worker_is_the_masters_child)
{
	struct hand hand;

	given_a_zygote();
	hand = given_a_worker();
	ck_assert_int_eq(parent_of(hand.pid), getpid());
	say(hand.line, WSGI_LINE_STOP, NULL, 0);
	then_it_ends_well(hand);
}
END_TEST

static const struct {
	const char *claim;
	uint32_t word; /* 0: none */
	int signal;    /* 0: none */
} ends[] = {
	{"told to stop", WSGI_LINE_STOP, 0},
	{"told to retire", WSGI_LINE_RETIRE, 0},
	{"TERM", 0, SIGTERM},
	{"QUIT", 0, SIGQUIT},
};

START_TEST(a_worker_ends_well)
{
	struct hand hand;

	given_a_zygote();
	hand = given_a_worker();
	when_a_request_is_made();
	if (ends[_i].word != 0)
		say(hand.line, ends[_i].word, NULL, 0);
	else
		kill(hand.pid, ends[_i].signal);
	then_it_ends_well(hand);
}
END_TEST

START_TEST(a_worker_ends_with_the_request_that_it_is_in)
{
	struct hand hand;
	int fd;

	given_a_zygote_of("../apps/echo.so", "--threads=1");
	hand = given_a_worker();
	fd = given_a_request_under_way(1);
	if (ends[_i].word != 0)
		say(hand.line, ends[_i].word, NULL, 0);
	else
		kill(hand.pid, ends[_i].signal);
	then_nothing_is_said(hand.line);
	then_it_is_answered(fd);
	then_it_ends_well(hand);
}
END_TEST

START_TEST(a_worker_without_a_master_ends_with_the_request_that_it_is_in)
{
	struct hand hand;
	int fd;

	given_a_zygote_of("../apps/echo.so", "--threads=1");
	hand = given_a_worker();
	fd = given_a_request_under_way(1);
	close(hand.line);
	usleep(200000);
	ck_assert_int_eq(waitpid(hand.pid, NULL, WNOHANG), 0);
	then_it_is_answered(fd);
	ck_assert_int_eq(status_of(hand.pid), 0);
}
END_TEST

/* Neither the zygote nor another worker has an end of the line. */
START_TEST(a_line_ends_with_its_worker)
{
	struct hand first, second;

	given_a_zygote();
	first = given_a_worker();
	second = given_a_worker();
	kill(first.pid, SIGKILL);
	ck_assert_uint_eq(hear(first.line).word, 0);
	close(second.line);
	ck_assert_int_eq(status_of(second.pid), 0);
}
END_TEST

static const int masters[] = {SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

START_TEST(a_signal_that_is_the_masters_does_nothing_to_a_worker)
{
	struct hand hand;

	given_a_zygote();
	hand = given_a_worker();
	kill(hand.pid, masters[_i]);
	kill(zygote, masters[_i]);
	when_a_request_is_made();
	say(hand.line, WSGI_LINE_STOP, NULL, 0);
	then_it_ends_well(hand);
	hand = given_a_worker();
}
END_TEST

static void on_signal(int signal)
{
	(void)signal;
}

/* 32 and 33 are the C library's own: what make starts has them ignored. */
#define OF_LIBC UINT64_C(0x180000000)

/* The application, and what it starts, must not be without signals because the master is. */
START_TEST(no_signal_is_blocked_or_ignored_in_a_worker)
{
	struct hand hand;
	sigset_t some;
	char text[64];

	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, NULL);
	signal(SIGCHLD, on_signal);
	signal(SIGALRM, on_signal);
	given_a_zygote();
	hand = given_a_worker();
	when_a_request_is_made(); /* all of its threads are there */
	read_status(text, hand.pid, "SigBlk");
	ck_assert_uint_eq(strtoull(text, NULL, 16) & ~OF_LIBC, 0);
	read_status(text, hand.pid, "SigIgn");
	ck_assert_uint_eq(strtoull(text, NULL, 16) & ~OF_LIBC, 0);
	read_status(text, hand.pid, "SigCgt");
	ck_assert_uint_eq(strtoull(text, NULL, 16) & (1 << (SIGCHLD - 1) | 1 << (SIGALRM - 1)), 0);
}
END_TEST

/* -- what is loaded ---------------------------------------------------------------------------- */

START_TEST(a_worker_that_cannot_load_says_so_and_ends_with_that_status)
{
	struct hand hand;
	struct wsgi_line_message said;

	given_a_zygote_of("../apps/none.so", "--threads=1");
	hand = spawn();
	said = hear(hand.line);
	ck_assert_uint_eq(said.word, WSGI_LINE_UNLOADED);
	ck_assert_int_eq(said.code, EX_NOINPUT);
	ck_assert_uint_eq(said.serial, SERIAL);
	ck_assert_int_eq(status_of(hand.pid), EX_NOINPUT);
}
END_TEST

START_TEST(a_zygote_that_cannot_preload_says_so_and_ends_with_that_status)
{
	struct wsgi_line_message said;

	start("../apps/none.so", "--preload");
	said = hear(line);
	ck_assert_uint_eq(said.word, WSGI_LINE_UNLOADED);
	ck_assert_int_eq(said.code, EX_NOINPUT);
	ck_assert_int_eq(status_of(zygote), EX_NOINPUT);
}
END_TEST

START_TEST(a_preloaded_application_is_served_by_each_worker)
{
	struct hand hand;

	given_a_zygote_of("../apps/hello.so", "--preload");
	for (int i = 0; i < 3; i++) {
		hand = given_a_worker();
		when_a_request_is_made();
		say(hand.line, WSGI_LINE_STOP, NULL, 0);
		then_it_ends_well(hand);
	}
}
END_TEST

/* -- the zygote's life ------------------------------------------------------------------------- */

START_TEST(a_zygote_ends_with_its_line_and_without_its_workers)
{
	struct hand hand;

	given_a_zygote();
	hand = given_a_worker();
	close(line);
	ck_assert_int_eq(status_of(zygote), 0);
	when_a_request_is_made();
	close(hand.line);
	ck_assert_int_eq(status_of(hand.pid), 0);
}
END_TEST

START_TEST(a_zygote_that_is_up_is_not_ended_by_a_signal)
{
	given_a_zygote();
	kill(zygote, SIGTERM);
	kill(zygote, SIGQUIT);
	given_a_worker();
}
END_TEST

START_TEST(a_spawn_without_a_line_has_failed)
{
	struct wsgi_line_message said;

	given_a_zygote();
	say(line, WSGI_LINE_SPAWN, NULL, 0);
	said = hear(line);
	ck_assert_uint_eq(said.word, WSGI_LINE_FAILED);
	ck_assert_uint_eq(said.place, PLACE);
	ck_assert_int_eq(said.code, -EBADMSG);
	given_a_worker();
}
END_TEST

START_TEST(a_word_that_is_not_known_is_passed_over)
{
	struct hand hand;
	const char none[] = "no message at all, which is longer";

	given_a_zygote();
	say(line, 99, &log_ends[1], 1);
	ck_assert_int_eq(wsgi_fd_send(line, none, 3, NULL, 0), 0);
	ck_assert_int_eq(wsgi_fd_send(line, none, sizeof(none), &log_ends[1], 1), 0);
	hand = given_a_worker();
	say(hand.line, 99, &log_ends[1], 1);
	ck_assert_int_eq(wsgi_fd_send(hand.line, none, 3, NULL, 0), 0);
	say(hand.line, WSGI_LINE_STOP, NULL, 0);
	then_it_ends_well(hand);
}
END_TEST

/* -- logs, dumps ------------------------------------------------------------------------------- */

/* The next that stands in a log, or in none. */
static void then_a_log_has(int fd, const char *words)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char text[512];
	ssize_t n;

	ck_assert_msg(poll(&ready, 1, PATIENCE_MS) == 1, "nothing was logged");
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_msg(strstr(text, words) != NULL, "no '%s' in: %s", words, text);
}

START_TEST(a_worker_of_c_that_is_to_show_its_stack_says_that_there_is_none)
{
	struct hand hand;
	char words[64];

	given_a_zygote();
	hand = given_a_worker();
	kill(hand.pid, WSGI_LINE_DUMP_SIGNAL);
	snprintf(words, sizeof(words), "process %ld: an application in C", (long)hand.pid);
	then_a_log_has(log_ends[0], words);
	when_a_request_is_made();
	say(hand.line, WSGI_LINE_STOP, NULL, 0);
	then_it_ends_well(hand);
}
END_TEST

START_TEST(logs_change_in_a_worker)
{
	struct hand hand;
	int ours[2];

	ck_assert_int_eq(pipe2(ours, O_CLOEXEC), 0);
	given_a_zygote();
	hand = given_a_worker();
	say(hand.line, WSGI_LINE_LOGS, &ours[1], 1);
	close(ours[1]);
	usleep(200000);
	kill(hand.pid, WSGI_LINE_DUMP_SIGNAL);
	then_a_log_has(ours[0], "an application in C");
}
END_TEST

START_TEST(logs_change_in_workers_to_come)
{
	int ours[2];

	ck_assert_int_eq(pipe2(ours, O_CLOEXEC), 0);
	given_a_zygote();
	say(line, WSGI_LINE_LOGS, &ours[1], 1);
	close(ours[1]);
	kill(given_a_worker().pid, WSGI_LINE_DUMP_SIGNAL);
	then_a_log_has(ours[0], "an application in C");
}
END_TEST

START_TEST(a_request_has_a_line_in_the_access_log)
{
	given_a_zygote();
	given_a_worker();
	when_a_request_is_made();
	then_a_log_has(access_ends[0], "- ada ");
	when_a_request_is_made();
	then_a_log_has(access_ends[0], "\"POST /site/x?q ");
}
END_TEST

static void given_a_log_that_takes_no_more(int fd)
{
	static const char zeros[4096];

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
}

START_TEST(an_answer_does_not_wait_for_its_line_in_the_access_log)
{
	const char end[] = {FCGI_VERSION_1, FCGI_END_REQUEST, 0, 1, 0, 8};
	struct wsgi_buf b = {0};
	char text[4096];
	size_t len = 0;
	int fd;

	given_a_zygote();
	given_a_worker();
	given_a_log_that_takes_no_more(access_ends[1]);
	fd = connected();
	add_begin(&b, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_variables(&b, "0");
	add_record(&b, FCGI_STDIN, 1, "", 0, 0);
	send_all(fd, &b);
	while (memmem(text, len, end, sizeof(end)) == NULL) {
		ssize_t n = recv(fd, text + len, sizeof(text) - len, 0);

		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	}
	close(fd);
	close(access_ends[0]); /* nobody reads it any more: the worker goes on */
}
END_TEST

START_TEST(the_access_log_changes_too)
{
	struct hand hand;
	int ours[2], fds[2] = {log_ends[1]};

	ck_assert_int_eq(pipe2(ours, O_CLOEXEC), 0);
	fds[1] = ours[1];
	given_a_zygote();
	hand = given_a_worker();
	say(hand.line, WSGI_LINE_LOGS, fds, 2);
	close(ours[1]);
	usleep(200000);
	when_a_request_is_made();
	then_a_log_has(ours[0], "\"POST /site/x?q ");
}
END_TEST

/* -- what a worker answers itself -------------------------------------------------------------- */

static const struct {
	const char *option, *words;
} answers[] = {
	{"--status-path=/site/x", "total processes:"},
	{"--ping-path=/site/x", "pong"},
	{"--status-path=/site/other", "hello GET /x"},
	{"--script-name=/other", "Status: 404 Not Found"},
};

START_TEST(a_worker_answers_by_its_options)
{
	given_a_zygote_of("../apps/hello.so", answers[_i].option);
	given_a_worker();
	method = "GET";
	then_the_answer_has(answers[_i].words);
}
END_TEST

/* -- the board --------------------------------------------------------------------------------- */

static const struct {
	const char *option; /* by which somebody reads the words */
} readers[] = {
	{"--timeout=100"},
	{"--slow=100"},
	{"--status-path=/status"},
	{"--status-socket=unix:/nowhere"},
};

START_TEST(the_board_tells_of_the_request_under_way)
{
	struct wsgi_board_thread *row = wsgi_board_thread(&board, PLACE, 0);
	struct wsgi_board_words words;
	int fd;

	given_a_zygote_of("../apps/echo.so", readers[_i].option);
	given_a_worker();
	fd = given_a_request_under_way(1);
	wsgi_board_read(row, &words);
	ck_assert_str_eq(words.method, "POST");
	ck_assert_str_eq(words.uri, "/site/x?q");
	ck_assert_str_eq(words.script, "/site");
	ck_assert_str_eq(words.user, "ada");
	ck_assert_int_eq(words.content_length, BIG);
	ck_assert_uint_eq(row->requests, 0);
	then_it_is_answered(fd);
	for (int i = 0; i < PATIENCE_MS && row->requests == 0; i++)
		usleep(1000);
	ck_assert_uint_eq(row->requests, 1);
	ck_assert_int_eq(row->began_ms, 0);
}
END_TEST

START_TEST(a_request_is_seen_without_words_where_nobody_reads_them)
{
	struct wsgi_board_thread *row = wsgi_board_thread(&board, PLACE, 0);
	struct wsgi_board_words words;
	int fd;

	given_a_zygote_of("../apps/echo.so", "--threads=1");
	given_a_worker();
	fd = given_a_request_under_way(1);
	ck_assert_int_gt(row->began_ms, 0);
	wsgi_board_read(row, &words);
	ck_assert_str_eq(words.method, "");
	then_it_is_answered(fd);
	for (int i = 0; i < PATIENCE_MS && row->requests == 0; i++)
		usleep(1000);
	ck_assert_uint_eq(row->requests, 1);
}
END_TEST

START_TEST(each_thread_has_its_row)
{
	int first, second;

	given_a_zygote_of("../apps/echo.so", "--threads=2");
	given_a_worker();
	first = given_a_request_under_way(1);
	second = given_a_request_under_way(2);
	then_it_is_answered(second);
	then_it_is_answered(first);
}
END_TEST

START_TEST(the_board_tells_how_large_a_worker_is)
{
	struct wsgi_board_worker *row = wsgi_board_worker(&board, PLACE);

	given_a_zygote();
	given_a_worker();
	when_a_request_is_made();
	for (int i = 0; i < PATIENCE_MS && row->memory_bytes == 0; i++)
		usleep(1000);
	ck_assert_uint_gt(row->memory_bytes, 100 << 10);
	ck_assert_uint_lt(row->memory_bytes, 1 << 30);
}
END_TEST

/* -- limits ------------------------------------------------------------------------------------ */

static const struct {
	const char *option;
	int requests; /* until it wants to be replaced */
} limits[] = {
	{"--max-requests=1", 1},
	{"--max-requests=3", 3},
	{"--max-memory=1K", 1}, /* it is too large already: so would another one be */
};

START_TEST(a_worker_that_has_reached_a_limit_asks_once_for_another)
{
	struct wsgi_line_message said;
	struct hand hand;

	given_a_zygote_of("../apps/hello.so", limits[_i].option);
	hand = given_a_worker();
	for (int i = 1; i < limits[_i].requests; i++)
		when_a_request_is_made();
	then_nothing_is_said(hand.line);
	when_a_request_is_made();
	said = hear(hand.line);
	ck_assert_uint_eq(said.word, WSGI_LINE_REPLACE);
	ck_assert_int_eq(said.pid, hand.pid);
	when_a_request_is_made(); /* it goes on until it is told to end */
	then_nothing_is_said(hand.line);
	say(hand.line, WSGI_LINE_RETIRE, NULL, 0);
	then_it_ends_well(hand);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("zygote");
	TCase *tc = tcase_create("zygote");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_worker_is_the_masters_child);
	tcase_add_loop_test(tc, a_worker_ends_well, 0, 4);
	tcase_add_loop_test(tc, a_worker_ends_with_the_request_that_it_is_in, 0, 4);
	tcase_add_test(tc, a_worker_without_a_master_ends_with_the_request_that_it_is_in);
	tcase_add_test(tc, a_line_ends_with_its_worker);
	tcase_add_loop_test(tc, a_signal_that_is_the_masters_does_nothing_to_a_worker, 0, 4);
	tcase_add_test(tc, no_signal_is_blocked_or_ignored_in_a_worker);
	tcase_add_test(tc, a_worker_that_cannot_load_says_so_and_ends_with_that_status);
	tcase_add_test(tc, a_zygote_that_cannot_preload_says_so_and_ends_with_that_status);
	tcase_add_test(tc, a_preloaded_application_is_served_by_each_worker);
	tcase_add_test(tc, a_zygote_ends_with_its_line_and_without_its_workers);
	tcase_add_test(tc, a_zygote_that_is_up_is_not_ended_by_a_signal);
	tcase_add_test(tc, a_spawn_without_a_line_has_failed);
	tcase_add_test(tc, a_word_that_is_not_known_is_passed_over);
	tcase_add_test(tc, a_worker_of_c_that_is_to_show_its_stack_says_that_there_is_none);
	tcase_add_test(tc, logs_change_in_a_worker);
	tcase_add_test(tc, logs_change_in_workers_to_come);
	tcase_add_test(tc, a_request_has_a_line_in_the_access_log);
	tcase_add_test(tc, an_answer_does_not_wait_for_its_line_in_the_access_log);
	tcase_add_test(tc, the_access_log_changes_too);
	tcase_add_loop_test(tc, a_worker_answers_by_its_options, 0, 4);
	tcase_add_loop_test(tc, the_board_tells_of_the_request_under_way, 0,
			    sizeof(readers) / sizeof(readers[0]));
	tcase_add_test(tc, a_request_is_seen_without_words_where_nobody_reads_them);
	tcase_add_test(tc, each_thread_has_its_row);
	tcase_add_test(tc, the_board_tells_how_large_a_worker_is);
	tcase_add_loop_test(tc, a_worker_that_has_reached_a_limit_asks_once_for_another, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
