#ifndef WSGI_BASE_WINDOWS_SYSEXITS_H
#define WSGI_BASE_WINDOWS_SYSEXITS_H

/* The exit statuses of sysexits.h (4.3BSD) that the gateways end with. */
#define EX_OK 0
#define EX_USAGE 64
#define EX_NOINPUT 66
#define EX_UNAVAILABLE 69
#define EX_SOFTWARE 70
#define EX_OSERR 71
#define EX_IOERR 74
#define EX_NOPERM 77
#define EX_CONFIG 78

#endif
