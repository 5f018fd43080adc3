#include "redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "redact_shape.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789_.-"
#define SPACE " \t\r\n"
#define OPENING "[{("
#define CLOSING "]})"

/* names */

/* These make a name a secret's wherever they stand in it, whatever joins them:
 * DB_PASSWORD_1, clientsecret, AZURE_STORAGE_CONNECTION_STRING ... */
static const char *const INSIDE[] = {
	"password", "passwd", "passphrase", "secret", "credential",
	"connectionstring", "connstr", "accountkey", "accesskey", "apikey",
	"privatekey", "sharedkey", "authkey", "accesstoken", "authtoken",
	"sharedaccesssignature",
};

/* ... and these as its last word: api-key, refreshToken, SAS. */
static const char *const LAST[] = {
	"key", "token", "sas", "pwd", "pass", "sig", "signature", "jwt",
	"auth", "authorization", "cookie", "pat",
};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* A name in small letters, without what joins its words. */
struct plain_name {
	char text[128];
	size_t len;
	size_t last;   /* where its last word begins */
};

static bool begins_word(const char *name, size_t i)
{
	unsigned char c = (unsigned char)name[i];

	return i == 0 || !isalnum((unsigned char)name[i - 1]) ||
	       (isupper(c) && islower((unsigned char)name[i - 1]));
}

/* A number at the end is no word. Of a very long name its end counts. */
static void make_plain(struct plain_name *p, const char *name, size_t len)
{
	p->len = p->last = 0;
	while (len > 0 && !isalpha((unsigned char)name[len - 1]))
		len--;
	for (size_t i = len < sizeof(p->text) ? 0 : len - sizeof(p->text) + 1;
	     i < len; i++) {
		if (!isalnum((unsigned char)name[i]))
			continue;
		if (begins_word(name, i))
			p->last = p->len;
		p->text[p->len++] = (char)tolower((unsigned char)name[i]);
	}
	p->text[p->len] = '\0';
}

static bool has_secret_inside(const char *name, size_t len,
			      struct plain_name *p)
{
	make_plain(p, name, len);
	for (size_t i = 0; i < LENGTH(INSIDE); i++)
		if (strstr(p->text, INSIDE[i]))
			return true;
	return false;
}

static bool is_secret(const char *name, size_t len)
{
	struct plain_name p;

	if (has_secret_inside(name, len, &p))
		return true;
	for (size_t i = 0; i < LENGTH(LAST); i++)
		if (strcmp(p.text + p.last, LAST[i]) == 0)
			return true;
	return false;
}

bool redact_is_secret_name(const char *name)
{
	return is_secret(name, strlen(name));
}

/* what a name in a text gives away */

/* A quotation mark with the backslashes before it: text inside of text has one
 * more each time. */
static size_t quotation_mark(const char *text)
{
	size_t n = strspn(text, "\\");

	return text[n] == '"' || text[n] == '\'' ? n + 1 : 0;
}

/* The length of what stands between this mark and the next one like it. */
static size_t quoted(const char *text, const char *mark, size_t mark_len)
{
	char quote = mark[mark_len - 1];
	size_t i = 0, slashes = 0;

	for (; text[i]; i++) {
		if (text[i] == quote && slashes == mark_len - 1)
			return i - slashes;
		slashes = text[i] == '\\' ? slashes + 1 : 0;
	}
	return i;
}

/* The length of the list, the object or the tuple at `text`, which may hold
 * others and texts. */
static size_t list_length(const char *text)
{
	size_t i, depth = 0;

	for (i = 0; text[i]; i++) {
		/* not the one in "don't" */
		size_t mark = i > 0 && isalnum((unsigned char)text[i - 1])
			? 0 : quotation_mark(text + i);

		if (mark) {
			i += mark;
			i += quoted(text + i, text + i - mark, mark);
			if (!text[i])
				break;
			i += mark - 1;
		} else if (strchr(OPENING, text[i])) {
			depth++;
		} else if (strchr(CLOSING, text[i]) && --depth == 0) {
			return i + 1;
		} else if (text[i] == '\\') {
			i += strspn(text + i, "\\") - 1;
		}
	}
	return i;
}

/* One that just begins like a list, such as a password, goes on behind it. */
static size_t listed(const char *text)
{
	size_t len = list_length(text);

	return strchr(CLOSING SPACE ",;\\\"'", text[len])
		? len : len + strcspn(text + len, SPACE);
}

