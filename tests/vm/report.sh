# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What guests said, gathered: a table kernel by scenario, and the closing line.
declare -A report_cell=()
declare -a report_kernels=() report_scenarios=() report_facts=()
report_passed=0 report_failed=0 report_skipped=0

report_add() {
	local kernel=$1 scenario=$2 word=$3

	[[ " ${report_kernels[*]} " == *" $kernel "* ]] || report_kernels+=("$kernel")
	[[ " ${report_scenarios[*]} " == *" $scenario "* ]] || report_scenarios+=("$scenario")
	# A scenario of several boots is as good as its worst.
	[[ ${report_cell[$kernel,$scenario]:-} == FAILED ]] || report_cell[$kernel,$scenario]=$word
}

# skipped KERNEL SCENARIO WHY
skipped() {
	printf 'skipped: %s on %s: %s\n' "$2" "$1" "$3"
	report_skipped=$((report_skipped + 1))
	report_add "$1" "$2" skipped
}

# judged KERNEL SCENARIO LABEL LOG: the lines that a guest wrote
judged() {
	local kernel=$1 scenario=$2 label=$3 log=$4 passed failed=0

	passed=$(grep -c '^VM-PASS ' "$log" || true)
	failed=$(grep -c '^VM-FAIL ' "$log" || true)
	grep -q '^VM-DONE$' "$log" || failed=$((failed + 1))
	report_passed=$((report_passed + passed))
	report_failed=$((report_failed + failed))
	while read -r _ line; do
		report_facts+=("$kernel: $line")
	done < <(grep '^VM-FACT ' "$log" || true)
	if [[ $failed -eq 0 && $passed -gt 0 ]]; then
		printf '%-8s %-24s %2d checks\n' "$kernel" "$label" "$passed"
		report_add "$kernel" "$scenario" ok
		return
	fi
	printf '%s%-8s %-24s FAILED%s, all that it said is in %s\n' "$red" "$kernel" "$label" "$plain" "$log"
	grep -E '^VM-(FAIL|LOG) ' "$log" || tail -n 15 "$log"
	report_add "$kernel" "$scenario" FAILED
}

# asserted KERNEL SCENARIO LABEL COMMAND...: something that the host looks at
asserted() {
	local kernel=$1 scenario=$2 label=$3
	shift 3

	if "$@" >/dev/null 2>&1; then
		report_passed=$((report_passed + 1))
		printf '%-8s %s\n' "$kernel" "$label"
		report_add "$kernel" "$scenario" ok
	else
		report_failed=$((report_failed + 1))
		printf '%s%-8s FAILED%s %s: %s\n' "$red" "$kernel" "$plain" "$label" "$*"
		report_add "$kernel" "$scenario" FAILED
	fi
}

report_table() {
	local kernel scenario

	printf '%-10s' kernel
	printf ' %-10s' "${report_scenarios[@]}"
	printf '\n'
	for kernel in "${report_kernels[@]}"; do
		printf '%-10s' "$kernel"
		for scenario in "${report_scenarios[@]}"; do
			printf ' %-10s' "${report_cell[$kernel,$scenario]:-.}"
		done
		printf '\n'
	done
	[[ ${#report_facts[@]} -eq 0 ]] || printf '\nmeasured in the guests:\n'
	[[ ${#report_facts[@]} -eq 0 ]] || printf '  %s\n' "${report_facts[@]}"
}

# report_end [SCENARIO...]: at least three kernels must have run, unless only some scenarios were
# asked for: a machine that has none shows nothing.
report_end() {
	local kernel booted=0

	for kernel in "${report_kernels[@]}"; do
		[[ " ${!report_cell[*]} " == *" $kernel,"* ]] || continue
		for scenario in "${report_scenarios[@]}"; do
			if [[ ${report_cell[$kernel,$scenario]:-} == ok ]]; then
				booted=$((booted + 1))
				break
			fi
		done
	done
	printf '\n%d kernels booted\n' "$booted"
	printf '%d passed, %d failed, %d skipped\n' "$report_passed" "$report_failed" "$report_skipped"
	[[ $report_failed -eq 0 ]] || return 1
	[[ $booted -ge 3 || $# -gt 0 ]] || die 'fewer than three kernels could be had: nothing is shown'
}

# boot KERNEL SCENARIO LABEL COMMAND-LINE [QEMU-OPTION...]: one boot, judged. Architecture: $boot_arch.
boot() {
	local name=$1 scenario=$2 label=$3 line=$4 log
	shift 4

	log=$work/log/$scenario-$name-${label//[^a-z0-9]/-}
	mkdir -p "$work/log"
	vm_run "${boot_arch:-x86_64}" "${kernel[$name]}" "$log" "$line" "$@" || true
	judged "$name" "$scenario" "$label" "$log.text"
}

# had KERNEL SCENARIO: or the scenario is skipped there
had() {
	[[ -n ${kernel[$1]:-} ]] && return
	skipped "$1" "$2" 'the kernel cannot be had'
	return 1
}
