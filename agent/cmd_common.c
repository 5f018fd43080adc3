#include "cmd_common.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "dial.h"
#include "log.h"
#include "printable.h"
#include "session_list.h"

#define ASK_MS 5000  /* for an agent to answer */
#define NAME_MS 500  /* for one of several to say what it runs */

#define TOKEN_HINT "set the variable PITSTOP_TOKEN, or give --token-file FILE"

/* help */

static const char HELP_ASKING[] =
"  --token-file FILE the token is the first line of FILE\n"
"\n"
"Without a URL it asks the agent of the same user on this machine or in this\n"
"container, which needs no token; root everybody's. An agent elsewhere is named\n"
"by its URL, like http://10.3.0.5:5679, and wants the token of the launch\n"
"configuration: in the variable PITSTOP_TOKEN, or in a file.\n"
"\n"
"Exit status: 0, 1 when it did not succeed, 2 usage.\n";

int cmd_help_asking(const char *first)
{
	return fputs(first, stdout) < 0 || fputs(HELP_ASKING, stdout) < 0 ||
	       fflush(stdout) < 0;
}

/* words */

int cmd_mistake(const char *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable(text, strlen(text));
	fprintf(stderr, "pitstop %s: %s; 'pitstop %s --help' explains\n",
		command, text, command);
	return CMD_USAGE;
}

/* What stands behind "=" may be a secret. */
int cmd_bad_option(const char *command, char **argv, int found)
{
	const char *word = argv[optind - 1];
	int len = (int)strcspn(word, "=");

	if (len == 7 && strncmp(word, "--token", 7) == 0)
		return cmd_mistake(command, "--token is no option, since "
				   "others can see command lines: "
				   TOKEN_HINT);
	if (found == ':')
		return cmd_mistake(command, "%.*s wants a value", len, word);
	if (strncmp(word, "--", 2) != 0 && optopt)
		return cmd_mistake(command, "there is no option -%c", optopt);
	return cmd_mistake(command, "there is no option %.*s, or not with a "
			   "value", len, word);
}

bool cmd_words(const char *command, int argc, char **argv, int max,
	       struct cmd_words *to)
{
	*to = (struct cmd_words){ 0 };
	for (; optind < argc; optind++) {
		const char *word = argv[optind];

		if (strstr(word, "://") && !to->url) {
			to->url = word;
		} else if (to->count < max) {
			to->word[to->count++] = word;
		} else {
			cmd_mistake(command, max ? "there are too many words"
				    : "a URL like http://10.3.0.5:5679 is all "
				      "that it takes");
			return false;
		}
	}
	return true;
}

/* the token */

static bool read_token(const char *command, const char *file,
		       char to[static 256])
{
	FILE *from = fopen(file, "re");
	char line[512] = "";

	if (!from || (!fgets(line, sizeof(line), from) && ferror(from))) {
		cmd_mistake(command, "--token-file %.200s: %s", file,
			    strerror(errno));
		if (from)
			fclose(from);
		return false;
	}
	fclose(from);
	line[strcspn(line, "\r\n")] = '\0';
	strlcpy(to, line, 256);
	return true;
}

/* It goes into a header field. */
static bool is_usable(const char *token)
{
	for (; *token; token++)
		if (iscntrl((unsigned char)*token))
			return false;
	return true;
}

bool cmd_token(const char *command, const char *file, char to[static 256])
{
	const char *text = getenv("PITSTOP_TOKEN");

	*to = '\0';
	if (file && !read_token(command, file, to))
		return false;
	if (!file && text && strcmp(text, "none") != 0)
		strlcpy(to, text, 256);
	if (is_usable(to))
		return true;
	cmd_mistake(command, "the token in %s has a control "
		    "character in it", file ? "that file" : "PITSTOP_TOKEN");
	return false;
}

/* the place */

void cmd_local_place(const struct local_agent *a, struct agent_place *to)
{
	*to = (struct agent_place){ 0 };
	strlcpy(to->socket, a->name, sizeof(to->socket));
	snprintf(to->text, sizeof(to->text), "the agent here (pid %d)",
		 (int)a->pid);
}

static int none_here(const char *command, unsigned others)
{
	if (others)
		log_warn("%s: the agent here is another user's: be that user "
			 "or root, or give its URL and token", command);
	else
		log_warn("%s: no agent of pitstop runs here; give its URL, "
			 "like http://10.3.0.5:5679, when it runs elsewhere",
			 command);
	return CMD_FAILED;
}

