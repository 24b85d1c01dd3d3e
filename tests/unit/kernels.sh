#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The README's table of kernels is one that `make test-vm` printed, of every kernel that it runs, and all passed: perhaps of
# an earlier tree, for it is not printed anew with each test that is written.
exec /usr/bin/python3 tests/vm/table.py check README.md 6.1 6.12
