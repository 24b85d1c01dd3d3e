/* SPDX-License-Identifier: GPL-2.0-only */
/* The gateway on paper, see rig.h. Each test program includes this file and is one unit. */
#include "rig.h"

struct rig rig;

static const char *const device_names[DEVICES] = {"lan0", "er0", "er2", "wan0", "alien0"};

static const char *const places[PLACES][2] = {
	[PILOT] = {"10.1.20.5", "2001:db8:10:20::5"},
	[PILOT_TWO] = {"10.1.20.6", "2001:db8:10:20::6"},
	[CAMPUS] = {"10.1.30.5", "2001:db8:10:30::5"},
	[NOBODY] = {"192.168.77.5", "2001:db8:77::5"},
	[AT_EXCHANGE] = {"198.51.100.10", "2001:db8:e::10"},
	[AT_EXCHANGE_TWO] = {"198.51.100.11", "2001:db8:e::11"},
	[AT_PARTNER] = {"198.18.7.7", "2001:db8:7::7"},
	[AT_BLOCKED] = {"198.18.8.8", "2001:db8:8::8"},
	[AT_LARGE] = {"198.18.99.9", "2001:db8:99::9"},
	[AT_CHICAGO] = {"203.0.113.34", "2001:db8:1::22"},
	[AT_DALLAS] = {"203.0.113.50", "2001:db8:3::22"},
	[AT_INTERNET] = {"203.0.113.2", "2001:db8:2::22"},
	[AT_GATEWAY] = {"10.1.0.1", "2001:db8:10::1"},
	[SERVER_ONE] = {"10.1.40.1", "2001:db8:10:40::1"},
	[SERVER_TWO] = {"10.1.40.2", "2001:db8:10:40::2"},
	[SERVER_THREE] = {"10.1.40.3", "2001:db8:10:40::3"},
	[AT_PUBLIC] = {"198.18.50.5", "2001:db8:50::5"},
	[AT_PUBLIC_TWO] = {"198.18.50.6", "2001:db8:50::6"},
	[WEARING_CHICAGO] = {"192.168.1.9", "2001:db8:a:1::9"},
	[WEARING_INTERNET] = {"192.168.5.5", "2001:db8:a:5::9"},
};

struct in6_addr at(enum place place, int family)
{
	return address(places[place][family == 6]);
}

void shell(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (system(line)) {
		fprintf(stderr, "failed: %s\n", line);
		exit(2);
	}
}

uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NANOSECONDS + t.tv_nsec;
}

int map_of(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(rig.object, name);

	if (fd < 0)
		fail_msg("no map %s", name);
	return fd;
}

void put(const char *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(map_of(map), key, value, BPF_ANY))
		fail_msg("map %s: %s", map, strerror(errno));
}

bool get(const char *map, const void *key, void *value)
{
	return !bpf_map_lookup_elem(map_of(map), key, value);
}

