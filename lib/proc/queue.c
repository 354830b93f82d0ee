#include "proc/queue.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a listening socket these two are its queue and how long that may become. */
static int tcp_queue(int fd, struct wsgi_queue *q)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return -errno;
	if (info.tcpi_state != TCP_LISTEN)
		return -EINVAL;
	q->waiting = info.tcpi_unacked;
	q->capacity = info.tcpi_sacked;
	return 0;
}

/* -- unix sockets ------------------------------------------------------------------------------ */

struct question {
	struct nlmsghdr head;
	struct unix_diag_req about;
};

union answer {
	struct nlmsghdr head;
	char bytes[512];
};

/* Ask about the socket of that inode. Returns 0 or -errno; what comes is not looked at. */
static int ask(ino_t inode, union answer *answer, size_t *len)
{
	struct question q = {
		.head = {.nlmsg_len = sizeof(q),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST},
		.about = {.sdiag_family = AF_UNIX,
			  .udiag_states = UINT32_MAX,
			  .udiag_ino = (uint32_t)inode,
			  .udiag_show = UDIAG_SHOW_RQLEN,
			  .udiag_cookie = {UINT32_MAX, UINT32_MAX}}, /* any */
	};
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), rc = 0;
	ssize_t n = 0;

	if (sock < 0)
		return -errno;
	/* The kernel answers within send(). */
	if (send(sock, &q, sizeof(q), 0) < 0 ||
	    (n = recv(sock, answer, sizeof(*answer), MSG_DONTWAIT)) < 0)
		rc = -errno;
	*len = n > 0 ? (size_t)n : 0;
	close(sock);
	return rc;
}

static int read_answer(const union answer *answer, size_t len, struct wsgi_queue *q)
{
	const struct nlmsghdr *head = &answer->head;
	size_t at = NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	struct unix_diag_rqlen found;
	struct nlmsgerr failed;
	struct rtattr attribute;

	if (len < sizeof(*head) || head->nlmsg_len > len)
		return -EPROTO;
	if (head->nlmsg_type == NLMSG_ERROR && len >= NLMSG_LENGTH(sizeof(failed))) {
		memcpy(&failed, NLMSG_DATA(head), sizeof(failed));
		return failed.error != 0 ? failed.error : -EPROTO;
	}
	while (at + sizeof(attribute) <= head->nlmsg_len) {
		memcpy(&attribute, answer->bytes + at, sizeof(attribute));
		if (attribute.rta_len < sizeof(attribute) ||
		    at + attribute.rta_len > head->nlmsg_len)
			break;
		if (attribute.rta_type == UNIX_DIAG_RQLEN &&
		    attribute.rta_len >= RTA_LENGTH(sizeof(found))) {
			memcpy(&found, answer->bytes + at + RTA_LENGTH(0), sizeof(found));
			q->waiting = found.udiag_rqueue;
			q->capacity = found.udiag_wqueue;
			return 0;
		}
		at += RTA_ALIGN(attribute.rta_len);
	}
	return -ENOTSUP;
}

static int unix_queue(int fd, struct wsgi_queue *q)
{
	union answer answer;
	struct stat st;
	size_t len = 0;
	int rc;

	if (fstat(fd, &st) != 0)
		return -errno;
	rc = ask(st.st_ino, &answer, &len);
	return rc == 0 ? read_answer(&answer, len, q) : rc;
}

/* -- all --------------------------------------------------------------------------------------- */

int wsgi_queue_of(int fd, struct wsgi_queue *q)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	*q = (struct wsgi_queue){0};
	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return -errno;
	return name.ss_family == AF_UNIX ? unix_queue(fd, q) : tcp_queue(fd, q);
}

void wsgi_queue_sum(const int *fds, size_t n, struct wsgi_queue *q)
{
	*q = (struct wsgi_queue){0};
	for (size_t i = 0; i < n; i++) {
		struct wsgi_queue one;

		wsgi_queue_of(fds[i], &one);
		q->waiting += one.waiting;
		q->capacity += one.capacity;
	}
}
