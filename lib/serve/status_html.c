#include "serve/status_html.h"

#include <inttypes.h>
#include <string.h>

#include "serve/status_text.h"
#include "serve/visible.h"

/* What is being written. After a failure nothing more is. */
struct page {
	struct wsgi_buf *out;
	const struct wsgi_status_facts *facts;
	bool in_worker; /* the table has rows already */
	int rc;
};

/* Ours, as it stands. */
static void put(struct page *p, const char *text)
{
	if (p->rc == 0)
		p->rc = wsgi_buf_adds(p->out, text);
}

/* Somebody else's. */
static void show(struct page *p, const char *text)
{
	if (p->rc == 0)
		p->rc = wsgi_visible_html(p->out, wsgi_span_of(text));
}

/* -- numbers, as people read them -------------------------------------------------------------- */

static void put_plain(struct page *p, uint64_t n)
{
	if (p->rc == 0)
		p->rc = wsgi_buf_addf(p->out, "%" PRIu64, n);
}

/* 12 345 678, with narrow blanks at which no line breaks. */
static void put_count(struct page *p, uint64_t n)
{
	if (n >= 1000) {
		put_count(p, n / 1000);
		if (p->rc == 0)
			p->rc = wsgi_buf_addf(p->out, "&#8239;%03u", (unsigned)(n % 1000));
	} else {
		put_plain(p, n);
	}
}

/* "1 worker", "2 workers" */
static void put_things(struct page *p, uint64_t n, const char *one, const char *several)
{
	put_count(p, n);
	put(p, " ");
	put(p, n == 1 ? one : several);
}

/* "3.4 GB": of three digits, less those behind a point when they are none. */
static void put_real(struct page *p, double value, const char *unit)
{
	if (p->rc == 0)
		p->rc = wsgi_buf_addf(p->out, "%.*f&nbsp;%s",
				      value < 9.995   ? 2
				      : value < 99.95 ? 1
						      : 0,
				      value, unit);
}

static void put_bytes(struct page *p, uint64_t bytes)
{
	const double mib = (double)bytes / (1 << 20);

	if (bytes == 0)
		put(p, "–");
	else if (mib < 1024)
		put_real(p, mib, "MiB");
	else
		put_real(p, mib / 1024, "GiB");
}

/* The two largest of its units: "3 d 4 h", "12 s". */
static void put_seconds(struct page *p, uint64_t seconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	put_plain(p, seconds / units[i].seconds);
	put(p, "&nbsp;");
	put(p, units[i].name);
	if (i == 3 || seconds % units[i].seconds < units[i + 1].seconds)
		return;
	put(p, " ");
	put_plain(p, seconds % units[i].seconds / units[i + 1].seconds);
	put(p, "&nbsp;");
	put(p, units[i + 1].name);
}

static void put_duration(struct page *p, uint64_t us)
{
	if (us < 1000)
		put_real(p, (double)us, "µs");
	else if (us < 1000000)
		put_real(p, (double)us / 1000, "ms");
	else if (us < 60000000)
		put_real(p, (double)us / 1000000, "s");
	else
		put_seconds(p, us / 1000000);
}

