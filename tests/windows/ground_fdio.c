/*
 * ground_fdio - descriptors on Windows: each check is a line, "ok NAME" or "FAIL NAME: what was
 * seen, what was wanted". The first word is a folder for its files.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <windows.h>

#include "base/fdio.h"

enum { BIG = 16 << 20, LIMIT_MS = 20000 };
#define FAR_AWAY INT64_C(5368709120) /* 5 GB */

static void check(const char *name, int64_t seen, int64_t wanted)
{
	if (seen == wanted)
		printf("ok %s\n", name);
	else
		printf("FAIL %s: %" PRId64 ", %" PRId64 "\n", name, seen, wanted);
	fflush(stdout);
}

static char *file_in(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s\\%s", folder, name) >= 0 ? path : NULL;
}

static void close_other(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* A pipe of the C library, in binary. */
static void make_pipe(int fds[2])
{
	if (_pipe(fds, 65536, _O_BINARY | _O_NOINHERIT) != 0)
		abort();
}

static int64_t handles(void)
{
	DWORD n = 0;

	return GetProcessHandleCount(GetCurrentProcess(), &n) ? (int64_t)n : -1;
}

/* -- reads and writes -------------------------------------------------------------------------- */

static HANDLE handle(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

static void reads_of_a_pipe(void)
{
	char text[16] = "";
	int fds[2];
	DWORD n;

	make_pipe(fds);
	check("a read of nothing does not wait", wsgi_fd_read(fds[0], text, 0), 0);
	WriteFile(handle(fds[1]), "", 0, &n, NULL);
	WriteFile(handle(fds[1]), "abc", 3, &n, NULL);
	check("a write of nothing is no end", wsgi_fd_read(fds[0], text, sizeof(text)), 3);
	check("what is there is read", memcmp(text, "abc", 3), 0);
	check("all is written", wsgi_fd_write(fds[1], "defgh", 5), 0);
	check("a read takes as much as it has room for", wsgi_fd_read(fds[0], text, 2), 2);
	check("and then the rest", wsgi_fd_read(fds[0], text, sizeof(text)), 3);
	check("nothing to write is written", wsgi_fd_write(fds[1], NULL, 0), 0);
	wsgi_fd_write(fds[1], "z", 1);
	close_other(&fds[1]);
	check("what was written before a close is read", wsgi_fd_read(fds[0], text, 9), 1);
	check("then comes the end", wsgi_fd_read(fds[0], text, 9), 0);
	check("and again", wsgi_fd_read(fds[0], text, 9), 0);
	close(fds[0]);
}

static void pipes_without_another_end(void)
{
	int fds[2];
	struct iovec iov[2] = {{"ab", 2}, {"cd", 2}};

	make_pipe(fds);
	check("pieces are written", wsgi_fd_writev(fds[1], iov, 2), 0);
	close_other(&fds[0]);
	check("a write to nobody is a broken pipe", wsgi_fd_write(fds[1], "x", 1), -EPIPE);
	check("and pieces", wsgi_fd_writev(fds[1], iov, 2), -EPIPE);
	check("and again", wsgi_fd_write(fds[1], "x", 1), -EPIPE);
	close(fds[1]);
	check("a closed descriptor is not written", wsgi_fd_write(fds[1], "x", 1), -EBADF);
	check("nor read", wsgi_fd_read(fds[1], iov, 1), -EBADF);
	check("nor one that never was", wsgi_fd_write(-1, "x", 1), -EBADF);
}

/* Messages that are longer than what a read has room for. */
static void messages(void)
{
	HANDLE to = CreateNamedPipeW(L"\\\\.\\pipe\\wsgi-ground", PIPE_ACCESS_OUTBOUND,
				     PIPE_TYPE_MESSAGE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
	HANDLE from = CreateFileW(L"\\\\.\\pipe\\wsgi-ground", GENERIC_READ | FILE_WRITE_ATTRIBUTES,
				  0, NULL, OPEN_EXISTING, 0, NULL);
	DWORD n, mode = PIPE_READMODE_MESSAGE;
	char text[16];
	int fd = _open_osfhandle((intptr_t)from, _O_BINARY);

	check("a pipe of messages is made", SetNamedPipeHandleState(from, &mode, NULL, NULL), 1);
	WriteFile(to, "", 0, &n, NULL); /* wine has it in no other pipe */
	WriteFile(to, "0123456789", 10, &n, NULL);
	check("a part of a message is read, not an empty one", wsgi_fd_read(fd, text, 4), 4);
	check("and its rest", wsgi_fd_read(fd, text, sizeof(text)), 6);
	CloseHandle(to);
	check("and its end", wsgi_fd_read(fd, text, sizeof(text)), 0);
	close(fd);
}

static DWORD WINAPI write_much(void *arg)
{
	char *data = malloc(BIG);
	int *fd = arg, rc;

	for (size_t i = 0; i < BIG; i++)
		data[i] = (char)(i * 31 >> 3);
	rc = wsgi_fd_write(*fd, data, BIG);
	close(*fd);
	free(data);
	return (DWORD)-rc;
}

static void much_through_a_pipe(void)
{
	char *block = malloc(100000);
	DWORD status = 99;
	int fds[2], wrong = 0;
	size_t sum = 0;
	HANDLE thread;
	ssize_t n;

	make_pipe(fds);
	thread = CreateThread(NULL, 0, write_much, &fds[1], 0, NULL);
	while ((n = wsgi_fd_read(fds[0], block, 100000)) > 0)
		for (ssize_t i = 0; i < n; i++, sum++)
			wrong += block[i] != (char)(sum * 31 >> 3);
	WaitForSingleObject(thread, LIMIT_MS);
	GetExitCodeThread(thread, &status);
	CloseHandle(thread);
	close(fds[0]);
	free(block);
	check("16 MB arrive", (int64_t)sum, BIG);
	check("as they were", wrong, 0);
	check("and the writer knows", status, 0);
}

/* -- files ------------------------------------------------------------------------------------- */

/* Text at 5 GB, of a file that is empty before. */
static int far_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	DWORD n;

	DeviceIoControl(handle(fd), FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &n, NULL);
	if (lseek(fd, FAR_AWAY, SEEK_SET) != FAR_AWAY ||
	    wsgi_fd_write(fd, "far\r\naway\x1a!", 11) != 0)
		abort();
	lseek(fd, 7, SEEK_SET);
	return fd;
}

static void offsets_beyond_4_gb(const char *folder)
{
	char *path = file_in(folder, "far"), text[16] = "";
	int fd = far_file(path), fds[2];
	off_t offset = FAR_AWAY + 3;
	uint64_t left = 5;
	struct stat st;

	check("a far place is read", pread(fd, text, 3, FAR_AWAY), 3);
	check("of its own", memcmp(text, "far", 3), 0);
	check("a read at a place does not move the file's", lseek(fd, 0, SEEK_CUR), 7);
	check("behind the end is nothing", pread(fd, text, 3, FAR_AWAY + 11), 0);
	check("a short rest is read", pread(fd, text, 9, FAR_AWAY + 9), 2);
	check("the size is told", fstat(fd, &st) == 0 ? st.st_size : -1, FAR_AWAY + 11);
	check("no place is before the first", pread(fd, text, 3, -1) == -1 ? errno : 0, EINVAL);
	make_pipe(fds);
	check("a far part is sent", wsgi_fd_sendfile(fds[1], fd, &offset, &left), 0);
	check("all of it", (int64_t)left, 0);
	check("and the place moves", offset, FAR_AWAY + 8);
	check("what arrives", wsgi_fd_read(fds[0], text, sizeof(text)), 5);
	check("is that part", memcmp(text, "\r\nawa", 5), 0);
	left = UINT64_MAX;
	check("the rest is sent", wsgi_fd_sendfile(fds[1], fd, &offset, &left), 0);
	check("which is", wsgi_fd_read(fds[0], text, sizeof(text)), 3);
	check("this", memcmp(text, "y\x1a!", 3), 0);
	check("a pipe has no places", pread(fds[0], text, 1, 0) == -1 ? errno : 0, ESPIPE);
	close(fds[0]);
	left = UINT64_MAX, offset = FAR_AWAY;
	check("nobody reads it", wsgi_fd_sendfile(fds[1], fd, &offset, &left), -EPIPE);
	close(fds[1]);
	close(fd);
	check("a closed file has none", pread(fd, text, 1, 0) == -1 ? errno : 0, EBADF);
	DeleteFileA(path);
	free(path);
}

static void files_are_opened(const char *folder)
{
	char *path = file_in(folder, "file"), text[16];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	DWORD flags = 9;

	check("a file is made", wsgi_fd_write(fd, "a\n\x1az", 4), 0);
	check("no child inherits it", GetHandleInformation(handle(fd), &flags) ? flags : 9, 0);
	close(fd);
	check("once", open(path, O_WRONLY | O_CREAT | O_EXCL, 0600) < 0 ? errno : 0, EEXIST);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	check("it is added to", wsgi_fd_write(fd, "b\r\n", 3), 0);
	check("without a child", GetHandleInformation(handle(fd), &flags) ? flags : 9, 0);
	close(fd);
	fd = open(path, O_RDONLY);
	check("all is there, byte by byte", wsgi_fd_read(fd, text, sizeof(text)), 7);
	check("as written",
	      memcmp(text,
		     "a\n\x1az"
		     "b\r\n",
		     7),
	      0);
	check("the end is 0", wsgi_fd_read(fd, text, sizeof(text)), 0);
	check("a reader does not write", wsgi_fd_write(fd, "x", 1), -EACCES);
	close(fd);
	check("a folder is not opened", open(folder, O_RDONLY) < 0 ? errno : 0, EACCES);
	check("nor added to", open(folder, O_WRONLY | O_APPEND | O_CREAT, 0600) < 0 ? errno : 0,
	      EACCES);
	DeleteFileA(path);
	check("nothing is added to none", open(path, O_WRONLY | O_APPEND) < 0 ? errno : 0, ENOENT);
	check("nor read", open(path, O_RDONLY) < 0 ? errno : 0, ENOENT);
	free(path);
}

/* -- copies ------------------------------------------------------------------------------------ */

static void copies(void)
{
	DWORD flags = 9;
	int fds[2], copy, saved;
	char text[4];

	make_pipe(fds);
	copy = wsgi_fd_keep(fds[1]);
	check("a copy is above the standard descriptors", copy > 2, true);
	check("no child inherits it", GetHandleInformation(handle(copy), &flags) ? flags : 9, 0);
	close_other(&fds[1]);
	check("it stays when the other goes", wsgi_fd_write(copy, "x", 1), 0);
	check("and is the same", wsgi_fd_read(fds[0], text, sizeof(text)), 1);
	check("its text goes as it is", write(copy, "a\nb", 3), 3);
	check("byte by byte", wsgi_fd_read(fds[0], text, sizeof(text)), 3);
	close(copy);
	check("its end is the end", wsgi_fd_read(fds[0], text, sizeof(text)), 0);
	saved = wsgi_fd_keep(0);
	close(0);
	copy = wsgi_fd_keep(fds[0]);
	check("also where one of those is free", copy > 2, true);
	check("nothing is a copy of nothing", wsgi_fd_keep(0), -EBADF);
	dup2(saved, 0);
	close(saved);
	close(copy);
	close(fds[0]);
}

int main(int argc, char **argv)
{
	int64_t before;

	if (argc != 2)
		return 98;
	reads_of_a_pipe();
	before = handles();
	reads_of_a_pipe();
	pipes_without_another_end();
	messages();
	much_through_a_pipe();
	offsets_beyond_4_gb(argv[1]);
	files_are_opened(argv[1]);
	copies();
	check("no handle is left", handles(), before);
	return 0;
}
