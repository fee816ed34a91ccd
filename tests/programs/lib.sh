# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of shipped policies share. Each is started as TEST BIN_DIR TOOLS_DIR: where
# secbake and secbake-exec are, and the helpers built here. A test works in $work, which is
# removed with all that was started by start().
set -uo pipefail
umask 022
ulimit -c 0 # what is killed on purpose leaves no cores
export LC_ALL=C
export ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks under a filter without ptrace

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
profiles=$(cd "$here/../../profiles" && pwd)
work=$(mktemp -d) || exit 1
failed=0 started=()

finish() {
	local pid

	for pid in "${started[@]}"; do
		kill -QUIT "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap finish EXIT

skip() {
	printf 'SKIPPED: %s\n' "$*"
	exit 77
}

fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	failed=1
}

# need COMMAND PACKAGE: or the test is skipped.
need() {
	command -v "$1" >/dev/null || skip "no $1 here: Debian's package $2 has it"
}

# Programs and policies where other users can read them, and nobody can write.
chmod 755 "$work"
mkdir "$work/bin" "$work/policies" "$work/cache"
cp "$1"/secbake "$1"/secbake-exec "$2"/attempts "$2"/confined "$work/bin"
cp "$profiles"/*.json "$work/policies"
chmod 644 "$work"/policies/*
places=(-C "$work/cache" -P "$work/policies")

# bake POLICY...: into the cache.
bake() {
	"$work/bin/secbake" refresh -q "${places[@]}" "$@" 2>"$work/stderr" && return
	cat "$work/stderr" >&2
	fail "secbake refresh $*"
	exit 1
}

# under POLICY COMMAND...: as it should be used.
under() {
	local policy=$1
	shift
	"$work/bin/secbake-exec" "${places[@]}" --no-compile "$policy" -- "$@"
}

# works POLICY WHAT COMMAND...: it must succeed; what it prints is in $work/out.
works() {
	local policy=$1 what=$2
	shift 2
	under "$policy" "$@" >"$work/out" 2>&1 </dev/null && return
	fail "$what does not work under $policy (exit status $?):"
	sed 's/^/    /' "$work/out" >&2
	return 1
}

# start POLICY LOG COMMAND...: in the background; its pid is in $!.
start() {
	local policy=$1 log=$2
	shift 2
	"$work/bin/secbake-exec" "${places[@]}" --no-compile "$policy" -- "$@" >"$log" 2>&1 </dev/null &
	started+=($!)
}

# await SECONDS COMMAND...: until it succeeds.
await() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

# denied POLICY NAME=RESULT...: attempts must come out so under the policy, and, so that this
# tells something, otherwise without it.
denied() {
	local policy=$1 attempt result
	shift
	under "$policy" "$work/bin/attempts" "$@" 2>"$work/out" ||
		fail "$policy: $(cat "$work/out")"
	for attempt; do
		[[ $attempt = *=OK ]] && continue
		result=$("$work/bin/attempts" "$attempt" 2>&1) &&
			silent+=("${attempt%=*}")
	done
	[[ -z ${silent[*]:-} ]] || echo "$policy: without a filter as well (no privilege, or not in this kernel): ${silent[*]}"
	silent=()
}
silent=()

# What no policy but audit-all lets through.
readonly traps=(unshare-user=EPERM setns=EPERM clone-user=EPERM clone3=ENOSYS mount=EPERM umount2=EPERM
	pivot_root=EPERM chroot=EPERM fsopen=EPERM open_by_handle_at=EPERM ptrace=EPERM
	process_vm_readv=EPERM process_vm_writev=EPERM bpf=EPERM perf_event_open=EPERM
	userfaultfd=EPERM keyctl=ENOSYS add_key=ENOSYS io_uring_setup=ENOSYS init_module=EPERM
	finit_module=EPERM kexec_load=EPERM reboot=EPERM swapon=EPERM settimeofday=EPERM
	sethostname=EPERM TIOCSTI=EPERM TIOCLINUX=EPERM TIOCSTI-upper=EPERM personality-aslr=EPERM
	syslog=EPERM getppid=OK)
