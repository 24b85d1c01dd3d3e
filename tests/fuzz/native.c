// SPDX-License-Identifier: GPL-2.0-only
/* The packet path compiled for this machine, see native.h. */
#include "native_helpers.h"

#define __bpf__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wshadow"
#pragma clang diagnostic ignored "-Wsign-compare"
#pragma clang diagnostic ignored "-Wunused-function"
#include "bpf/samepath.bpf.c"
#pragma clang diagnostic pop

#define SAID(map, member) (sizeof(*(map).member) / sizeof(int))
#define MAPS(X) \
	X(flow_tables) X(flows4) X(flows6) X(flow_near4) X(flow_near6) X(flow_far4) X(flow_far6) \
	X(hosts) X(half_open) X(sweep) X(live) X(watch) X(settings) X(version) \
	X(circuits) X(rules) X(links) X(drains) X(sources) X(answers) X(failed) X(probes) \
	X(circuit_counters) X(class_counters) X(names) X(mappings4) X(mappings6) X(locals) \
	X(listeners) X(services) X(server_health) X(service_loads) X(service_counters) X(rates) \
	X(proofs) X(secret) X(fragments4) X(fragments6) X(fragment_ids) X(fragment_waits) \
	X(fragment_holder) X(next_hops) X(events_lost) X(event_budgets) X(verdicts) X(answers_sent) \
	X(stages) X(roles_kept) X(openings4) X(openings6) X(questions) X(wishes4) X(wishes6) X(chunks) \
	X(errors4) X(errors6) X(fragment_jobs4) X(fragment_jobs6) X(fragment_rates) \
	X(fragment_drafts) X(cuts) X(asked)
#define MAPS_OF_MAPS(X) X(segments4) X(segments6) X(classes4) X(classes6) X(owners) X(policy) X(ports)
#define RINGS(X) X(events) X(fragment_notes)

/* Tables whose size the loader says are as the rig of the prog tests has them. */
static unsigned int native_most(const char *name, unsigned int type, unsigned int most)
{
	if (!strcmp(name, "flows4") || !strcmp(name, "flows6"))
		return 256 + 1;
	if (!strcmp(name, "flow_far4") || !strcmp(name, "flow_far6"))
		return flow_far_lines(256);
	return most == 1 && type == BPF_MAP_TYPE_HASH ? 256 : most;
}

static void native_declare(void *map, const char *name, unsigned int type, unsigned int key,
			   unsigned int value, unsigned int most)
{
	*(struct native_map **)map = native_map_make(name, type, key, value, native_most(name, type, most));
	native_declared = native_map_count;
}

static void native_start(void)
{
#define MAP(map)                                                                          \
	native_declare(&map, #map, SAID(map, type), sizeof(*map.key), sizeof(*map.value), \
		       SAID(map, max_entries));
#define MAP_OF_MAPS(map) native_declare(&map, #map, SAID(map, type), 4, 4, SAID(map, max_entries));
#define RING(map) native_declare(&map, #map, SAID(map, type), 0, 0, 0);
	MAPS(MAP)
	MAPS_OF_MAPS(MAP_OF_MAPS)
	RINGS(RING)
}

void native_reset(uint64_t now, uint32_t random)
{
	unsigned int i;

	if (!native_declared)
		native_start();
	for (i = 0; i < native_map_count; i++)
		native_map_empty(native_maps[i]);
	while (native_map_count > native_declared) {
		free(native_maps[--native_map_count]->places);
		free(native_maps[native_map_count]->made);
		free(native_maps[native_map_count]);
	}
	native.now = now;
	native.random = random;
}

void native_clock(uint64_t now)
{
	native.now = now;
}

static void native_verdicts(uint64_t counts[V_MAX])
{
	struct native_map *m = native_of(&verdicts);
	unsigned int i;

	for (i = 0; i < V_MAX; i++)
		counts[i] = m->places[i] ? ((struct tally *)m->places[i])->packets : 0;
}

/* The one verdict that was counted between the two readings. */
static int native_verdict(const uint64_t before[V_MAX])
{
	uint64_t after[V_MAX];
	int i, found = -1, count = 0;

	native_verdicts(after);
	for (i = 0; i < V_MAX; i++) {
		if (after[i] == before[i])
			continue;
		count += after[i] - before[i];
		found = i;
	}
	return count == 1 ? found : -1;
}

