# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# docs/boot.md is executed: a block that begins with ```sh NAME is run where NAME says.

# document NAME: the commands of that block, an error if there is none
document() {
	awk -v start="\`\`\`sh $1" '$0 == start { on = 1; found = 1; next } /^```/ { on = 0 } on
		END { exit !found }' "$root/docs/boot.md"
}
