// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watcher of all wires of a gateway at once: counts what must not be, see watch_judge.h.
 *
 *   watch DESCRIPTION SEEN TOLD TABLE
 *
 * DESCRIPTION says which wires, and whose the addresses are (watch_rules.h). It listens at their far ends, in
 * both directions: what a program redirects is not seen at the near ones. SEEN gets "watching" when it does;
 * TOLD a line for each of the first violations. On SIGUSR1, and when SIGTERM ends it, TABLE is written anew.
 * Frames of all wires are judged in the order of their times, and one only when nothing that led to it can
 * still be unread. What a ring could not hold is counted as unwatched, and the next thing found ends the watcher
 * in place of being told. Status 1: something was counted; 2: it could not watch, or not all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "watch_judge.h"

#define FRAME_SIZE 2048u /* of the ring: whole frames of an MTU of 1500 */
#define BLOCK_SIZE (1u << 16)
#define BLOCKS 512u
#define FRAMES (BLOCK_SIZE / FRAME_SIZE * BLOCKS)

struct ring {
	int fd;
	unsigned char *at;
	unsigned int next;
	uint64_t unwatched;
};

static struct ring rings[WIRES_MAX];
static long writers; /* processors */
static const char *table; /* path */
static volatile sig_atomic_t ending, asked;

static void end(int signal_number)
{
	(void)signal_number;
	ending = 1;
}

static void ask(int signal_number)
{
	(void)signal_number;
	asked = 1;
}

static bool space_enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && !setns(fd, CLONE_NEWNET);

	if (fd >= 0)
		close(fd);
	return done;
}

static bool ring_open(struct ring *r, const struct wire *w)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct tpacket_req request = { .tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS,
				       .tp_frame_size = FRAME_SIZE, .tp_frame_nr = FRAMES };
	int version = TPACKET_V2;

	if (!space_enter(w->space))
		return false;
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	address.sll_ifindex = (int)if_nametoindex(w->device);
	if (r->fd < 0 || !address.sll_ifindex ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		return false;
	r->at = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	return r->at != MAP_FAILED && !bind(r->fd, (struct sockaddr *)&address, sizeof(address));
}

/* The frame that is next on a ring, or none. */
static struct tpacket2_hdr *ring_head(const struct ring *r)
{
	struct tpacket2_hdr *head = (void *)(r->at + (size_t)r->next * FRAME_SIZE);

	return __atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER ? head : NULL;
}

static uint64_t time_of(const struct tpacket2_hdr *head)
{
	return head->tp_sec * 1000000000ull + head->tp_nsec;
}

/* Processors write slots at the same time: is one behind the head done, and the head not? */
static bool ring_busy(const struct ring *r)
{
	struct ring ahead = *r;
	long i;

	for (i = 1; i < writers && !ring_head(r); i++) {
		ahead.next = (ahead.next + 1) % FRAMES;
		if (ring_head(&ahead))
			return !ring_head(r);
	}
	return false;
}

/* The wire with the oldest frame among those that can be seen now. */
static int oldest(void)
{
	int i, best = NOBODY;

	for (i = 0; i < wire_count; i++) {
		while (ring_busy(&rings[i]))
			;
		if (ring_head(&rings[i]) &&
		    (best == NOBODY || time_of(ring_head(&rings[i])) < time_of(ring_head(&rings[best]))))
			best = i;
	}
	return best;
}

/*
 * The wire whose frame is to be judged now. Whatever led to a frame could be seen before it could, so one
 * that is the oldest in two looks has nothing unread before it.
 */
static int next_wire(void)
{
	int one = oldest(), other;

	for (; one != NOBODY; one = other) {
		other = oldest();
		if (other == one)
			return one;
	}
	return NOBODY;
}

static void frame_judge(struct ring *r, struct wire *w)
{
	struct tpacket2_hdr *head = ring_head(r);
	const struct sockaddr_ll *from = (void *)((unsigned char *)head + TPACKET_ALIGN(sizeof(*head)));
	const unsigned char *frame = (unsigned char *)head + head->tp_mac;
	bool toward = from->sll_pkttype == PACKET_OUTGOING;

	judge(w, toward, frame, head->tp_snaplen, (uint32_t)(time_of(head) / 1000000));
	__atomic_store_n(&head->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->next = (r->next + 1) % FRAMES;
}

static uint64_t unwatched(struct ring *r)
{
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);

	if (!getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size)) /* and zeroes them */
		r->unwatched += stats.tp_drops;
	return r->unwatched;
}

