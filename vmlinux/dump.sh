#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints every type of the running kernel as C, for looking things up. Nothing is built from it.
exec bpftool btf dump file /sys/kernel/btf/vmlinux format c
