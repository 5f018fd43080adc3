#include "http_response.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"

#define DATE_SIZE sizeof("Sun, 06 Nov 1994 08:49:37 GMT")

static const struct {
	int status;
	const char *reason;
} REASONS[] = {
	{ 200, "OK" },
	{ 202, "Accepted" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++)
		if (REASONS[i].status == status)
			return REASONS[i].reason;
	return "Unknown";
}

/* RFC 9110 section 5.6.7; the locale is C. Written once a second. */
static const char *date(time_t now)
{
	static char text[DATE_SIZE];
	static time_t of = -1;
	struct tm tm;

	if (now != of) {
		gmtime_r(&now, &tm);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		of = now;
	}
	return text;
}

static const char *connection(const struct http_manner *m)
{
	if (!m->keep_alive)
		return "Connection: close\r\n";
	return m->http_1_0 ? "Connection: keep-alive\r\n" : "";
}

static bool add(struct buf *to, const char *text)
{
	return buf_add(to, text, strlen(text));
}

static bool add_number(struct buf *to, size_t n)
{
	char digits[20], *end = digits + sizeof(digits), *p = end;

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	return buf_add(to, p, (size_t)(end - p));
}

/* Most of it is as it is: this is not the place for a format. */
static bool add_head(struct buf *to, const struct http_response *r,
		     const struct http_manner *manner, time_t now)
{
	return add(to, "HTTP/1.1 ") && add_number(to, (size_t)r->status) &&
	       add(to, " ") && add(to, http_reason(r->status)) &&
	       add(to, "\r\nDate: ") && add(to, date(now)) &&
	       (!r->type || (add(to, "\r\nContent-Type: ") &&
			     add(to, r->type))) &&
	       add(to, "\r\nContent-Length: ") && add_number(to, r->len) &&
	       add(to, "\r\nCache-Control: no-store\r\n"
		       "X-Content-Type-Options: nosniff\r\n") &&
	       add(to, connection(manner)) &&
	       add(to, r->fields ? r->fields : "") && add(to, "\r\n");
}

bool http_response_write(struct buf *to, const struct http_response *r,
			 const struct http_manner *manner, time_t now)
{
	return add_head(to, r, manner, now) &&
	       (manner->head_only || buf_add(to, r->content, r->len));
}

bool http_problem_write(struct buf *to, int status, const char *detail)
{
	cJSON *json = cJSON_CreateObject();
	char *text = NULL;
	bool ok = false;

	if (cJSON_AddStringToObject(json, "type", "about:blank") &&
	    cJSON_AddStringToObject(json, "title", http_reason(status)) &&
	    cJSON_AddNumberToObject(json, "status", status) &&
	    cJSON_AddStringToObject(json, "detail", detail))
		text = cJSON_PrintUnformatted(json);
	if (text)
		ok = buf_addf(to, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(json);
	return ok;
}
