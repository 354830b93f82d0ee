#include "serve/option_help.h"

#include <stdbool.h>
#include <string.h>

#include "base/path.h"
#include "serve/option_table.h"

enum { WIDTH = 100, LEFT = 32 };

static const char *const headings[] = {
	[WSGI_OPTION_SOCKETS] = "Where it listens",
	[WSGI_OPTION_PROCESSES] = "Processes",
	[WSGI_OPTION_REQUESTS] = "Requests",
	[WSGI_OPTION_APPLICATION] = "The application",
	[WSGI_OPTION_LOGS] = "Logs",
	[WSGI_OPTION_ASKED] = "What it does instead, or where options come from",
};

/* Text from column LEFT on, in as many lines as it takes. at is the column where it is now. */
static void print_text(const char *text, size_t at, FILE *out)
{
	const size_t room = WIDTH - LEFT;

	fprintf(out, "%*s", (int)(LEFT - at), "");
	while (strlen(text) > room) {
		size_t len = room;

		while (len > 0 && text[len] != ' ')
			len--;
		if (len == 0) /* a word of such a length stays whole */
			len = strcspn(text, " ");
		fprintf(out, "%.*s\n%*s", (int)len, text, LEFT, "");
		text += len;
		text += *text == ' ';
	}
	fprintf(out, "%s\n", text);
}

static void print_option(const struct wsgi_option *o, FILE *out)
{
	char left[100];
	size_t len;

	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", o->letter != 0 ? '-' : ' ',
		 o->letter != 0 ? o->letter : ' ', o->letter != 0 ? ',' : ' ', o->name,
		 o->value != NULL ? "=" : "", o->value != NULL ? o->value : "");
	len = strlen(left);
	fputs(left, out);
	if (len + 1 > LEFT) {
		fputc('\n', out);
		len = 0;
	}
	print_text(o->help, len, out);
}

static void print_usage(enum wsgi_gateway gateway, FILE *out)
{
	const char *name = wsgi_gateway_name(gateway);
	const char *script = gateway == WSGI_GATEWAY_IIS ? " [SCRIPT]" : "";

	fprintf(out, "usage: %s [OPTION]... APPLICATION%s\n", name, script);
	if (wsgi_option_find(wsgi_span_of("root"), false, gateway) != NULL)
		fprintf(out, "   or: %s [OPTION]... --root=FOLDER%s\n", name, script);
	fprintf(out,
		"APPLICATION is package.module[:callable], path/app.py[:callable] (or .wsgi),\n"
		"path/app%s[:symbol] for one in C, or demo; the callable is \"application\".\n",
		wsgi_path_library);
}

void wsgi_options_help(enum wsgi_gateway gateway, FILE *out)
{
	const bool grouped = gateway == WSGI_GATEWAY_FCGI; /* the others have few */
	const struct wsgi_option *o;
	const char *heading = NULL;

	print_usage(gateway, out);
	if (!grouped)
		fputc('\n', out);
	for (size_t i = 0; (o = wsgi_option_at(i)) != NULL; i++) {
		if ((o->gateways & gateway) == 0 || o->help == NULL)
			continue;
		if (grouped && heading != headings[o->group]) {
			heading = headings[o->group];
			fprintf(out, "\n%s:\n", heading);
		}
		print_option(o, out);
	}
}
