/* SPDX-License-Identifier: MIT */
/*
 * Where two diagrams differ: first by architecture, then by number, then by the two
 * verdicts, each with the condition for it. What is listed is bounded and says so
 * where it was cut; that nothing differs is never said for lack of room.
 */
#include "prove_diff.h"

#include <stdlib.h>
#include <string.h>

#include "prove_internal.h"

#define ARCH_PIECES_MAX 4096u
#define NR_PIECES_MAX 4096u
#define GROUPS_MAX 4096u
#define CASES_MAX 32u
#define CLAUSES_MAX 16u

/* Values of a word on which the sides are the diagrams f and g, which differ. */
struct piece {
	uint32_t lo, hi;
	uint32_t f, g;
};

struct pieces {
	struct piece *at;
	uint32_t count, limit;
	bool cut;
};

struct differ {
	struct sb_dd *dd;
	struct sb_arena *arena;
	const struct sb_side *side[2];
	struct sb_diff *diff;
	struct secbake_error *error;
};

static enum secbake_status no_memory(const struct differ *d)
{
	return secbake_error_set(d->error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

/*
 * Of the values from base with `bits` low bits free, those where f and g differ. The
 * word's variables end before `end`.
 */
static void find_pieces(const struct sb_dd *dd, uint32_t f, uint32_t g, uint32_t bits, uint32_t end,
			uint32_t base, struct pieces *pieces)
{
	struct piece *last = pieces->count ? &pieces->at[pieces->count - 1] : NULL;
	uint32_t var = end - bits;

	if (f == g || pieces->cut)
		return;
	if (dd->node[f].var < end || dd->node[g].var < end) {
		bits--;
		find_pieces(dd, sb_dd_half(dd, f, var, false), sb_dd_half(dd, g, var, false), bits,
			    end, base, pieces);
		find_pieces(dd, sb_dd_half(dd, f, var, true), sb_dd_half(dd, g, var, true), bits,
			    end, base | 1u << bits, pieces);
		return;
	}
	if (last && last->hi + 1 == base && last->f == f && last->g == g) {
		last->hi = base | (uint32_t)((UINT64_C(1) << bits) - 1);
		return;
	}
	if (pieces->count == pieces->limit) {
		pieces->cut = true;
		return;
	}
	pieces->at[pieces->count++] = (struct piece){
		.lo = base, .hi = base | (uint32_t)((UINT64_C(1) << bits) - 1), .f = f, .g = g};
}

static bool init_pieces(const struct differ *d, struct pieces *pieces, uint32_t limit)
{
	*pieces = (struct pieces){.limit = limit};
	pieces->at = sb_alloc(d->arena, limit, sizeof(*pieces->at));
	return pieces->at != NULL;
}

/* The pairs of different verdicts that f and g come to. */
struct verdicts {
	uint32_t pair[CASES_MAX][2]; /* leaves */
	uint32_t count;
	bool cut;
};

static uint32_t add_verdicts(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g)
{
	struct verdicts *v = *(struct verdicts *const *)context;

	(void)dd;
	if (f == g)
		return SB_DD_FALSE;
	for (uint32_t i = 0; i < v->count; i++)
		if (v->pair[i][0] == f && v->pair[i][1] == g)
			return SB_DD_FALSE;
	if (v->count == CASES_MAX) {
		v->cut = true;
		return SB_DD_FALSE;
	}
	v->pair[v->count][0] = f;
	v->pair[v->count++][1] = g;
	return SB_DD_FALSE;
}

static uint32_t is_pair(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g)
{
	const uint32_t *pair = context;

	(void)dd;
	return f == pair[0] && g == pair[1] ? SB_DD_TRUE : SB_DD_FALSE;
}

/* The least call that meets a condition, seen as where it differs from FALSE. */
static enum secbake_status confirm(const struct differ *d, uint32_t arch, uint32_t nr,
				   uint32_t condition, struct secbake_diff_case *found)
{
	struct seccomp_data data;
	uint32_t verdict[2];

	sb_prove_difference(d->dd, condition, SB_DD_FALSE, &data);
	data.arch = arch;
	data.nr = (int)nr;
	for (uint32_t i = 0; i < 2; i++) {
		enum secbake_status status =
			sb_prove_side_eval(d->side[i], &data, &verdict[i], d->error);

		if (status != SECBAKE_OK)
			return status;
	}
	if (memcmp(verdict, found->verdict, sizeof(verdict)) != 0)
		return secbake_error_set(
			d->error, SECBAKE_ERR_INTERNAL, 0,
			"the comparison contradicts the interpreter on arch 0x%x, number %u: "
			"please report this with both sides",
			arch, nr);
	found->witness = (struct secbake_call){
		.audit_arch = arch, .nr = nr, .instruction_pointer = data.instruction_pointer};
	for (uint32_t i = 0; i < 6; i++)
		found->witness.args[i] = data.args[i];
	return SECBAKE_OK;
}

/* What group's numbers, on which the sides are f and g, differ in. */
static enum secbake_status find_cases(const struct differ *d, uint32_t f, uint32_t g,
				      struct secbake_diff_group *group)
{
	struct verdicts v = {.count = 0}, *to = &v;
	struct secbake_diff_case *found;

	if (sb_dd_pairs(d->dd, f, g, add_verdicts, &to) == SB_DD_NONE)
		return sb_dd_failed(d->dd, "the verdicts that differ", d->error);
	found = sb_alloc(d->arena, v.count, sizeof(*found));
	if (!found)
		return no_memory(d);
	group->cases = found;
	group->case_count = v.count;
	group->cut = v.cut;
	for (uint32_t i = 0; i < v.count; i++) {
		uint32_t condition = sb_dd_pairs(d->dd, f, g, is_pair, v.pair[i]);
		struct secbake_diff_clause *clause;
		enum secbake_status status;

		for (uint32_t j = 0; j < 2; j++)
			found[i].verdict[j] = d->dd->node[v.pair[i][j]].lo;
		found[i].clause_count = CLAUSES_MAX;
		if (condition == SB_DD_NONE ||
		    !sb_prove_terms(d->dd, d->arena, condition, &clause, &found[i].clause_count,
				    &found[i].cut))
			return sb_dd_failed(d->dd, "a condition", d->error);
		found[i].clause = clause;
		status = confirm(d, group->audit_arch, group->range[0].first, condition, &found[i]);
		if (status != SECBAKE_OK)
			return status;
	}
	return SECBAKE_OK;
}

/* Pieces of number that differ alike make one group, in order of their first. */
static enum secbake_status group_numbers(const struct differ *d, uint32_t arch, bool others,
					 const struct pieces *pieces)
{
	struct sb_diff *diff = d->diff;
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < pieces->count && status == SECBAKE_OK; i++) {
		const struct piece *first = &pieces->at[i];
		struct secbake_diff_group *group = &diff->group[diff->group_count];
		struct secbake_diff_range *range;
		uint32_t count = 0;

		if (first->f == SB_DD_NONE) /* in a group already */
			continue;
		if (diff->group_count == GROUPS_MAX) {
			diff->cut = true;
			break;
		}
		for (uint32_t j = i; j < pieces->count; j++)
			count += pieces->at[j].f == first->f && pieces->at[j].g == first->g;
		range = sb_alloc(d->arena, count, sizeof(*range));
		if (!range)
			return no_memory(d);
		*group = (struct secbake_diff_group){
			.audit_arch = arch, .others = others, .range = range};
		for (uint32_t j = i + 1; j < pieces->count; j++) {
			struct piece *piece = &pieces->at[j];

			if (piece->f != first->f || piece->g != first->g)
				continue;
			if (!group->range_count)
				range[group->range_count++] =
					(struct secbake_diff_range){first->lo, first->hi};
			range[group->range_count++] =
				(struct secbake_diff_range){piece->lo, piece->hi};
			piece->f = SB_DD_NONE;
		}
		if (!group->range_count)
			range[group->range_count++] =
				(struct secbake_diff_range){first->lo, first->hi};
		diff->group_count++;
		status = find_cases(d, first->f, first->g, group);
	}
	return status;
}

static enum secbake_status diff_arch(const struct differ *d, uint32_t arch, bool others, uint32_t f,
				     uint32_t g)
{
	struct pieces numbers;

	if (!init_pieces(d, &numbers, NR_PIECES_MAX))
		return no_memory(d);
	find_pieces(d->dd, f, g, 32, SB_VAR_IP, 0, &numbers);
	d->diff->cut |= numbers.cut;
	return group_numbers(d, arch, others, &numbers);
}

/* The first value of a piece that is no architecture known here. */
static bool unknown_arch(const struct piece *piece, uint32_t *arch)
{
	for (uint64_t value = piece->lo; value <= piece->hi; value++) {
		if (!secbake_arch_by_audit((uint32_t)value)) {
			*arch = (uint32_t)value;
			return true;
		}
	}
	return false;
}

static bool in_pieces(const struct pieces *archs, uint32_t audit_arch, uint32_t f, uint32_t g)
{
	for (uint32_t i = 0; i < archs->count; i++)
		if (archs->at[i].lo <= audit_arch && audit_arch <= archs->at[i].hi)
			return archs->at[i].f == f && archs->at[i].g == g;
	return false;
}

/* Architectures that differ as those of piece, from groups number first on: which do not. */
static enum secbake_status except_known(const struct differ *d, const struct pieces *archs,
					const struct piece *piece, uint32_t first)
{
	const struct secbake_arch **except, *arch;
	uint32_t count = 0;

	while (secbake_arch_at(count))
		count++;
	except = sb_alloc(d->arena, count, sizeof(*except));
	if (!except)
		return no_memory(d);
	count = 0;
	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (!in_pieces(archs, arch->audit_arch, piece->f, piece->g))
			except[count++] = arch;
	for (uint32_t i = first; i < d->diff->group_count; i++) {
		d->diff->group[i].except = except;
		d->diff->group[i].except_count = count;
	}
	return SECBAKE_OK;
}

/* Architectures without a name here, one group for each way to differ. */
static enum secbake_status diff_others(const struct differ *d, const struct pieces *archs)
{
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < archs->count && status == SECBAKE_OK; i++) {
		const struct piece *piece = &archs->at[i];
		uint32_t arch, first = d->diff->group_count;
		bool seen = false;

		if (!unknown_arch(piece, &arch))
			continue;
		for (uint32_t j = 0; j < i && !seen; j++)
			seen = archs->at[j].f == piece->f && archs->at[j].g == piece->g &&
			       unknown_arch(&archs->at[j], &arch);
		if (seen)
			continue;
		status = diff_arch(d, arch, true, piece->f, piece->g);
		if (status == SECBAKE_OK)
			status = except_known(d, archs, piece, first);
	}
	return status;
}

