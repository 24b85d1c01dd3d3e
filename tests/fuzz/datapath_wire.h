/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that are about no flow: questions for a neighbour, and what the kernel itself sends. */

/* Who has this address, asked by ARP. */
static struct frame question_arp(struct in6_addr asker, struct in6_addr asked)
{
	struct frame f = {.length = ETHER + 28};
	uint8_t *arp = f.data + ETHER;

	memcpy(f.data, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x02\x08\x06", ETHER);
	memcpy(arp, "\0\1\x08\0\6\4\0\1\x02\0\0\0\0\x02", 14);
	memcpy(arp + 14, &asker.s6_addr[12], 4);
	memcpy(arp + 24, &asked.s6_addr[12], 4);
	return f;
}

/* The same by a neighbour solicitation, or of an address that the asker would like to have. */
static struct frame question_nd(struct in6_addr asker, struct in6_addr asked, bool probe)
{
	struct tuple t = {.family = 6, .protocol = IPPROTO_ICMPV6, .saddr = asker, .daddr = asked};
	struct frame f;
	uint8_t *nd;

	if (probe)
		memset(&t.saddr, 0, sizeof(t.saddr));
	f = frame_make(&t, &(struct shape){.ttl = 255, .payload = 24});
	memcpy(f.data, "\x33\x33\xff", 3);
	nd = l4_of(&f);
	nd[0] = 135;
	put32(nd + 4, 0);
	memcpy(nd + 8, &asked, 16);
	memcpy(nd + 24, "\1\1\x02\0\0\0\0\x02", 8);
	sums_set(&f);
	return f;
}

static void step_question(void)
{
	static const enum place asked[] = {AT_CHICAGO, AT_INTERNET, WEARING_CHICAGO,
					   AT_PUBLIC, AT_GATEWAY, PILOT};
	static const enum device devices[] = {ER0, WAN, LAN, ER2};
	uint8_t b = take();
	int family = b & 1 ? 6 : 4;
	struct in6_addr target = at(PICK(asked), family);
	struct in6_addr asker = at(b & 2 ? AT_LARGE : PILOT_TWO, family);
	struct frame f = family == 4 ? question_arp(asker, target) : question_nd(asker, target, b & 4);

	deliver(PICK(devices), f);
}

/* A frame that the kernel sends by this device passes the guard only if that owns its source. */
static void guarded(enum device out, const struct frame *f)
{
	struct passage p = {.in = out, .out = out, .before = *f};
	struct record r = record_of(RECORD_GUARD);
	const struct in6_addr *source = &p.was.tuple.saddr;

	p.o.verdict = native_guard(rig.ifindex[out], f->data, f->length);
	r.device = out;
	r.verdict = p.o.verdict;
	record_step(r, f->data, f->length);
	hold(p.o.verdict == V_GUARD_PASSED || p.o.verdict == V_GUARD_SOURCE ||
		     p.o.verdict == V_NOT_GUARDED || p.o.verdict == V_GUARD_PROTOCOL,
	     "the guard has a verdict of its own", &p);
	if (p.o.verdict != V_GUARD_PASSED || !view_frame(f, &p.was) || out == LAN)
		return;
	hold(is_owned(place_of(out), *source) || in_prefix(*source, "fe80::", 10) ||
	     in_prefix(*source, "::", 128) || in_prefix(*source, "0.0.0.0", 32),
	     "the guard lets only the circuit's own go", &p);
}

static void step_guard(void)
{
	static const enum device devices[] = {ER0, WAN, ER2, LAN};
	enum device out = PICK(devices);
	struct passage *p;
	struct frame f;
	uint8_t b = take();

	p = b & 1 ? take_kept() : NULL;
	f = p ? p->after : b & 2 ? packet_from_inside() : packet_from_outside();
	if (b & 4)
		f = question_arp(at(b & 8 ? AT_CHICAGO : PILOT, 4), at(AT_LARGE, 4));
	if (b & 16)
		twist(&f, out);
	/* the kernel takes no shorter one for a test of TC programs */
	if (f.length >= ETHER + 40 && !(setting.tagged && out == ER0))
		guarded(out, &f);
}

/* A host proves that it sent the SYN that the gateway asked it about. */
static void step_proof(void)
{
	struct shape s = {.tcp = RST};
	struct tuple t;
	struct view v;

	if (!story.challenge.length || !view_frame(&story.challenge, &v))
		return;
	t = turned(v.tuple);
	s.seq = get32(v.ip + v.l4 + 8) + (take() > 240);
	deliver(story.challenged, frame_make(&t, &s));
}
