/* preflight_look.h: the facts of preflight.h that are found in the file system
 * and in /proc. Rank 1. Takes milliseconds, on a dead network disk for ever:
 * not for a thread that has something else to do. */
#ifndef PITSTOP_PREFLIGHT_LOOK_H
#define PITSTOP_PREFLIGHT_LOOK_H

struct preflight;

/* Fills in who has the port that was wanted, whether the outputs are there, and
 * the pins with what is installed. */
void preflight_look(struct preflight *p);

#endif
