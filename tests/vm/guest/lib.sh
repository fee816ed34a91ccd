# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scenarios say. The host reads these lines from the console.

# check NAME COMMAND...: the scenario holds as far as COMMAND succeeds.
check() {
	check_name=$1
	shift
	if "$@" >/tmp/check.log 2>&1; then
		echo "VM-PASS $check_name"
	else
		echo "VM-FAIL $check_name: $*"
		sed 's/^/VM-LOG /' /tmp/check.log
	fi
}

# says TEXT COMMAND...: its output, both, has TEXT in it.
says() {
	says_text=$1
	shift
	"$@" >/tmp/says.log 2>&1
	cat /tmp/says.log
	grep -qF -- "$says_text" /tmp/says.log
}

# status N COMMAND...: it ends with that status.
status() {
	status_wanted=$1
	shift
	"$@"
	status_is=$?
	[ "$status_is" -eq "$status_wanted" ] || { echo "status $status_is"; return 1; }
}

# fact NAME TEXT: something measured, for the table.
fact() {
	echo "VM-FACT $*"
}

# expect POLICY [LOADER-OPTION...]: under it the calls come back with what the interpreter said they
# would; the kernel counts at least one filter.
expect() {
	expect_name=$1
	shift
	secbake-exec "$@" "$expect_name" -- /vm/probe $(cut -d ' ' -f 1 "/vm/expect/$expect_name") >/tmp/expect.log 2>&1
	expect_status=$?
	cat /tmp/expect.log
	[ $expect_status -eq 0 ] || { echo "status $expect_status"; return 1; }
	grep -q '^Seccomp:.*2' /tmp/expect.log || { echo 'not under a filter'; return 1; }
	grep -v '^Seccomp\|^NoNewPrivs\|^euid' /tmp/expect.log >/tmp/expect.is
	cmp /tmp/expect.is "/vm/expect/$expect_name"
}

# refused STATUS TEXT COMMAND...: it ends with STATUS, says TEXT, and did not run what it was to run.
refused() {
	refused_status=$1 refused_text=$2
	shift 2
	"$@" >/tmp/refused.log 2>&1
	refused_is=$?
	cat /tmp/refused.log
	[ $refused_is -eq "$refused_status" ] || { echo "status $refused_is"; return 1; }
	! grep -q '^Seccomp:' /tmp/refused.log && grep -qF -- "$refused_text" /tmp/refused.log
}

# count MEMBER FILE: a number out of "secbake refresh --json"
count() {
	tr ',{}' '\n\n\n' <"$2" | sed -n "s/^ *\"$1\": *\([0-9]*\) *$/\1/p" | tail -n 1
}