static void native_rest(void)
{
	if (native_locks || native.reserved)
		native_broken("a lock or a record was kept");
}

/* The program at the device, and the stages that it goes on in. */
static int native_run(struct xdp_md *ctx)
{
#define STAGE_PROGRAM(name) samepath_##name,
	static int (*const programs[])(struct xdp_md *) = {samepath_xdp, STAGES(STAGE_PROGRAM)};
	volatile int calls = 0;
	int stage = setjmp(native.stage);

	if (stage > STAGE_MAX || calls++ > 8)
		native_broken("a tail call to nowhere");
	return programs[stage](ctx);
}

struct native_outcome native_xdp(unsigned int ifindex, const void *meta, unsigned int meta_size,
				 uint8_t *frame, unsigned int length)
{
	struct xdp_md ctx = {.ingress_ifindex = ifindex};
	struct native_outcome o = {0};
	uint64_t before[V_MAX];

	native_verdicts(before);
	native.redirected = 0;
	frame_in(&ctx, meta, meta_size, frame, length);
	o.action = native_run(&ctx);
	native_rest();
	o.verdict = native_verdict(before);
	o.out = native.redirected;
	o.meta = ctx.data - ctx.data_meta;
	memcpy(o.metadata, (void *)ctx.data_meta, o.meta);
	o.length = ctx.data_end - ctx.data;
	memcpy(frame, (void *)ctx.data, o.length);
	return o;
}

int native_resolve(unsigned int ifindex, const void *meta, unsigned int meta_size, const uint8_t *frame,
		   unsigned int length, native_sent *sent, void *context)
{
	struct __sk_buff skb = {.ifindex = ifindex, .len = length};
	struct xdp_md ctx;
	int action;

	frame_in(&ctx, meta, meta_size, frame, length);
	skb.data = ctx.data;
	skb.data_meta = ctx.data_meta;
	native.sent = sent;
	native.context = context;
	native.redirected = 0;
	action = samepath_resolve(&skb);
	native_rest();
	if (native.redirected)
		sent(context, native.redirected, (void *)skb.data, skb.len);
	return action;
}

int native_guard(unsigned int ifindex, const uint8_t *frame, unsigned int length)
{
	struct __sk_buff skb = {.ifindex = ifindex, .len = length};
	uint64_t before[V_MAX];
	struct xdp_md ctx;

	native_verdicts(before);
	frame_in(&ctx, NULL, 0, frame, length);
	skb.data = skb.data_meta = ctx.data;
	samepath_guard(&skb);
	native_rest();
	return native_verdict(before);
}

/* One sweep over one table; what the kernel's iterator meets it meets whole, or not at all. */
static void native_walk(const char *name, int (*program)(struct bpf_iter__bpf_map_elem *))
{
	struct native_map *m = native_by_fd(native_map(name));
	unsigned int count = native_is_array(m) ? m->most : m->count, i = 0, b;
	uint8_t *keys = malloc(count * 48 + 1);
	struct native_element *e;

	for (; native_is_array(m) && i < count; i++)
		memcpy(keys + 48 * i, &i, sizeof(i));
	for (b = 0; b < NATIVE_BUCKETS; b++)
		for (e = m->bucket[b]; e; e = e->next)
			memcpy(keys + 48 * i++, e->key, m->key);
	for (i = 0; i < count; i++) {
		struct bpf_iter_meta meta = {0};
		struct bpf_iter__bpf_map_elem ctx = {&meta, m, keys + 48 * i,
						     native_find(m, keys + 48 * i)};

		if (ctx.value)
			program(&ctx);
	}
	free(keys);
	native_rest();
}

void native_sweep(void)
{
	native_walk("flows4", expire_flows4);
	native_walk("flows6", expire_flows6);
	native_walk("mappings4", expire_mappings4);
	native_walk("mappings6", expire_mappings6);
	native_walk("flows4", list_flows4);
	native_walk("flows6", list_flows6);
}

bool native_kill(const void *key, int family)
{
	struct flow_kill kill = {.family = family};

	memcpy(&kill.key, key, sizeof(kill.key));
	kill_flow(&kill);
	native_rest();
	return kill.done;
}
