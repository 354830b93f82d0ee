/*
 * A small web server: the files of a folder, their types guessed from their names.
 *
 *	cc -o serve_directory serve_directory.c $(pkg-config --cflags --libs libwsgi)
 *	./serve_directory [FOLDER [PORT]]
 *
 * No path leads out of the folder but by a link that somebody has put into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wsgi.h>

static int folder = AT_FDCWD;
static struct wsgi_server *server;

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{".html", "text/html"},        {".css", "text/css"},   {".js", "text/javascript"},
		{".json", "application/json"}, {".txt", "text/plain"}, {".png", "image/png"},
		{".jpg", "image/jpeg"},        {".gif", "image/gif"},  {".svg", "image/svg+xml"},
		{".pdf", "application/pdf"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

/* Whether a segment of the path is "..", or a NUL would cut it. */
static int leads_out(struct wsgi_span path)
{
	while (path.len > 0) {
		const char *slash = memchr(path.data, '/', path.len);
		const struct wsgi_span segment = {
			path.data, slash != NULL ? (size_t)(slash - path.data) : path.len};
		const size_t used = slash != NULL ? segment.len + 1 : segment.len;

		if (wsgi_span_is(segment, "..") || memchr(segment.data, '\0', segment.len))
			return 1;
		path = (struct wsgi_span){path.data + used, path.len - used};
	}
	return 0;
}

/* The file that a path names: below the folder, index.html where no file is named. */
static int name_file(const struct wsgi_environ *env, struct wsgi_buf *name)
{
	struct wsgi_span path = {"", 0};
	const char *last;
	int rc;

	wsgi_environ_find(env, "PATH_INFO", &path);
	if (leads_out(path))
		return -ENOENT;
	last = strrchr(path.data, '/');
	rc = wsgi_buf_addf(name, "./%s", path.data);
	if (rc == 0 && strchr(last != NULL ? last : path.data, '.') == NULL)
		rc = wsgi_buf_adds(name, "/index.html");
	return rc == 0 ? wsgi_buf_add(name, "", 1) : rc;
}

/* Returns a descriptor; -ENOENT when there is no such file, or none that may be read. */
static int open_file(const char *name, struct stat *st)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : -ENOENT;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

static int send_file(struct wsgi_start *start, struct wsgi_body **body, const char *name)
{
	char length[24];
	const struct wsgi_header headers[] = {{"Content-Type", type_of(name)},
					      {"Content-Length", length}};
	struct wsgi_file_body *file;
	struct stat st;
	int rc, fd = open_file(name, &st);

	if (fd < 0)
		return fd;
	rc = wsgi_file_body_create(&file, fd, 0);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	snprintf(length, sizeof(length), "%lld", (long long)st.st_size);
	rc = start->respond(start, "200 OK", headers, 2, NULL);
	if (rc != 0) {
		wsgi_body_close(&file->body);
		return rc;
	}
	*body = &file->body; /* which closes fd */
	return 0;
}

static int serve(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		 struct wsgi_body **body)
{
	struct wsgi_buf name = {0};
	int rc = name_file(env, &name);

	(void)app;
	if (rc == 0)
		rc = send_file(start, body, name.data);
	wsgi_buf_finish(&name);
	if (rc == -ENOENT)
		return wsgi_reply(start, body, "404 Not Found", "text/plain", "not found");
	return rc;
}

struct wsgi_app application = {.call = serve};

static void stop(int signal)
{
	(void)signal;
	wsgi_server_shutdown(server);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : ".";
	const unsigned port = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 8000;
	struct wsgi_error err;

	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		perror(path);
		return EXIT_FAILURE;
	}
	if (wsgi_make_server(&server, "", port, &application, &err) != 0) {
		fprintf(stderr, "serve_directory: %s\n", err.text);
		return EXIT_FAILURE;
	}
	signal(SIGINT, stop);
	printf("Serving %s on %s, control-C to stop\n", path, wsgi_server_address(server));
	fflush(stdout);
	if (wsgi_server_serve_forever(server, &err) != 0) {
		fprintf(stderr, "serve_directory: %s\n", err.text);
		return EXIT_FAILURE;
	}
	puts("Shutting down.");
	wsgi_server_destroy(server);
	close(folder);
	return EXIT_SUCCESS;
}
