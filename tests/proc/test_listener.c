#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "proc/listener.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { BACKLOG = 8 };

static struct wsgi_listener listener, other;
static struct wsgi_error err;
static char folder[] = "/tmp/test_listener.XXXXXX";
static char path[100], address[110];

static void given_a_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(address, sizeof(address), "unix:%s", path);
	listener = other = (struct wsgi_listener){.fd = -1};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_listener_finish(&listener);
	wsgi_listener_finish(&other);
	unlink(path);
	rmdir(folder);
}

static void when_opened(const char *at)
{
	int rc = wsgi_listener_open(&listener, at, BACKLOG, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

/* What refused it, and that nothing is left open. */
static void when_refused(const char *at, int code)
{
	int rc = wsgi_listener_open(&other, at, BACKLOG, &err);

	ck_assert_msg(rc == code, "%s: %d %s", at, rc, err.text);
	ck_assert_int_eq(err.code, code);
	ck_assert_int_eq(other.fd, -1);
	ck_assert_ptr_null(other.name);
	ck_assert_ptr_null(other.path);
}

static struct sockaddr_un sockaddr_of(const char *at)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	strcpy(sa.sun_path, at);
	return sa;
}

/* Whether somebody answers at the path. */
static bool answers(void)
{
	struct sockaddr_un sa = sockaddr_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool connected = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;

	close(fd);
	return connected;
}

/* A socket at the path, bound by somebody else. */
static int given_a_socket(int type)
{
	struct sockaddr_un sa = sockaddr_of(path);
	int fd = socket(AF_UNIX, type, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static bool is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

/* -- unix -------------------------------------------------------------------------------------- */

START_TEST(a_unix_socket_answers_at_its_path)
{
	when_opened(address);
	ck_assert_str_eq(listener.name, address);
	ck_assert(answers());
}
END_TEST

START_TEST(a_unix_socket_is_open_to_whoever_reaches_its_folder)
{
	struct stat st;

	umask(077);
	when_opened(address);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0666);
}
END_TEST

START_TEST(finish_removes_the_path)
{
	when_opened(address);
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(access(path, F_OK), -1);
	wsgi_listener_finish(&listener);
}
END_TEST

START_TEST(a_stale_socket_is_taken_over)
{
	close(given_a_socket(SOCK_STREAM));
	ck_assert(!answers());
	when_opened(address);
	ck_assert(answers());
}
END_TEST

START_TEST(a_live_socket_is_not_taken_over)
{
	char expected[240];

	when_opened(address);
	when_refused(address, -EADDRINUSE);
	snprintf(expected, sizeof(expected),
		 "cannot listen on %s: another server answers there; end it, or choose another "
		 "path",
		 address);
	ck_assert_str_eq(err.text, expected);
	ck_assert(answers());
}
END_TEST

START_TEST(a_live_socket_of_another_kind_is_not_taken_over)
{
	int fd = given_a_socket(SOCK_DGRAM);

	when_refused(address, -EADDRINUSE);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(a_live_socket_whose_queue_is_full_is_not_waited_for)
{
	struct sockaddr_un sa = sockaddr_of(path);
	int fd = given_a_socket(SOCK_STREAM), waiting;

	ck_assert_int_eq(listen(fd, 0), 0);
	do
		waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	while (connect(waiting, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	ck_assert_int_eq(errno, EAGAIN);
	when_refused(address, -EADDRINUSE);
	close(waiting);
	close(fd);
}
END_TEST

START_TEST(a_file_that_is_no_socket_stays)
{
	char expected[240];

	close(open(path, O_CREAT | O_WRONLY, 0600));
	when_refused(address, -EEXIST);
	snprintf(expected, sizeof(expected),
		 "cannot listen on %s: a file that is no socket stands there", address);
	ck_assert_str_eq(err.text, expected);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_link_is_no_socket)
{
	ck_assert_int_eq(symlink("/nowhere", path), 0);
	when_refused(address, -EEXIST);
}
END_TEST

START_TEST(the_longest_path_is_that_of_the_system)
{
	char at[sizeof("unix:") + sizeof(((struct sockaddr_un *)0)->sun_path)];
	const size_t longest = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	char expected[240];

	snprintf(at, sizeof(at), "unix:%s/", folder);
	memset(at + strlen(at), 'x', sizeof(at) - strlen(at));
	at[5 + longest + 1] = '\0';
	when_refused(at, -EINVAL);
	snprintf(expected, sizeof(expected),
		 "cannot listen on %s: the path must have 1 to 107 bytes", at);
	ck_assert_str_eq(err.text, expected);
	at[5 + longest] = '\0';
	when_opened(at);
}
END_TEST

/* -- TCP --------------------------------------------------------------------------------------- */

static const struct {
	const char *at, *host;
} chosen[] = {
	{"127.0.0.1:0", "127.0.0.1:"},
	{"localhost:0", "127.0.0.1:"},
	{":0", "0.0.0.0:"},
	{"[::1]:0", "[::1]:"},
};

static bool has_ipv6(void)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

START_TEST(port_0_is_named_by_what_the_system_chose)
{
	const char *colon;

	if (chosen[_i].at[0] == '[' && !has_ipv6())
		return;
	when_opened(chosen[_i].at);
	colon = strrchr(listener.name, ':');
	ck_assert_int_gt(atoi(colon + 1), 0);
	ck_assert_mem_eq(listener.name, chosen[_i].host, strlen(chosen[_i].host));
	ck_assert_ptr_null(listener.path);
}
END_TEST

START_TEST(the_name_can_be_listened_on_again)
{
	char name[100];

	when_opened("127.0.0.1:0");
	snprintf(name, sizeof(name), "%s", listener.name);
	when_refused(name, -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(err.text, "; end the program that listens there, or choose "
					       "another port"));
	wsgi_listener_finish(&listener);
	when_opened(name);
	ck_assert_str_eq(listener.name, name);
}
END_TEST

static const struct {
	const char *at;
	int code;
	const char *words;
} bad[] = {
	{"nonsense", -EINVAL, "'nonsense' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"", -EINVAL, "'' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"127.0.0.1:", -EINVAL,
	 "'127.0.0.1:' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"::1:80", -EINVAL, "'::1:80' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"[::1]", -EINVAL, "'[::1]' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"[::1:80", -EINVAL, "'[::1:80' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"[]:80", -EINVAL, "'[]:80' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"/run/app.sock", -EINVAL,
	 "'/run/app.sock' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"127.0.0.1:no-such-service", -EINVAL, NULL},
	{"127.0.0.1:99999", -EINVAL, "'127.0.0.1:99999' is no address: port 99999 is above 65535"},
	{"127.0.0.1:65536", -EINVAL, "'127.0.0.1:65536' is no address: port 65536 is above 65535"},
	{"[::1]:18446744073709551696", -EINVAL,
	 "'[::1]:18446744073709551696' is no address: port 18446744073709551696 is above 65535"},
	{"127.0.0.1:000080", -EINVAL,
	 "'127.0.0.1:000080' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT"},
	{"127.0.0.1:-1", -EINVAL, NULL},
	{"192.0.2.1:1", -EADDRNOTAVAIL,
	 "cannot listen on 192.0.2.1:1: bind: Cannot assign requested address"},
	{"fd://", -EINVAL, "'fd://' is no address: give the number of a descriptor, as fd://3"},
	{"fd://3x", -EINVAL, "'fd://3x' is no address: give the number of a descriptor, as fd://3"},
	{"fd://-1", -EINVAL, "'fd://-1' is no address: give the number of a descriptor, as fd://3"},
	{"fd://4294967299", -EINVAL,
	 "'fd://4294967299' is no address: give the number of a descriptor, as fd://3"},
	{"fd://2", -ENOTSOCK, "cannot listen on fd://2: descriptor 2 is no listening socket"},
	{"fd://999", -ENOTSOCK, "cannot listen on fd://999: descriptor 999 is no listening socket"},
	{"unix:", -EINVAL, "cannot listen on unix:: the path must have 1 to 107 bytes"},
	{"unix:/no/such/folder/s", -ENOENT,
	 "cannot listen on unix:/no/such/folder/s: its folder is not there"},
};

START_TEST(a_bad_address_is_refused_in_words_that_name_it)
{
	when_refused(bad[_i].at, bad[_i].code);
	if (bad[_i].words != NULL)
		ck_assert_str_eq(err.text, bad[_i].words);
	ck_assert_ptr_nonnull(strstr(err.text, bad[_i].at));
}
END_TEST

START_TEST(a_check_says_the_same_as_far_as_it_can_know)
{
	const bool known = bad[_i].code != -EADDRNOTAVAIL && bad[_i].code != -ENOTSOCK;

	ck_assert_int_eq(wsgi_listener_check(bad[_i].at, &err), known ? bad[_i].code : 0);
	if (known && bad[_i].words != NULL)
		ck_assert_str_eq(err.text, bad[_i].words);
}
END_TEST

START_TEST(a_check_of_a_path_makes_nothing_and_leaves_what_listens_there)
{
	ck_assert_int_eq(wsgi_listener_check(address, &err), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	when_opened(address);
	ck_assert_int_eq(wsgi_listener_check(address, &err), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(wsgi_listener_check(address, &err), -EEXIST);
	ck_assert_int_eq(wsgi_listener_check("unix:/dev/null/s", &err), -ENOTDIR);
}
END_TEST

/* -- both -------------------------------------------------------------------------------------- */

START_TEST(no_child_has_the_socket)
{
	when_opened(_i ? address : "127.0.0.1:0");
	ck_assert(is_cloexec(listener.fd));
}
END_TEST

START_TEST(what_listens_is_known)
{
	int pair[2], fd = given_a_socket(SOCK_STREAM);

	ck_assert(!wsgi_listener_is(fd));
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert(wsgi_listener_is(fd));
	close(fd);
	ck_assert(!wsgi_listener_is(fd));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert(!wsgi_listener_is(pair[0]));
	close(pair[0]);
	close(pair[1]);
	fd = open("/dev/null", O_RDONLY);
	ck_assert(!wsgi_listener_is(fd));
	close(fd);
}
END_TEST

START_TEST(a_zeroed_listener_can_be_finished)
{
	struct wsgi_listener zeroed = {0};

	wsgi_listener_finish(&zeroed);
	ck_assert_int_eq(zeroed.fd, -1);
	ck_assert_int_ne(fcntl(STDIN_FILENO, F_GETFD), -1);
}
END_TEST

/* -- adopt ------------------------------------------------------------------------------------- */

static int given_a_socket_handed_over(void)
{
	int fd = given_a_socket(SOCK_STREAM);

	ck_assert_int_eq(listen(fd, BACKLOG), 0);
	return fd;
}

START_TEST(an_adopted_socket_moves_and_leaves_dev_null)
{
	struct stat st;
	int fd = given_a_socket_handed_over();

	ck_assert_int_eq(wsgi_listener_adopt(&listener, fd, &err), 0);
	ck_assert_int_ne(listener.fd, fd);
	ck_assert(wsgi_listener_is(listener.fd));
	ck_assert(answers());
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	close(fd);
}
END_TEST

START_TEST(an_adopted_socket_is_close_on_exec_and_dev_null_is_not)
{
	int fd = given_a_socket_handed_over();

	ck_assert_int_eq(wsgi_listener_adopt(&listener, fd, &err), 0);
	ck_assert(is_cloexec(listener.fd));
	ck_assert(!is_cloexec(fd)); /* a child finds its standard input */
	close(fd);
}
END_TEST

START_TEST(descriptor_0_is_adopted)
{
	int saved = dup(STDIN_FILENO), fd = given_a_socket_handed_over();

	dup2(fd, STDIN_FILENO);
	close(fd);
	ck_assert_int_eq(wsgi_listener_adopt(&listener, STDIN_FILENO, &err), 0);
	ck_assert_int_gt(listener.fd, 2);
	ck_assert_str_eq(listener.name, "descriptor 0");
	dup2(saved, STDIN_FILENO);
	close(saved);
}
END_TEST

START_TEST(the_path_of_an_adopted_socket_is_its_makers)
{
	int fd = given_a_socket_handed_over();

	ck_assert_int_eq(wsgi_listener_adopt(&listener, fd, &err), 0);
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(a_closed_descriptor_cannot_be_adopted)
{
	ck_assert_int_eq(wsgi_listener_adopt(&listener, 99, &err), -EBADF);
	ck_assert_str_eq(err.text, "cannot take over descriptor 99: Bad file descriptor");
	ck_assert_int_eq(listener.fd, -1);
}
END_TEST

/* -- who may connect --------------------------------------------------------------------------- */

static struct stat at_bind, at_listen; /* the path as it was made, and when connects begin */
static const char *swap;               /* what somebody puts in its place meanwhile; NULL: none */

#pragma GCC visibility push(default)
int bind(int fd, __CONST_SOCKADDR_ARG sa, socklen_t len)
{
	int rc = (int)syscall(SYS_bind, fd, sa.__sockaddr__, len);

	if (rc != 0)
		return rc;
	lstat(path, &at_bind);
	if (swap != NULL)
		ck_assert(unlink(path) == 0 && symlink(swap, path) == 0);
	return rc;
}

int listen(int fd, int backlog)
{
	lstat(path, &at_listen);
	return (int)syscall(SYS_listen, fd, backlog);
}
#pragma GCC visibility pop

static struct wsgi_listener_access who;

static void given_access(const char *owner, const char *group, unsigned mode)
{
	int rc = wsgi_listener_access_find(&who, owner, group, mode, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static void when_opened_for(void)
{
	int rc = wsgi_listener_open_for(&listener, address, BACKLOG, &who, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

enum { UNSET = 01000000 };
static const unsigned modes[] = {0600, 0660, 0666, 0777, 0622, 0, UNSET};

START_TEST(nobody_connects_by_a_wider_mode_for_a_moment)
{
	const unsigned wanted = modes[_i / 3] == UNSET ? 0666 : modes[_i / 3];
	static const mode_t masks[] = {0, 022, 0777};

	umask(masks[_i % 3]);
	given_access(NULL, NULL, modes[_i / 3]);
	when_opened_for();
	ck_assert_uint_eq(at_bind.st_mode & 07777 & ~wanted, 0);
	ck_assert_uint_eq(at_listen.st_mode & 07777, wanted);
	umask(022);
}
END_TEST

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	fprintf(stderr, "test_listener: not root: a test of sockets given away did not run\n");
	return false;
}

static const struct {
	const char *owner, *group;
	unsigned mode, wanted;
	const char *its_group;
} owners[] = {
	{"daemon", NULL, UNSET, 0660, "daemon"},   {"daemon", "nogroup", UNSET, 0660, "nogroup"},
	{NULL, "nogroup", UNSET, 0660, "nogroup"}, {"daemon", "nogroup", 0600, 0600, "nogroup"},
	{"1", NULL, 0666, 0666, "daemon"},
};

START_TEST(a_socket_is_its_owners_before_anybody_connects)
{
	if (!is_root())
		return;
	umask(0);
	given_access(owners[_i].owner, owners[_i].group, owners[_i].mode);
	when_opened_for();
	ck_assert_uint_eq(at_bind.st_mode & 07777 & ~owners[_i].wanted, 0);
	ck_assert_uint_eq(at_listen.st_mode & 07777, owners[_i].wanted);
	ck_assert_uint_eq(at_listen.st_uid,
			  owners[_i].owner != NULL ? getpwnam("daemon")->pw_uid : geteuid());
	ck_assert_uint_eq(at_listen.st_gid, getgrnam(owners[_i].its_group)->gr_gid);
	umask(022);
}
END_TEST

START_TEST(a_link_in_the_place_of_the_socket_is_not_followed)
{
	char victim[110];
	struct stat st;
	int fd, rc;

	snprintf(victim, sizeof(victim), "%s/victim", folder);
	fd = open(victim, O_CREAT | O_RDWR, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	swap = victim;
	given_access(geteuid() == 0 ? "daemon" : NULL, NULL, 0666);
	rc = wsgi_listener_open_for(&listener, address, BACKLOG, &who, &err);
	swap = NULL;
	ck_assert_int_eq(stat(victim, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_uint_eq(st.st_uid, geteuid());
	unlink(victim);
	ck_assert_int_eq(rc, -EEXIST);
}
END_TEST

static const struct {
	const char *owner, *group, *words;
} strangers[] = {
	{"no-such-user", NULL, "--listen-owner no-such-user: there is no such user on this system"},
	{NULL, "no-such", "--listen-group no-such: there is no such group on this system"},
	{"daemon", "no-such", "--listen-group no-such: there is no such group on this system"},
};

START_TEST(who_is_not_there_is_refused_before_anything_is_bound)
{
	ck_assert_int_eq(wsgi_listener_access_find(&who, strangers[_i].owner, strangers[_i].group,
						   UNSET, &err),
			 -EINVAL);
	ck_assert_str_eq(err.text, strangers[_i].words);
}
END_TEST

START_TEST(only_root_gives_a_socket_away)
{
	if (geteuid() == 0) {
		ck_assert_int_eq(setgroups(0, NULL), 0);
		ck_assert_int_eq(setgid(getpwnam("nobody")->pw_gid), 0);
		ck_assert_int_eq(setuid(getpwnam("nobody")->pw_uid), 0);
	}
	ck_assert_int_eq(wsgi_listener_access_find(&who, "daemon", NULL, UNSET, &err), -EPERM);
	ck_assert_str_eq(err.text, "--listen-owner daemon: only root can give a socket away: start "
				   "it as root, or leave the option out");
	ck_assert_int_eq(wsgi_listener_access_find(&who, NULL, "daemon", UNSET, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "is no member of that group"));
	ck_assert_int_eq(wsgi_listener_access_find(&who, "nobody", "nogroup", UNSET, &err),
			 geteuid() == getpwnam("nobody")->pw_uid ? 0 : -EPERM);
}
END_TEST

START_TEST(tcp_has_no_owner)
{
	given_access(NULL, NULL, 0600);
	ck_assert_int_eq(wsgi_listener_open_for(&listener, "127.0.0.1:0", BACKLOG, &who, &err), 0);
	ck_assert_ptr_null(listener.path);
}
END_TEST

/* -- an orderly end ---------------------------------------------------------------------------- */

/* A connection to the listener that has 300 ms to come about; -1: it has not. */
static int a_connection(void)
{
	const struct timeval bound = {.tv_usec = 300000};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd;

	ck_assert_int_eq(getsockname(listener.fd, (struct sockaddr *)&ss, &len), 0);
	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	close(fd);
	return -1;
}

START_TEST(who_came_before_the_end_is_served_and_nobody_comes_after)
{
	static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
	int client, served;
	char text[4];

	when_opened(addresses[_i % 2]);
	client = a_connection();
	ck_assert_int_ge(client, 0);
	if (_i >= 2 && geteuid() == 0) /* who may have no filter, perhaps */
		ck_assert_int_eq(seteuid(getpwnam("nobody")->pw_uid), 0);
	wsgi_listener_hush(&listener);
	ck_assert_int_eq(a_connection(), -1);
	served = accept(listener.fd, NULL, NULL);
	ck_assert_int_ge(served, 0);
	ck_assert_int_eq(send(client, "abc", 4, 0), 4);
	ck_assert_int_eq(recv(served, text, 4, MSG_WAITALL), 4);
	ck_assert_str_eq(text, "abc");
	close(served);
	close(client);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(a_unix_socket_ends_with_its_path)
{
	when_opened(address);
	wsgi_listener_hush(&listener);
	ck_assert(answers());
}
END_TEST

/* -- taken back after an exec ------------------------------------------------------------------ */

static int given_a_socket_over_an_exec(void)
{
	int fd = given_a_socket(SOCK_STREAM);

	ck_assert_int_eq(listen(fd, BACKLOG), 0);
	return fd;
}

START_TEST(what_goes_through_an_exec_keeps_its_name_and_its_path)
{
	int fd = given_a_socket_over_an_exec();

	ck_assert_int_eq(wsgi_listener_inherit(&listener, fd, "unix:whatever", path, &err), 0);
	ck_assert_int_eq(listener.fd, fd);
	ck_assert(is_cloexec(fd));
	ck_assert_str_eq(listener.name, "unix:whatever");
	ck_assert(answers());
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(what_had_no_path_removes_none)
{
	int fd = given_a_socket_over_an_exec();

	ck_assert_int_eq(wsgi_listener_inherit(&listener, fd, "unix:whatever", NULL, &err), 0);
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_does_not_listen_is_not_taken_back)
{
	int fd = given_a_socket(SOCK_STREAM);

	ck_assert_int_eq(wsgi_listener_inherit(&listener, fd, address, path, &err), -ENOTSOCK);
	ck_assert_ptr_nonnull(strstr(err.text, address));
	ck_assert_int_eq(listener.fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0); /* the caller's still */
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(another_servers_socket_at_the_path_stays)
{
	int fd;

	if (_i == 0) {
		when_opened(address);
	} else {
		fd = given_a_socket_over_an_exec();
		ck_assert_int_eq(wsgi_listener_inherit(&listener, fd, address, path, &err), 0);
	}
	ck_assert_int_eq(unlink(path), 0);
	fd = given_a_socket_over_an_exec();
	wsgi_listener_finish(&listener);
	ck_assert(answers());
	close(fd);
}
END_TEST

/* -- inherited --------------------------------------------------------------------------------- */

static const char *given_an_address_of(int fd)
{
	static char text[20];

	snprintf(text, sizeof(text), "fd://%d", fd);
	return text;
}

START_TEST(an_inherited_socket_is_named_as_clients_know_it)
{
	int fd;

	ck_assert_int_eq(wsgi_listener_open(&other, _i ? address : "127.0.0.1:0", BACKLOG, &err),
			 0);
	fd = dup(other.fd);
	when_opened(given_an_address_of(fd));
	ck_assert_int_eq(listener.fd, fd);
	ck_assert_str_eq(listener.name, other.name);
	ck_assert(is_cloexec(fd));
}
END_TEST

START_TEST(an_inherited_socket_with_an_abstract_name_has_one_all_the_same)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char name[sizeof("unix:") + sizeof(sa.sun_path)];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int len = snprintf(sa.sun_path, sizeof(sa.sun_path), "@wsgi-%d", (int)getpid());

	snprintf(name, sizeof(name), "unix:%s", sa.sun_path);
	sa.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
			 0);
	ck_assert_int_eq(listen(fd, BACKLOG), 0);
	when_opened(given_an_address_of(fd));
	ck_assert_str_eq(listener.name, name);
}
END_TEST

START_TEST(the_path_of_an_inherited_socket_is_its_makers)
{
	int fd = given_a_socket_handed_over();

	when_opened(given_an_address_of(fd));
	wsgi_listener_finish(&listener);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_socket_inherited_on_descriptor_0_leaves_dev_null_there)
{
	int saved = dup(STDIN_FILENO), fd = given_a_socket_handed_over();
	struct stat st;

	dup2(fd, STDIN_FILENO);
	close(fd);
	when_opened("fd://0");
	ck_assert_int_gt(listener.fd, 2);
	ck_assert_str_eq(listener.name, address);
	ck_assert(answers());
	ck_assert_int_eq(fstat(STDIN_FILENO, &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	dup2(saved, STDIN_FILENO);
	close(saved);
}
END_TEST

static void add_access(TCase *tc)
{
	tcase_add_loop_test(tc, nobody_connects_by_a_wider_mode_for_a_moment, 0, 3 * LEN(modes));
	tcase_add_loop_test(tc, a_socket_is_its_owners_before_anybody_connects, 0, LEN(owners));
	tcase_add_test(tc, a_link_in_the_place_of_the_socket_is_not_followed);
	tcase_add_loop_test(tc, who_is_not_there_is_refused_before_anything_is_bound, 0,
			    LEN(strangers));
	tcase_add_test(tc, tcp_has_no_owner);
	tcase_add_loop_test(tc, who_came_before_the_end_is_served_and_nobody_comes_after, 0, 4);
	tcase_add_test(tc, a_unix_socket_ends_with_its_path);
	tcase_add_test(tc, what_goes_through_an_exec_keeps_its_name_and_its_path);
	tcase_add_test(tc, what_had_no_path_removes_none);
	tcase_add_test(tc, what_does_not_listen_is_not_taken_back);
	tcase_add_loop_test(tc, another_servers_socket_at_the_path_stays, 0, 2);
}

static void add_inherited(TCase *tc)
{
	tcase_add_loop_test(tc, an_inherited_socket_is_named_as_clients_know_it, 0, 2);
	tcase_add_test(tc, an_inherited_socket_with_an_abstract_name_has_one_all_the_same);
	tcase_add_test(tc, the_path_of_an_inherited_socket_is_its_makers);
	tcase_add_test(tc, a_socket_inherited_on_descriptor_0_leaves_dev_null_there);
}

static void add_unix(TCase *tc)
{
	tcase_add_test(tc, a_unix_socket_answers_at_its_path);
	tcase_add_test(tc, a_unix_socket_is_open_to_whoever_reaches_its_folder);
	tcase_add_test(tc, finish_removes_the_path);
	tcase_add_test(tc, a_stale_socket_is_taken_over);
	tcase_add_test(tc, a_live_socket_is_not_taken_over);
	tcase_add_test(tc, a_live_socket_of_another_kind_is_not_taken_over);
	tcase_add_test(tc, a_live_socket_whose_queue_is_full_is_not_waited_for);
	tcase_add_test(tc, a_file_that_is_no_socket_stays);
	tcase_add_test(tc, a_link_is_no_socket);
	tcase_add_test(tc, the_longest_path_is_that_of_the_system);
}

static void add_others(TCase *tc)
{
	tcase_add_loop_test(tc, port_0_is_named_by_what_the_system_chose, 0, LEN(chosen));
	tcase_add_test(tc, the_name_can_be_listened_on_again);
	tcase_add_loop_test(tc, a_bad_address_is_refused_in_words_that_name_it, 0, LEN(bad));
	tcase_add_loop_test(tc, a_check_says_the_same_as_far_as_it_can_know, 0, LEN(bad));
	tcase_add_test(tc, a_check_of_a_path_makes_nothing_and_leaves_what_listens_there);
	tcase_add_loop_test(tc, no_child_has_the_socket, 0, 2);
	tcase_add_test(tc, what_listens_is_known);
	tcase_add_test(tc, a_zeroed_listener_can_be_finished);
	tcase_add_test(tc, an_adopted_socket_moves_and_leaves_dev_null);
	tcase_add_test(tc, an_adopted_socket_is_close_on_exec_and_dev_null_is_not);
	tcase_add_test(tc, descriptor_0_is_adopted);
	tcase_add_test(tc, the_path_of_an_adopted_socket_is_its_makers);
	tcase_add_test(tc, a_closed_descriptor_cannot_be_adopted);
}

int main(void)
{
	Suite *s = suite_create("listener");
	TCase *tc = tcase_create("listener");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_folder, tear_down);
	add_unix(tc);
	add_others(tc);
	add_inherited(tc);
	add_access(tc);
	suite_add_tcase(s, tc);
	tc = tcase_create("somebody else"); /* no fixture: it has no folder, and cannot go back */
	tcase_add_test(tc, only_root_gives_a_socket_away);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
