#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The programs fit the stack of Linux 6.1, which this machine's kernel does not ask for.
exec /usr/bin/python3 tests/lib/stack.py build/samepath.bpf.o
