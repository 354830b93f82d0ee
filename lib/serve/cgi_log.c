#include "serve/cgi_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/container.h"
#include "base/fdio.h"
#include "serve/option_table.h"

/* -- the file ---------------------------------------------------------------------------------- */

/* Whoever reads a FIFO must be there: no request waits for him. Returns 0 or -errno. */
static int take_stderr(const char *name)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(name, flags, 0640), rc;

	if (fd < 0)
		return -errno;
	rc = wsgi_fd_nonblock(fd, 0);
	if (rc == 0 && dup2(fd, STDERR_FILENO) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static const char *reason(int error)
{
	if (error == ENOENT)
		return "its folder is not there";
	return error == ENXIO ? "it is a FIFO that nobody reads, or a socket" : strerror(error);
}

void wsgi_cgi_log_open(struct wsgi_options *o)
{
	const char *name = o->error_logfile;
	int rc;

	if (name == NULL || strcmp(name, "-") == 0)
		return;
	rc = take_stderr(name);
	if (rc == 0)
		return;
	o->error_logfile = NULL;
	wsgi_log(&(struct wsgi_log){.fd = STDERR_FILENO, .program = o->program}, WSGI_LOG_ERROR,
		 "the error log %s: %s: standard error is used; name a file by --error-logfile "
		 "that this program's user can make or append to",
		 name, reason(-rc));
}

/* -- the file of a line that is wrong ---------------------------------------------------------- */

/* The option that a word is, and its value where the word has it too; NULL: none that is known. */
static const struct wsgi_option *option_of(const char *word, enum wsgi_gateway gateway,
					   const char **value)
{
	const char *equals = strchr(word, '=');
	struct wsgi_span name = {word + 1, 1};

	*value = word[1] != '-' && word[2] != '\0' ? word + 2 : NULL;
	if (word[1] != '-')
		return wsgi_option_find(name, true, gateway);
	name = wsgi_span_of(word + 2);
	if (equals != NULL) {
		name.len = (size_t)(equals - name.data);
		*value = equals + 1;
	}
	return wsgi_option_find(name, false, gateway);
}

const char *wsgi_cgi_log_named(enum wsgi_gateway gateway, int argc, char *const *argv)
{
	const char *found = NULL, *value;

	for (int i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const struct wsgi_option *option;

		if (strcmp(argv[i], "--") == 0)
			break;
		option = option_of(argv[i], gateway, &value);
		if (option == NULL || option->kind == WSGI_OPTION_FLAG)
			continue;
		if (value == NULL && i + 1 < argc)
			value = argv[++i];
		if (value != NULL && *value != '\0' && strcmp(option->name, "error-logfile") == 0)
			found = value;
	}
	return found;
}

/* -- wsgi.errors ------------------------------------------------------------------------------- */

static const char *text_of(const struct wsgi_environ *vars, const char *name)
{
	const char *text = wsgi_environ_get(vars, name);

	return text != NULL ? text : "";
}

static int errors_write(struct wsgi_errors *errors, const char *data, size_t len)
{
	struct wsgi_cgi_errors *e = container_of(errors, struct wsgi_cgi_errors, errors);

	if (!e->has_begun && e->log->program == NULL)
		wsgi_log(e->log, WSGI_LOG_ERROR,
			 "wsgi.errors of %s %s%s:", text_of(e->vars, "REQUEST_METHOD"),
			 text_of(e->vars, "SCRIPT_NAME"), text_of(e->vars, "PATH_INFO"));
	e->has_begun = true;
	return wsgi_fd_write(STDERR_FILENO, data, len);
}

void wsgi_cgi_errors_init(struct wsgi_cgi_errors *e, const struct wsgi_log *log,
			  const struct wsgi_environ *vars)
{
	*e = (struct wsgi_cgi_errors){.errors = {.write = errors_write}, .log = log, .vars = vars};
}
