#ifndef WSGI_FCGI_CORE_H
#define WSGI_FCGI_CORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "fcgi/conn.h"
#include "fcgi/depot.h"
#include "fcgi/lead.h"
#include "fcgi/ring.h"

/*
 * core - what the parts of a reactor share: reactor.c dispatches, peers.c has the connections,
 * doors.c lets them in, lead.c has the threads.
 */
enum { WSGI_CORE_EVENTS = 64 /* of one epoll_wait */ };

/* What an epoll event points to. */
enum wsgi_source { WSGI_LISTENER, WSGI_TAKE, WSGI_WAKE, WSGI_PEER };

/* Where connections come in: a listening socket, or the exchange. */
struct wsgi_door {
	enum wsgi_source source;
	int fd;
	bool tcp;
};

struct wsgi_peer {
	enum wsgi_source source;
	struct wsgi_reactor *reactor;
	struct wsgi_fcgi_conn conn;
	uint32_t watched; /* the events that epoll tells of; 0: none */
	bool busy;        /* a thread serves it */
	bool last_look;   /* stopping, and nothing more had come */
	int64_t touched_ms;
	struct wsgi_ring all;     /* in peers, or in gone or spare */
	struct wsgi_ring timed;   /* in timed: in mid-request, without a thread */
	struct wsgi_ring ready;   /* in ready: bytes are there, and not decoded */
	struct wsgi_ring leaving; /* in leaving: to be given away */
};

struct wsgi_reactor {
	struct wsgi_fcgi_config config;
	int epoll_fd;
	struct wsgi_door *listeners;
	size_t listeners_len;
	struct wsgi_door take; /* fd -1: nothing is shared */
	struct wsgi_depot depot;
	struct {
		enum wsgi_source source;
		int fd;
	} wake;
	atomic_bool stop_asked, retire_asked;

	/* The leader's: handed on with the lead. */
	struct epoll_event events[WSGI_CORE_EVENTS];
	int events_at, events_len;
	size_t ready_turn; /* how many of ready are still to have their turn */
	bool starved;      /* no descriptor was left; it was said */

	pthread_mutex_t lock; /* over all that follows, and over every peer that is busy */
	struct wsgi_lead lead;
	bool stopping, stopped;
	bool retiring;          /* stopping, and connections are given away... */
	bool final;             /* ...or not, because the others stop too... */
	int64_t drain_until_ms; /* ...and who is idle may bring a request until then; 0: not */
	int64_t give_until_ms;  /* then what is in leaving is closed */
	int code;
	bool listening;
	int64_t listen_again_ms;
	struct wsgi_ring peers, gone, spare, leaving, ready;
	struct wsgi_ring timed; /* the longest waiting first */
	size_t peers_len, spare_len, ready_len;
	uint64_t accepted;
};

/* A thread that runs the reactor. */
struct wsgi_runner {
	struct wsgi_reactor *reactor;
	bool leads;
	struct wsgi_turn turn;
	struct wsgi_fcgi_worker worker;
};

/* Let the leader look again. Async-signal-safe. */
void wsgi_reactor_wake(struct wsgi_reactor *r);

#endif
