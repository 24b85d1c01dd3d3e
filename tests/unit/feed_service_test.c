// SPDX-License-Identifier: GPL-2.0-only
/* What of a fetched feed needs no server: which URLs, the request id, unpacking within a limit. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/feed_get.h"
#include "../../userspace/feed_service.h"
#include "../../userspace/feed_sink.h"

static void only_https_and_the_machine_itself_are_accepted(void **state)
{
	static const char *const good[] = {
		"https://endpoints.office.com", "https://feeds.example:8443/a?b=c",
		"HTTPS://feeds.example/",	"https://192.0.2.1/",
		"https://[2001:db8::1]/x",	"http://127.0.0.1:8080/x",
		"http://127.200.3.4/",		"http://[::1]/",
		"http://localhost/x",		"http://LocalHost:81",
	};
	static const char *const bad[][2] = {
		{ "http://feeds.example/", "plain http" },
		{ "http://192.0.2.1/", "plain http" },
		{ "http://128.0.0.1/", "plain http" },
		{ "http://127.0.0.1.example/", "plain http" },
		{ "http://localhost.example/", "plain http" },
		{ "http://[2001:db8::1]/", "plain http" },
		{ "http://127.0.0.1@feeds.example/", "user or password" },
		{ "https://me@feeds.example/", "user or password" },
		{ "https://me:word@feeds.example/", "user or password" },
		{ "ftp://feeds.example/", "https:// is accepted" },
		{ "file:///etc/passwd", "https:// is accepted" },
		{ "httpsx://feeds.example/", "https:// is accepted" },
		{ "https:/feeds.example/", "https:// is accepted" },
		{ "https://", "https://HOST" },
		{ "https://feeds.example/a b", "space" },
		{ "https://feeds.example/\r\nHost: x", "control" },
		{ "https://feeds.ex\xc3\xa4mple/", "non-ASCII" },
		{ "", "https:// is accepted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (feed_url_refused(good[i]))
			fail_msg("%s: %s", good[i], feed_url_refused(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = feed_url_refused(bad[i][0]);

		if (!why || !strstr(why, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], why ? why : "accepted");
	}
}

/* One reader takes them for an address of loopback, another for something else. */
static void addresses_in_odd_forms_are_refused(void **state)
{
	static const char *const odd[] = { "http://2130706433/", "http://0x7f.1/", "http://2130706432.1/",
					   "http://0300.0.2.1/", "http://127.1/", "http://[::ffff:127.0.0.1]/",
					   "https://[::1/", "https://[::1]x/", "https://feeds.example:x/",
					   "https://feeds.example:80:80/", "https://a\\b/", "https://a%40b/",
					   "http://localhost\\@feeds.example/" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (!feed_url_refused(odd[i]))
			fail_msg("%s: accepted", odd[i]);
}

static void root_of_the_service_has_no_query(void **state)
{
	struct config_feed f = { .format = FEED_MICROSOFT365,
				 .source = "https://endpoints.office.com/" };

	(void)state;
	assert_null(feed_source_refused(&f));
	f.source = "https://endpoints.office.com/?a=b";
	assert_non_null(strstr(feed_source_refused(&f), "root"));
	f.source = "https://endpoints.office.com#a";
	assert_non_null(strstr(feed_source_refused(&f), "root"));
	f.source = "http://endpoints.office.com";
	assert_non_null(strstr(feed_source_refused(&f), "plain http"));
}

static void put_file(const char *directory, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, FEED_REQUEST_ID_FILE);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The directory is taken away, with the id and its lock: nothing else may be in there. */
static void forget(const char *directory)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/" FEED_REQUEST_ID_FILE, directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" FEED_REQUEST_ID_FILE ".lock", directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void assert_uuid4(const char *id)
{
	assert_int_equal(strlen(id), 36);
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
	assert_int_equal(id[8], '-');
	assert_int_equal(id[13], '-');
	assert_int_equal(id[14], '4');
	assert_int_equal(id[18], '-');
	assert_non_null(strchr("89ab", id[19]));
	assert_int_equal(id[23], '-');
}

static void request_id_is_made_once_and_mended(void **state)
{
	static const char *const damaged[] = {
		"",
		"\n",
		"00000000-0000-4000-8000-00000000000",
		"00000000-0000-4000-8000-0000000000000",
		"00000000-0000-4000-8000-00000000000g",
		"00000000a0000-4000-8000-000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000",
	};
	char directory[] = "/tmp/feed_service.XXXXXX", path[128], first[FEED_REQUEST_ID],
	     id[FEED_REQUEST_ID];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(feed_request_id(directory, first), 0);
	assert_uuid4(first);
	assert_int_equal(feed_request_id(directory, id), 0);
	assert_string_equal(id, first);
	put_file(directory, "0a1B2c3d-0000-1000-8000-0123456789ab\n");
	assert_int_equal(feed_request_id(directory, id), 0);
	assert_string_equal(id, "0a1B2c3d-0000-1000-8000-0123456789ab");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		put_file(directory, damaged[i]);
		assert_int_equal(feed_request_id(directory, first), 0);
		assert_uuid4(first);
		assert_int_equal(feed_request_id(directory, id), 0);
		assert_string_equal(id, first);
	}
	snprintf(path, sizeof(path), "%s/%s", directory, FEED_REQUEST_ID_FILE);
	assert_int_equal(stat(path, &st), 0);
	forget(directory);
	assert_int_equal(feed_request_id(directory, first), 0); /* made again */
	assert_uuid4(first);
	forget(directory);
	snprintf(path, sizeof(path), "%s/none", directory);
	assert_int_equal(feed_request_id(path, id), -ENOENT);
}

