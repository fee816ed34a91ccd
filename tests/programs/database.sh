#!/bin/bash
# SPDX-License-Identifier: MIT
# database: PostgreSQL makes a cluster, serves it, runs queries (compiled and parallel ones too)
# and its own benchmark, pgbench.
. "$(dirname "$0")/lib.sh"
postgres=$(find /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n1)
[[ -n $postgres ]] || skip "no PostgreSQL here: Debian's package postgresql has it"
pg=${postgres%/postgres}
bake database

# It refuses to run as root.
as=()
if [[ $EUID = 0 ]]; then
	need setpriv util-linux
	user=postgres
	getent passwd postgres >/dev/null || user=nobody
	as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups)
fi
mkdir "$work/db" "$work/run"
[[ $EUID = 0 ]] && chown -R "$user" "$work/db" "$work/run"
as+=(env "HOME=$work/run")
# The loader trusts root's files and its user's: the cache is root's here.
confined=("${as[@]}" "$work/bin/secbake-exec" "${places[@]}" --no-compile database --)
query() {
	"${as[@]}" "$pg/psql" -X -q -t -A -v ON_ERROR_STOP=1 -h "$work/run" -p 5432 -U tester -d postgres "$@"
}
cd "$work/run" || exit 1

"${confined[@]}" "$pg/initdb" -D "$work/db/data" -U tester -A trust --no-sync --locale=C -E UTF8 >"$work/out" 2>&1 || {
	fail 'initdb does not work under database:'
	cat "$work/out" >&2
	exit 1
}
"${confined[@]}" "$pg/postgres" -D "$work/db/data" -k "$work/run" -c listen_addresses= -c fsync=on \
	-c max_parallel_workers_per_gather=2 -c autovacuum_naptime=1s >"$work/log" 2>&1 </dev/null &
server=$!
started+=("$server")
if ! await 60 query -c 'select 1'; then
	fail 'the server does not answer:'
	cat "$work/log" >&2
	exit 1
fi
grep -q '^Seccomp:[[:space:]]*2' "/proc/$server/status" || fail 'the server has no filter'

query -f - >"$work/out" 2>&1 <<'END' || { fail 'queries fail:'; cat "$work/out" >&2; }
create table t (id serial primary key, n int, s text);
insert into t (n, s) select i, repeat(md5(i::text), 4) from generate_series(1, 200000) i;
create index concurrently t_n on t (n);
begin; update t set n = n + 1 where id % 10 = 0; savepoint a; delete from t; rollback to a; commit;
analyze t; vacuum full t;
set min_parallel_table_scan_size = 0; set parallel_setup_cost = 0; set parallel_tuple_cost = 0;
select sum(n) from t;
create function f(x int) returns int language plpgsql as $$ begin return x * 2; end $$;
select f(21);
select lo_unlink(lo_create(0));
listen l; notify l, 'heard';
\copy t to 'copied'
select pg_switch_wal() is not null;
checkpoint;
create database other;
END
grep -q '^20000120000$' "$work/out" || fail "the sum is not among: $(head -c 500 "$work/out")"
grep -q '^42$' "$work/out" || fail 'a function of plpgsql gives no 42'
[[ $(wc -l <"$work/run/copied") = 200000 ]] || fail 'copy did not write all rows'
if query -c 'select pg_jit_available()' | grep -q t; then
	query -c 'set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0;
		set max_parallel_workers_per_gather = 0;
		explain (analyze) select sum(n * 2 + 1) from t where n % 3 = 0' >"$work/out" 2>&1 &&
		grep -q '^JIT:' "$work/out" || { fail 'no compiled query:'; cat "$work/out" >&2; }
else
	echo 'this PostgreSQL has no compiler: not tried'
fi
if [[ -x $pg/pgbench ]]; then
	bench=("${as[@]}" "$pg/pgbench" -h "$work/run" -p 5432 -U tester)
	"${bench[@]}" -i -q -s 1 postgres >"$work/out" 2>&1 &&
		"${bench[@]}" -c 4 -j 2 -t 50 postgres >"$work/out" 2>&1 &&
		grep -q 'actually processed: 200/200' "$work/out" || { fail 'pgbench fails:'; cat "$work/out" >&2; }
fi
kill -INT "$server"
wait "$server" || fail "the server ends with $?"
started=()
# Whoever connects too early, or is at work when the server is told to end, is turned away: that is no complaint.
grep -E 'FATAL|PANIC|Operation not permitted|not implemented' "$work/log" |
	grep -v 'the database system is starting up\|due to administrator command' &&
	fail 'the server complains'

denied database "${traps[@]}" socket-tcp=OK socket-raw=EPROTONOSUPPORT socket-packet=EAFNOSUPPORT \
	mmap-wx=EPERM mprotect-wx=EPERM setuid-file=EPERM openat2=ENOSYS mknod-device=EPERM shmat-exec=EPERM \
	msgget=EPERM sched_setscheduler=EPERM x32=KILL
under database "$work/bin/attempts" mprotect-x=OK || fail 'mprotect to execute is denied'
exit "$failed"