/* Sum over the CPUs of the u64 at `offset` of a per-CPU value of `size` bytes. */
uint64_t total(const char *map, unsigned int index, size_t size, size_t offset)
{
	uint8_t values[64 * 128];
	uint64_t sum = 0, one;
	int i;

	size = (size + 7) & ~7;
	assert_true(size * rig.cpus <= sizeof(values));
	if (!get(map, &index, values))
		fail_msg("map %s: no entry %u", map, index);
	for (i = 0; i < rig.cpus; i++) {
		memcpy(&one, values + i * size + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

unsigned int entries(const char *map)
{
	uint8_t key[64], next[64];
	unsigned int count = 0;
	void *from = NULL;

	while (!bpf_map_get_next_key(map_of(map), from, next)) {
		count++;
		memcpy(key, next, sizeof(key));
		from = key;
	}
	return count;
}

struct flow_table_maps flows_maps(int family)
{
	bool four = family == 4;

	return (struct flow_table_maps){
		family, map_of("flow_tables"), map_of(four ? "flows4" : "flows6"),
		map_of(four ? "flow_near4" : "flow_near6"), map_of(four ? "flow_far4" : "flow_far6")};
}

void lines_lock(int family, bool locked)
{
	int near = flows_maps(family).near;
	struct flow_line line;
	uint32_t place;

	for (place = 0; place < FLOW_NEAR_LINES; place++) {
		assert_int_equal(bpf_map_lookup_elem(near, &place, &line), 0);
		line.head = locked ? line.head | FLOW_LINE_LOCK : line.head & ~FLOW_LINE_LOCK;
		assert_int_equal(bpf_map_update_elem(near, &place, &line, BPF_ANY), 0);
	}
}

/* All numbers are new again, so that each test has the entries in the same order. */
static void flows_empty(int family)
{
	struct flow_table_maps m = flows_maps(family);
	uint32_t place = FLOW_TABLE(family), number = 0;
	union flow_place p;
	struct flow_table t;

	flow_table_start(m.tables, family, FLOWS);
	while ((number = flow_next_half(&m, number, &p)))
		flow_take_half(&m, flow_place_key(&m, &p));
	get("flow_tables", &place, &t);
	t.free = t.fresh = 0;
	put("flow_tables", &place, &t);
}

static void empty(const char *map)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(map_of(map), NULL, key))
		bpf_map_delete_elem(map_of(map), key);
}

#include "rig_wire.c"

/* A new inner map for slot 0 of a map of tries. */
static int trie_make(const char *map, unsigned int key_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	unsigned int slot = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, map, key_size, 4, 1048576, &options);

	if (fd < 0 || bpf_map_update_elem(map_of(map), &slot, &fd, BPF_ANY))
		fail_msg("trie %s: %s", map, strerror(errno));
	return fd;
}

static void trie_put(int fd, const char *prefix, unsigned int length, unsigned int set)
{
	struct prefix_key6 six = {.length = length, .address = address(prefix)};
	struct prefix_key4 four = {.length = length};

	memcpy(&four.address, &six.address.s6_addr[12], 4);
	if (bpf_map_update_elem(fd, strchr(prefix, ':') ? (void *)&six : (void *)&four, &set, 0))
		fail_msg("prefix %s: %s", prefix, strerror(errno));
}

static void owners_make(void)
{
	int fd = trie_make("owners", sizeof(struct prefix_key6));
	struct prefix_key6 key = {.length = 96 + 28};
	struct owner owner = {.kind = OWNER_OUTBOUND_POOL, .circuit = CHICAGO};

	key.address = address("203.0.113.32");
	bpf_map_update_elem(fd, &key, &owner, 0);
	owner.circuit = DALLAS;
	key.address = address("203.0.113.48");
	bpf_map_update_elem(fd, &key, &owner, 0);
	owner.circuit = INTERNET;
	key.address = address("203.0.113.0");
	bpf_map_update_elem(fd, &key, &owner, 0);
	key.length = 64;
	key.address = address("2001:db8:2::");
	bpf_map_update_elem(fd, &key, &owner, 0);
	owner.circuit = CHICAGO;
	key.address = address("2001:db8:1::");
	bpf_map_update_elem(fd, &key, &owner, 0);
	owner.kind = OWNER_INBOUND_POOL;
	key.address = address("2001:db8:a:1::");
	bpf_map_update_elem(fd, &key, &owner, 0);
	key.length = 96 + 24;
	key.address = address("192.168.1.0");
	bpf_map_update_elem(fd, &key, &owner, 0);
	owner = (struct owner){.kind = OWNER_SERVICE};
	key.length = 128;
	key.address = at(AT_PUBLIC, 4);
	bpf_map_update_elem(fd, &key, &owner, 0);
	key.address = at(AT_PUBLIC, 6);
	bpf_map_update_elem(fd, &key, &owner, 0);
	close(fd);
}

/* Publishes the number there, in both families. */
void port_put(enum place public, uint8_t protocol, int port, unsigned int number)
{
	unsigned int slot = 0, id;
	int fd;

	if (!get("ports", &slot, &id))
		fail_msg("no ports");
	fd = bpf_map_get_fd_by_id(id);
	EACH_FAMILY(f) {
		struct service_key key = {
			.length = SERVICE_KEY_PORTS + 16, .address = at(public, f), .port = htons(port),
			.protocol = protocol == IPPROTO_ICMP ? icmp_of(f) : protocol,
		};

		if (bpf_map_update_elem(fd, &key, &number, 0))
			fail_msg("ports: %s", strerror(errno));
	}
	close(fd);
}