/* -- style and script -------------------------------------------------------------------------- */

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c1f23;--dim:#5c6570;--edge:#d9dde3;"
	"--panel:#f5f6f8;--red:#b3261e;--amber:#9a5b00;--green:#1d7f3f;--blue:#0b57a4;"
	"--grey:#a9b1bb}"
	"@media(prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e3e6ea;--dim:#98a1ac;"
	"--edge:#30353c;--panel:#1e2125;--red:#ff8b80;--amber:#f0b45c;--green:#5fd08a;"
	"--blue:#8ab8f0;--grey:#5b646e}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:80rem;background:var(--bg);"
	"color:var(--fg);font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}"
	"h1,h2,p,dl,dd{margin:0}"
	"h1{font:600 1.35rem/1.35 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h2{font-size:1rem;margin:2rem 0 .6rem;font-weight:600}"
	".about{color:var(--dim);margin-top:.25rem}"
	".dot{display:inline-block;width:.6rem;height:.6rem;border-radius:50%;"
	"background:var(--grey);margin-right:.45rem}"
	".running .dot{background:var(--green)}.starting .dot{background:var(--blue)}"
	".ending .dot{background:var(--amber)}.idle .dot{background:var(--grey)}"
	".bad .dot{background:var(--red)}"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.6rem;"
	"margin-top:1.2rem}"
	".tiles>div{border:1px solid var(--edge);border-radius:6px;background:var(--panel);"
	"padding:.55rem .75rem;min-width:0}"
	".tiles dt{color:var(--dim);font-size:.85rem}"
	".tiles .n{font-size:1.45rem;font-weight:600;line-height:1.3}"
	".tiles .n small{font-size:.9rem;font-weight:400;color:var(--dim)}"
	".tiles .s{color:var(--dim);font-size:.85rem}"
	".tiles svg{display:block;width:100%;height:4px;margin:.3rem 0;border-radius:2px;"
	"background:var(--edge);fill:var(--green)}"
	".warn{color:var(--amber)}.alarm{color:var(--red)}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.3rem .6rem;white-space:nowrap;vertical-align:baseline}"
	"th{color:var(--dim);font-weight:400;font-size:.85rem;border-bottom:1px solid var(--edge)}"
	".r{text-align:right}"
	"tbody+tbody td{border-top:1px solid var(--edge)}"
	"tbody tr+tr td{border-top:0}"
	".q{width:100%;max-width:0;overflow:hidden;text-overflow:ellipsis;"
	"font:13px/1.5 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}"
	".q b{font-weight:600}.last{color:var(--dim)}.last b{font-weight:400}"
	".none{color:var(--dim);padding:.6rem 0}"
	"footer{color:var(--dim);margin-top:2rem;font-size:.85rem;overflow-wrap:anywhere}"
	"footer p+p{margin-top:.3rem}"
	"a{color:var(--blue)}"
	"@media(max-width:44rem){body{padding:1rem .7rem 2rem}"
	".tiles{grid-template-columns:repeat(2,minmax(0,1fr))}"
	"thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
	"table,tbody{display:block}"
	"tr{display:flex;flex-wrap:wrap;column-gap:.9rem;align-items:baseline}"
	"tbody{padding:.4rem 0}tbody+tbody{border-top:1px solid var(--edge)}"
	"td,tbody+tbody td{padding:0;border:0}td.r{text-align:left}"
	".q{order:1;flex:0 0 100%;max-width:none;min-width:0}"
	"td[data-name]{order:2;color:var(--dim);font-size:.85rem}"
	"td[data-name]:not(:empty)::before{content:attr(data-name) ' '}"
	"td:empty{display:none}"
	".t{margin-left:auto}}";

/*
 * The page asks for itself and takes over what has changed, so that only one program makes it. Not
 * while it is out of sight, nor while somebody has marked a text in it.
 */
static const char script[] =
	"(function(){'use strict';"
	"var id=document.getElementById.bind(document),then=Date.now(),busy=false;"
	"function say(text,bad){var live=id('live');live.textContent=text;"
	"live.className=bad?'alarm':''}"
	"function time(){return new Date().toLocaleTimeString()}"
	"function count(main){return Number(main.dataset.requests)}"
	/* Only this part: the policy of this page lets no style of another one in. */
	"function take(page){var from=page.indexOf('<main'),"
	"d=new DOMParser().parseFromString(page.slice(from<0?page.length:from,"
	"page.indexOf('</main>')),'text/html'),"
	"now=Date.now(),main=d.getElementById('main'),old=id('main');"
	"if(!main)throw new Error('it is another page');"
	"var n=count(main)-count(old),s=(now-then)/1000;"
	"if(n>=0&&s>0)main.querySelector('#rate').textContent="
	"(n/s).toFixed(n/s<10?1:0)+' a second now';"
	"then=now;old.replaceWith(document.importNode(main,true));document.title=main.dataset."
	"title;"
	"say('live, as of '+time(),false)}"
	"function ask(){if(busy||document.hidden||!getSelection().isCollapsed)return;busy=true;"
	"fetch(location.href,{cache:'no-store'}).then(function(r){"
	"if(!r.ok)throw new Error('status '+r.status);return r.text()}).then(take)"
	".catch(function(e){say('no answer at '+time()+': '+e.message,true)})"
	".then(function(){busy=false})}"
	"say('live',false);setInterval(ask,2000)})();";

