#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cmd_common.h"
#include "dap_probe.h"
#include "dial.h"
#include "duration.h"
#include "session_list.h"

#define COMMAND "probe"
#define HTTP_SECONDS 2
#define DAP_SECONDS 10   /* a wrong token is told after three */
#define SECONDS_MAX 3600

static const char HELP[] =
"usage: pitstop probe [--live | --ready] [-q] [--timeout TIME] [URL]\n"
"       pitstop probe --dap HOST:PORT [-q] [--timeout TIME]\n"
"                     [--token-file FILE]\n"
"\n"
"Says in one line whether an agent is healthy, for health checks of containers\n"
"and pods. A step that is held or stands at a breakpoint is healthy.\n"
"\n"
"  --live         the agent answers (this is what it asks without an option)\n"
"  --ready        nothing is held any more\n"
"  --timeout TIME how long to wait for the answer, in seconds or like 1m;\n"
"                 default 2, with --dap 10\n"
"  -q, --quiet    say nothing\n"
"\n"
"Without a URL it asks the agents of the same user on this machine or in this\n"
"container, root everybody's. A URL is http://HOST:PORT; without a port it is\n"
"5679's.\n"
"\n"
"With --dap, on the machine of the editor: could a debugger attach from here? It\n"
"greets the adapter at the debug port and leaves; no step is attached to or let\n"
"go. When PITSTOP_TOKEN is set, or --token-file names a file with the token in\n"
"its first line, it also says whether the token is the right one.\n"
"\n"
"Exit status: 0 healthy, 1 not, 2 usage.\n";

struct probe {
	bool ready, quiet;
	const char *dap, *token_file;
	unsigned seconds;  /* 0: the default */
};

static int say(const struct probe *p, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int say(const struct probe *p, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!p->quiet) {
		vprintf(fmt, ap);
		putchar('\n');
		fflush(stdout);
	}
	va_end(ap);
	return status;
}

/* Looking up a name takes as long as it takes. */
static void on_alarm_quiet(int sig)
{
	(void)sig;
	_exit(CMD_FAILED);
}

static void on_alarm(int sig)
{
	static const char TEXT[] = "no answer in time: the name is still being "
				   "looked up\n";
	ssize_t n = write(STDOUT_FILENO, TEXT, sizeof(TEXT) - 1);

	(void)n;
	on_alarm_quiet(sig);
}

static int64_t begin(const struct probe *p)
{
	unsigned seconds = p->seconds ? p->seconds :
			   p->dap ? DAP_SECONDS : HTTP_SECONDS;

	signal(SIGALRM, p->quiet ? on_alarm_quiet : on_alarm);
	alarm(seconds + 1);
	return dial_now() + (int64_t)seconds * 1000;
}

/* health */

static int64_t seconds_left(const struct http_reply *r)
{
	cJSON *json = cJSON_Parse(r->body.data);
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(json,
							  "seconds_left");
	int64_t left = cJSON_IsNumber(n) && n->valuedouble >= 0 &&
		       n->valuedouble <= INT32_MAX ? (int64_t)n->valuedouble
						   : 0;

	cJSON_Delete(json);
	return left;
}

static int judge(const struct probe *p, const struct agent_place *at,
		 const struct http_reply *r)
{
	char status[16], version[32], why[256], left[SESSION_LEFT_SIZE];

	cmd_text(r, "status", status, sizeof(status));
	cmd_text(r, "version", version, sizeof(version));
	if (r->status == 200 && strcmp(status, "pass") == 0 && *version)
		return say(p, 0, p->ready ? "ready: nothing is held; pitstop "
			   "%s, %s" : "healthy: pitstop %s, %s", version,
			   at->text);
	cmd_text(r, "output", why, sizeof(why));
	if (r->status == 503 && *why) {
		session_left_text(seconds_left(r), left);
		return say(p, CMD_FAILED, "not ready: %s, %s left", why, left);
	}
	cmd_text(r, "detail", why, sizeof(why));
	return say(p, CMD_FAILED, "not healthy: %s: %s", at->text,
		   *why ? why : agent_call_error(-EPROTO));
}

