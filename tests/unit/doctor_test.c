// SPDX-License-Identifier: GPL-2.0-only
/* The judgments of doctor that ask nobody: drivers, queues, ports, memory, and what other tools print.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <sys/stat.h>
#include "../../userspace/command.h"
#include "../../userspace/doctor_host.h"
#include "../../userspace/doctor_link.h"
#include "../../userspace/doctor_memory.h"
#include "../../userspace/doctor_nat.h"
#include "../../userspace/doctor_session.h"
#include "../../userspace/maps.h"

/* main's, which is no part of the library */
const char *option_config = "", *option_gateway;

static struct kernel_link wan = {
	.ifindex = 3, .name = "wan0", .mtu = 1500, .up = true, .carrier = true
};
static struct config_circuit circuit = { .name = "internet", .port_min = 1, .port_max = 65535 };
static struct doctor_device device = { .link = &wan, .trunk = &wan, .circuit = &circuit, .first = true };

/* A doctor that knows wan0; its device is not for doctor_free. */
static struct doctor start(void)
{
	return (struct doctor){ .devices = &device, .device_count = 1 };
}

static void end(struct doctor *d)
{
	d->devices = NULL;
	doctor_free(d);
}

/* The last row, and what it must be; `repair` NULL: none. */
static void last_is(struct doctor *d, enum doctor_verdict verdict, const char *check, const char *repair)
{
	const struct doctor_row *r = &d->rows[d->count - 1];

	assert_true(d->count > 0);
	assert_int_equal(r->verdict, verdict);
	assert_string_equal(r->check, check);
	if (repair)
		assert_string_equal(r->repair ? r->repair : "none", repair);
	else
		assert_null(r->repair);
}

static void queues_of_a_card_are_as_many_as_cpus_or_as_it_has(void **state)
{
	struct doctor d = start();
	struct card card = { .driver = "mlx5_core", .rx = 1, .rx_most = 8, .combined = true };

	(void)state;
	judge_queues(&d, "wan0", &card, 4);
	last_is(&d, DOCTOR_WARNING, "queues", "ethtool -L wan0 combined 4");
	card.combined = false;
	card.rx_most = 2;
	judge_queues(&d, "wan0", &card, 4);
	last_is(&d, DOCTOR_WARNING, "queues", "ethtool -L wan0 rx 2");
	card.rx = 2;
	judge_queues(&d, "wan0", &card, 4);
	last_is(&d, DOCTOR_OK, "queues", NULL);
	card = (struct card){ .virtual = true, .rx = 1, .rx_most = 2 };
	judge_queues(&d, "wan0", &card, 4);
	last_is(&d, DOCTOR_OK, "queues", NULL);
	end(&d);
}

static void a_driver_without_native_xdp_is_slow(void **state)
{
	const struct card card = { .driver = "bridge" };
	struct doctor d = start();

	(void)state;
	judge_driver(&d, &device, &card, 0);
	last_is(&d, DOCTOR_OK, "xdp-transmit", NULL);
	assert_string_equal(d.rows[0].check, "xdp-mode");
	assert_int_equal(d.rows[0].verdict, DOCTOR_WARNING);
	end(&d);
}

static void frames_that_a_driver_would_lose_are_fatal_while_it_runs(void **state)
{
	const struct card veth = { .driver = "veth", .virtual = true }, ixgbe = { .driver = "ixgbe" };
	struct doctor d = start();

	(void)state;
	judge_driver(&d, &device, &veth, CARD_XDP_NATIVE);
	last_is(&d, DOCTOR_WARNING, "xdp-transmit", NULL);
	/* it makes its queues for that when a program comes */
	judge_driver(&d, &device, &ixgbe, CARD_XDP_NATIVE);
	last_is(&d, DOCTOR_OK, "xdp-transmit", NULL);
	d.running = true;
	wan.xdp = XDP_ATTACHED_DRV;
	judge_driver(&d, &device, &ixgbe, CARD_XDP_NATIVE);
	last_is(&d, DOCTOR_FATAL, "xdp-transmit", NULL);
	judge_driver(&d, &device, &ixgbe, CARD_XDP_NATIVE | CARD_XDP_TRANSMIT);
	last_is(&d, DOCTOR_OK, "xdp-transmit", NULL);
	wan.xdp = XDP_ATTACHED_NONE;
	end(&d);
}