/* -- the pool ---------------------------------------------------------------------------------- */

static void put_health(struct page *p)
{
	const char *why = "serving";
	bool good = wsgi_status_facts_healthy(p->facts, &why);

	put(p, good ? "<span class=\"running\">" : "<span class=\"bad\">");
	put(p, "<span class=\"dot\"></span>");
	put(p, why);
	put(p, "</span>");
}

static void put_about(struct page *p)
{
	char since[WSGI_WHEN_SIZE];

	put(p, "<p class=\"about\">");
	put_health(p);
	put(p, " · ");
	show(p, p->facts->process_manager);
	put(p, " · up ");
	put_seconds(p, p->facts->start_since);
	put(p, ", since ");
	wsgi_status_time_text(since, p->facts->start_time / 1000);
	show(p, since);
	put(p, " · generation ");
	put_plain(p, p->facts->generation);
	put(p, "</p>\n");
}

static void open_tile(struct page *p, const char *name)
{
	put(p, "<div><dt>");
	put(p, name);
	put(p, "</dt><dd class=\"n\">");
}

/* What stands below the number. */
static void open_detail(struct page *p)
{
	put(p, "</dd><dd class=\"s\">");
}

static void close_tile(struct page *p)
{
	put(p, "</dd></div>\n");
}

static void put_bar(struct page *p, uint64_t part, uint64_t whole)
{
	if (p->rc == 0 && whole > 0)
		p->rc = wsgi_buf_addf(p->out,
				      "<svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
				      "aria-hidden=\"true\"><rect width=\"%u\" height=\"4\"/>"
				      "</svg>",
				      (unsigned)(part < whole ? part * 100 / whole : 100));
}

static void put_workers(struct page *p)
{
	const struct wsgi_status_facts *f = p->facts;

	open_tile(p, "Workers busy");
	put_count(p, f->active);
	put(p, " <small>of ");
	put_count(p, f->total);
	put(p, "</small>");
	put(p, "</dd><dd class=\"s\">");
	put_bar(p, f->active, f->total);
	put(p, "at most ");
	put_count(p, f->max_active);
	put(p, " so far");
	if (f->starting > 0) {
		put(p, ", ");
		put_count(p, f->starting);
		put(p, " starting");
	}
	if (f->retiring > 0) {
		put(p, ", ");
		put_count(p, f->retiring);
		put(p, " ending");
	}
	if (f->max_children_reached > 0) {
		put(p, "; <span class=\"warn\">more were wanted ");
		put_things(p, f->max_children_reached, "time", "times");
		put(p, "</span>");
	}
	close_tile(p);
}

static void put_requests(struct page *p)
{
	const struct wsgi_status_facts *f = p->facts;

	open_tile(p, "Requests served");
	put_count(p, f->accepted_conn);
	open_detail(p);
	put(p, "<span id=\"rate\">");
	if (p->rc == 0)
		p->rc = wsgi_buf_addf(p->out, "%.1f",
				      f->start_since > 0
					      ? (double)f->accepted_conn / (double)f->start_since
					      : 0.0);
	put(p, " a second on average</span>");
	close_tile(p);
}

static void put_connections(struct page *p)
{
	const struct wsgi_status_facts *f = p->facts;

	open_tile(p, "Connections");
	put_count(p, f->connections);
	open_detail(p);
	put_count(p, f->accepted_connections);
	put(p, " accepted");
	close_tile(p);
	open_tile(p, "Listen queue");
	put(p, f->listen_queue > 0 ? "<span class=\"warn\">" : "<span>");
	put_count(p, f->listen_queue);
	put(p, "</span>");
	open_detail(p);
	put(p, "at most ");
	put_count(p, f->max_listen_queue);
	put(p, " so far");
	if (f->listen_queue_len > 0) {
		put(p, ", room for ");
		put_count(p, f->listen_queue_len);
	}
	close_tile(p);
}

