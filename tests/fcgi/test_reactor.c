#include "fcgi/reactor.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../child.h"
#include "base/clock.h"
#include "wire.h"

enum { BIG = 3000000, THREADS = 4, TIMEOUT_MS = 10000 };

static struct wsgi_reactor *reactor;
static struct wsgi_reactor_limits limits;
static pthread_t threads[THREADS];
static unsigned threads_len;
static struct sockaddr_un address;
static int listener, log_fd;
static bool log_expected;

static struct wsgi_buf bytes; /* what the client sends */
static char *big;             /* BIG bytes, no two neighbours alike */
static sem_t in_service, go_on;
static atomic_int told;       /* what the stream was told in the end */
static atomic_size_t written; /* and how much it had written */
static FILE *file;

/* ---- the application ---- */

static void puts_to(struct wsgi_output *out, const char *text)
{
	told = out->write(out, text, strlen(text));
}

static void echo(struct wsgi_fcgi_request *req)
{
	struct wsgi_buf body = {0};

	told = wsgi_input_read_all(&req->input, &body);
	if (told == 0)
		told = req->output.write(&req->output, body.data, body.len);
	wsgi_buf_finish(&body);
}

/* As a generator does that is asked for the next chunk only when the last one went out. */
static void stream(struct wsgi_fcgi_request *req)
{
	written = 0;
	sem_post(&in_service);
	do {
		told = req->output.write(&req->output, big, 1000);
		written += 1000;
		if (told == 0)
			told = req->output.flush(&req->output);
		usleep(1000);
	} while (told == 0 && written < BIG);
}

static void wait_for_abort(struct wsgi_fcgi_request *req)
{
	char c;

	puts_to(&req->output, "held");
	sem_post(&in_service);
	sem_wait(&go_on);
	req->output.flush(&req->output);
	told = req->output.flush(&req->output);
	if (told == 0)
		told = (int)wsgi_input_read(&req->input, &c, 1);
}

/* A reader that is behind, and then nothing more for a while. */
static void take_a_break(struct wsgi_fcgi_request *req)
{
	told = req->output.write(&req->output, big, BIG);
	told = req->output.flush(&req->output);
	sem_wait(&go_on);
}

static void by_libfcgi(FCGX_Request *r)
{
	char line[64];

	while (FCGX_GetLine(line, sizeof(line), r->in) != NULL)
		FCGX_FPrintF(r->out, "%s:%s", FCGX_GetParam("PATH_INFO", r->envp), line);
	FCGX_PutS("err", r->err);
	ck_assert_int_eq(FCGX_GetError(r->in), 0);
	for (int i = 0; i < 100000; i++)
		FCGX_PutChar('x', r->out);
}

/* As an application does that closes its file when it is done. */
static void send_file(struct wsgi_fcgi_request *req)
{
	const struct wsgi_file f = {.fd = dup(fileno(file)), .offset = 100, .len = UINT64_MAX};
	uint64_t sent = 0;

	puts_to(&req->output, "head");
	told = req->output.sendfile(&req->output, &f, UINT64_MAX, &sent);
	written = sent;
	close(f.fd);
}

static void send_two_files(struct wsgi_fcgi_request *req)
{
	send_file(req);
	puts_to(&req->output, "middle");
	req->output.flush(&req->output);
	send_file(req);
	puts_to(&req->output, "tail");
}

/* A status that is flushed, before all is said. */
static void authorize(struct wsgi_fcgi_request *req)
{
	const char *role = wsgi_environ_get(&req->params, "FCGI_ROLE");

	puts_to(&req->output, role != NULL ? role : "no role");
	told = req->output.flush(&req->output);
	if (req->fcgx.role == FCGI_AUTHORIZER)
		echo(req);
	puts_to(&req->output, ".");
}

static void log_to(struct wsgi_fcgi_request *req)
{
	puts_to(&req->output, "out");
	req->errors.write(&req->errors, "one", 3);
	req->errors.write(&req->errors, big, 100000);
}

static void serve(void *ctx, struct wsgi_fcgi_request *req)
{
	const char *path = wsgi_environ_get(&req->params, "PATH_INFO");

	(void)ctx;
	if (strcmp(path, "/echo") == 0)
		echo(req);
	else if (strcmp(path, "/stream") == 0)
		stream(req);
	else if (strcmp(path, "/wait") == 0)
		wait_for_abort(req);
	else if (strcmp(path, "/break") == 0)
		take_a_break(req);
	else if (strcmp(path, "/libfcgi") == 0)
		by_libfcgi(&req->fcgx);
	else if (strcmp(path, "/file") == 0)
		send_file(req);
	else if (strcmp(path, "/files") == 0)
		send_two_files(req);
	else if (strcmp(path, "/log") == 0)
		log_to(req);
	else if (strcmp(path, "/big") == 0)
		told = req->output.write(&req->output, big, BIG);
	else if (strcmp(path, "/authorize") == 0 || strcmp(path, "/fail") == 0)
		authorize(req);
	else if (strcmp(path, "/nothing") != 0)
		puts_to(&req->output, path);
	req->cut = strncmp(path, "/cut", 4) == 0 || strcmp(path, "/fail") == 0;
	req->has_length = strcmp(path, "/cut/length") == 0;
	req->app_status = strcmp(path, "/status") == 0 ? 3 : 0;
}

/* ---- the server ---- */