/* Whoever may read the directory cannot keep the machine from its id. */
static void request_id_does_not_wait_for_a_lock_of_the_directory(void **state)
{
	char directory[] = "/tmp/feed_service.XXXXXX", id[FEED_REQUEST_ID], path[128];
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	fd = open(directory, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	alarm(30); /* ends the test that waits */
	assert_int_equal(feed_request_id(directory, id), 0);
	alarm(0);
	close(fd);
	snprintf(path, sizeof(path), "%s/" FEED_REQUEST_ID_FILE ".lock", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	forget(directory);
}

struct answer {
	int err;
	char id[FEED_REQUEST_ID];
};

/* Children that ask when the pipe closes, all at once; each leaves its answer. */
static void ask_together(const char *directory, struct answer *answers, int count)
{
	int gate[2], status;
	char none;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < count; i++) {
		if (fork())
			continue;
		close(gate[1]);
		if (!read(gate[0], &none, 1))
			answers[i].err = feed_request_id(directory, answers[i].id);
		_exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < count; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

/* The gateways of a machine that begins: all fetches go out, and with one id. */
static void request_id_of_those_who_ask_together_is_one(void **state)
{
	enum { COUNT = 8 };
	char directory[] = "/tmp/feed_service.XXXXXX", path[128];
	struct answer *answers = mmap(NULL, COUNT * sizeof(*answers), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(answers != MAP_FAILED);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, FEED_REQUEST_ID_FILE);
	for (int round = 0; round < 50; round++) {
		memset(answers, 0xff, COUNT * sizeof(*answers));
		ask_together(directory, answers, COUNT);
		for (int i = 0; i < COUNT; i++) {
			assert_int_equal(answers[i].err, 0);
			assert_string_equal(answers[i].id, answers[0].id);
		}
		assert_int_equal(unlink(path), 0);
		if (round % 2)
			forget(directory);
	}
	munmap(answers, COUNT * sizeof(*answers));
}

/* gzip of `size` bytes. */
static unsigned char *pack(const void *data, size_t size, size_t *packed)
{
	z_stream z = { 0 };
	unsigned char *out;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	*packed = deflateBound(&z, size);
	out = malloc(*packed);
	assert_non_null(out);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)size;
	z.next_out = out;
	z.avail_out = (uInt)*packed;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*packed = z.total_out;
	deflateEnd(&z);
	return out;
}

/* Puts `data` in pieces; the first error, or that of the end. */
static int unpack(const unsigned char *data, size_t size, size_t piece, size_t most, bool packed,
		  char **body, size_t *got)
{
	struct feed_sink s;
	int err = feed_sink_open(&s, most, packed);

	for (size_t i = 0; i < size && !err; i += piece) {
		err = feed_sink_put(&s, data + i, size - i < piece ? size - i : piece);
		assert_true(s.size <= most + 1 && s.room <= (most + 2 > 65536 ? most + 2 : 65536));
	}
	*body = NULL;
	if (!err)
		err = feed_sink_take(&s, body, got);
	feed_sink_close(&s);
	return err;
}

#define SIZE 300000u

static void body_of_exactly_the_limit_passes_and_one_byte_more_does_not(void **state)
{
	static const size_t pieces[] = { 1, 7, 16384, SIZE * 2 };
	unsigned char *data = malloc(SIZE), *packed;
	size_t n, got;
	char *body;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * i >> 7);
	packed = pack(data, SIZE, &n);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (int p = 0; p < 2; p++) {
			const unsigned char *from = p ? packed : data;
			size_t size = p ? n : SIZE;

			assert_int_equal(unpack(from, size, pieces[i], SIZE, p, &body, &got), 0);
			assert_int_equal(got, SIZE);
			assert_memory_equal(body, data, SIZE);
			assert_int_equal(body[SIZE], 0);
			free(body);
			assert_int_equal(unpack(from, size, pieces[i], SIZE - 1, p, &body, &got),
					 -EFBIG);
		}
	free(packed);
	free(data);
}

/* All input taken and yet output held back: what zlib does where a little says a lot. */
static void zeros_come_out_whole_and_a_bomb_stops_at_the_limit(void **state)
{
	char *zeros = calloc(1, 8 << 20), *body;
	size_t n, got;
	unsigned char *packed = pack(zeros, 8 << 20, &n);

	(void)state;
	assert_true(n < 16384);
	assert_int_equal(unpack(packed, n, n, 8 << 20, true, &body, &got), 0);
	assert_int_equal(got, 8 << 20);
	assert_memory_equal(body, zeros, 8 << 20);
	free(body);
	assert_int_equal(unpack(packed, n, n, 100000, true, &body, &got), -EFBIG);
	free(packed);
	free(zeros);
}

static void gzip_that_is_cut_damaged_or_goes_on_is_refused(void **state)
{
	unsigned char data[1000], more[1100], *packed;
	size_t n, got;
	char *body;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37 >> 3);
	packed = pack(data, sizeof(data), &n);
	assert_true(n + 1 < sizeof(more));
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(unpack(packed, cut, 64, 5000, true, &body, &got), -EPROTO);
	memcpy(more, packed, n);
	more[n] = 0;
	assert_int_equal(unpack(more, n + 1, 64, 5000, true, &body, &got), -EPROTO);
	assert_int_equal(unpack(more, n + 1, n + 1, 5000, true, &body, &got), -EPROTO);
	more[n - 6] ^= 1; /* of its sum */
	assert_int_equal(unpack(more, n, 64, 5000, true, &body, &got), -EPROTO);
	assert_int_equal(unpack(data, sizeof(data), 64, 5000, true, &body, &got), -EPROTO);
	free(packed);
}

static void nothing_is_an_empty_body(void **state)
{
	size_t got = 1;
	char *body;

	(void)state;
	assert_int_equal(unpack(NULL, 0, 1, 5000, false, &body, &got), 0);
	assert_int_equal(got, 0);
	assert_string_equal(body, "");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_https_and_the_machine_itself_are_accepted),
		cmocka_unit_test(addresses_in_odd_forms_are_refused),
		cmocka_unit_test(root_of_the_service_has_no_query),
		cmocka_unit_test(request_id_is_made_once_and_mended),
		cmocka_unit_test(request_id_of_those_who_ask_together_is_one),
		cmocka_unit_test(request_id_does_not_wait_for_a_lock_of_the_directory),
		cmocka_unit_test(body_of_exactly_the_limit_passes_and_one_byte_more_does_not),
		cmocka_unit_test(zeros_come_out_whole_and_a_bomb_stops_at_the_limit),
		cmocka_unit_test(gzip_that_is_cut_damaged_or_goes_on_is_refused),
		cmocka_unit_test(nothing_is_an_empty_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
