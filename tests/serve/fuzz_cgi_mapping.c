/*
 * Whatever paths and URLs come together: what is served is a file of the site, by the name that the
 * URL ends in; what is not has a reason.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fuzz.h"
#include "serve/cgi_mapping.h"

static char site[] = "/tmp/fuzz_cgi_mapping.XXXXXX";
static char root[64];
static const char *const made[] = {"/www",          "/www/a",       "/app.py",     "/www/app.py",
				   "/www/a/b.wsgi", "/www/app.py.", "/www/x~1.py", "/www/app.py:x"};
enum { FOLDERS = 2, MADE = sizeof(made) / sizeof(made[0]) };

static void remove_site(void)
{
	char path[100];

	for (size_t i = MADE; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", site, made[i]);
		remove(path);
	}
	rmdir(site);
}

static void make_site(void)
{
	char path[100];

	must(mkdtemp(site) != NULL);
	atexit(remove_site);
	for (size_t i = 0; i < MADE; i++) {
		snprintf(path, sizeof(path), "%s%s", site, made[i]);
		must(i < FOLDERS ? mkdir(path, 0755) == 0 : close(creat(path, 0644)) == 0);
	}
	snprintf(root, sizeof(root), "%s/www", site);
	must(setenv("GATEWAY_INTERFACE", "CGI/1.1", 1) == 0);
}

/* Parts of the site's own paths, and what the fuzzer makes up; NULL: there is none. */
static char *a_path(struct fuzz *f, const char *front)
{
	static const char *const parts[] = {"app.py", "b.wsgi", "..", ".",       "a",  "www",
					    "",       "x~1.py", "c:", "app.py.", "\\", "app.py:x"};
	size_t n = fuzz_below(f, 7);
	char *path, *longer;

	if (n == 6)
		return NULL;
	path = strdup(front);
	for (; n > 0; n--) {
		const size_t i = fuzz_below(f, 16);
		char *own = i < 12 ? strdup(parts[i]) : fuzz_text(f, 12);

		must(path != NULL && own != NULL && asprintf(&longer, "%s/%s", path, own) >= 0);
		free(own);
		free(path);
		path = longer;
	}
	return path;
}

static void set(const char *name, const char *value)
{
	must((value != NULL ? setenv(name, value, 1) : unsetenv(name)) == 0);
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* No link is on the site: the file's real name is the one that was asked for. */
static void check_served(char *application, const char *url)
{
	const size_t len = strlen(root);
	char *colon = strrchr(application, ':');
	struct stat st;

	must(colon != NULL && strcmp(colon, ":application") == 0);
	*colon = '\0';
	must(strncmp(application, root, len) == 0 && application[len] == '/');
	must(lstat(application, &st) == 0 && S_ISREG(st.st_mode));
	must(strcmp(last_of(application), "app.py") == 0 ||
	     strcmp(last_of(application), "b.wsgi") == 0);
	if (url == NULL)
		return;
	must(strcmp(last_of(application), last_of(url)) == 0);
	must(strpbrk(url, "\\:*?\"<>|\n") == NULL && strstr(url, "/../") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct wsgi_error err = {0};
	char *application, *word, *url, *info, *translated;
	int rc;

	if (root[0] == '\0')
		make_site();
	word = a_path(&f, fuzz_byte(&f) % 4 != 0 ? root : "");
	url = a_path(&f, "");
	info = fuzz_byte(&f) % 2 != 0 && url != NULL ? a_path(&f, url) : a_path(&f, "");
	translated = a_path(&f, fuzz_byte(&f) % 4 != 0 ? root : site);
	set("SCRIPT_NAME", url);
	set("PATH_INFO", info);
	set("PATH_TRANSLATED", translated);
	set("SCRIPT_FILENAME", NULL);
	if (word != NULL)
		wsgi_cgi_mapping_is_script(word);
	rc = wsgi_cgi_mapping(root, word, &application, &err);
	if (rc == 0) {
		must(word != NULL ||
		     (url != NULL && info != NULL && strncmp(info, url, strlen(url)) == 0));
		check_served(application, url);
	} else {
		must(application == NULL && err.code == rc && err.text[0] != '\0');
	}
	free(application);
	free(word);
	free(url);
	free(info);
	free(translated);
	return 0;
}