static void *run(void *arg)
{
	ck_assert_int_eq(wsgi_reactor_run(arg), 0);
	return NULL;
}

static void start(unsigned n)
{
	static struct wsgi_log log = {.program = "test", .level = WSGI_LOG_INFO};
	const struct wsgi_reactor_ops ops = {.serve = serve, .max_conns = 10, .max_reqs = 10};
	struct wsgi_error err;

	log.fd = log_fd;
	ck_assert_int_eq(
		wsgi_reactor_create(&reactor, &listener, 1, &limits, &ops, NULL, &log, &err), 0);
	for (threads_len = 0; threads_len < n; threads_len++)
		pthread_create(&threads[threads_len], NULL, run, reactor);
}

static void join(void)
{
	while (threads_len > 0)
		pthread_join(threads[--threads_len], NULL);
}

static void set_up(void)
{
	char dir[] = "/tmp/wsgi-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	address.sun_family = AF_UNIX;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 100), 0);
	log_fd = memfd_create("log", 0);
	big = malloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i % 251);
	sem_init(&in_service, 0, 0);
	sem_init(&go_on, 0, 0);
	limits = wsgi_reactor_default_limits;
	log_expected = false;
}

static void tear_down(void)
{
	wsgi_reactor_stop(reactor);
	join();
	wsgi_reactor_destroy(reactor);
	ck_assert_int_eq(lseek(log_fd, 0, SEEK_END) > 0, log_expected);
	close(log_fd);
	close(listener);
	unlink(address.sun_path);
	*strrchr(address.sun_path, '/') = '\0';
	rmdir(address.sun_path);
	free(big);
	wsgi_buf_finish(&bytes);
}

/* ---- the client ---- */

struct answer {
	struct wsgi_buf out, err;
	bool ended, closed, timed_out;
	bool cut;               /* by what is no record, and then closed */
	int status, app_status; /* of END_REQUEST */
	unsigned out_ends, err_ends;
	uint8_t last; /* the type of the last record */
};

static struct answer answer;

static int given_a_connection(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd)
{
	for (size_t at = 0; at < bytes.len;) {
		ssize_t n = send(fd, bytes.data + at, bytes.len - at, MSG_NOSIGNAL);

		if (n < 0)
			break;
		at += (size_t)n;
	}
	bytes.len = 0;
}

/* Exactly len bytes, or note why not. */
static bool get(int fd, void *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		answer.timed_out = poll(&p, 1, TIMEOUT_MS) == 0;
		n = answer.timed_out ? -1 : recv(fd, (char *)data + at, len - at, 0);
		answer.closed = n == 0 || (n < 0 && !answer.timed_out);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool get_record(int fd, struct wsgi_record_reader *r, char *content)
{
	struct wsgi_span in, piece;
	char head[FCGI_HEADER_LEN];

	if (!get(fd, head, sizeof(head)))
		return false;
	answer.cut = memcmp(head, "\0\0\0\0\0\0\0\0", sizeof(head)) == 0;
	if (answer.cut)
		return get(fd, head, 1); /* false: there is nothing more */
	wsgi_record_reader_init(r);
	in = (struct wsgi_span){head, sizeof(head)};
	ck_assert_int_eq(wsgi_record_read(r, &in, &piece), WSGI_RECORD_HEAD);
	return get(fd, content, (size_t)r->content_len + r->padding_left);
}

/* Listen until the END_REQUEST of id, or the end of the connection. */
static void hear(int fd, uint16_t id)
{
	struct wsgi_record_reader r;
	static char content[65535 + 255];

	wsgi_buf_finish(&answer.out);
	wsgi_buf_finish(&answer.err);
	answer = (struct answer){0};
	while (!answer.ended && get_record(fd, &r, content)) {
		answer.last = r.type;
		if (r.id != id)
			continue;
		if (r.type == FCGI_STDOUT)
			wsgi_buf_add(&answer.out, content, r.content_len);
		else if (r.type == FCGI_STDERR)
			wsgi_buf_add(&answer.err, content, r.content_len);
		answer.out_ends += r.type == FCGI_STDOUT && r.content_len == 0;
		answer.err_ends += r.type == FCGI_STDERR && r.content_len == 0;
		answer.ended = r.type == FCGI_END_REQUEST;
		answer.app_status = content[3];
		answer.status = content[4];
	}
}

static void then_it_is(const char *text)
{
	ck_assert(answer.ended);
	ck_assert_int_eq(answer.status, FCGI_REQUEST_COMPLETE);
	wsgi_buf_add(&answer.out, "", 1);
	ck_assert_str_eq(answer.out.data, text);
	ck_assert_uint_eq(answer.out_ends, 1);
}

static void then_it_is_closed(int fd)
{
	char c;

	ck_assert(!get(fd, &c, 1));
	ck_assert(answer.closed);
	close(fd);
}

/* ---- the authorizer ---- */

static void add_authorizer(uint16_t id, const char *path)
{
	add_begin(&bytes, id, FCGI_AUTHORIZER, FCGI_KEEP_CONN);
	add_params(&bytes, id, path);
}

START_TEST(an_authorizer_is_asked_without_a_body)
{
	int fd = given_a_connection();

	start(1);
	for (int i = 0; i < 3; i++) {
		add_authorizer(1, "/authorize");
		say(fd);
		hear(fd, 1);
		then_it_is("AUTHORIZER.");
		add_record(&bytes, FCGI_STDIN, 1, "", 0, 0); /* lighttpd's, which comes late */
	}
	add_request(&bytes, 2, 0, "/authorize", "body", 4);
	say(fd);
	hear(fd, 2);
	then_it_is("no role.");
	then_it_is_closed(fd);
}
END_TEST

/* A web server acts upon a 200 as soon as it sees one. */
START_TEST(an_authorizer_that_fails_after_its_status_lets_nobody_in)
{
	int fd = given_a_connection();

	start(1);
	add_authorizer(1, "/fail");
	say(fd);
	hear(fd, 1);
	then_it_is("Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n"
		   "The authorizer failed.\n");
	add_authorizer(1, "/authorize"); /* the connection goes on */
	say(fd);
	hear(fd, 1);
	then_it_is("AUTHORIZER.");
	close(fd);
}
END_TEST

/* ---- one request ---- */

START_TEST(a_request_is_answered_and_the_connection_closed)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
	then_it_is_closed(fd);
}
END_TEST