/* The value at `text`: in quotation marks, which may have Python's letters
 * before them, a list or the like, or up to the next space. A header's value
 * is a whole line. */
static void find_value(const char *text, bool line, struct redact_span *found)
{
	size_t letters = strspn(text, "BFRUbfru");
	size_t mark = quotation_mark(text + letters);

	found->begin = mark ? letters + mark : 0;
	if (mark)
		found->end = found->begin + quoted(text + found->begin,
						   text + letters, mark);
	else if (*text && strchr(OPENING, *text) && !line)
		found->end = listed(text);
	else
		found->end = strcspn(text, line ? "\r\n" : SPACE);
}

/* The length of %3D at `text`, a = in a URL that is part of another; it may
 * have been made so more than once: %253D. */
static size_t escaped_sign(const char *text)
{
	size_t len = *text == '%';

	while (len && strncmp(text + len, "25", 2) == 0)
		len += 2;
	return len && strncasecmp(text + len, "3D", 2) == 0 ? len + 2 : 0;
}

/* Behind a name, `text`: = or : (or ==, =>, :=) and a value, or, behind a flag,
 * a space and a value. False: it is just a word. */
static bool follows_value(const char *text, bool flag, bool header,
			  struct redact_span *found)
{
	size_t mark = quotation_mark(text);
	size_t at = mark, spaces = strspn(text + at, SPACE);
	size_t sign = escaped_sign(text);

	if (sign) {
		at = sign;
	} else if (strchr("=:", text[at + spaces]) && text[at + spaces]) {
		at += spaces + strspn(text + at + spaces, "=:>");
		at += strspn(text + at, " \t");
	} else if (flag && !mark && spaces && text[spaces] != '-') {
		at = spaces;
	} else {
		return false;
	}
	find_value(text + at, header, found);
	found->begin += at;
	found->end += at;
	return found->end > found->begin;
}

/* The length of a mark, `sign`, and one more mark at `text`, with spaces or not;
 * 0: they are not there. */
static size_t marks_around(const char *text, char sign)
{
	size_t at = quotation_mark(text), mark;

	if (!at)
		return 0;
	at += strspn(text + at, SPACE);
	if (text[at] != sign)
		return 0;
	at += 1 + strspn(text + at + 1, SPACE);
	mark = quotation_mark(text + at);
	return mark ? at + mark : 0;
}

/* Behind `name`, `text`: {"name": "DB_PASSWORD", "value": "x"} */
static bool names_other(const char *text, struct redact_span *found)
{
	size_t at = marks_around(text, ':'), len, next;

	len = strspn(text + at, NAME_LETTERS);
	if (!at || !is_secret(text + at, len))
		return false;
	at += len;
	next = marks_around(text + at, ',');
	if (!next || strncasecmp(text + at + next, "value", 5) != 0)
		return false;
	at += next + 5;
	if (!follows_value(text + at, false, false, found))
		return false;
	found->begin += at;
	found->end += at;
	return true;
}

/* <password>x</password>; a <key> or a <token> may be anything. */
static bool is_element(const char *name, size_t len, struct redact_span *found)
{
	size_t value = name[len] == '>' ? strcspn(name + len + 1, "<") : 0;
	const char *end = name + len + 1 + value;
	struct plain_name p;

	*found = (struct redact_span){ 1, 1 + value };
	return value && strncmp(end, "</", 2) == 0 &&
	       strncmp(end + 2, name, len) == 0 && end[2 + len] == '>' &&
	       has_secret_inside(name, len, &p);
}

/* What a name has before it that is none of it: the digits of %26, where a URL
 * is part of another; or of %2526, where this one is, too. */
static size_t escape_length(const char *name)
{
	size_t len = 0;

	while (strncmp(name + len, "25", 2) == 0)
		len += 2;
	return isxdigit((unsigned char)name[len]) &&
	       isxdigit((unsigned char)name[len + 1]) ? len + 2 : len;
}

static bool ends_with(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncasecmp(name + len - n, end, n) == 0;
}

static bool tells_secret(const char *name, size_t len, bool escaped,
			 struct redact_span *found)
{
	size_t skip = escaped ? escape_length(name) : 0;
	bool header;

