/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes through the gateway on paper, and what it left in the tables. Part of rig.c. */

static void verdicts_read(uint64_t counts[V_MAX])
{
	static struct tally tallies[V_MAX * 64];
	uint32_t keys[V_MAX], last, count = V_MAX;
	int i, cpu;

	assert_true(rig.cpus <= 64);
	if (bpf_map_lookup_batch(map_of("verdicts"), NULL, &last, keys, tallies, &count, NULL) && errno != ENOENT)
		fail_msg("map verdicts: %s", strerror(errno));
	assert_int_equal(count, V_MAX);
	memset(counts, 0, V_MAX * sizeof(*counts));
	for (i = 0; i < V_MAX; i++)
		for (cpu = 0; cpu < rig.cpus; cpu++)
			counts[keys[i]] += tallies[i * rig.cpus + cpu].packets;
}

/* The one verdict that was counted between the two readings, -1: none or several. */
static int verdict_between(const uint64_t before[V_MAX], const uint64_t after[V_MAX])
{
	int i, found = -1, count = 0;

	for (i = 0; i < V_MAX; i++) {
		if (after[i] == before[i])
			continue;
		count += after[i] - before[i];
		found = i;
	}
	return count == 1 ? found : -1;
}

int program_of(const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(rig.object, name));
}

struct outcome run(enum device in, const struct frame *frame)
{
	return run_behind(in, NULL, 0, frame);
}

struct outcome run_behind(enum device in, const void *metadata, unsigned int size,
			  const struct frame *frame)
{
	struct xdp_md before = {.data = size, .data_end = size + frame->length,
				.ingress_ifindex = rig.ifindex[in]};
	struct xdp_md after = {0};
	struct outcome o = {0};
	uint64_t counts[2][V_MAX];
	uint8_t whole[64 + sizeof(frame->data)], out[4096];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = whole,
		    .data_size_in = size + frame->length, .data_out = out, .data_size_out = sizeof(out),
		    .ctx_in = &before, .ctx_size_in = sizeof(before), .ctx_out = &after,
		    .ctx_size_out = sizeof(after), .repeat = 1);

	assert_true(size <= 64);
	memcpy(whole, metadata ? metadata : "", size);
	memcpy(whole + size, frame->data, frame->length);
	verdicts_read(counts[0]);
	if (bpf_prog_test_run_opts(program_of("samepath_xdp"), &options))
		fail_msg("test run: %s", strerror(errno));
	verdicts_read(counts[1]);
	o.verdict = verdict_between(counts[0], counts[1]);
	o.action = options.retval;
	o.meta = after.data - after.data_meta;
	memcpy(o.metadata, out, o.meta < sizeof(o.metadata) ? o.meta : sizeof(o.metadata));
	o.frame.length = options.data_size_out - o.meta;
	assert_true(o.frame.length <= sizeof(o.frame.data));
	memcpy(o.frame.data, out + o.meta, o.frame.length);
	return o;
}

struct outcome hear(enum device in, struct tuple t, const struct shape *shape)
{
	struct frame f = frame_make(&t, shape);

	return run(in, &f);
}

struct tuple talk(int family, uint8_t protocol, enum place from, enum place to, int sport,
		  int dport)
{
	return (struct tuple){
		.family = family,
		.protocol = protocol == IPPROTO_ICMP ? icmp_of(family) : protocol,
		.sport = sport, .dport = protocol == IPPROTO_ICMP ? 0 : dport,
		.saddr = at(from, family), .daddr = at(to, family),
	};
}

/* What the far end says back to the packet that went out. */
struct tuple reply_of(struct outcome *o)
{
	return turned(tuple_of(&o->frame));
}

int guard(enum device out, const struct frame *frame, int *verdict)
{
	struct __sk_buff skb = {.ifindex = rig.ifindex[out]};
	uint64_t counts[2][V_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->data,
		    .data_size_in = frame->length, .ctx_in = &skb, .ctx_size_in = sizeof(skb),
		    .repeat = 1);

	verdicts_read(counts[0]);
	if (bpf_prog_test_run_opts(program_of("samepath_guard"), &options))
		fail_msg("test run: %s", strerror(errno));
	verdicts_read(counts[1]);
	*verdict = verdict_between(counts[0], counts[1]);
	return options.retval;
}

unsigned int halves(int family)
{
	struct flow_table_maps m = flows_maps(family);
	unsigned int count = 0;
	uint32_t number = 0;
	union flow_place p;

	while ((number = flow_next_half(&m, number, &p)))
		count++;
	return count;
}

/* The flow is in the family's own form, as the key is. */
void flow_put(int family, const void *key, const void *flow)
{
	struct flow_table_maps m = flows_maps(family);

	assert_true(flow_put_half(&m, key, flow));
}

/* The key as either table has it; the tables are told apart by the family. */
static void key_make(const struct tuple *t, uint8_t key[sizeof(struct flow_key6)])
{
	struct flow_key6 six = {.saddr = t->saddr, .daddr = t->daddr, .sport = htons(t->sport),
				.dport = htons(t->dport), .protocol = t->protocol};
	struct flow_key4 four = {.sport = six.sport, .dport = six.dport, .protocol = t->protocol};

	memcpy(&four.saddr, &t->saddr.s6_addr[12], 4);
	memcpy(&four.daddr, &t->daddr.s6_addr[12], 4);
	if (t->family == 4)
		memcpy(key, &four, sizeof(four));
	else
		memcpy(key, &six, sizeof(six));
}