struct service service_get(unsigned int number)
{
	struct service service;

	if (!get("services", &number, &service))
		fail_msg("no service %u", number);
	return service;
}

void service_put(unsigned int number, const struct service *service)
{
	put("services", &number, service);
}

struct server_health health_get(unsigned int number)
{
	struct server_health health;

	get("server_health", &number, &health);
	return health;
}

void health_put(unsigned int number, const struct server_health *health)
{
	put("server_health", &number, health);
}

struct service_load load_of(unsigned int number)
{
	struct service_load load = {0};

	get("service_loads", &number, &load);
	return load;
}

static void services_make(void)
{
	static const struct service_load unladen;
	static const struct server_health well;
	static struct secret key = {{0x0123456789abcdef, 0xfedcba9876543210}};
	struct service s = {.flags = SERVICE_PRESENT, .circuits = 1 << CHICAGO | 1 << INTERNET,
			    .servers4 = 3, .servers6 = 3};
	unsigned int i, zero = 0;

	for (i = 0; i < 3; i++) {
		s.servers[i].address = at(SERVER_ONE + i, 4);
		s.servers[3 + i].address = at(SERVER_ONE + i, 6);
	}
	key.key[0]++; /* what was proven to an earlier test is worth nothing */
	put("secret", &zero, &key);
	for (i = 1; i <= 2; i++) {
		service_put(i, &s);
		put("service_loads", &i, &unladen);
		health_put(i, &well);
	}
}

static void ports_make(void)
{
	close(trie_make("ports", sizeof(struct service_key)));
	port_put(AT_PUBLIC, IPPROTO_TCP, 443, 1);
	port_put(AT_PUBLIC, IPPROTO_UDP, 443, 1);
	port_put(AT_PUBLIC, IPPROTO_ICMP, 0, 1);
	port_put(AT_PUBLIC_TWO, IPPROTO_TCP, 443, 2);
}

static void prefixes_make(void)
{
	int four = trie_make("segments4", sizeof(struct prefix_key4));
	int six = trie_make("segments6", sizeof(struct prefix_key6));

	trie_put(four, "10.0.0.0", 8, 2);
	trie_put(four, "10.1.20.0", 24, 1);
	trie_put(six, "2001:db8:10::", 48, 2);
	trie_put(six, "2001:db8:10:20::", 64, 1);
	close(four);
	close(six);
	four = trie_make("classes4", sizeof(struct prefix_key4));
	six = trie_make("classes6", sizeof(struct prefix_key6));
	trie_put(four, "198.51.100.0", 24, EXCHANGE);
	trie_put(four, "198.18.7.0", 24, PARTNER);
	trie_put(four, "198.18.8.0", 24, BLOCKED);
	trie_put(six, "2001:db8:e::", 48, EXCHANGE);
	trie_put(six, "2001:db8:7::", 48, PARTNER);
	trie_put(six, "2001:db8:8::", 48, BLOCKED);
	close(four);
	close(six);
	owners_make();
}

void cell(unsigned int source, unsigned int destination, unsigned int rule, unsigned int class)
{
	struct policy_cell value = {.rule = rule, .class = class};
	unsigned int slot = 0, index = source * 4 + destination, id;
	int fd;

	if (!get("policy", &slot, &id))
		fail_msg("no policy table");
	fd = bpf_map_get_fd_by_id(id);
	if (bpf_map_update_elem(fd, &index, &value, 0))
		fail_msg("policy: %s", strerror(errno));
	close(fd);
}

static void rule_put(unsigned int number, const struct rule *rule)
{
	put("rules", &number, rule);
}

static void policy_make(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP);
	unsigned int slot = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "policy", 4, sizeof(struct policy_cell), 12,
				&options);

	if (fd < 0 || bpf_map_update_elem(map_of("policy"), &slot, &fd, BPF_ANY))
		fail_msg("policy: %s", strerror(errno));
	close(fd);
	cell(1, ANY, RULE_INTERNET, ANY);
	cell(1, EXCHANGE, RULE_ORDERED, EXCHANGE);
	cell(1, PARTNER, RULE_DALLAS, PARTNER);
	cell(1, BLOCKED, RULE_DROP, BLOCKED);
	cell(2, ANY, RULE_INTERNET, ANY);
	cell(2, EXCHANGE, RULE_SPREAD, EXCHANGE);
}