	if (!is_secret(name, len) &&
	    !(skip && is_secret(name + skip, len - skip)))
		return false;
	header = ends_with(name, len, "authorization") ||
		 ends_with(name, len, "cookie");
	return follows_value(name + len, *name == '-', header, found);
}

/* A name that begins at text[at]. */
static bool named(const char *text, size_t at, struct redact_span *found)
{
	const char *name = text + at;
	size_t len = strspn(name, NAME_LETTERS);
	char before = at > 0 ? name[-1] : '\0';

	if (!tells_secret(name, len, before == '%', found) &&
	    !(before == '<' && is_element(name, len, found)) &&
	    !(len == 4 && strncasecmp(name, "name", len) == 0 &&
	      names_other(name + len, found)))
		return false;
	found->begin += at + len;
	found->end += at + len;
	return true;
}

static bool begins_name(const char *text, size_t at)
{
	return text[at] && strchr(NAME_LETTERS, text[at]) &&
	       (at == 0 || !strchr(NAME_LETTERS, text[at - 1]));
}

/* texts */

bool redact_text(struct buf *to, const char *text)
{
	struct redact_span s;
	size_t copied = 0, seen = 0;

	for (size_t at = 0; text[at]; at++) {
		if (!(begins_name(text, at) && named(text, at, &s)) &&
		    !redact_shape(text, at, &seen, &s))
			continue;
		if (!buf_add(to, text + copied, s.begin - copied) ||
		    !buf_add(to, REDACTED, strlen(REDACTED)))
			return false;
		copied = s.end;
		at = s.end - 1;
	}
	return buf_add(to, text + copied, strlen(text + copied));
}

/* JSON */

static bool replace(cJSON *json, const char *text)
{
	if (cJSON_IsString(json))
		return cJSON_SetValuestring(json, text);
	/* A number or a list: what it was has to go. */
	cJSON_Delete(json->child);
	json->child = NULL;
	json->type = (json->type & cJSON_StringIsConst) | cJSON_String;
	json->valuestring = cJSON_malloc(strlen(text) + 1);
	if (json->valuestring)
		memcpy(json->valuestring, text, strlen(text) + 1);
	return json->valuestring;
}

static bool redact_string(cJSON *json)
{
	struct buf b = { 0 };
	bool done = redact_text(&b, json->valuestring) && buf_add(&b, "", 1);

	done = done && (strcmp(b.data, json->valuestring) == 0 ||
			replace(json, b.data));
	buf_free(&b);
	return done;
}

/* A word of a command line: NAME=VALUE is all value behind the =, spaces or
 * not. False as its `done`: it is not such a one. */
static bool redact_assignment(cJSON *word, bool *done)
{
	const char *text = word->valuestring;
	size_t name = strspn(text, NAME_LETTERS);
	struct buf b = { 0 };

	if (text[name] != '=' || !is_secret(text, name))
		return false;
	*done = buf_add(&b, text, name + 1) &&
		buf_add(&b, REDACTED, sizeof(REDACTED)) &&
		replace(word, b.data);
	buf_free(&b);
	return true;
}

static bool is_secret_flag(const cJSON *word)
{
	const char *text = word->valuestring;

	return cJSON_IsString(word) && *text == '-' && !strpbrk(text, "= ") &&
	       redact_is_secret_name(text);
}

static bool redact_list(cJSON *list)
{
	bool value = false, done = true;
	cJSON *word;

	cJSON_ArrayForEach(word, list) {
		bool secret = value && cJSON_IsString(word) &&
			      strncmp(word->valuestring, "--", 2) != 0;

		value = is_secret_flag(word);
		if (secret)
			done = replace(word, REDACTED);
		else if (!cJSON_IsString(word) ||
			 !redact_assignment(word, &done))
			done = redact_json(word);
		if (!done)
			return false;
	}
	return true;
}

static bool redact_members(cJSON *object)
{
	cJSON *m;

	cJSON_ArrayForEach(m, object) {
		bool secret = m->string && redact_is_secret_name(m->string) &&
			      !cJSON_IsNull(m) && !cJSON_IsBool(m);

		if (!(secret ? replace(m, REDACTED) : redact_json(m)))
			return false;
	}
	return true;
}

bool redact_json(cJSON *json)
{
	if (cJSON_IsString(json))
		return redact_string(json);
	if (cJSON_IsArray(json))
		return redact_list(json);
	if (cJSON_IsObject(json))
		return redact_members(json);
	return true;
}