static bool differs_as_others(const struct pieces *archs, const struct piece *piece)
{
	uint32_t arch;

	for (uint32_t i = 0; i < archs->count; i++)
		if (archs->at[i].f == piece->f && archs->at[i].g == piece->g &&
		    unknown_arch(&archs->at[i], &arch))
			return true;
	return false;
}

/* Those with a name, in the order of secbake_arch_at(); then the others. */
static enum secbake_status diff_archs(const struct differ *d, uint32_t f, uint32_t g)
{
	enum secbake_status status = SECBAKE_OK;
	const struct secbake_arch *arch;
	struct pieces archs;

	if (!init_pieces(d, &archs, ARCH_PIECES_MAX))
		return no_memory(d);
	find_pieces(d->dd, f, g, 32, SB_VAR_NR, 0, &archs);
	d->diff->cut |= archs.cut;
	for (size_t i = 0; (arch = secbake_arch_at(i)) && status == SECBAKE_OK; i++) {
		if (arch->x32) /* one architecture with x86_64, as filters see it */
			continue;
		for (uint32_t j = 0; j < archs.count && status == SECBAKE_OK; j++) {
			const struct piece *piece = &archs.at[j];

			if (piece->lo <= arch->audit_arch && arch->audit_arch <= piece->hi &&
			    !differs_as_others(&archs, piece))
				status = diff_arch(d, arch->audit_arch, false, piece->f, piece->g);
		}
	}
	return status == SECBAKE_OK ? diff_others(d, &archs) : status;
}