static bool flow_get(const struct tuple *t, uint8_t value[sizeof(struct flow6)])
{
	struct flow_table_maps m = flows_maps(t->family);
	uint8_t key[sizeof(struct flow_key6)];
	union flow_place p;
	uint32_t number;

	key_make(t, key);
	number = flow_place_find(&m, key);
	if (!number || bpf_map_lookup_elem(m.flows, &number, &p))
		return false;
	memcpy(value, flow_place_flow(&m, &p), t->family == 4 ? sizeof(struct flow4) : sizeof(struct flow6));
	return true;
}

bool half_get(const struct tuple *t, struct half *half)
{
	uint8_t value[sizeof(struct flow6)];

	memset(half, 0, sizeof(*half));
	if (!flow_get(t, value))
		return false;
	memcpy(half, value, sizeof(*half));
	return true;
}

/* The device that the half's packets leave by, 0: not known. */
unsigned int oif_of(const struct half *half)
{
	struct next_hop hop = {0};
	unsigned int index = half->hop;

	return index && get("next_hops", &index, &hop) ? hop.oif : 0;
}

void half_put(const struct tuple *t, const struct half *half)
{
	uint8_t value[sizeof(struct flow6)], key[sizeof(struct flow_key6)];

	assert_true(flow_get(t, value));
	memcpy(value, half, sizeof(*half));
	key_make(t, key);
	flow_put(t->family, key, value);
}

void half_forget(const struct tuple *t)
{
	struct flow_table_maps m = flows_maps(t->family);
	uint8_t key[sizeof(struct flow_key6)];

	key_make(t, key);
	assert_true(flow_take_half(&m, key));
}

/* What the half's packets become. */
bool half_translated(const struct tuple *t, struct tuple *to)
{
	uint8_t value[sizeof(struct flow6)];
	struct half half;

	if (!flow_get(t, value))
		return false;
	memcpy(&half, value, sizeof(half));
	*to = *t;
	to->sport = ntohs(half.sport);
	to->dport = ntohs(half.dport);
	if (t->family == 4) {
		memcpy(&to->saddr.s6_addr[12], value + sizeof(half), 4);
		memcpy(&to->daddr.s6_addr[12], value + sizeof(half) + 4, 4);
	} else {
		memcpy(&to->saddr, value + sizeof(half), 16);
		memcpy(&to->daddr, value + sizeof(half) + 16, 16);
	}
	return true;
}

uint64_t half_open_of(enum side side)
{
	unsigned int index = side;
	uint64_t count = 0;

	get("half_open", &index, &count);
	return count;
}

bool host_of(struct in6_addr address, struct host *host)
{
	return get("hosts", &address, host);
}

/* Makes both halves of the flow older. */
void age(const struct tuple *forward, uint64_t ns)
{
	struct tuple there, back;
	struct half half;

	assert_true(half_translated(forward, &there));
	back = turned(there);
	assert_true(half_get(forward, &half));
	half.last -= ns;
	half_put(forward, &half);
	if (half_get(&back, &half)) {
		half.last -= ns;
		half_put(&back, &half);
	}
}

/* Drives an iterator over the map once, to the end. */
int sweep_run(const char *program, const char *map)
{
	union bpf_iter_link_info info = {.map = {.map_fd = map_of(map)}};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info, .iter_info_len = sizeof(info));
	int link = bpf_link_create(program_of(program), 0, BPF_TRACE_ITER, &options), iterator;
	int bytes = 0, n;
	char buffer[4096];

	assert_true(link >= 0);
	iterator = bpf_iter_create(link);
	assert_true(iterator >= 0);
	while ((n = read(iterator, buffer, sizeof(buffer))) > 0)
		bytes += n;
	close(iterator);
	close(link);
	return bytes;
}

const char *verdict_name(int verdict)
{
#define NAME(name, action, text) #name,
	static const char *const names[] = {VERDICTS(NAME)};
#undef NAME

	return verdict < 0 || verdict >= V_MAX ? "no single verdict" : names[verdict];
}

void verdict_is(int got, int wanted, const char *claim, int family)
{
	if (got != wanted)
		fail_msg("%s, IPv%d: %s, wanted %s", claim, family, verdict_name(got),
			 verdict_name(wanted));
}

/* The sender is told: destination unreachable, because prohibited or because out of reach. */
void told_unreachable(struct outcome *o, int family, bool prohibited)
{
	static const uint8_t codes[2][2] = {{1, 3}, {13, 1}};

	assert_int_equal(o->action, XDP_TX);
	assert_int_equal(l4_of(&o->frame)[0], family == 4 ? 3 : 1);
	assert_int_equal(l4_of(&o->frame)[1], codes[prohibited][family == 6]);
	assert_true(sums_right(&o->frame));
}

const char *mappings_of(int family)
{
	return family == 4 ? "mappings4" : "mappings6";
}

/* As if so long had passed since a sweep found a flow under any mapping: `seen` is the first of either value. */
void mappings_age(int family, uint64_t ns)
{
	uint8_t keys[16][40], value[64];
	void *from = NULL;
	uint64_t seen;
	int count = 0;

	/* an update moves an element within its bucket, so the walk is over before the first one */
	while (!bpf_map_get_next_key(map_of(mappings_of(family)), from, keys[count])) {
		from = keys[count++];
		assert_true(count < 16);
	}
	while (count--) {
		assert_true(get(mappings_of(family), keys[count], value));
		memcpy(&seen, value, sizeof(seen));
		seen -= ns;
		memcpy(value, &seen, sizeof(seen));
		put(mappings_of(family), keys[count], value);
	}
}
