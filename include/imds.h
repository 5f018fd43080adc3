/* imds.h: asks Azure's instance metadata service about this machine. Rank 2.
 *
 * One GET to 169.254.169.254, past every proxy, which is not there outside of
 * Azure: IMDS_MS at the most, nothing is tried again, nothing is logged. For
 * tests PITSTOP_IMDS names another ADDRESS:PORT, or is `off`. */
#ifndef PITSTOP_IMDS_H
#define PITSTOP_IMDS_H

#include <uv.h>

struct imds_answer;

#define IMDS_MS 300

/* Call `done` once, at once or from the loop. Its answer is NULL when there is
 * none, and lasts until it returns. To be called once in a process's life. */
void imds_ask(uv_loop_t *loop,
	      void (*done)(void *ctx, const struct imds_answer *said),
	      void *ctx);

/* Wait no longer: `done` is called now, unless it was. */
void imds_give_up(void);

#endif
