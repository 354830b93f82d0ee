#ifndef WSGI_SERVE_STATUS_TEXT_H
#define WSGI_SERVE_STATUS_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/when.h"
#include "serve/status_facts.h"

/*
 * The status as plain text, a fact a line: "pool:                 shop". Full: each row after it, a
 * line of stars before each. Appends to out. Returns 0 or -ENOMEM. Source: PHP-FPM.
 */
int wsgi_status_text(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full);

/* "22/Nov/2026:15:04:05 +0100"; "-" where no year has it. */
void wsgi_status_time_text(char text[WSGI_WHEN_SIZE], int64_t seconds);

#endif