static void a_link_narrower_than_the_inside_needs_mss(void **state)
{
	struct doctor d = start();

	(void)state;
	judge_mtu(&d, &device, 1500);
	last_is(&d, DOCTOR_OK, "mtu", NULL);
	judge_mtu(&d, &device, 9000);
	last_is(&d, DOCTOR_WARNING, "mtu", "ip link set dev wan0 mtu 9000");
	circuit.mss = MSS_AUTO;
	judge_mtu(&d, &device, 9000);
	last_is(&d, DOCTOR_OK, "mtu", NULL);
	circuit.mss = 0;
	end(&d);
}

static void what_the_gateway_takes_of_a_circuits_ports_is_counted(void **state)
{
	struct config_circuit c = { .name = "internet", .port_min = 1, .port_max = 65535 };
	struct doctor d = start();

	(void)state;
	assert_int_equal(ports_left(&c, 32768, 60999), 65535 - 28232);
	assert_int_equal(ports_left(&c, 1024, 65535), 1023);
	c.port_min = 40000;
	c.port_max = 50000;
	assert_int_equal(ports_left(&c, 32768, 60999), 0);
	assert_int_equal(ports_left(&c, 1024, 32767), 10001);
	assert_int_equal(ports_left(&c, 45000, 60999), 5000);
	judge_ports(&d, &c, "192.0.2.1", 32768, 60999);
	last_is(&d, DOCTOR_WARNING, "ports", "sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"");
	judge_ports(&d, &c, "192.0.2.1", 51000, 60999);
	last_is(&d, DOCTOR_OK, "ports", NULL);
	end(&d);
}

static void metadata_is_lost_when_many_were_handed_over_and_few_arrived(void **state)
{
	struct doctor d = start();

	(void)state;
	judge_handover(&d, 3, 0);
	last_is(&d, DOCTOR_OK, "metadata", NULL);
	judge_handover(&d, 1000, 999);
	last_is(&d, DOCTOR_OK, "metadata", NULL);
	judge_handover(&d, 1000, 0);
	last_is(&d, DOCTOR_WARNING, "metadata", NULL);
	end(&d);
}

#define RULE(expr)                                                                                             \
	"{\"rule\": {\"family\": \"ip\", \"table\": \"x\", \"chain\": \"po\", \"handle\": 5, \"expr\": [" expr \
	"]}}"
#define MATCH(op, right)             \
	"{\"match\": {\"op\": \"" op \
	"\", \"left\": {\"meta\": {\"key\": \"oifname\"}}, \"right\": " right "}}, "

static int ruleset(struct doctor *d, const char *objects)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"nftables\": [{\"metainfo\": {}}, %s]}", objects);
	return judge_ruleset(d, text);
}