START_TEST(a_kept_connection_serves_one_after_the_other)
{
	int fd = given_a_connection();

	start(1);
	for (uint16_t id = 1; id < 50; id++) {
		add_request(&bytes, id, FCGI_KEEP_CONN, "/echo", "body", id % 4);
		say(fd);
		hear(fd, id);
		ck_assert(answer.ended);
		ck_assert_uint_eq(answer.out.len, id % 4);
	}
	close(fd);
}
END_TEST

START_TEST(a_response_without_output_has_an_end)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/nothing", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("");
	close(fd);
}
END_TEST

START_TEST(the_status_of_the_application_is_told)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/status", "", 0);
	say(fd);
	hear(fd, 1);
	ck_assert_int_eq(answer.app_status, 3);
	close(fd);
}
END_TEST

static const size_t sizes[] = {1,     7,     100,   32767, 32768,  32769,   65527,
			       65528, 65529, 65535, 65536, 131056, 1000000, 2999999};

START_TEST(a_body_comes_back_as_it_went)
{
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = _i % 2 == 0 ? 256 << 10 : 1000;
	start(1);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/echo", big, sizes[_i / 2]);
	add_request(&bytes, 2, 0, "/next", "", 0);
	say(fd);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, sizes[_i / 2]);
	ck_assert_mem_eq(answer.out.data, big, sizes[_i / 2]);
	ck_assert_uint_eq(answer.out_ends, 1);
	hear(fd, 2);
	then_it_is("/next");
	close(fd);
}
END_TEST

/* Any legal framing of one request, in any portions. */
START_TEST(no_framing_is_too_odd)
{
	unsigned seed = (unsigned)_i;
	size_t len = (size_t)rand_r(&seed) % 3000, at = 0;
	uint16_t id = (uint16_t)(1 + rand_r(&seed) % 65535);
	struct wsgi_buf pairs = {0}, all = {0};
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 1 + (size_t)rand_r(&seed) % 2000;
	start(1);
	add_begin(&bytes, id, FCGI_RESPONDER, 0);
	add_pair(&pairs, "PATH_INFO", "/echo");
	add_pair_bytes(&pairs, big, 200, big, 300);
	while (at < pairs.len + len) {
		bool is_body = at >= pairs.len;
		size_t left = is_body ? pairs.len + len - at : pairs.len - at;
		size_t part = 1 + (size_t)rand_r(&seed) % (left < 40 ? left : 40);
		const char *from = is_body ? big + (at - pairs.len) : pairs.data + at;

		if (at == pairs.len)
			add_record(&bytes, FCGI_PARAMS, id, "", 0, 255);
		add_record(&bytes, is_body ? FCGI_STDIN : FCGI_PARAMS, id, from, part,
			   (uint8_t)rand_r(&seed));
		at += part;
	}
	if (len == 0)
		add_record(&bytes, FCGI_PARAMS, id, "", 0, 1);
	add_record(&bytes, FCGI_STDIN, id, "", 0, 255);
	all = bytes;
	for (at = 0; at < all.len; at += bytes.cap) {
		bytes.data = all.data + at;
		bytes.cap = 1 + (size_t)rand_r(&seed) % 5000;
		bytes.len = all.len - at < bytes.cap ? all.len - at : bytes.cap;
		say(fd);
	}
	bytes = all;
	hear(fd, id);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, len);
	ck_assert_mem_eq(answer.out.data, big, len);
	wsgi_buf_finish(&pairs);
	close(fd);
}
END_TEST

START_TEST(libfcgi_reads_and_writes_the_streams)
{
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 4;
	start(1);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_params(&bytes, 1, "/libfcgi");
	add_stream(&bytes, FCGI_STDIN, 1, "one\ntwo\nthree", 13, 5);
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	say(fd);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, 3 * 9 + 13 + 100000);
	ck_assert_mem_eq(answer.out.data, "/libfcgi:one\n/libfcgi:two\n/libfcgi:threex", 41);
	ck_assert_uint_eq(answer.err.len, 3);
	ck_assert_uint_eq(answer.err_ends, 1);
	close(fd);
}
END_TEST

START_TEST(errors_go_to_stderr_and_nothing_is_lost)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/log", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("out");
	ck_assert_uint_eq(answer.err.len, 3 + 100000);
	ck_assert_mem_eq(answer.err.data + 3, big, 100000);
	ck_assert_uint_eq(answer.err_ends, 1);
	close(fd);
}
END_TEST

