// SPDX-License-Identifier: GPL-2.0-only
/* The memory that `limits` asks for, which the kernel takes at once, against what is free. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "doctor.h"
#include "doctor_memory.h"
#include "maps.h"

uint64_t doctor_available(const char *meminfo)
{
	const char *line = strstr(meminfo, "MemAvailable:");
	unsigned long long kib;

	return line && sscanf(line, "MemAvailable: %llu kB", &kib) == 1 ? kib << 10 : UINT64_MAX;
}

static bool number_in(const char *directory, const char *file, uint64_t *out)
{
	char path[512], text[32] = "";
	unsigned long long value;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	in = fopen(path, "re");
	if (!in)
		return false;
	if (!fgets(text, sizeof(text), in))
		text[0] = '\0';
	fclose(in);
	if (sscanf(text, "%llu", &value) != 1) /* "max" */
		return false;
	*out = value;
	return true;
}

/* What the kernel takes back before it refuses: files that were read, mostly. */
static uint64_t reclaimable(const char *directory)
{
	static const char *const words[] = { "active_file", "inactive_file", "slab_reclaimable" };
	char path[512], word[64];
	unsigned long long value;
	uint64_t sum = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/memory.stat", directory);
	in = fopen(path, "re");
	while (in && fscanf(in, "%63s %llu", word, &value) == 2)
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (!strcmp(word, words[i]))
				sum += value;
	if (in)
		fclose(in);
	return sum;
}

/* Bytes that may still be taken in this group. */
static uint64_t room_in(const char *directory)
{
	uint64_t most, used, back = reclaimable(directory);

	if (!number_in(directory, "memory.max", &most) || !number_in(directory, "memory.current", &used))
		return UINT64_MAX;
	used -= back < used ? back : used;
	return most > used ? most - used : 0;
}

/* Every cgroup above bounds what is below it. */
uint64_t doctor_cgroup_room(const char *root, const char *group, char *tightest, size_t size)
{
	uint64_t room = UINT64_MAX, own;
	char path[400];

	snprintf(path, sizeof(path), "%s%s", root, group);
	for (;;) {
		own = room_in(path);
		if (own < room) {
			room = own;
			snprintf(tightest, size, "%s", path);
		}
		if (strlen(path) <= strlen(root) || !strrchr(path, '/'))
			return room;
		*strrchr(path, '/') = '\0';
	}
}

static void against_cgroup(struct doctor *d, uint64_t need)
{
	char line[300] = "", group[256] = "", tightest[400] = "", repair[440];
	FILE *in = fopen("/proc/self/cgroup", "re");
	uint64_t room;

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "0::%255[^\n]", group) == 1)
			break;
	if (in)
		fclose(in);
	room = doctor_cgroup_room("/sys/fs/cgroup", group, tightest, sizeof(tightest));
	snprintf(repair, sizeof(repair), "echo max > %s/memory.max", tightest);
	if (room < need)
		doctor_add(d, "cgroup", "", DOCTOR_WARNING, repair,
			   "limits ask for %" PRIu64 " MiB, and %s leaves %" PRIu64
			   " to who applies from here",
			   need >> 20, tightest, room >> 20);
	else
		doctor_add(d, "cgroup", "", DOCTOR_OK, NULL,
			   "no control group is in the way of the tables");
}

void doctor_memory(struct doctor *d)
{
	char text[4096];
	uint64_t need, available;
	FILE *in;
	size_t got;

	if (d->running) {
		doctor_add(d, "memory", "", DOCTOR_OK, NULL, "the tables have their memory");
		return;
	}
	in = fopen("/proc/meminfo", "re");
	got = in ? fread(text, 1, sizeof(text) - 1, in) : 0;
	if (in)
		fclose(in);
	text[got] = '\0';
	available = doctor_available(text);
	need = maps_memory(d->config);
	if (need > available)
		doctor_add(d, "memory", "", DOCTOR_FATAL, NULL,
			   "limits.flows: %u: its tables take %" PRIu64 " MiB, and %" PRIu64
			   " are available; accepted: at most %" PRIu64,
			   d->config->limits.flows, need >> 20, available >> 20,
			   (uint64_t)((double)d->config->limits.flows *
				      ((double)available / (double)need)));
	else
		doctor_add(d, "memory", "", DOCTOR_OK, NULL,
			   "limits ask for %" PRIu64 " MiB, %" PRIu64 " are available", need >> 20,
			   available >> 20);
	against_cgroup(d, need);
}