enum secbake_status sb_diff(struct sb_arena *arena, const struct sb_side *a,
			    const struct sb_side *b, struct sb_diff *diff,
			    struct secbake_error *error)
{
	/* At worst 200 MiB and some seconds; container policies take a few milliseconds. */
	static const struct sb_prove_limits limits = {
		.nodes = 1u << 22,
		.steps = 1u << 26,
		.points = 1u << 16,
	};
	struct sb_dd dd;
	struct differ d = {.dd = &dd, .arena = arena, .side = {a, b}, .diff = diff, .error = error};
	enum secbake_status status;
	uint32_t f, g;

	*diff = (struct sb_diff){.group = sb_alloc(arena, GROUPS_MAX + 1, sizeof(*diff->group))};
	status = diff->group ? sb_dd_init(&dd, &limits) : no_memory(&d);
	if (!diff->group)
		return status;
	if (status != SECBAKE_OK)
		sb_dd_failed(&dd, "the start", error);
	if (status == SECBAKE_OK) {
		status = sb_prove_side(&dd, a, limits.points, &f, error);
		if (status != SECBAKE_OK)
			secbake_error_file(error, a->file, 0, 0, NULL);
	}
	if (status == SECBAKE_OK) {
		status = sb_prove_side(&dd, b, limits.points, &g, error);
		if (status != SECBAKE_OK)
			secbake_error_file(error, b->file, 0, 0, NULL);
	}
	if (status == SECBAKE_OK && f != g)
		status = diff_archs(&d, f, g);
	sb_dd_free(&dd);
	return status;
}
