/* exit_event.h: the step's end as an event of the run log. Rank 0, no I/O. */
#ifndef PITSTOP_EXIT_EVENT_H
#define PITSTOP_EXIT_EVENT_H

struct cJSON;
struct exit_report;

/* An exception that nothing caught. */
struct raised {
	char type[128];
	char place[512];     /* FILE:LINE in FUNCTION */
	char message[512];
};

/* What the hook says of it: its parts in that order, with tabs between. */
void raised_parse(struct raised *r, const char *text);

/* The event's fields; those that are not known are left out. `raised` counts
 * where the step failed, and may be empty. NULL when memory is short. */
struct cJSON *exit_event_fields(const struct exit_report *r,
				const struct raised *raised);

#endif
