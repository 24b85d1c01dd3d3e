#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The picture of the lab in the README is the one that its description draws.
set -euo pipefail
picture=$(tests/lab/lab.py draw)
[[ $(<README.md) == *"$picture"* ]] && exit
echo "README.md shows another network than tests/lab/network.py describes: lab.py draw"
exit 1
