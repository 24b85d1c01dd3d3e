// SPDX-License-Identifier: GPL-2.0-only
/* For the far end of a veth: without a native program there, redirects into it are lost. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