/* "train.py (rank 3), ", of its first process; "" when that is not known. */
static void first_of(const struct local_agent *a, char *to, size_t size)
{
	struct agent_place at;
	struct http_reply r;
	struct session_list l;

	*to = '\0';
	cmd_local_place(a, &at);
	if (agent_call(&at, "GET", "/v1/sessions", NULL, dial_now() + NAME_MS,
		       &r) < 0)
		return;
	if (session_list_parse(r.body.data, &l)) {
		if (l.len && l.at[0].rank >= 0)
			snprintf(to, size, "%s (rank %d), ", l.at[0].name,
				 l.at[0].rank);
		else if (l.len)
			snprintf(to, size, "%s, ", l.at[0].name);
		session_list_free(&l);
	}
	http_reply_free(&r);
}

static int several_here(const char *command, const struct local_agent *all,
			size_t n)
{
	char step[192];

	log_warn("%s: %zu agents run here; say which by its URL:", command, n);
	for (size_t i = 0; i < n; i++) {
		first_of(&all[i], step, sizeof(step));
		if (all[i].port)
			log_warn("  http://127.0.0.1:%u  %sits agent is pid %d",
				 all[i].port, step, (int)all[i].pid);
		else
			log_warn("  %sits agent is pid %d and has no HTTP "
				 "port: ask from inside the step", step,
				 (int)all[i].pid);
	}
	return CMD_FAILED;
}

static int find_here(const char *command, struct agent_place *to)
{
	struct local_agent all[CMD_AGENTS_MAX];
	unsigned others;
	size_t n = local_socket_find(getenv("PITSTOP_SOCKET"), all,
				     CMD_AGENTS_MAX, &others);

	if (n == 0)
		return none_here(command, others);
	if (n > 1)
		return several_here(command, all, n);
	cmd_local_place(&all[0], to);
	return 0;
}

static bool is_loopback(const char *host)
{
	return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

/* An agent of ours on this machine asks for no token. */
static bool is_here(const struct url *u, struct agent_place *to)
{
	struct local_agent all[CMD_AGENTS_MAX];
	unsigned others;
	size_t n = 0;

	if (is_loopback(u->host))
		n = local_socket_find(NULL, all, CMD_AGENTS_MAX, &others);
	for (size_t i = 0; i < n; i++) {
		if (all[i].port != u->port)
			continue;
		cmd_local_place(&all[i], to);
		return true;
	}
	return false;
}

int cmd_place(const char *command, const char *url, const char *token_file,
	      struct agent_place *to)
{
	const char *wrong;

	*to = (struct agent_place){ 0 };
	if (!cmd_token(command, token_file, to->token))
		return CMD_USAGE;
	if (!url)
		return find_here(command, to);
	wrong = url_parse(url, &to->url);
	if (wrong)
		return cmd_mistake(command, "a bad URL: %s", wrong);
	if (!is_here(&to->url, to))
		strlcpy(to->text, url, sizeof(to->text));
	return 0;
}

/* asking */

void cmd_text(const struct http_reply *r, const char *member, char *to,
	      size_t size)
{
	cJSON *json = cJSON_Parse(r->body.data);
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, member));

	strlcpy(to, text ? text : "", size);
	printable(to, strlen(to));
	cJSON_Delete(json);
}

static void tell_refusal(const char *command, const struct agent_place *at,
			 const struct http_reply *r)
{
	char why[256];

	cmd_text(r, "detail", why, sizeof(why));
	if (r->status == 401)
		log_warn("%s: %s: %s; " TOKEN_HINT, command, at->text,
			 *at->token ? "the token is wrong"
				    : "it wants its token");
	else if (*why)
		log_warn("%s: %s: %s", command, at->text, why);
	else
		log_warn("%s: %s: %s", command, at->text,
			 agent_call_error(-EPROTO));
}

int cmd_ask(const char *command, const struct agent_place *at,
	    const char *method, const char *path, const char *content,
	    struct http_reply *r)
{
	int rc = agent_call(at, method, path, content, dial_now() + ASK_MS, r);

	if (rc < 0) {
		log_warn("%s: %s: %s", command, at->text,
			 agent_call_error(rc));
		return CMD_FAILED;
	}
	if (r->status / 100 == 2)
		return 0;
	tell_refusal(command, at, r);
	http_reply_free(r);
	return CMD_FAILED;
}
