/* verdict.h: what a server's answer means for an event. Rank 0, no I/O. */
#ifndef PITSTOP_VERDICT_H
#define PITSTOP_VERDICT_H

enum verdict {
	VERDICT_DONE,   /* it has arrived */
	VERDICT_AGAIN,  /* later */
	VERDICT_LOST,   /* never will it be taken */
	VERDICT_STOP,   /* nobody of ours has a right to be there: 401, 403 */
};

/* By the status of HTTP alone; 0: there was no answer. */
enum verdict verdict_of_status(int status);

#endif
