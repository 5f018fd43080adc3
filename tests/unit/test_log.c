/* Lines on standard error, and the budget for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* Standard error is a datagram socket here: one write, one datagram. */
static int reader, real_stderr;

static int redirect(void **state)
{
	int fds[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
		return -1;
	real_stderr = dup(STDERR_FILENO);
	reader = fds[0];
	return dup2(fds[1], STDERR_FILENO) < 0 || close(fds[1]) < 0 ? -1 : 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return close(reader);
}

/* The one write that waits, as a string. */
static void assert_line(const char *want)
{
	char got[2 * PIPE_BUF];
	ssize_t n = recv(reader, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, want);
	assert_int_equal(recv(reader, got, 1, MSG_DONTWAIT), -1);
}

static void a_line_is_one_write(void **state)
{
	(void)state;
	log_warn("port %u is taken", 5678);
	assert_line("pitstop: port 5678 is taken\n");
	log_warn("%s", "");
	assert_line("pitstop: \n");
}

static void controls_are_replaced(void **state)
{
	static const struct {
		const char *text, *want;
	} TABLE[] = {
		{ "a\nb", "pitstop: a?b\n" },
		{ "\x1b[31mred\r", "pitstop: ?[31mred?\n" },
		{ "\x7f\t\x01", "pitstop: ???\n" },
		{ "\xc3\xa9", "pitstop: \xc3\xa9\n" },
		{ "\xc2\x9b" "1m", "pitstop: ??1m\n" },  /* C1's CSI */
		{ "\xc2\xa9 \xc2", "pitstop: \xc2\xa9 \xc2\n" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		log_warn("%s", TABLE[i].text);
		assert_line(TABLE[i].want);
	}
}

static void a_long_line_is_cut(void **state)
{
	char text[3 * PIPE_BUF], want[PIPE_BUF + 1] = "pitstop: ";

	(void)state;
	for (size_t len = PIPE_BUF - 20; len < PIPE_BUF + 20; len++) {
		size_t fits = PIPE_BUF - strlen("pitstop: \n") - 1;
		size_t n = len < fits ? len : fits;

		memset(text, 'x', len);
		text[len] = '\0';
		memset(want + 9, 'x', n);
		if (len > fits)
			memcpy(want + 9 + n - 3, "...", 3);
		strcpy(want + 9 + n, "\n");
		log_warn("%s", text);
		assert_line(want);
	}
}

static void errno_stays(void **state)
{
	(void)state;
	errno = ENOENT;
	log_warn("x");
	assert_int_equal(errno, ENOENT);
	assert_line("pitstop: x\n");
	close(STDERR_FILENO);
	errno = ENOENT;
	log_warn("nobody reads this");
	assert_int_equal(errno, ENOENT);
}

static void the_budget_refills_with_time(void **state)
{
	static const struct {
		int64_t now;
		bool allowed;
		unsigned dropped;
	} TABLE[] = {
		{ 500000, true, 0 },
		{ 500000, true, 0 },
		{ 500001, true, 0 },
		{ 500001, false, 1 },
		{ 500999, false, 2 },
		{ 501000, true, 2 },  /* one second after the first */
		{ 501999, false, 3 },
		{ 503500, true, 3 },  /* two more are due */
		{ 503501, true, 3 },
		{ 503502, false, 4 },
		{ 504000, true, 4 },  /* the half second was not lost */
		{ 900000, true, 4 },  /* not more than the burst */
		{ 900000, true, 4 },
		{ 900000, true, 4 },
		{ 900000, false, 5 },
		{ 900999, false, 6 },
		{ 901000, true, 6 },
	};
	struct log_rate r = { .every_ms = 1000, .burst = 3, .left = 3 };

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		if (log_rate_allow(&r, TABLE[i].now) != TABLE[i].allowed ||
		    r.dropped != TABLE[i].dropped)
			fail_msg("row %zu: %u", i, r.dropped);
}

static void odd_budgets_do_no_harm(void **state)
{
	struct log_rate none = { .every_ms = 1000 };
	struct log_rate frozen = { .burst = 1, .left = 1 };
	struct log_rate fast = { .every_ms = 1, .burst = INT_MAX };

	(void)state;
	assert_false(log_rate_allow(&none, 5000));
	assert_true(log_rate_allow(&frozen, 5000));
	assert_false(log_rate_allow(&frozen, INT64_MAX));
	assert_true(log_rate_allow(&fast, INT64_MAX));
	assert_int_equal(fast.left, INT_MAX - 1);
	assert_true(log_rate_allow(&fast, 0));  /* a clock that went back */
}

int main(void)
{
	const struct CMUnitTest lines[] = {
		cmocka_unit_test(a_line_is_one_write),
		cmocka_unit_test(controls_are_replaced),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(errno_stays),
	};
	const struct CMUnitTest budgets[] = {
		cmocka_unit_test(the_budget_refills_with_time),
		cmocka_unit_test(odd_budgets_do_no_harm),
	};

	return cmocka_run_group_tests(lines, redirect, restore) +
	       cmocka_run_group_tests(budgets, NULL, NULL);
}