static void rules_of_nftables_that_may_translate_on_our_devices_are_found(void **state)
{
	static const struct {
		const char *object;
		int found;
	} rows[] = {
		{ RULE("{\"masquerade\": null}"), 1 },
		{ RULE(MATCH("==", "\"wan0\"") "{\"masquerade\": null}"), 1 },
		{ RULE(MATCH("==", "\"ppp0\"") "{\"masquerade\": null}"), 0 },
		{ RULE(MATCH("!=", "\"ppp0\"") "{\"snat\": {\"addr\": \"192.0.2.9\"}}"), 1 },
		{ RULE(MATCH("==", "\"wan*\"") "{\"dnat\": {\"addr\": \"192.0.2.9\"}}"), 1 },
		{ RULE(MATCH("==", "{\"set\": [\"ppp0\", \"wan0\"]}") "{\"masquerade\": null}"), 1 },
		{ RULE(MATCH("==", "{\"set\": [\"ppp0\", \"ppp1\"]}") "{\"masquerade\": null}"), 0 },
		{ RULE(MATCH("==", "\"@outside\"") "{\"masquerade\": null}"), 1 },
		{ RULE(MATCH("==", "\"wan0\"") "{\"accept\": null}"), 0 },
		{ RULE("{\"flow\": {\"op\": \"add\", \"flowtable\": \"@f\"}}"), 1 },
		{ "{\"flowtable\": {\"family\": \"inet\", \"table\": \"x\", \"name\": \"f\", \"dev\": [\"ppp0\"]}}",
		  0 },
		{ "{\"chain\": {\"family\": \"ip\", \"table\": \"x\", \"name\": \"po\", \"type\": \"nat\"}}",
		  0 },
	};
	struct doctor d = start();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(ruleset(&d, rows[i].object), rows[i].found);
	last_is(&d, DOCTOR_WARNING, "rival-nat", "nft delete rule ip x po handle 5");
	assert_int_equal(
		ruleset(&d, "{\"flowtable\": {\"family\": \"inet\", \"table\": \"x\", \"name\": \"f\","
			    " \"handle\": 1, \"dev\": [\"ppp0\", \"wan0\"]}}"),
		1);
	last_is(&d, DOCTOR_WARNING, "flowtable", "nft delete flowtable inet x f");
	assert_int_equal(judge_ruleset(&d, "nothing"), -EINVAL);
	assert_int_equal(judge_ruleset(&d, "[1]"), -EINVAL);
	assert_int_equal(judge_ruleset(&d, "{\"nftables\": {}}"), -EINVAL);
	end(&d);
}

static void rules_of_the_older_tables_are_found(void **state)
{
	char text[] = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o ppp0 -j MASQUERADE\n"
		      "-A POSTROUTING -s 10.0.0.0/8 -o wan+ -j SNAT --to-source 192.0.2.9\n"
		      "-A PREROUTING -i wan0 -j LOG\n-A POSTROUTING ! -o ppp0 -j MASQUERADE\nCOMMIT\n";
	struct doctor d = start();

	(void)state;
	assert_int_equal(judge_iptables(&d, "iptables-legacy", text), 2);
	assert_string_equal(d.rows[0].repair,
			    "iptables-legacy -t nat -D POSTROUTING -s 10.0.0.0/8 -o wan+ -j SNAT "
			    "--to-source 192.0.2.9");
	last_is(&d, DOCTOR_WARNING, "rival-nat",
		"iptables-legacy -t nat -D POSTROUTING ! -o ppp0 -j MASQUERADE");
	end(&d);
}

static void sessions_of_bird_are_read(void **state)
{
	char text[] =
		"BIRD 2.0.12 ready.\n"
		"Name       Proto      Table      State  Since         Info\n"
		"device1    Device     ---        up     2026-11-26    \n"
		"er0        BGP        ---        up     2026-11-26 04:00:01  Established   \n"
		"er1        BGP        ---        start  04:00:01.123  Active        Socket: Connection refused\n"
		"er2        BGP        ---        down   2026-11-26    \n";
	struct doctor d = start();

	(void)state;
	assert_int_equal(judge_bird(&d, text), 3);
	assert_int_equal(d.rows[0].verdict, DOCTOR_OK);
	assert_string_equal(d.rows[0].on, "er0");
	assert_string_equal(d.rows[1].repair, "birdc restart er1");
	assert_string_equal(d.rows[1].reason,
			    "the session is not up: Active        Socket: Connection refused");
	last_is(&d, DOCTOR_WARNING, "bgp", "birdc enable er2");
	end(&d);
}

static void sessions_of_frr_are_read(void **state)
{
	struct doctor d = start();

	(void)state;
	assert_int_equal(judge_frr(&d, "{\"ipv4Unicast\": {\"as\": 64512, \"peers\": {"
				       "\"172.16.0.2\": {\"state\": \"Established\", \"pfxRcd\": 12},"
				       "\"172.16.0.6\": {\"state\": \"Idle (Admin)\"}}}}"),
			 2);
	assert_int_equal(d.rows[0].verdict, DOCTOR_OK);
	last_is(&d, DOCTOR_WARNING, "bgp", "vtysh -c 'clear bgp 172.16.0.6'");
	assert_int_equal(judge_frr(&d, "{}"), 0);
	assert_int_equal(judge_frr(&d, "% unknown"), -EINVAL);
	end(&d);
}

