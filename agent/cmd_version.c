#include "cmd.h"

#include <stdio.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <llhttp.h>
#include <pitstop_deps/libbsd.h>
#include <uv.h>

/* A Debian source version; llhttp and libbsd have no call that tells one. */
#define LIBBSD_VERSION PITSTOP_LIBBSD_SOURCE

/* The first line is for scripts, the rest for bug reports. */
int cmd_version(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "pitstop version: takes no argument, not '%s'\n",
			argv[1]);
		return 2;
	}
	printf("pitstop %s\n", PITSTOP_VERSION);
	printf("libuv %s\n", uv_version_string());
	printf("%s\n", curl_version());
	printf("cJSON %s\n", cJSON_Version());
	printf("llhttp %d.%d.%d\n", LLHTTP_VERSION_MAJOR,
	       LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
	printf("libbsd %s\n", LIBBSD_VERSION);
	return fflush(stdout) == 0 ? 0 : 1;
}