static void put_memory(struct page *p)
{
	const struct wsgi_status_facts *f = p->facts;
	const uint64_t workers = f->serving + f->retiring;

	open_tile(p, "Memory");
	put_bytes(p, f->memory_bytes);
	open_detail(p);
	put_bytes(p, workers > 0 ? f->memory_bytes / workers : 0);
	put(p, " a worker");
	close_tile(p);
}

/* A number that should be 0. */
static void put_alarm(struct page *p, uint64_t n, const char *class, const char *one,
		      const char *several)
{
	put(p, "<span class=\"");
	put(p, n > 0 ? class : "");
	put(p, "\">");
	put_things(p, n, one, several);
	put(p, "</span>");
}

static void put_trouble(struct page *p)
{
	const struct wsgi_status_facts *f = p->facts;

	open_tile(p, "Trouble");
	put_alarm(p, f->crashes, "alarm", "crash", "crashes");
	open_detail(p);
	put_alarm(p, f->timeouts, "alarm", "timeout", "timeouts");
	put(p, ", ");
	put_alarm(p, f->slow_requests, "warn", "slow request", "slow requests");
	put(p, ", ");
	put_things(p, f->reloads, "reload", "reloads");
	close_tile(p);
}

/* -- the workers ------------------------------------------------------------------------------- */

static const char *class_of(const struct wsgi_status_row *row)
{
	if (row->running)
		return "running";
	if (row->stage == WSGI_BOARD_STARTING)
		return "starting";
	return row->stage == WSGI_BOARD_RETIRING ? "ending" : "idle";
}

static void put_state(struct page *p, const struct wsgi_status_row *row)
{
	put(p, "<tr class=\"");
	put(p, class_of(row));
	put(p, "\"><td><span class=\"dot\"></span>");
	show(p, row->state);
	/* What it has is the last thing that it does. */
	if (row->running && row->stage == WSGI_BOARD_RETIRING)
		put(p, ", ending");
	put(p, "</td>");
}

static void put_request(struct page *p, const struct wsgi_status_row *row)
{
	const struct wsgi_board_words *w = &row->words;
	const bool none = w->began_at == 0;

	put(p, row->running ? "<td class=\"q\" title=\"" : "<td class=\"q last\" title=\"");
	if (!none) {
		show(p, w->method);
		put(p, " ");
		show(p, w->uri);
		put(p, "\nscript ");
		show(p, w->script);
		put(p, "\nuser ");
		show(p, w->user);
		put(p, "\n");
		put_plain(p, row->content_length);
		put(p, " bytes");
	}
	put(p, "\">");
	if (!none) {
		put(p, "<b>");
		show(p, w->method);
		put(p, "</b> ");
		show(p, w->uri);
	}
	put(p, "</td>");
	put(p, row->running && row->duration_us >= 10000000  ? "<td class=\"r t alarm\">"
	       : row->running && row->duration_us >= 1000000 ? "<td class=\"r t warn\">"
							     : "<td class=\"r t\">");
	if (!none)
		put_duration(p, row->duration_us);
	put(p, "</td>");
}

/* Of the whole worker: once, in its first row. */
static void put_worker(struct page *p, const struct wsgi_status_row *row)
{
	if (!row->first) {
		put(p, "<td></td><td></td><td></td><td></td></tr>\n");
		return;
	}
	put(p, "<td class=\"r\" data-name=\"memory\">");
	put_bytes(p, row->memory_bytes);
	put(p, "</td><td class=\"r\" data-name=\"connections\">");
	put_count(p, row->connections);
	put(p, "</td><td class=\"r\" data-name=\"generation\">");
	put_plain(p, row->generation);
	put(p, "</td><td class=\"r\" data-name=\"up\">");
	put_seconds(p, row->start_since);
	put(p, "</td></tr>\n");
}

