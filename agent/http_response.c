#include "http_response.h"

#include <stddef.h>

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

/* RFC 9110 section 5.6.7; the locale is C. */
static bool add_date(struct buf *to, time_t now)
{
	char text[DATE_SIZE] = "";
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return buf_addf(to, "Date: %s\r\n", text);
}

static const char *connection(const struct http_manner *m)
{
	if (!m->keep_alive)
		return "Connection: close\r\n";
	return m->http_1_0 ? "Connection: keep-alive\r\n" : "";
}

bool http_response_write(struct buf *to, const struct http_response *r,
			 const struct http_manner *manner, time_t now)
{
	return buf_addf(to, "HTTP/1.1 %d %s\r\n", r->status,
			http_reason(r->status)) &&
	       add_date(to, now) &&
	       (!r->type || buf_addf(to, "Content-Type: %s\r\n", r->type)) &&
	       buf_addf(to, "Content-Length: %zu\r\n"
			    "Cache-Control: no-store\r\n"
			    "X-Content-Type-Options: nosniff\r\n%s%s\r\n",
			r->len, connection(manner),
			r->fields ? r->fields : "") &&
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
