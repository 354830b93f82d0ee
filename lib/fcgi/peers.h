#ifndef WSGI_FCGI_PEERS_H
#define WSGI_FCGI_PEERS_H

#include "fcgi/core.h"

/*
 * peers - the connections of a reactor: what epoll tells of them, and which of them wait for what.
 *
 * Threads  all calls are made with the reactor's lock held.
 */
void wsgi_peers_init(struct wsgi_reactor *r);
void wsgi_peers_finish(struct wsgi_reactor *r);

/* A new one, of a connected socket, which is its own from now on. NULL: no memory. */
struct wsgi_peer *wsgi_peers_add(struct wsgi_reactor *r, int fd, bool tcp);

/* Have epoll tell of events. Returns 0; -errno when it cannot, and so p has to be closed. */
int wsgi_peer_watch(struct wsgi_peer *p, uint32_t events);

/* The memory stays until wsgi_peers_bury(): an event that was told may still point there. */
void wsgi_peer_close(struct wsgi_peer *p);
void wsgi_peers_bury(struct wsgi_reactor *r);

/* Come back to it before waiting for others. */
void wsgi_peer_make_ready(struct wsgi_peer *p);

/* The first of those, which is none of them any more; or NULL. */
struct wsgi_peer *wsgi_peers_next_ready(struct wsgi_reactor *r);

/*
 * An event of p was told: is it the leader's to look after? One that is served is not; that it
 * has sent something is only told again once it is free.
 */
bool wsgi_peer_claim(struct wsgi_peer *p);

/* Nothing is to be done for it now, or rc < 0: wait for what it waits for, or close it. */
void wsgi_peer_settle(struct wsgi_peer *p, int rc);

/* Close those that have not moved for too long. Returns when to do so next; INT64_MAX. */
int64_t wsgi_peers_sweep(struct wsgi_reactor *r, int64_t now_ms);

/* Stop: have a last look at those that are idle, or give them away. */
void wsgi_peers_see_off(struct wsgi_reactor *r);

/*
 * Give one away that no byte of a request has come on. Returns 0; -EAGAIN: the exchange is full;
 * -EBUSY: it is not such a one; -errno.
 */
int wsgi_peer_give(struct wsgi_peer *p);

/*
 * Try again to give those away that found the exchange full. Returns when to do so next;
 * INT64_MAX when all have gone.
 */
int64_t wsgi_peers_leave(struct wsgi_reactor *r, int64_t now_ms);

#endif
