/* scrape.h: the metrics that are looked up when they are asked for. Rank 3. */
#ifndef PITSTOP_SCRAPE_H
#define PITSTOP_SCRAPE_H

struct sessions;

void scrape_sessions(struct sessions *all);
void scrape_process(void);

#endif
