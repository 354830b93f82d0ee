#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/contents.h"

enum { FILE_MOST = 1024 * 1024 - 1 };

/* -- files ------------------------------------------------------------------------------------- */

static void wipe(char *text, size_t size)
{
	if (text != NULL)
		explicit_bzero(text, size);
	free(text);
}

/* All of fd, in a text that does not move, and so leaves no key behind. Returns 0 or -errno. */
static int read_all(int fd, struct wsgi_buf *text)
{
	int rc = wsgi_buf_reserve(text, FILE_MOST + 2);

	return rc == 0 ? wsgi_contents_read(fd, FILE_MOST, text) : rc;
}

/* Sets *text, to be given to wipe(). */
static int read_file(const char *path, const char *what, char **text, struct wsgi_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -errno;
	struct wsgi_buf all = {0};
	char *copy = NULL;

	if (fd >= 0) {
		rc = read_all(fd, &all);
		close(fd);
	}
	if (rc == 0) {
		copy = strdup(all.data);
		rc = copy != NULL ? 0 : -ENOMEM;
	}
	wipe(all.data, all.len);
	if (rc != 0)
		return wsgi_fail(err, rc, "cannot read the %s in %s: %s", what, path,
				 strerror(-rc));
	*text = copy;
	return 0;
}

/* -- what is in them --------------------------------------------------------------------------- */

static int check_cert(const char *text, const char *path, struct wsgi_error *err)
{
	if (strstr(text, "-----BEGIN CERTIFICATE-----") != NULL ||
	    strstr(text, "-----BEGIN X509 CERTIFICATE-----") != NULL)
		return 0;
	return wsgi_fail(err, -EINVAL, "there is no certificate in PEM in %s", path);
}

static int check_key(const char *text, const char *path, struct wsgi_error *err)
{
	if (strstr(text, "PRIVATE KEY-----") == NULL)
		return wsgi_fail(err, -EINVAL, "there is no private key in PEM in %s", path);
	if (strstr(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL ||
	    strstr(text, "Proc-Type: 4,ENCRYPTED") != NULL)
		return wsgi_fail(err, -EINVAL,
				 "the private key in %s is encrypted; openssl pkey -in FILE -out "
				 "NEWFILE takes that off",
				 path);
	return 0;
}

/* -- whether they are a pair: a server that serves nothing is made of them --------------------- */

static enum MHD_Result serve_nothing(void *cls, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *data,
				     size_t *len, void **ctx)
{
	(void)cls;
	(void)connection;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)len;
	(void)ctx;
	return MHD_NO;
}

struct reason {
	char text[160];
};

/* "GnuTLS failed to ...: The certificate and the given key do not match.\n", then less. */
static void keep_reason(void *cls, const char *fmt, va_list ap)
{
	struct reason *why = cls;
	const char *colon;

	if (why->text[0] != '\0')
		return;
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	why->text[strcspn(why->text, "\n")] = '\0';
	colon = strstr(why->text, ": ");
	if (colon != NULL)
		memmove(why->text, colon + 2, strlen(colon + 2) + 1);
}

static int check_pair(const struct wsgi_tls *tls, const char *certfile, const char *keyfile,
		      struct wsgi_error *err)
{
	struct reason why = {""};
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		serve_nothing, NULL, MHD_OPTION_EXTERNAL_LOGGER, keep_reason, &why,
		MHD_OPTION_HTTPS_PRIORITIES, WSGI_TLS_PRIORITIES, MHD_OPTION_HTTPS_MEM_CERT,
		tls->cert, MHD_OPTION_HTTPS_MEM_KEY, tls->key, MHD_OPTION_END);

	if (daemon == NULL)
		return wsgi_fail(err, -EINVAL, "the certificate in %s and the key in %s: %s",
				 certfile, keyfile, why.text);
	MHD_stop_daemon(daemon);
	return 0;
}

int wsgi_tls_load(struct wsgi_tls *tls, const char *certfile, const char *keyfile,
		  struct wsgi_error *err)
{
	int rc;

	*tls = (struct wsgi_tls){0};
	if (keyfile == NULL)
		keyfile = certfile;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return wsgi_fail(err, -ENOTSUP, "this libmicrohttpd is built without TLS");
	rc = read_file(certfile, "certificate", &tls->cert, err);
	if (rc == 0)
		rc = check_cert(tls->cert, certfile, err);
	if (rc == 0)
		rc = read_file(keyfile, "private key", &tls->key, err);
	if (rc == 0)
		rc = check_key(tls->key, keyfile, err);
	if (rc == 0)
		rc = check_pair(tls, certfile, keyfile, err);
	if (rc != 0)
		wsgi_tls_finish(tls);
	return rc;
}

void wsgi_tls_finish(struct wsgi_tls *tls)
{
	wipe(tls->cert, tls->cert != NULL ? strlen(tls->cert) : 0);
	wipe(tls->key, tls->key != NULL ? strlen(tls->key) : 0);
	*tls = (struct wsgi_tls){0};
}