static const struct {
	const char *software;
	bool kept; /* in our own log */
} log_readers[] = {
	{"nginx/1.22.1", false}, {"", false},           {"Apache/2.4 (Caddy HAProxy)", false},
	{"Caddy/2.6.2", true},   {"HAProxy 2.6", true}, {"HAProxy", true},
};

START_TEST(a_web_server_that_is_unfit_for_stderr_is_sent_none)
{
	const size_t all = 3 + 100000;
	struct wsgi_buf pairs = {0};
	int fd = given_a_connection();

	start(1);
	add_pair(&pairs, "PATH_INFO", "/log");
	add_pair(&pairs, "SERVER_SOFTWARE", log_readers[_i].software);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_record(&bytes, FCGI_PARAMS, 1, pairs.data, pairs.len, 0);
	add_record(&bytes, FCGI_PARAMS, 1, "", 0, 0);
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	wsgi_buf_finish(&pairs);
	say(fd);
	hear(fd, 1);
	then_it_is("out");
	log_expected = log_readers[_i].kept;
	ck_assert_uint_eq(answer.err.len, log_expected ? 0 : all);
	ck_assert_uint_eq(answer.err_ends, log_expected ? 0 : 1);
	ck_assert_int_eq(lseek(log_fd, 0, SEEK_END), log_expected ? (off_t)all : 0);
	close(fd);
}
END_TEST

static const size_t file_sizes[] = {0, 1, 100, 30000, 40000, 65628, 65629, 1000000, BIG};

START_TEST(a_file_is_sent_from_its_offset)
{
	int fd = given_a_connection();
	size_t size = file_sizes[_i], rest = size > 100 ? size - 100 : 0;

	file = tmpfile();
	fwrite(big, 1, size, file);
	fflush(file);
	start(1);
	add_request(&bytes, 1, 0, "/file", "", 0);
	say(fd);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, 4 + rest);
	ck_assert_mem_eq(answer.out.data, "head", 4);
	ck_assert_mem_eq(answer.out.data + 4, big + 100, rest);
	ck_assert_uint_eq(written, rest);
	fclose(file);
	close(fd);
}
END_TEST

/* What begins no record tells it, unless the client knows the length. */
START_TEST(a_response_that_was_cut_has_no_end)
{
	const bool has_length = _i & 2;
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, _i & 1 ? FCGI_KEEP_CONN : 0, has_length ? "/cut/length" : "/cut", "",
		    0);
	say(fd);
	hear(fd, 1);
	ck_assert(!answer.ended);
	ck_assert(answer.cut == !has_length);
	ck_assert(answer.closed);
	ck_assert_mem_eq(answer.out.data, "/cut", 4);
	close(fd);
}
END_TEST

/* ---- several requests ---- */

START_TEST(requests_sent_at_once_are_answered_in_order)
{
	int fd = given_a_connection();

	start((unsigned)_i);
	for (uint16_t id = 1; id <= 100; id++)
		add_request(&bytes, id, FCGI_KEEP_CONN, "/echo", big, id);
	say(fd);
	for (uint16_t id = 1; id <= 100; id++) {
		hear(fd, id);
		ck_assert(answer.ended);
		ck_assert_uint_eq(answer.out.len, id);
	}
	close(fd);
}
END_TEST

