/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libcurl, loaded by the process that fetches and by no other: with the thirty libraries that it brings it
 * would be a third of what the daemon holds in memory, and every command would wait for them. The names
 * are libcurl's own; feed_curl_load comes before the first.
 */
#ifndef SAMEPATH_USERSPACE_FEED_CURL_H
#define SAMEPATH_USERSPACE_FEED_CURL_H

#define CURL_DISABLE_TYPECHECK /* it would take the names before we do */
#include <curl/curl.h>

#define CURL_FUNCTIONS(X) \
	X(easy_cleanup) X(easy_escape) X(easy_getinfo) X(easy_header) X(easy_init) X(easy_perform) \
	X(easy_setopt) X(easy_strerror) X(free) X(global_init) X(slist_append) X(slist_free_all)

#define CURL_POINTER(name) __typeof__(&curl_##name) name;
struct feed_curl {
	CURL_FUNCTIONS(CURL_POINTER)
};
#undef CURL_POINTER
extern struct feed_curl feed_curl;

/* Once for all; NULL, or why it cannot be had, a text that stays. */
const char *feed_curl_load(void);

#ifndef FEED_CURL_ITSELF
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define curl_easy_cleanup feed_curl.easy_cleanup
#define curl_easy_escape feed_curl.easy_escape
#define curl_easy_getinfo feed_curl.easy_getinfo
#define curl_easy_header feed_curl.easy_header
#define curl_easy_init feed_curl.easy_init
#define curl_easy_perform feed_curl.easy_perform
#define curl_easy_setopt feed_curl.easy_setopt
#define curl_easy_strerror feed_curl.easy_strerror
#define curl_free feed_curl.free
#define curl_slist_append feed_curl.slist_append
#define curl_slist_free_all feed_curl.slist_free_all
#endif

#endif
