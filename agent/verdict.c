#include "verdict.h"

enum verdict verdict_of_status(int status)
{
	if (status >= 200 && status < 300)
		return VERDICT_DONE;
	if (status == 401 || status == 403)
		return VERDICT_STOP;
	if (status == 0 || status == 408 || status == 429 || status >= 500)
		return VERDICT_AGAIN;
	return VERDICT_LOST;
}