static void available_memory_is_read(void **state)
{
	(void)state;
	assert_int_equal(doctor_available("MemTotal: 4096 kB\nMemAvailable:    2048 kB\n"), 2048 << 10);
	assert_true(doctor_available("MemTotal: 4096 kB\n") == UINT64_MAX);
}

static void put(const char *directory, const char *file, const char *text)
{
	char path[300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void the_tightest_cgroup_on_the_way_up_counts(void **state)
{
	char root[] = "/tmp/doctor-XXXXXX", a[64], b[64], tightest[128] = "", command[96];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(a, sizeof(a), "%s/a", root);
	snprintf(b, sizeof(b), "%s/a/b", root);
	assert_int_equal(mkdir(a, 0700) || mkdir(b, 0700), 0);
	put(b, "memory.max", "max\n");
	put(b, "memory.current", "10\n");
	assert_true(doctor_cgroup_room(root, "/a/b", tightest, sizeof(tightest)) == UINT64_MAX);
	put(a, "memory.max", "1000\n");
	put(a, "memory.current", "400\n");
	assert_int_equal(doctor_cgroup_room(root, "/a/b", tightest, sizeof(tightest)), 600);
	assert_string_equal(tightest, a);
	put(a, "memory.stat", "anon 100\nfile 300\nactive_file 90\ninactive_file 200\nslab_reclaimable 5\nslab 9\n");
	assert_int_equal(doctor_cgroup_room(root, "/a/b", tightest, sizeof(tightest)), 895);
	put(b, "memory.max", "5\n");
	assert_int_equal(doctor_cgroup_room(root, "/a/b", tightest, sizeof(tightest)), 0);
	assert_string_equal(tightest, b);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void who_ends_its_output_and_stays_is_not_waited_for(void **state)
{
	const char *const words[] = { "sh", "-c", "echo said; exec >&-; exec sleep 30", NULL };
	char *text = NULL;

	(void)state;
	alarm(15);
	assert_int_equal(command_output(words, &text), -ETIME);
	alarm(0);
	assert_string_equal(text, "said\n");
	free(text);
}

static void memory_of_maps_is_that_of_the_kernel(void **state)
{
	/* as Linux 6.18 says of them with two CPUs, less what it keeps besides */
	static const struct {
		struct map_shape shape;
		uint64_t least, most;
	} rows[] = {
		{ { BPF_MAP_TYPE_HASH, 0, 16, 64, 400000 }, 59588000, 59590000 },
		{ { BPF_MAP_TYPE_ARRAY, 0, 4, 12, 100 }, 1600, 1600 },
		{ { BPF_MAP_TYPE_PERCPU_ARRAY, 0, 4, 16, 100 }, 4000, 4000 },
		{ { BPF_MAP_TYPE_RINGBUF, 0, 0, 0, 262144 }, 262144, 262144 },
		{ { BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, 20, 4, 65536 }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t bytes = map_memory(&rows[i].shape, 2);

		assert_in_range(bytes, rows[i].least, rows[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_a_card_are_as_many_as_cpus_or_as_it_has),
		cmocka_unit_test(a_driver_without_native_xdp_is_slow),
		cmocka_unit_test(frames_that_a_driver_would_lose_are_fatal_while_it_runs),
		cmocka_unit_test(a_link_narrower_than_the_inside_needs_mss),
		cmocka_unit_test(what_the_gateway_takes_of_a_circuits_ports_is_counted),
		cmocka_unit_test(metadata_is_lost_when_many_were_handed_over_and_few_arrived),
		cmocka_unit_test(rules_of_nftables_that_may_translate_on_our_devices_are_found),
		cmocka_unit_test(rules_of_the_older_tables_are_found),
		cmocka_unit_test(sessions_of_bird_are_read),
		cmocka_unit_test(sessions_of_frr_are_read),
		cmocka_unit_test(available_memory_is_read),
		cmocka_unit_test(the_tightest_cgroup_on_the_way_up_counts),
		cmocka_unit_test(who_ends_its_output_and_stays_is_not_waited_for),
		cmocka_unit_test(memory_of_maps_is_that_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
