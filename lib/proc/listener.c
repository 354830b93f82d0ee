#include "proc/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "proc/account.h"

enum { SOCKET_FLAGS = SOCK_STREAM | SOCK_CLOEXEC };

static int fail(struct wsgi_error *err, int code, const char *address, const char *what)
{
	if (code == -ENOENT)
		return wsgi_fail(err, code, "cannot listen on %s: its folder is not there",
				 address);
	return wsgi_fail(err, code, "cannot listen on %s: %s: %s", address, what, strerror(-code));
}

/* -- unix -------------------------------------------------------------------------------------- */

/* Whether somebody has the socket at the path open: a refusal alone says that nobody does. */
static bool is_alive(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCKET_FLAGS | SOCK_NONBLOCK, 0); /* a full queue is a life too */
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
		       errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return !refused;
}

static int refuse_file(const char *address, struct wsgi_error *err)
{
	return wsgi_fail(err, -EEXIST, "cannot listen on %s: a file that is no socket stands there",
			 address);
}

/* Take away what an ended server left behind, and nothing else. */
static int make_room(const struct sockaddr_un *sa, const char *address, struct wsgi_error *err)
{
	struct stat st;

	if (lstat(sa->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return refuse_file(address, err);
	if (is_alive(sa))
		return wsgi_fail(err, -EADDRINUSE,
				 "cannot listen on %s: another server answers there; end it, or "
				 "choose another path",
				 address);
	return unlink(sa->sun_path) == 0 ? 0 : fail(err, -errno, address, "unlink");
}

/*
 * Let exactly those connect that may. Until listen() nobody can, so that this order is safe, and a
 * link that somebody puts in the place of the socket is not followed.
 */
static int give(const char *path, const char *address, const struct wsgi_listener_access *access,
		struct wsgi_error *err)
{
	struct stat st;

	if ((access->owner != (uid_t)WSGI_NO_ID || access->group != (gid_t)WSGI_NO_ID) &&
	    lchown(path, access->owner, access->group) != 0)
		return fail(err, -errno, address, "chown");
	if (lstat(path, &st) != 0)
		return fail(err, -errno, address, "stat");
	if (!S_ISSOCK(st.st_mode))
		return wsgi_fail(err, -EEXIST,
				 "cannot listen on %s: somebody took the socket away while it was "
				 "made",
				 address);
	if ((st.st_mode & 0777) == access->mode)
		return 0;
	if (fchmodat(AT_FDCWD, path, access->mode, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* The C library has no other way for a link than /proc, which a chroot may not have. */
	if (errno == EOPNOTSUPP && chmod(path, access->mode) == 0)
		return 0;
	return fail(err, -errno, address, "chmod");
}

/* Remember the path, and what stands there. Returns 0 or -ENOMEM with words. */
static int take_path(struct wsgi_listener *l, const char *path, struct wsgi_error *err)
{
	struct stat st;

	l->path = strdup(path);
	if (l->path == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	if (lstat(path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	return 0;
}

static int check_length(const char *address, const char *path, struct wsgi_error *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (path[0] != '\0' && strlen(path) < room)
		return 0;
	return wsgi_fail(err, -EINVAL, "cannot listen on %s: the path must have 1 to %zu bytes",
			 address, room - 1);
}

static int check_unix(const char *address, const char *path, struct wsgi_error *err)
{
	struct stat st;
	int rc = check_length(address, path, err);

	if (rc != 0)
		return rc;
	if (lstat(path, &st) == 0)
		return S_ISSOCK(st.st_mode) ? 0 : refuse_file(address, err);
	rc = wsgi_fd_may_create(path);
	return rc == 0 ? 0 : fail(err, rc, address, "bind");
}

static int open_unix(struct wsgi_listener *l, const char *address, const char *path,
		     const struct wsgi_listener_access *access, struct wsgi_error *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int rc = check_length(address, path, err);

	if (rc != 0)
		return rc;
	strcpy(sa.sun_path, path);
	rc = make_room(&sa, address, err);
	if (rc != 0)
		return rc;
	l->fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (l->fd < 0)
		return fail(err, -errno, address, "socket");
	/* The mode that the path is made with, less the umask. */
	if (fchmod(l->fd, access->mode) != 0)
		return fail(err, -errno, address, "fchmod");
	if (bind(l->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		return fail(err, -errno, address, "bind");
	rc = take_path(l, path, err);
	if (rc == 0)
		rc = give(path, address, access, err);
	l->name = strdup(address);
	return rc;
}

/* -- TCP --------------------------------------------------------------------------------------- */

/* A number up to 65535: getaddrinfo() takes larger ones, and binds something else. */
static bool is_port(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 5 && strspn(text, "0123456789") == len && atoi(text) <= 65535;
}

/* Say what is wrong with an address that is neither of a socket nor of TCP. Returns -EINVAL. */
static int refuse(const char *address, struct wsgi_error *err)
{
	const char *colon = strrchr(address, ':');
	bool is_number = colon != NULL && strspn(colon + 1, "0123456789") == strlen(colon + 1);

	if (is_number && strtoul(colon + 1, NULL, 10) > 65535)
		return wsgi_fail(err, -EINVAL, "'%s' is no address: port %s is above 65535",
				 address, colon + 1);
	return wsgi_fail(err, -EINVAL,
			 "'%s' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT", address);
}

/* "HOST:PORT" or "[IPV6]:PORT" taken apart, in place. Returns 0 or -EINVAL. */
static int split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || !is_port(colon + 1))
		return -EINVAL;
	*colon = '\0';
	*port = colon + 1;
	*host = text;
	if (text[0] != '[')
		return strchr(text, ':') == NULL ? 0 : -EINVAL;
	if (colon - text < 3 || colon[-1] != ']')
		return -EINVAL;
	colon[-1] = '\0';
	*host = text + 1;
	return 0;
}

static int bind_one(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCKET_FLAGS, ai->ai_protocol), on = 1, saved;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	saved = errno;
	close(fd);
	return -saved;
}

/* The first of a family that can be bound. Returns the socket or -errno. */
static int bind_any(const struct addrinfo *ai, bool ipv4)
{
	int rc = -EADDRNOTAVAIL;

	for (; ai != NULL && rc < 0; ai = ai->ai_next)
		if ((ai->ai_family == AF_INET) == ipv4)
			rc = bind_one(ai);
	return rc;
}

/* The name with the port that the system chose. */
static char *name_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[128], port[16], *name = NULL;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	if (asprintf(&name, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port) < 0)
		return NULL;
	return name;
}

static int open_resolved(struct wsgi_listener *l, const char *address, const char *host,
			 const char *port, struct wsgi_error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
	int rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &list);

	if (rc != 0)
		return wsgi_fail(err, -EINVAL, "cannot listen on %s: %s", address,
				 gai_strerror(rc));
	rc = bind_any(list, true);
	if (rc == -EADDRNOTAVAIL)
		rc = bind_any(list, false);
	freeaddrinfo(list);
	if (rc == -EADDRINUSE)
		return wsgi_fail(err, rc,
				 "cannot listen on %s: %s; end the program that listens there, or "
				 "choose another port",
				 address, strerror(-rc));
	if (rc < 0)
		return fail(err, rc, address, "bind");
	l->fd = rc;
	l->name = name_of(rc);
	return 0;
}

static int open_tcp(struct wsgi_listener *l, const char *address, struct wsgi_error *err)
{
	char *text = strdup(address), *host, *port;
	int rc;

	if (text == NULL)
		return -ENOMEM;
	rc = split(text, &host, &port);
	if (rc != 0)
		refuse(address, err);
	else
		rc = open_resolved(l, address, host, port, err);
	free(text);
	return rc;
}

static int check_tcp(const char *address, struct wsgi_error *err)
{
	char *text = strdup(address), *host, *port;
	int rc;

	if (text == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	rc = split(text, &host, &port);
	free(text);
	return rc == 0 ? 0 : refuse(address, err);
}

/* -- who may connect --------------------------------------------------------------------------- */

/* Whether a path can be given to that group by somebody who is not root. */
static bool is_mine_group(gid_t group)
{
	gid_t groups[256];
	int n = getgroups((int)(sizeof(groups) / sizeof(groups[0])), groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return group == getegid();
}

static int check_right(const struct wsgi_listener_access *access, const char *owner,
		       const char *group, struct wsgi_error *err)
{
	if (geteuid() == 0)
		return 0;
	if (owner != NULL && access->owner != geteuid())
		return wsgi_fail(err, -EPERM,
				 "--listen-owner %s: only root can give a socket away: start it as "
				 "root, or leave the option out",
				 owner);
	if (group != NULL && !is_mine_group(access->group))
		return wsgi_fail(err, -EPERM,
				 "--listen-group %s: user %u is no member of that group: make it "
				 "one, or start this as root",
				 group, (unsigned)geteuid());
	return 0;
}

int wsgi_listener_access_find(struct wsgi_listener_access *access, const char *owner,
			      const char *group, unsigned mode, struct wsgi_error *err)
{
	const bool named = owner != NULL || group != NULL;
	struct wsgi_account account = {0};
	int rc = 0;

	*access = (struct wsgi_listener_access){(uid_t)WSGI_NO_ID, (gid_t)WSGI_NO_ID,
						mode <= 0777 ? mode
						: named      ? 0660
							     : 0666};
	if (owner != NULL) {
		rc = wsgi_account_find(&account, "--listen-owner", owner, err);
		access->owner = account.uid;
		access->group = account.gid;
		wsgi_account_finish(&account);
	}
	if (rc == 0 && group != NULL)
		rc = wsgi_account_group(&access->group, "--listen-group", group, err);
	return rc == 0 ? check_right(access, owner, group, err) : rc;
}

/* -- inherited --------------------------------------------------------------------------------- */

/* "unix:PATH" or "HOST:PORT", as clients know it; NULL: it has no such name, or no memory. */
static char *name_of_any(int fd)
{
	struct sockaddr_un sa = {0};
	socklen_t len = sizeof(sa);
	char *name = NULL;
	bool is_abstract;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 || sa.sun_family != AF_UNIX)
		return name_of(fd);
	/* The length may leave no NUL at the end. An abstract name begins with one, shown as @. */
	len -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
	is_abstract = len > 0 && sa.sun_path[0] == '\0';
	if (asprintf(&name, "unix:%s%.*s", is_abstract ? "@" : "", (int)len - is_abstract,
		     sa.sun_path + is_abstract) < 0)
		return NULL;
	return name;
}

static int check_number(const char *address, const char *number, struct wsgi_error *err)
{
	size_t len = strlen(number);

	if (len > 0 && len <= 9 && strspn(number, "0123456789") == len)
		return 0;
	return wsgi_fail(err, -EINVAL,
			 "'%s' is no address: give the number of a descriptor, as fd://3", address);
}

static int open_inherited(struct wsgi_listener *l, const char *address, const char *number,
			  struct wsgi_error *err)
{
	int fd, rc = check_number(address, number, err);

	if (rc != 0)
		return rc;
	fd = atoi(number);
	if (!wsgi_listener_is(fd))
		return wsgi_fail(err, -ENOTSOCK,
				 "cannot listen on %s: descriptor %d is no listening socket",
				 address, fd);
	if (fd <= STDERR_FILENO) {
		rc = wsgi_listener_adopt(l, fd, err);
		if (rc != 0)
			return rc;
		free(l->name);
	} else {
		l->fd = fd;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	l->name = name_of_any(l->fd);
	return 0;
}

/* -- all --------------------------------------------------------------------------------------- */

int wsgi_listener_open_for(struct wsgi_listener *l, const char *address, int backlog,
			   const struct wsgi_listener_access *access, struct wsgi_error *err)
{
	static const struct wsgi_listener_access everybody = {(uid_t)WSGI_NO_ID, (gid_t)WSGI_NO_ID,
							      0666};
	int rc;

	*l = (struct wsgi_listener){.fd = -1};
	if (strncmp(address, "fd://", 5) == 0)
		return open_inherited(l, address, address + 5, err);
	if (strncmp(address, "unix:", 5) == 0)
		rc = open_unix(l, address, address + 5, access != NULL ? access : &everybody, err);
	else
		rc = open_tcp(l, address, err);
	if (rc == 0 && listen(l->fd, backlog) != 0)
		rc = fail(err, -errno, address, "listen");
	if (rc != 0)
		wsgi_listener_finish(l);
	return rc;
}

int wsgi_listener_open(struct wsgi_listener *l, const char *address, int backlog,
		       struct wsgi_error *err)
{
	return wsgi_listener_open_for(l, address, backlog, NULL, err);
}

int wsgi_listener_check(const char *address, struct wsgi_error *err)
{
	if (strncmp(address, "fd://", 5) == 0)
		return check_number(address, address + 5, err);
	if (strncmp(address, "unix:", 5) == 0)
		return check_unix(address, address + 5, err);
	return check_tcp(address, err);
}

int wsgi_listener_inherit(struct wsgi_listener *l, int fd, const char *name, const char *path,
			  struct wsgi_error *err)
{
	int rc = 0;

	*l = (struct wsgi_listener){.fd = -1};
	if (!wsgi_listener_is(fd))
		return wsgi_fail(err, -ENOTSOCK,
				 "cannot go on listening on %s: descriptor %d is no listening "
				 "socket",
				 name, fd);
	l->name = strdup(name);
	if (l->name == NULL)
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	else if (path != NULL)
		rc = take_path(l, path, err);
	if (rc != 0) {
		free(l->path); /* the socket is the caller's still */
		l->path = NULL;
		wsgi_listener_finish(l);
		return rc;
	}
	l->fd = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

bool wsgi_listener_is(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on != 0;
}

int wsgi_listener_adopt(struct wsgi_listener *l, int fd, struct wsgi_error *err)
{
	int null;

	*l = (struct wsgi_listener){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)};
	null = l->fd >= 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	if (null < 0 || dup2(null, fd) < 0) {
		int code = -errno;

		if (null >= 0)
			close(null);
		wsgi_listener_finish(l);
		return wsgi_fail(err, code, "cannot take over descriptor %d: %s", fd,
				 strerror(-code));
	}
	close(null);
	if (asprintf(&l->name, "descriptor %d", fd) < 0)
		l->name = NULL;
	return 0;
}

void wsgi_listener_hush(struct wsgi_listener *l)
{
	/* What a socket's filter sees of TCP begins with its header: drop what has the flag SYN. */
	enum { FLAGS = 13, SYN = 0x02 };
	struct sock_filter drop[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {sizeof(drop) / sizeof(drop[0]), drop};
	int domain = AF_UNIX;
	socklen_t len = sizeof(domain);

	if (getsockopt(l->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain == AF_UNIX)
		return;
	/* Not every system lets users have filters: then there is room for one more, and no other.
	 */
	if (setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
		listen(l->fd, 0);
}

/* Whether what stands at the path is what was bound. */
static bool is_mine(const struct wsgi_listener *l)
{
	struct stat st;

	return lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino;
}

void wsgi_listener_close(struct wsgi_listener *l)
{
	const int fd = l->fd;

	if (l->path != NULL && is_mine(l))
		unlink(l->path);
	free(l->path);
	l->path = NULL;
	l->fd = -1; /* first: a child that is forked meanwhile would close the number again */
	if (fd > 0)
		close(fd);
}

void wsgi_listener_finish(struct wsgi_listener *l)
{
	wsgi_listener_close(l);
	free(l->name);
	*l = (struct wsgi_listener){.fd = -1};
}