START_TEST(an_unread_body_is_never_taken_for_records)
{
	struct wsgi_buf forged = {0};
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 1000;
	start((unsigned)_i);
	while (forged.len < 1000000)
		add_request(&forged, 2, FCGI_KEEP_CONN, "/forged", "x", 1);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/ignore", forged.data, forged.len);
	add_request(&bytes, 2, 0, "/next", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/ignore");
	hear(fd, 2);
	then_it_is("/next");
	wsgi_buf_finish(&forged);
	close(fd);
}
END_TEST

START_TEST(an_unread_body_on_a_connection_that_is_not_kept_does_not_cost_the_answer)
{
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 1000;
	start(1);
	add_request(&bytes, 1, 0, "/ignore", big, BIG);
	say(fd);
	hear(fd, 1);
	then_it_is("/ignore");
	then_it_is_closed(fd);
}
END_TEST

START_TEST(a_second_request_meanwhile_is_refused)
{
	int fd = given_a_connection();

	start(1);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_begin(&bytes, 2, FCGI_RESPONDER, 0);
	say(fd);
	hear(fd, 2);
	ck_assert_int_eq(answer.status, FCGI_CANT_MPX_CONN);
	add_params(&bytes, 1, "/first");
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/first");
	close(fd);
}
END_TEST

START_TEST(slow_ones_hold_no_thread)
{
	int fd, slow[20];

	start(1);
	for (int i = 0; i < 20; i++) {
		slow[i] = given_a_connection();
		add_request(&bytes, 1, 0, "/slow", "body", 4);
		bytes.len = (size_t)i * bytes.len / 20;
		say(slow[i]);
	}
	fd = given_a_connection();
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
	for (int i = 0; i < 20; i++)
		close(slow[i]);
	close(fd);
}
END_TEST

START_TEST(a_large_answer_that_is_not_read_holds_no_thread)
{
	int fd, slow = given_a_connection();

	start(1);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/big", "", 0);
	say(slow);
	fd = given_a_connection();
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
	hear(slow, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, BIG);
	ck_assert_mem_eq(answer.out.data, big, BIG);
	close(slow);
	close(fd);
}
END_TEST

/* Who asks for a large file, and does not read it yet. */
static int given_a_slow_reader_of(const char *path)
{
	int slow = given_a_connection(), other = given_a_connection();

	file = tmpfile();
	fwrite(big, 1, BIG, file);
	fflush(file);
	start(1);
	add_request(&bytes, 1, FCGI_KEEP_CONN, path, "", 0);
	say(slow);
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(other);
	if (strcmp(path, "/file") == 0) {
		hear(other, 1);
		then_it_is("/hello");
	}
	close(other);
	return slow;
}

static void then_it_has_the_file_at(size_t at)
{
	ck_assert_mem_eq(answer.out.data + at, "head", 4);
	ck_assert_mem_eq(answer.out.data + at + 4, big + 100, BIG - 100);
}

START_TEST(a_large_file_that_is_not_read_holds_no_thread)
{
	int slow = given_a_slow_reader_of("/file");

	ck_assert_int_eq(told, 0);
	ck_assert_uint_eq(written, BIG - 100); /* of which it can be sure */
	if (_i == 1)
		wsgi_reactor_stop(reactor); /* what has begun is finished */
	hear(slow, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, 4 + BIG - 100);
	then_it_has_the_file_at(0);
	if (_i == 0) {
		add_request(&bytes, 2, 0, "/next", "", 0);
		say(slow);
		hear(slow, 2);
		then_it_is("/next");
	}
	then_it_is_closed(slow);
	fclose(file);
}
END_TEST

START_TEST(what_comes_after_a_large_file_goes_out_after_it)
{
	int slow = given_a_slow_reader_of("/files");

	usleep(200000); /* longer than a thread waits for a reader */
	hear(slow, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, 2 * (4 + BIG - 100) + 6 + 4);
	then_it_has_the_file_at(0);
	ck_assert_mem_eq(answer.out.data + 4 + BIG - 100, "middle", 6);
	then_it_has_the_file_at(4 + BIG - 100 + 6);
	ck_assert_mem_eq(answer.out.data + 2 * (4 + BIG - 100) + 6, "tail", 4);
	ck_assert_uint_eq(answer.out_ends, 1);
	close(slow);
	fclose(file);
}
END_TEST

START_TEST(a_file_that_shrinks_on_its_way_is_seen_to_be_cut)
{
	int slow = given_a_slow_reader_of("/file");

	log_expected = true;
	ck_assert_int_eq(ftruncate(fileno(file), BIG / 2), 0);
	hear(slow, 1);
	ck_assert(!answer.ended);
	ck_assert(answer.closed);
	ck_assert_uint_lt(answer.out.len, BIG / 2);
	close(slow);
	fclose(file);
}
END_TEST

START_TEST(a_file_that_nobody_reads_is_dropped_in_the_end)
{
	int slow;

	limits.io_timeout_ms = 50;
	slow = given_a_slow_reader_of("/file");
	wsgi_reactor_stop(reactor);
	join();
	close(slow);
	fclose(file);
}
END_TEST

START_TEST(what_was_flushed_goes_out_while_the_application_works_on)
{
	struct wsgi_record_reader r;
	static char content[65535];
	size_t come = 0;
	int fd = given_a_connection();

	start((unsigned)_i);
	add_request(&bytes, 1, 0, "/break", "", 0);
	say(fd);
	while (come < BIG && get_record(fd, &r, content))
		come += r.content_len;
	ck_assert_uint_eq(come, BIG);
	sem_post(&go_on);
	hear(fd, 1);
	then_it_is("");
	close(fd);
}
END_TEST

START_TEST(a_thread_that_comes_back_takes_the_lead)
{
	int first = given_a_connection(), second = given_a_connection(), third;

	start(2);
	add_request(&bytes, 1, 0, "/wait", "", 0);
	say(first);
	sem_wait(&in_service);
	add_request(&bytes, 1, 0, "/wait", "", 0);
	say(second);
	sem_wait(&in_service);
	sem_post(&go_on); /* either of them goes on, the other is still in service */
	third = given_a_connection();
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(third);
	hear(third, 1);
	then_it_is("/hello");
	sem_post(&go_on);
	close(first);
	close(second);
	close(third);
}
END_TEST

START_TEST(four_threads_serve_many_connections)
{
	int fds[40];

	start(THREADS);
	for (int i = 0; i < 40; i++)
		fds[i] = given_a_connection();
	for (uint16_t id = 1; id < 20; id++) {
		for (int i = 0; i < 40; i++) {
			add_request(&bytes, id, FCGI_KEEP_CONN, "/echo", big, (size_t)i * 100);
			say(fds[i]);
		}
		for (int i = 0; i < 40; i++) {
			hear(fds[i], id);
			ck_assert(answer.ended);
			ck_assert_uint_eq(answer.out.len, (size_t)i * 100);
		}
	}
	for (int i = 0; i < 40; i++)
		close(fds[i]);
}
END_TEST

/* ---- hostile and unlucky peers ---- */

START_TEST(values_are_told_at_once)
{
	int fd = given_a_connection();
	struct wsgi_record_reader r;
	static char content[65535];

	start(1);
	add_record(&bytes, FCGI_GET_VALUES, 0, "\x0f\0FCGI_MPXS_CONNS", 17, 0);
	say(fd);
	ck_assert(get_record(fd, &r, content));
	ck_assert_int_eq(r.type, FCGI_GET_VALUES_RESULT);
	ck_assert_mem_eq(content, "\x0f\1FCGI_MPXS_CONNS0", 18);
	close(fd);
}
END_TEST

START_TEST(answers_that_nobody_reads_hold_neither_thread_nor_memory)
{
	int fd = given_a_connection(), bold = given_a_connection();

	start(1);
	for (int i = 0; i < 1000000; i++)
		add_record(&bytes, FCGI_GET_VALUES, 0, "", 0, 0);
	while (bytes.len > 0 && send(bold, bytes.data, bytes.len, MSG_DONTWAIT) > 0)
		usleep(1000); /* until the server takes no more */
	bytes.len = 0;
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
	close(fd);
	close(bold);
}
END_TEST

START_TEST(an_abort_before_the_request_is_served_is_answered)
{
	int fd = given_a_connection();

	start(1);
	add_begin(&bytes, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	if (_i > 0)
		add_params(&bytes, 1, "/never");
	if (_i > 1)
		add_record(&bytes, FCGI_STDIN, 1, "x", 1, 0);
	add_record(&bytes, FCGI_ABORT_REQUEST, 1, "", 0, 0);
	say(fd);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, 0);
	add_request(&bytes, 2, 0, "/next", "", 0);
	say(fd);
	hear(fd, 2);
	then_it_is("/next");
	close(fd);
}
END_TEST

START_TEST(an_abort_in_service_is_told_to_the_application)
{
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 1;
	start((unsigned)_i);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/wait", "", 0);
	say(fd);
	sem_wait(&in_service);
	add_record(&bytes, FCGI_ABORT_REQUEST, 1, "", 0, 0);
	say(fd);
	sem_post(&go_on);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_int_eq(told, -ECONNABORTED);
	add_request(&bytes, 2, 0, "/next", "", 0);
	say(fd);
	hear(fd, 2);
	then_it_is("/next");
	close(fd);
}
END_TEST

START_TEST(a_client_that_leaves_ends_a_stream)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/stream", "", 0);
	say(fd);
	sem_wait(&in_service);
	close(fd);
	wsgi_reactor_stop(reactor);
	join();
	ck_assert_msg(told == -EPIPE || told == -ECONNRESET, "told %d", told);
	ck_assert_uint_lt(written, BIG);
}
END_TEST

