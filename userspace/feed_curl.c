// SPDX-License-Identifier: GPL-2.0-only
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#define FEED_CURL_ITSELF
#include "feed_curl.h"

#define LIBRARY "libcurl.so.4" /* its interface since 2006 */

struct feed_curl feed_curl;
static char failure[256];

static bool find(void *library, const char *name, void *out)
{
	*(void **)out = dlsym(library, name); /* POSIX lets a function be had so */
	return *(void **)out != NULL;
}

static void load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool whole = library != NULL;

#define CURL_FIND(name) whole = whole && find(library, "curl_" #name, &feed_curl.name);
	CURL_FUNCTIONS(CURL_FIND)
#undef CURL_FIND
	if (!whole)
		snprintf(failure, sizeof(failure), LIBRARY ": cannot be loaded: %.200s", dlerror());
	else if (feed_curl.global_init(CURL_GLOBAL_DEFAULT))
		snprintf(failure, sizeof(failure), LIBRARY ": does not start");
}

const char *feed_curl_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return failure[0] ? failure : NULL;
}
