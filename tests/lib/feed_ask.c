// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the client side of feeds makes of a server, for tests:
 *
 *   feed_ask get URL [ca=FILE] [timeout=S] [most=BYTES] [etag=TAG] [modified=DATE]
 *   feed_ask poll SOURCE [ca=] [timeout=] [version=N] [always=1] [format=FORMAT-NUMBER] [areas=A]
 *                 [tenant=T] [ipv6=0] [etag=] [modified=]
 *
 * Prints NAME=VALUE words, `why` last, for it may have spaces; `grown` is by how many KiB the most
 * memory ever held grew. -o FILE before all: the body goes there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "../../userspace/feed_get.h"
#include "../../userspace/feed_service.h"

static const char *option(char **words, const char *name)
{
	size_t n = strlen(name);

	for (; *words; words++)
		if (!strncmp(*words, name, n) && (*words)[n] == '=')
			return *words + n + 1;
	return NULL;
}

static long number(char **words, const char *name, long otherwise)
{
	const char *text = option(words, name);

	return text ? atol(text) : otherwise;
}

static long most_memory(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

static void keep(const char *path, const char *body, size_t size)
{
	FILE *f = path && body ? fopen(path, "w") : NULL;

	if (f) {
		fwrite(body, 1, size, f);
		fclose(f);
	}
}

static const char *word(const char *text)
{
	return text ? text : "-";
}

static int get(const char *out, const char *url, char **words)
{
	struct feed_request q = {
		.url = url,
		.ca = option(words, "ca"),
		.timeout = (uint32_t)number(words, "timeout", 5),
		.most = (size_t)number(words, "most", 16 << 20),
		.etag = option(words, "etag"),
		.modified = option(words, "modified"),
	};
	struct feed_answer a;
	long before = most_memory();
	int err = feed_get(&q, &a);

	keep(out, a.body, a.size);
	printf("result=%s body=%s size=%zu unchanged=%d wait=%u grown=%ld etag=%s modified=%s why=%s\n",
	       err ? strerrorname_np(-err) : "0", a.body ? "yes" : "no", a.size, a.unchanged,
	       a.wait, most_memory() - before, word(a.etag), word(a.modified), a.why);
	feed_answer_free(&a);
	return err != 0;
}

static int poll(const char *out, char *source, char **words)
{
	struct config_word area = { .text = (char *)option(words, "areas") };
	struct config_feed f = {
		.name = "m365",
		.format = (enum feed_format)number(words, "format", FEED_MICROSOFT365),
		.source = source,
		.timeout = (uint32_t)number(words, "timeout", 5),
		.areas = { &area, area.text != NULL },
		.tenant = (char *)option(words, "tenant"),
		.ipv6 = number(words, "ipv6", 1),
	};
	struct feed_poll q = {
		.feed = &f,
		.request_id = "01234567-89ab-4cde-8f01-23456789abcd",
		.ca = option(words, "ca"),
		.version = option(words, "version"),
		.etag = option(words, "etag"),
		.modified = option(words, "modified"),
		.always = number(words, "always", 0),
	};
	struct feed_fetched fetched;
	int err = feed_poll(&q, &fetched);

	keep(out, fetched.body, fetched.size);
	printf("result=%s unchanged=%d version=%s body=%zu changes=%zu wait=%u etag=%s why=%s\n",
	       err ? strerrorname_np(-err) : "0", fetched.unchanged, word(fetched.version),
	       fetched.size, fetched.changes_size, fetched.wait, word(fetched.etag), fetched.why);
	feed_fetched_free(&fetched);
	return err != 0;
}

int main(int argc, char **argv)
{
	const char *out = NULL;

	if (argc > 2 && !strcmp(argv[1], "-o")) {
		out = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc > 2 && !strcmp(argv[1], "get"))
		return get(out, argv[2], argv + 3);
	if (argc > 2 && !strcmp(argv[1], "poll"))
		return poll(out, argv[2], argv + 3);
	return 2;
}
