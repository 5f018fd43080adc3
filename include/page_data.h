/* page_data.h: the status page, embedded. Rank 0.
 *
 * What it may load and run is told to the browser by hashes of its own script
 * and style, which agent/page/csp.sh takes when it is built. */
#ifndef PITSTOP_PAGE_DATA_H
#define PITSTOP_PAGE_DATA_H

#include "http_response.h"

struct http_response page_response(void);

#endif