static void rules_make(void)
{
	rule_put(RULE_ORDERED, &(struct rule){.circuits = {CHICAGO, DALLAS, INTERNET}, .count = 3});
	rule_put(RULE_INTERNET, &(struct rule){.circuits = {INTERNET}, .count = 1});
	rule_put(RULE_DROP, &(struct rule){.count = 0});
	rule_put(RULE_DALLAS, &(struct rule){.circuits = {DALLAS}, .count = 1});
	rule_put(RULE_SPREAD, &(struct rule){.circuits = {CHICAGO, INTERNET}, .count = 2, .spread = 2,
					     .flags = RULE_SPREAD_BY_HOST});
}

struct circuit circuit_get(unsigned int number)
{
	struct circuit circuit;

	if (!get("circuits", &number, &circuit))
		fail_msg("no circuit %u", number);
	return circuit;
}

void circuit_put(unsigned int number, const struct circuit *circuit)
{
	put("circuits", &number, circuit);
}

static void circuit_make(unsigned int number, enum device device, const char *v4, const char *v6,
			 const char *in4, unsigned int count, const char *in6)
{
	struct circuit c = {
		.flags = CIRCUIT_PRESENT | CIRCUIT_UDP_EIM, .port_min = 1024, .port_max = 65535,
		.out4 = {.ranges = 1, .addresses = 16}, .links = {rig.ifindex[device]},
	};

	c.out4.range[0] = (struct pool_range){.first = address(v4), .count = 16, .length = 28};
	if (v6) {
		c.out6.ranges = 1;
		c.out6.addresses = POOL6_USED;
		c.out6.range[0] = (struct pool_range){.first = address(v6), .count = POOL6_USED,
						 .length = 64};
	}
	c.in4 = (struct pool){.addresses = count, .ranges = 1};
	c.in4.range[0] = (struct pool_range){.first = address(in4), .count = count, .length = 24};
	if (in6) {
		c.in6 = (struct pool){.addresses = POOL6_USED, .ranges = 1};
		c.in6.range[0] = (struct pool_range){.first = address(in6), .count = POOL6_USED,
						     .length = 64};
	}
	circuit_put(number, &c);
}

static void link_make(enum device d, int kind, int circuit, const char *v4, const char *v6)
{
	struct link_key key = {rig.ifindex[d], NO_TAG, NO_TAG};
	struct in6_addr four = address(v4);
	struct link link = {.address6 = address(v6), .mtu = 1500, .mac = {2, 0, 0, 0, 0, d + 1}};
	unsigned int one = 1;

	link.role[0] = (struct role){.kind = kind, .circuit = circuit};
	memcpy(&link.address4, &four.s6_addr[12], 4);
	put("links", &key, &link);
	put("locals", &four, &one);
	put("locals", &link.address6, &one);
}

struct settings settings_get(void)
{
	unsigned int slot = 0;
	struct settings settings;

	get("settings", &slot, &settings);
	return settings;
}

void settings_put(const struct settings *settings)
{
	unsigned int slot = 0;

	put("settings", &slot, settings);
}

static void settings_make(void)
{
	struct settings s = {
		.timeout = {240 * NANOSECONDS, 7440 * NANOSECONDS, 240 * NANOSECONDS,
			    300 * NANOSECONDS, 60 * NANOSECONDS, 20 * NANOSECONDS},
		.timeout_min = 20 * NANOSECONDS, .half_open_max = 1600, .flows_per_host = 200,
		.destination_sets = 4, .local_port_min = 32768, .local_port_max = 60999,
		.ready = 1, .answers_per_second = 1000000, .fragment_timeout = 30 * NANOSECONDS,
	};

	settings_put(&s);
}

void generation_move(void)
{
	unsigned int zero = 0;
	struct live now;

	get("live", &zero, &now);
	now.generation++;
	put("live", &zero, &now);
}