START_TEST(a_half_close_after_a_whole_request_does_no_harm)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, _i == 0 ? "/echo" : "/big", "", 0);
	say(fd);
	shutdown(fd, SHUT_WR);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_uint_eq(answer.out.len, _i == 0 ? 0 : BIG);
	then_it_is_closed(fd);
}
END_TEST

START_TEST(a_request_that_is_cut_off_is_never_served)
{
	int fd = given_a_connection();

	start(1);
	add_request(&bytes, 1, 0, "/echo", "body", 4);
	bytes.len = bytes.len * (size_t)_i / 20;
	say(fd);
	shutdown(fd, SHUT_WR);
	hear(fd, 1);
	ck_assert(answer.closed);
	ck_assert_uint_eq(answer.last, 0);
	close(fd);
}
END_TEST

START_TEST(a_body_that_ends_too_soon_is_told_to_the_application)
{
	int fd = given_a_connection();

	limits.stdin_buffer_bytes = 1000;
	start(1);
	add_request(&bytes, 1, 0, "/echo", big, 10000);
	bytes.len -= 100;
	say(fd);
	shutdown(fd, SHUT_WR);
	hear(fd, 1);
	ck_assert_int_eq(told, -ECONNRESET);
	close(fd);
}
END_TEST

START_TEST(too_many_parameters_are_refused_with_a_page)
{
	int fd = given_a_connection();

	limits.params_bytes = 10000;
	log_expected = true;
	start(1);
	add_begin(&bytes, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_stream(&bytes, FCGI_PARAMS, 1, big, BIG, 60000);
	say(fd);
	hear(fd, 1);
	ck_assert(answer.ended);
	ck_assert_mem_eq(answer.out.data, "Status: 431 ", 12);
	then_it_is_closed(fd);
}
END_TEST

START_TEST(what_is_no_fastcgi_is_closed)
{
	int fd = given_a_connection();

	start(1);
	wsgi_buf_adds(&bytes, "GET / HTTP/1.1\r\n\r\n");
	say(fd);
	then_it_is_closed(fd);
}
END_TEST

START_TEST(a_peer_that_stops_in_mid_request_is_dropped)
{
	int fd = given_a_connection(), idle = given_a_connection();

	limits.io_timeout_ms = 50;
	start(1);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	say(fd);
	then_it_is_closed(fd);
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(idle); /* has waited longer, but not within a request */
	hear(idle, 1);
	then_it_is("/hello");
	close(idle);
}
END_TEST

START_TEST(a_body_that_does_not_come_is_waited_for_only_so_long)
{
	int fd = given_a_connection();

	limits.io_timeout_ms = 50;
	limits.stdin_buffer_bytes = 10;
	start(1);
	add_request(&bytes, 1, 0, "/echo", big, 1000);
	bytes.len -= 100;
	say(fd);
	then_it_is_closed(fd);
	ck_assert_int_eq(told, -ETIMEDOUT);
}
END_TEST

START_TEST(a_reader_that_does_not_read_is_waited_for_only_so_long)
{
	int fd = given_a_connection();

	limits.io_timeout_ms = 50;
	limits.out_buffer_bytes = 1000;
	start(1);
	add_request(&bytes, 1, 0, "/big", "", 0);
	say(fd);
	wsgi_reactor_stop(reactor);
	join();
	ck_assert_int_eq(told, -ETIMEDOUT);
	close(fd);
}
END_TEST

START_TEST(more_connections_than_allowed_wait_their_turn)
{
	int fds[5];

	limits.max_connections = 2;
	start(2);
	for (int i = 0; i < 5; i++) {
		fds[i] = given_a_connection();
		add_request(&bytes, 1, 0, "/hello", "", 0);
		say(fds[i]);
	}
	for (int i = 0; i < 5; i++) {
		hear(fds[i], 1);
		then_it_is("/hello");
		close(fds[i]);
	}
}
END_TEST

START_TEST(without_descriptors_it_goes_on_when_there_are_some)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), next;
	struct rlimit all, few;

	log_expected = true;
	start(1);
	next = dup(fd);
	close(next);
	getrlimit(RLIMIT_NOFILE, &all);
	few = (struct rlimit){(rlim_t)next, all.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	while (lseek(log_fd, 0, SEEK_END) == 0)
		usleep(1000); /* until it has said so */
	setrlimit(RLIMIT_NOFILE, &all);
	add_request(&bytes, 1, 0, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
	close(fd);
}
END_TEST

START_TEST(thousands_of_idle_connections_are_kept)
{
	static int fds[3000];
	struct rlimit limit;
	int n;

	start((unsigned)_i); /* it has raised the limit */
	getrlimit(RLIMIT_NOFILE, &limit);
	n = limit.rlim_cur < 7000 ? (int)limit.rlim_cur / 3 : 3000; /* both ends are in here */
	for (uint16_t id = 1; id <= 2; id++)
		for (int i = 0; i < n; i++) {
			if (id == 1)
				fds[i] = given_a_connection();
			add_request(&bytes, id, FCGI_KEEP_CONN, "/echo", big, (size_t)i % 100);
			say(fds[i]);
			hear(fds[i], id);
			ck_assert(answer.ended);
			ck_assert_uint_eq(answer.out.len, i % 100);
		}
	for (int i = 0; i < n; i++)
		close(fds[i]);
}
END_TEST

/* In a child, whose limits are its own. Returns what went wrong, or 0. */
static int raise_the_limit(void)
{
	const struct wsgi_reactor_ops ops = {.serve = serve};
	struct rlimit limit;
	struct wsgi_error err;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (wsgi_reactor_create(&reactor, &listener, 1, &limits, &ops, NULL, NULL, &err) != 0)
		return 1;
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur == (limit.rlim_max < 65536 ? limit.rlim_max : 65536) ? 0 : 2;
}

START_TEST(the_limit_of_open_files_is_raised)
{
	then_a_child_has_done(raise_the_limit);
	start(1);
}
END_TEST

/* ---- the end ---- */

START_TEST(it_stops_when_nothing_is_under_way)
{
	int fd = given_a_connection();

	start((unsigned)_i);
	usleep(5000);
	wsgi_reactor_stop(reactor);
	join();
	then_it_is_closed(fd);
}
END_TEST

static int64_t ms_until_it_has_stopped(void)
{
	int64_t began_ms = wsgi_clock_ms();

	wsgi_reactor_stop(reactor);
	join();
	return wsgi_clock_ms() - began_ms;
}

static void given_an_answer_on(int fd)
{
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/hello", "", 0);
	say(fd);
	hear(fd, 1);
	then_it_is("/hello");
}

START_TEST(a_request_that_comes_right_after_a_stop_is_served_and_the_last_one)
{
	int fd = given_a_connection(), idle = given_a_connection();
	struct pollfd end = {.fd = fd, .events = POLLIN};

	start((unsigned)_i);
	given_an_answer_on(idle);
	given_an_answer_on(fd);
	usleep(200000); /* its thread has come back from it; else that was the last one */
	wsgi_reactor_stop(reactor);
	usleep(50000);
	given_an_answer_on(fd);
	ck_assert_int_eq(poll(&end, 1, 300), 1); /* with the answer, not when the idle one is */
	then_it_is_closed(fd);
	join();
	then_it_is_closed(idle);
}
END_TEST

START_TEST(a_connection_that_lay_idle_for_long_is_closed_at_once)
{
	int fd = given_a_connection();

	start(1);
	given_an_answer_on(fd);
	usleep(600000);
	ck_assert_int_lt(ms_until_it_has_stopped(), 400);
	then_it_is_closed(fd);
}
END_TEST

START_TEST(who_is_in_the_queue_already_is_not_turned_away)
{
	int fd = given_a_connection(), queued[20];

	start(1);
	add_request(&bytes, 1, 0, "/wait", "", 0);
	say(fd);
	sem_wait(&in_service); /* nobody accepts now */
	for (size_t i = 0; i < sizeof(queued) / sizeof(queued[0]); i++) {
		queued[i] = given_a_connection();
		add_request(&bytes, 1, FCGI_KEEP_CONN, "/queued", "", 0);
		say(queued[i]);
	}
	wsgi_reactor_stop(reactor);
	sem_post(&go_on);
	for (size_t i = 0; i < sizeof(queued) / sizeof(queued[0]); i++) {
		hear(queued[i], 1);
		then_it_is("/queued");
		then_it_is_closed(queued[i]);
	}
	join();
	close(fd);
}
END_TEST

START_TEST(it_finishes_what_has_begun)
{
	int fd = given_a_connection(), half = given_a_connection();

	start((unsigned)_i);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/wait", "", 0);
	say(fd);
	sem_wait(&in_service);
	add_begin(&bytes, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	say(half);
	wsgi_reactor_stop(reactor);
	sem_post(&go_on);
	hear(fd, 1);
	then_it_is("held");
	then_it_is_closed(fd);
	add_params(&bytes, 1, "/half");
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	say(half);
	hear(half, 1);
	then_it_is("/half");
	then_it_is_closed(half);
	join();
}
END_TEST

static void add_requests(Suite *s)
{
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_authorizer_is_asked_without_a_body);
	tcase_add_test(tc, an_authorizer_that_fails_after_its_status_lets_nobody_in);
	tcase_add_test(tc, a_request_is_answered_and_the_connection_closed);
	tcase_add_test(tc, a_kept_connection_serves_one_after_the_other);
	tcase_add_test(tc, a_response_without_output_has_an_end);
	tcase_add_test(tc, the_status_of_the_application_is_told);
	tcase_add_loop_test(tc, a_body_comes_back_as_it_went, 0,
			    2 * (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_loop_test(tc, no_framing_is_too_odd, 0, 60);
	tcase_add_test(tc, libfcgi_reads_and_writes_the_streams);
	tcase_add_test(tc, errors_go_to_stderr_and_nothing_is_lost);
	tcase_add_loop_test(tc, a_web_server_that_is_unfit_for_stderr_is_sent_none, 0,
			    (int)(sizeof(log_readers) / sizeof(log_readers[0])));
	tcase_add_loop_test(tc, a_file_is_sent_from_its_offset, 0,
			    (int)(sizeof(file_sizes) / sizeof(file_sizes[0])));
	tcase_add_loop_test(tc, a_response_that_was_cut_has_no_end, 0, 4);
	tcase_add_loop_test(tc, requests_sent_at_once_are_answered_in_order, 1, THREADS + 1);
	tcase_add_loop_test(tc, an_unread_body_is_never_taken_for_records, 1, THREADS + 1);
	tcase_add_test(tc,
		       an_unread_body_on_a_connection_that_is_not_kept_does_not_cost_the_answer);
	tcase_add_test(tc, a_second_request_meanwhile_is_refused);
	tcase_add_test(tc, slow_ones_hold_no_thread);
	tcase_add_test(tc, a_large_answer_that_is_not_read_holds_no_thread);
	tcase_add_loop_test(tc, a_large_file_that_is_not_read_holds_no_thread, 0, 2);
	tcase_add_test(tc, what_comes_after_a_large_file_goes_out_after_it);
	tcase_add_test(tc, a_file_that_shrinks_on_its_way_is_seen_to_be_cut);
	tcase_add_test(tc, a_file_that_nobody_reads_is_dropped_in_the_end);
	tcase_add_loop_test(tc, what_was_flushed_goes_out_while_the_application_works_on, 2,
			    THREADS + 1);
	tcase_add_test(tc, a_thread_that_comes_back_takes_the_lead);
	tcase_add_test(tc, four_threads_serve_many_connections);
	suite_add_tcase(s, tc);
}

static void add_peers(Suite *s)
{
	TCase *tc = tcase_create("peers");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, values_are_told_at_once);
	tcase_add_test(tc, answers_that_nobody_reads_hold_neither_thread_nor_memory);
	tcase_add_loop_test(tc, an_abort_before_the_request_is_served_is_answered, 0, 3);
	tcase_add_loop_test(tc, an_abort_in_service_is_told_to_the_application, 1, 3);
	tcase_add_test(tc, a_client_that_leaves_ends_a_stream);
	tcase_add_loop_test(tc, a_half_close_after_a_whole_request_does_no_harm, 0, 2);
	tcase_add_loop_test(tc, a_request_that_is_cut_off_is_never_served, 0, 20);
	tcase_add_test(tc, a_body_that_ends_too_soon_is_told_to_the_application);
	tcase_add_test(tc, too_many_parameters_are_refused_with_a_page);
	tcase_add_test(tc, what_is_no_fastcgi_is_closed);
	tcase_add_test(tc, a_peer_that_stops_in_mid_request_is_dropped);
	tcase_add_test(tc, a_body_that_does_not_come_is_waited_for_only_so_long);
	tcase_add_test(tc, a_reader_that_does_not_read_is_waited_for_only_so_long);
	tcase_add_test(tc, more_connections_than_allowed_wait_their_turn);
	tcase_add_test(tc, without_descriptors_it_goes_on_when_there_are_some);
	tcase_add_loop_test(tc, thousands_of_idle_connections_are_kept, 1, 3);
	tcase_add_test(tc, the_limit_of_open_files_is_raised);
	tcase_add_test(tc, who_is_in_the_queue_already_is_not_turned_away);
	tcase_add_loop_test(tc, it_stops_when_nothing_is_under_way, 1, THREADS + 1);
	tcase_add_loop_test(tc, a_request_that_comes_right_after_a_stop_is_served_and_the_last_one,
			    1, THREADS + 1);
	tcase_add_test(tc, a_connection_that_lay_idle_for_long_is_closed_at_once);
	tcase_add_loop_test(tc, it_finishes_what_has_begun, 1, THREADS + 1);
	suite_add_tcase(s, tc);
}

int main(void)
{
	Suite *s = suite_create("reactor");
	SRunner *sr = srunner_create(s);
	int failed;

	add_requests(s);
	add_peers(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
