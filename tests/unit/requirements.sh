#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The README's table of requirements is the one that the tests make, and no row is without a test.
exec /usr/bin/python3 tests/lib/rows.py check README.md