static void row(FILE *out, const char *word, const char *invariant, const uint64_t *of, const char *text)
{
	uint64_t sum = 0;
	int i;

	fprintf(out, "%-10s %-8s", word, invariant);
	for (i = 0; i < wire_count; i++) {
		fprintf(out, " %10llu", (unsigned long long)of[i]);
		sum += of[i];
	}
	fprintf(out, " %11llu  %s\n", (unsigned long long)sum, text);
}

#define TABLE_ROW(name, word, invariant, text) { word, invariant, text },
static uint64_t table_write(const char *path)
{
	static const struct {
		const char *word, *invariant, *text;
	} rows[] = { COUNTS(TABLE_ROW) };
	uint64_t of[4][WIRES_MAX] = { { 0 } }, sum = 0;
	char whole[256];
	FILE *out;
	int i, count;

	snprintf(whole, sizeof(whole), "%s.new", path);
	out = fopen(whole, "w");
	if (!out)
		return 1;
	fprintf(out, "%-10s %-8s", "what", "design 2");
	for (i = 0; i < wire_count; i++) {
		fprintf(out, " %10s", wires[i].name);
		of[0][i] = wires[i].from;
		of[1][i] = wires[i].toward;
		of[2][i] = wires[i].matched;
		of[3][i] = unwatched(&rings[i]);
	}
	fprintf(out, " %11s\n", "all");
	for (count = 0; count < COUNT_MAX; count++) {
		uint64_t counts[WIRES_MAX];

		for (i = 0; i < wire_count; i++)
			sum += counts[i] = wires[i].counts[count];
		row(out, rows[count].word, rows[count].invariant, counts, rows[count].text);
	}
	row(out, "from", "", of[0], "frames watched that the gateway sent");
	row(out, "known", "", of[2], "of them known again as ones that had come in");
	row(out, "toward", "", of[1], "frames watched that were sent to the gateway");
	row(out, "unwatched", "", of[3], "frames that the watcher was too slow for");
	fclose(out);
	return rename(whole, path) ? 1 : sum;
}

static void lost_none(void)
{
	uint64_t missed = 0;
	int i;

	for (i = 0; i < wire_count; i++)
		missed += unwatched(&rings[i]);
	if (missed) {
		fprintf(stderr, "watch: %llu frames lost to the watcher\n", (unsigned long long)missed);
		table_write(table);
		exit(2);
	}
}

static bool describe(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (!rule_read(line)) {
			fprintf(stderr, "watch: %s: what is '%s'\n", path, line);
			fclose(file);
			return false;
		}
	fclose(file);
	return wire_count;
}

/* To be woken for each frame costs more than to judge it. */
static void rest(void)
{
	static const struct timespec span = { .tv_nsec = 2000000 };

	nanosleep(&span, NULL);
}

static void watch(void)
{
	int i;

	for (;;) {
		i = next_wire();
		if (i != NOBODY) {
			frame_judge(&rings[i], &wires[i]);
		} else if (ending) {
			return;
		} else {
			if (asked) {
				asked = 0;
				table_write(table);
			}
			rest();
		}
	}
}

/*
 * What it misses counts against what it watches. Niceness weighs within a session only, where sessions
 * are scheduled as groups.
 */
static void first_of_all(void)
{
	struct sched_param first = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &first))
		setpriority(PRIO_PROCESS, 0, -20);
}

int main(int argc, char **argv)
{
	FILE *seen;
	int i;

	if (argc != 5 || !describe(argv[1]))
		return 2;
	for (i = 0; i < wire_count; i++)
		if (!ring_open(&rings[i], &wires[i])) {
			fprintf(stderr, "watch: %s: %s\n", wires[i].name, strerror(errno));
			return 2;
		}
	seen = fopen(argv[2], "w");
	told = fopen(argv[3], "w");
	table = argv[4];
	if (!seen || !told)
		return 2;
	writers = sysconf(_SC_NPROCESSORS_ONLN);
	first_of_all();
	signal(SIGTERM, end);
	signal(SIGUSR1, ask);
	signal(SIGINT, SIG_IGN);
	fprintf(seen, "watching\n");
	fflush(seen);
	watch();
	i = table_write(table) ? 1 : 0;
	lost_none();
	return i;
}