static int probe_one(const struct probe *p, const struct agent_place *at,
		     int64_t due)
{
	struct http_reply r;
	int rc = agent_call(at, "GET", p->ready ? "/readyz" : "/livez", NULL,
			    due, &r);

	if (rc < 0)
		return say(p, CMD_FAILED, "not healthy: %s: %s", at->text,
			   agent_call_error(rc));
	rc = judge(p, at, &r);
	http_reply_free(&r);
	return rc;
}

/* All have to be well. */
static int probe_here(const struct probe *p)
{
	struct local_agent all[CMD_AGENTS_MAX];
	struct agent_place at;
	int64_t due = begin(p);
	unsigned others;
	size_t n = local_socket_find(getenv("PITSTOP_SOCKET"), all,
				     CMD_AGENTS_MAX, &others);
	int status = 0;

	if (n == 0)
		return say(p, CMD_FAILED, others ? "not healthy: the agent "
			   "here is another user's" : "not healthy: no agent "
			   "of pitstop runs here");
	for (size_t i = 0; i < n; i++) {
		cmd_local_place(&all[i], &at);
		status |= probe_one(p, &at, due);
	}
	return status;
}

static int probe_url(const struct probe *p, const char *text)
{
	struct agent_place at = { 0 };
	const char *wrong = url_parse(text, &at.url);

	if (wrong)
		return cmd_mistake(COMMAND, "a bad URL: %s", wrong);
	snprintf(at.text, sizeof(at.text), "%s", text);
	return probe_one(p, &at, begin(p));
}

/* the debug port */

static int probe_dap(const struct probe *p)
{
	struct dap_finding f;
	char token[256];
	struct url to;
	const char *wrong = url_parse_host(p->dap, &to);

	if (wrong)
		return cmd_mistake(COMMAND, "--dap wants HOST:PORT, as in the "
				   "launch configuration's \"connect\": %s",
				   wrong);
	if (!cmd_token(COMMAND, p->token_file, token))
		return CMD_USAGE;
	dap_probe(&to, token, begin(p), &f);
	return say(p, f.ok ? 0 : CMD_FAILED, "%s: %s", p->dap, f.text);
}

/* its options */

static const struct option OPTIONS[] = {
	{ "live", no_argument, NULL, 'l' },
	{ "ready", no_argument, NULL, 'r' },
	{ "dap", required_argument, NULL, 'd' },
	{ "timeout", required_argument, NULL, 't' },
	{ "token-file", required_argument, NULL, 'f' },
	CMD_NO_TOKEN,
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int help(void)
{
	fputs(HELP, stdout);
	return 0;
}

static int go(const struct probe *p, int argc, char **argv, bool asked)
{
	struct cmd_words words;

	if (!cmd_words(COMMAND, argc, argv, 0, &words))
		return CMD_USAGE;
	if (p->dap && (words.url || asked))
		return cmd_mistake(COMMAND, "--dap goes with neither a URL nor "
				   "--live or --ready");
	if (p->token_file && !p->dap)
		return cmd_mistake(COMMAND, "--token-file goes with --dap; "
				   "health needs no token");
	if (p->dap)
		return probe_dap(p);
	return words.url ? probe_url(p, words.url) : probe_here(p);
}

int cmd_probe(int argc, char **argv)
{
	struct probe p = { 0 };
	bool live = false;
	int c;

	while ((c = getopt_long(argc, argv, ":qh", OPTIONS, NULL)) != -1) {
		switch (c) {
		case 'l': live = true; break;
		case 'r': p.ready = true; break;
		case 'q': p.quiet = true; break;
		case 'd': p.dap = optarg; break;
		case 'f': p.token_file = optarg; break;
		case 'h': return help();
		case 't':
			if (!duration_parse(optarg, 1, SECONDS_MAX,
					    &p.seconds))
				return cmd_mistake(COMMAND, "--timeout is "
						   "'%.40s', allowed is 1 to "
						   "%d seconds, also as 5s or "
						   "1m", optarg, SECONDS_MAX);
			break;
		default: return cmd_bad_option(COMMAND, argv, c);
		}
	}
	if (live && p.ready)
		return cmd_mistake(COMMAND, "--live or --ready, not both");
	return go(&p, argc, argv, live || p.ready);
}
