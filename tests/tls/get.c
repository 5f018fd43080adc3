/* get URL [CA-FILE]: one HTTPS request with the libraries of the binary, on
 * standard output what came, as exit status curl's error code. */
#include <stdio.h>

#include <curl/curl.h>

int main(int argc, char **argv)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc;
	CURL *curl;

	if (argc < 2 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return 255;
	curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	if (argc > 2)
		curl_easy_setopt(curl, CURLOPT_CAINFO, argv[2]);
	rc = curl_easy_perform(curl);
	if (rc != CURLE_OK)
		fprintf(stderr, "%s\n", why);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return (int)rc;
}