/* Every next hop is as given. */
void next_hops_fill(const struct next_hop *hop)
{
	unsigned int i;

	for (i = 0; i < NEXT_HOPS_MAX; i++)
		put("next_hops", &i, hop);
	rig.crowded = hop->state;
}

/* All but what is in maps of maps, each change of which makes the kernel wait until no program runs. */
void budgets_begin(void)
{
	unsigned int zero = 0;
	void *none = calloc(rig.cpus, (sizeof(struct event_budget) + 7) & ~7UL);

	assert_non_null(none);
	put("event_budgets", &zero, none);
	free(none);
}

void rig_renew(void)
{
	unsigned int i, none = 0;
	uint64_t nothing = 0;
	static const char *const tables[] = {"mappings4", "mappings6", "hosts",
					     "failed", "answers", "sources", "listeners", "links", "probes",
					     "locals"};

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		empty(tables[i]);
	flows_empty(4);
	flows_empty(6);
	for (i = 0; i < SIDE_MAX; i++)
		put("half_open", &i, &nothing);
	for (i = 0; i < CIRCUITS_MAX; i++)
		put("drains", &i, &none);
	put("watch", &none, &nothing);
	budgets_begin();
	if (rig.crowded)
		next_hops_fill(&(struct next_hop){0});
	if (rig.broken)
		routes_make();
	settings_make();
	link_make(LAN, ROLE_INSIDE, 0, "10.1.0.1", "2001:db8:10::1");
	link_make(ER0, ROLE_LINK, CHICAGO, "172.16.0.1", "2001:db8:f:1::1");
	link_make(ER2, ROLE_LINK, DALLAS, "172.16.1.1", "2001:db8:f:2::1");
	link_make(WAN, ROLE_LINK, INTERNET, "198.18.0.1", "2001:db8:f:3::1");
	circuit_make(CHICAGO, ER0, "203.0.113.32", "2001:db8:1::", "192.168.1.1", 254, "2001:db8:a:1::");
	circuit_make(DALLAS, ER2, "203.0.113.48", NULL, "192.168.2.1", 254, NULL);
	circuit_make(INTERNET, WAN, "203.0.113.0", "2001:db8:2::", "192.168.5.5", 1, "2001:db8:a:5::");
	put("circuits", &none, &(struct circuit){.flags = CIRCUIT_PRESENT});
	rules_make();
	services_make();
	generation_move();
}

int rig_reset(void **state)
{
	(void)state;
	prefixes_make();
	policy_make();
	ports_make();
	rig_renew();
	return 0;
}

static void sized(const char *map, unsigned int size)
{
	bpf_map__set_max_entries(bpf_object__find_map_by_name(rig.object, map), size);
}

static int stages_fill(void)
{
#define STAGE_NAME(name) "samepath_" #name,
	static const char *const names[] = {STAGES(STAGE_NAME)};

	for (unsigned int i = 0; i < STAGE_MAX; i++) {
		int program = bpf_program__fd(bpf_object__find_program_by_name(rig.object, names[i]));

		if (program < 0 || bpf_map_update_elem(map_of("stages"), &i, &program, BPF_ANY))
			return -1;
	}
	return 0;
}

int rig_start(void **state)
{
	const char *path = getenv("SAMEPATH_OBJECT");

	if (unshare(CLONE_NEWNET)) {
		perror("network namespace");
		return -1;
	}
	wire();
	rig.cpus = libbpf_num_possible_cpus();
	rig.object = bpf_object__open_file(path ? path : "build/samepath.bpf.o", NULL);
	if (!rig.object)
		return -1;
	sized("flows4", FLOWS + 1);
	sized("flows6", FLOWS + 1);
	sized("flow_far4", flow_far_lines(FLOWS));
	sized("flow_far6", flow_far_lines(FLOWS));
	sized("mappings4", MAPPINGS);
	sized("mappings6", MAPPINGS);
	if (bpf_object__load(rig.object) || stages_fill())
		return -1;
	return rig_reset(state);
}

int rig_end(void **state)
{
	(void)state;
	bpf_object__close(rig.object);
	return 0;
}

#include "rig_run.c"
