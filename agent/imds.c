#include "imds.h"

#include <stdlib.h>
#include <string.h>

#include "http_reply.h"
#include "imds_answer.h"
#include "url.h"

#define PLACE "169.254.169.254:80"
#define ANSWER_MAX (256 * 1024)  /* bytes; a real one has a few thousand */

static char REQUEST[] =
	"GET /metadata/instance?api-version=2021-02-01 HTTP/1.1\r\n"
	"Host: 169.254.169.254\r\n"
	"Metadata: true\r\n"
	"Connection: close\r\n\r\n";

static struct {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct http_reply reply;
	char data[4096];
	void (*done)(void *ctx, const struct imds_answer *said);
	void *ctx;
} imds;

static void end(const struct imds_answer *said)
{
	void (*done)(void *ctx, const struct imds_answer *said) = imds.done;

	if (!done)
		return;
	imds.done = NULL;
	uv_close((uv_handle_t *)&imds.tcp, NULL);
	uv_close((uv_handle_t *)&imds.timer, NULL);
	http_reply_free(&imds.reply);
	done(imds.ctx, said);
}

void imds_give_up(void)
{
	end(NULL);
}

static void on_late(uv_timer_t *t)
{
	(void)t;
	end(NULL);
}

static void judge(void)
{
	const struct http_reply *r = &imds.reply;
	struct imds_answer said;
	bool ok = r->state == HTTP_REPLY_DONE && r->status == 200 &&
		  imds_answer_parse(r->body.data, &said);

	end(ok ? &said : NULL);
}

static void give_room(uv_handle_t *h, size_t wanted, uv_buf_t *to)
{
	(void)h;
	(void)wanted;
	*to = uv_buf_init(imds.data, sizeof(imds.data));
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *data)
{
	struct http_reply *r = &imds.reply;

	(void)h;
	if (n < 0)
		http_reply_end(r);
	else
		http_reply_feed(r, data->base, (size_t)n);
	if (r->state != HTTP_REPLY_MORE || r->taken > ANSWER_MAX)
		judge();
}

static void on_connected(uv_connect_t *c, int status)
{
	uv_buf_t request = uv_buf_init(REQUEST, sizeof(REQUEST) - 1);

	(void)c;
	if (!imds.done)
		return;
	if (status < 0 ||
	    uv_write(&imds.write, (uv_stream_t *)&imds.tcp, &request, 1,
		     NULL) < 0 ||
	    uv_read_start((uv_stream_t *)&imds.tcp, give_room, on_read) < 0)
		end(NULL);
}

static bool find_place(struct sockaddr_in *to)
{
	const char *place = getenv("PITSTOP_IMDS");
	struct url at;

	return !url_parse_host(place && *place ? place : PLACE, &at) &&
	       uv_ip4_addr(at.host, at.port, to) == 0;
}

void imds_ask(uv_loop_t *loop,
	      void (*done)(void *ctx, const struct imds_answer *said),
	      void *ctx)
{
	struct sockaddr_in at;

	if (!find_place(&at) || uv_tcp_init(loop, &imds.tcp) < 0) {
		done(ctx, NULL);
		return;
	}
	imds.done = done;
	imds.ctx = ctx;
	http_reply_init(&imds.reply);
	uv_timer_init(loop, &imds.timer);
	uv_update_time(loop);
	uv_timer_start(&imds.timer, on_late, IMDS_MS, 0);
	if (uv_tcp_connect(&imds.connect, &imds.tcp,
			   (struct sockaddr *)&at, on_connected) < 0)
		end(NULL);
}
