/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * service: what is published at an address and port, and which server gets a new flow. Included once
 * a family.
 */
#ifndef SAMEPATH_BPF_SERVICE
#define SAMEPATH_BPF_SERVICE
static __always_inline struct service *service_at(__u32 slot, __u32 number)
{
	__u32 index = slot * SERVICES_MAX + number;
	struct service *service;

	if (!number || number >= SERVICES_MAX)
		return NULL;
	service = bpf_map_lookup_elem(&services, &index);
	return service && service->flags & SERVICE_PRESENT ? service : NULL;
}

/*
 * The best so far. In a map's memory, not on the stack: before Linux 6.7 the verifier takes the callback of
 * bpf_loop to be called once, and what it knows of the stack then to hold at every call.
 */
struct server_best {
	__u32 hash;
	__u32 chosen; /* index + 1, 0: none */
};

/*
 * Which server: the one of the highest hash with the remote address (rendezvous hashing), so that a
 * remote stays on its server, and a server that goes moves only the remotes that were on it.
 */
struct server_choice {
	struct service *service;
	struct server_health *health;
	struct server_best *best;
	__u64 now;
	__u32 first; /* of this family */
	__u32 count;
	__u32 remote; /* hash */
};

static long server_next(__u32 index, struct server_choice *c)
{
	__u32 place = c->first + index, h;
	struct server *server;

	if (index >= c->count || place >= SERVICE_SERVERS)
		return 1;
	server = &c->service->servers[place];
	if (server->drained || c->now < c->health->servers[place].down_until)
		return 0;
	h = hash_word(c->remote, hash_address_6(&server->address));
	if (c->best->chosen && h <= c->best->hash)
		return 0;
	c->best->hash = h;
	c->best->chosen = place + 1;
	return 0;
}

/* Does the circuit that the packet came in on let new flows of this service in? GO_ON: it does. */
static __always_inline enum verdict circuit_admits(struct pkt *p, const struct service *service)
{
	__u32 number = p->role.circuit;
	struct circuit *circuit = circuit_find(p->slot, number);
	__u32 *drained = bpf_map_lookup_elem(&drains, &number);

	if (!(service->circuits >> (number & 63) & 1))
		return V_OTHER_CIRCUIT;
	if (!circuit || circuit->flags & (CIRCUIT_RETIRING | CIRCUIT_INBOUND_OFF) || p->role.retiring ||
	    !drained || *drained)
		return V_INBOUND_OFF;
	return GO_ON;
}

static __always_inline bool opens_from_outside(const struct pkt *p)
{
	if (p->protocol == IPPROTO_TCP)
		return (p->tcp & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	return p->opens;
}
#endif

/* The number of the service that is published there, 0: none. The port in network order. */
static __always_inline __u32 F(service_find)(struct pkt *p, const ADDRESS *address, __be16 port)
{
	struct service_key key = {.length = SERVICE_KEY_PORTS + 16, .protocol = p->protocol, .port = port};
	void *trie = bpf_map_lookup_elem(&ports, &p->slot);
	__u32 *number;

	F(map_address_)(&key.address, address);
	number = trie ? bpf_map_lookup_elem(trie, &key) : NULL;
	return number ? *number : 0;
}

/* The server for this remote host, into *address; false: none takes new flows. */
static __always_inline bool F(server_choose)(struct pkt *p, struct server_best *best,
					     struct service *service, __u32 number,
					     const ADDRESS *remote, ADDRESS *address)
{
	__u32 index = p->slot * SERVICES_MAX + number;
	struct server_choice choice = {
		.service = service,
		.health = bpf_map_lookup_elem(&server_health, &index),
		.best = best,
		.now = p->now,
		.first = FAMILY == 4 ? 0 : service->servers4,
		.count = FAMILY == 4 ? service->servers4 : service->servers6,
		.remote = F(hash_address_)(remote),
	};

	__u32 chosen;

	if (!choice.health)
		return false;
	best->chosen = 0;
	bpf_loop(SERVICE_SERVERS, server_next, &choice, 0);
	chosen = best->chosen;
	if (!chosen)
		return false;
	F(unmap_address_)(address, &service->servers[(chosen - 1) % SERVICE_SERVERS].address);
	return true;
}

/* The port that the server is asked on, in network order; an echo has none to be changed. */
static __always_inline __be16 F(server_port)(const struct service *service, const FLOW_KEY *key)
{
	return service->port && key->dport ? service->port : key->dport;
}
