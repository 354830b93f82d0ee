#ifndef WSGI_SERVE_OPTION_VALUE_H
#define WSGI_SERVE_OPTION_VALUE_H

#include "base/buf.h"
#include "serve/option_table.h"

/*
 * option_value - the value of an option: from text into its member of struct wsgi_options, and
 * back again. What is written is read as the same value.
 */

/* What struct wsgi_options holds before anything is read. */
extern const struct wsgi_options wsgi_option_defaults;

/*
 * Set the value of an option that is no flag; of a list, append it.
 *   value   borrowed by o
 * Returns 0; -EINVAL: see wsgi_option_wants(); -ENOMEM.
 */
int wsgi_option_set(struct wsgi_options *o, const struct wsgi_option *option, const char *value);

/* "a number from 1 to 1024": what an option takes, for whoever gave it something else. */
const char *wsgi_option_wants(const struct wsgi_option *option);

/* Make it as if it had never been given. */
void wsgi_option_reset(struct wsgi_options *o, const struct wsgi_option *option);

/* Whether a command line or a file gave it. */
bool wsgi_option_given(const struct wsgi_options *o, const struct wsgi_option *option);

/* Its member: by its kind. */
void *wsgi_option_member(const struct wsgi_options *o, size_t at);

/* How many values it has: any number in a list, else 1, or 0 where it has none. */
size_t wsgi_option_values(const struct wsgi_options *o, const struct wsgi_option *option);

/* Append value number i; of a flag "true" or "false". Returns 0 or -ENOMEM. */
int wsgi_option_write(const struct wsgi_options *o, const struct wsgi_option *option, size_t i,
		      struct wsgi_buf *out);

/* Whether its value is what it is without the option. */
bool wsgi_option_is_default(const struct wsgi_options *o, const struct wsgi_option *option);

#endif