static void put_row(struct page *p, const struct wsgi_status_row *row)
{
	if (row->first && p->in_worker)
		put(p, "</tbody><tbody>\n");
	p->in_worker = true;
	put_state(p, row);
	put(p, "<td class=\"r\" data-name=\"pid\">");
	if (row->first)
		put_plain(p, row->pid);
	put(p, "</td>");
	if (p->facts->threads > 1) {
		put(p, "<td class=\"r\" data-name=\"thread\">");
		put_plain(p, row->thread);
		put(p, "</td>");
	}
	put_request(p, row);
	put(p, "<td class=\"r\" data-name=\"requests\">");
	put_count(p, row->requests);
	put(p, "</td>");
	put_worker(p, row);
}

static void put_table(struct page *p)
{
	struct wsgi_status_row row = {0};

	put(p, "<h2>Workers</h2>\n");
	if (p->facts->serving + p->facts->starting + p->facts->retiring == 0) {
		put(p, "<p class=\"none\">There is none at the moment.</p>\n");
		return;
	}
	put(p, "<table>\n<thead><tr><th scope=\"col\">State</th><th scope=\"col\" class=\"r\">PID"
	       "</th>");
	if (p->facts->threads > 1)
		put(p, "<th scope=\"col\" class=\"r\">Thread</th>");
	put(p, "<th scope=\"col\">Request, or the last one</th><th scope=\"col\" class=\"r\">Time"
	       "</th><th scope=\"col\" class=\"r\">Requests</th>"
	       "<th scope=\"col\" class=\"r\">Memory</th>"
	       "<th scope=\"col\" class=\"r\">Connections</th>"
	       "<th scope=\"col\" class=\"r\">Generation</th>"
	       "<th scope=\"col\" class=\"r\">Up</th></tr></thead>\n<tbody>\n");
	while (p->rc == 0 && wsgi_status_row_next(p->facts, &row))
		put_row(p, &row);
	put(p, "</tbody>\n</table>\n");
}

/* -- the page ---------------------------------------------------------------------------------- */

static void put_title(struct page *p)
{
	put_plain(p, p->facts->active);
	put(p, " of ");
	put_plain(p, p->facts->total);
	put(p, " busy: ");
	show(p, p->facts->pool);
}

static void put_head(struct page *p, const char *nonce)
{
	put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	       "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<title>");
	put_title(p);
	put(p, "</title>\n<style nonce=\"");
	put(p, nonce);
	put(p, "\">");
	put(p, style);
	put(p, "</style>\n</head>\n");
}

static void put_main(struct page *p)
{
	put(p, "<main id=\"main\" data-requests=\"");
	put_plain(p, p->facts->accepted_conn);
	put(p, "\" data-title=\"");
	put_title(p);
	put(p, "\">\n<header>\n<h1>");
	show(p, p->facts->pool);
	put(p, "</h1>\n");
	put_about(p);
	put(p, "</header>\n<dl class=\"tiles\">\n");
	put_workers(p);
	put_requests(p);
	put_connections(p);
	put_memory(p);
	put_trouble(p);
	put(p, "</dl>\n");
	put_table(p);
	put(p, "</main>\n");
}

static void put_footer(struct page *p, const char *nonce)
{
	put(p, "<footer><p id=\"live\"></p><p>The same for programs: <a href=\"?full\">text</a>, "
	       "<a href=\"?json&amp;full\">JSON</a>, <a href=\"?xml&amp;full\">XML</a>, "
	       "<a href=\"?openmetrics&amp;full\">OpenMetrics</a>. wsgi-fcgi " WSGI_VERSION
	       ", see wsgi-status(7)</p></footer>\n<script nonce=\"");
	put(p, nonce);
	put(p, "\">");
	put(p, script);
	put(p, "</script>\n");
}

int wsgi_status_html(struct wsgi_buf *out, const struct wsgi_status_facts *f, const char *nonce)
{
	struct page p = {.out = out, .facts = f};

	put_head(&p, nonce);
	put(&p, "<body>\n");
	put_main(&p);
	put_footer(&p, nonce);
	put(&p, "</body>\n</html>\n");
	return p.rc;
}
