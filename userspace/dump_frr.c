// SPDX-License-Identifier: GPL-2.0-only
/*
 * FRR, as text: `show bgp ipv4 unicast`, also of one neighbour, and `show ip route bgp`.
 *    *> 198.18.1.0/24    172.16.2.2               0             0 12076 i
 *    *=                  172.16.2.6               0             0 12076 i
 *    *> 2001:db8:e::/48
 *                        fe80::1                  0             0 12076 i
 *   B>* 198.18.1.0/24 [20/0] via 172.16.2.2, er0, weight 1, 00:01:02
 * and `show bgp summary`. As JSON: dump_frr_json.c.
 */
#include <errno.h>
#include <string.h>
#include "dump_frr.h"

/* Codes of the first word: valid routes of a table of BGP, or routes of BGP in the RIB. */
static bool codes(const char *word, bool *rib)
{
	*rib = word[0] == 'B' && word[strspn(word, "B>*=q")] == '\0';
	return *rib || (strchr(word, '*') && word[strspn(word, "NVIsdhu*>=irSR")] == '\0');
}

/* Old versions left the length out where it was that of the class. */
static bool classful(const struct dump_lines *l, size_t at, struct prefix *out)
{
	struct prefix hop;
	const char *why;
	unsigned char first;

	if (at + 1 >= l->count || address_parse(l->word[at], out, &why) ||
	    address_parse(l->word[at + 1], &hop, &why) || out->family != 4)
		return false;
	first = out->address.s6_addr[12];
	out->length = first < 128 ? 8 : first < 192 ? 16 : 24;
	for (unsigned int i = 12 + out->length / 8; i < 16; i++)
		if (out->address.s6_addr[i])
			return false;
	return true;
}

static bool says(const struct dump_lines *l, const char *peer)
{
	size_t length = strlen(peer);

	for (size_t i = 0; i < l->count; i++)
		if (!strncmp(l->word[i], peer, length) &&
		    (!l->word[i][length] || l->word[i][length] == ','))
			return true;
	return false;
}

static bool heading(const struct dump_lines *l)
{
	return (l->count > 2 && !strcmp(l->word[0], "BGP") && !strcmp(l->word[1], "table")) ||
	       (l->count > 1 && !strcmp(l->word[0], "Codes:")) ||
	       (l->count > 1 && !strcmp(l->word[0], "Network"));
}

/* The network that this line is about: its own, or the one above. */
static bool about(const struct dump_lines *l, struct prefix *current, bool *open)
{
	bool rib = false, own = l->count && codes(l->word[0], &rib);
	size_t at = 1;
	struct prefix p;

	while (own && at < l->count && codes(l->word[at], &rib)) /* "*> i" and the like */
		at++;
	if (own && at < l->count && (dump_prefix(l->word[at], &p) || (!rib && classful(l, at, &p)))) {
		*current = p;
		*open = true;
		return true;
	}
	/* Another path of the same network, or the rest of a line that was too long. */
	if (*open && l->indented && l->count > 1)
		return true;
	*open = false;
	return false;
}

static int text_routes(const char *text, size_t size, const struct dump_ask *ask, struct dump *out)
{
	struct dump_lines l = { .at = text, .end = text + size };
	bool known = false, open = false;
	struct prefix current = { 0 };
	int err = 0;

	while (!err && dump_line(&l)) {
		known |= heading(&l);
		if (!about(&l, &current, &open))
			continue;
		known = true;
		if (ask->peer && !says(&l, ask->peer))
			out->others++;
		else
			err = dump_add(out, &current);
	}
	if (!err && !known)
		err = dump_refuse(
			out, 0,
			"no route in it; what `show bgp ipv4 unicast` prints is accepted, also as JSON");
	return err;
}

int dump_frr(const char *text, size_t size, const struct dump_ask *ask, struct dump *out)
{
	memset(out, 0, sizeof(*out));
	return dump_is_json(text, size) ? dump_frr_json(text, size, ask, out) :
					  text_routes(text, size, ask, out);
}

/* Behind the address: V AS MsgRcvd MsgSent TblVer InQ OutQ Up/Down State/PfxRcd. */
#define STATE_AT 9

static int text_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out)
{
	struct dump_lines l = { .at = text, .end = text + size };
	size_t found = 0;

	while (dump_line(&l)) {
		if (l.count <= STATE_AT || strcmp(l.word[1], "4") || (peer && strcmp(peer, l.word[0])))
			continue;
		found++;
		*up = l.word[STATE_AT][strspn(l.word[STATE_AT], "0123456789")] == '\0';
	}
	if (found == 1)
		return 0;
	if (found)
		return dump_refuse(out, 0, "%zu sessions; with `peer`, the address of one is accepted",
				   found);
	return dump_refuse(out, 0,
			   "no session%s%s; what `show bgp summary` prints is accepted, also as JSON",
			   peer ? " with " : "", peer ? peer : "");
}

int dump_frr_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out)
{
	memset(out, 0, sizeof(*out));
	return dump_is_json(text, size) ? dump_frr_json_session(text, size, peer, up, out) :
					  text_session(text, size, peer, up, out);
}
