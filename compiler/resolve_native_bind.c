/* SPDX-License-Identifier: MIT */
/*
 * Binding: each rule to its calls on each architecture of the policy. Where the
 * arguments of its calls are typed alike, and constants have the same values, it
 * stays one rule.
 */
#include "resolve_native.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "prove_internal.h"

#define CLAIMS_MAX (4u << 20) /* rules times their calls and architectures */

bool sb_native_place(const struct sb_native_spot *spot, struct sb_place *place)
{
	*place = (struct sb_place){.source = spot->doc->source};
	if (!spot->node)
		return true;
	if (!sb_json_place(&spot->doc->reader, spot->node, place))
		return sb_native_memory(&spot->doc->reader);
	place->source = spot->doc->source;
	return true;
}

uint32_t sb_native_raw(const struct sb_native_action *action, const struct secbake_arch *arch)
{
	return action->ret |
	       (action->errno_name ? sb_errno_value(action->errno_name, arch) : action->data);
}

static const struct sb_json *arch_word(const struct sb_native *native, uint32_t index)
{
	const struct sb_json *word = sb_json_first(native->arch_spot.node);

	while (word && index--)
		word = sb_json_next(word);
	return word;
}

static bool is_bound(const struct sb_bound *bound, const struct secbake_arch *arch)
{
	for (uint32_t i = 0; i < bound->arch_count; i++)
		if (bound->arch[i] == arch)
			return true;
	return false;
}

/*
 * What 64-bit kernels can run beside their own ABI: CONFIG_COMPAT, CONFIG_IA32_EMULATION,
 * CONFIG_X86_X32_ABI. Not in the table of ABIs, which the loader carries along.
 */
static const struct {
	const char *kernel, *runs;
} compat[] = {
	{"x86_64", "x86"},	 {"x86_64", "x32"},	 {"aarch64", "arm"},
	{"ppc64", "ppc"},	 {"s390x", "s390"},	 {"mips64", "mips"},
	{"mips64", "mips64n32"}, {"mipsel64", "mipsel"}, {"mipsel64", "mipsel64n32"},
	{"parisc64", "parisc"},
};

/* "compat": what the target's kernels run besides, unless it is listed by name. */
static void bind_compat(struct sb_bound *bound)
{
	for (size_t i = 0; i < sizeof(compat) / sizeof(compat[0]); i++) {
		const struct secbake_arch *arch = secbake_arch_find(compat[i].runs);

		if (!strcmp(compat[i].kernel, bound->target->name) && !is_bound(bound, arch))
			bound->arch[bound->arch_count++] = arch; /* no more than there are */
	}
}

/* Without a list, the target's own; in a list none twice, the target's own goes first. */
static bool bind_arches(struct sb_binder *b)
{
	const struct sb_native *native = b->native;
	const struct sb_reader *reader = &native->arch_spot.doc->reader;
	struct sb_bound *bound = b->bound;
	bool with_compat = false;

	if (!native->arch_spot.node) {
		bound->arch[bound->arch_count++] = bound->target;
		return true;
	}
	for (uint32_t i = 0; i < native->arch_count; i++) {
		const struct secbake_arch *arch = native->arch[i] ? native->arch[i] : bound->target;

		if (is_bound(bound, arch) || (with_compat && arch == &sb_native_compat))
			return sb_native_fail(reader, arch_word(native, i),
					      "%s is listed twice; keep one", arch->name);
		if (arch == &sb_native_compat) {
			with_compat = true;
			continue;
		}
		if (arch->big_endian != bound->target->big_endian)
			return sb_native_fail(reader, arch_word(native, i),
					      "%s has another byte order than the target, %s; one "
					      "filter cannot serve both, take it out",
					      arch->name, bound->target->name);
		bound->arch[bound->arch_count++] = arch; /* no more than there are */
	}
	if (with_compat)
		bind_compat(bound);
	if (!bound->arch_count) /* a kernel of 32 bits has nothing but its own */
		return sb_native_fail(reader, native->arch_spot.node,
				      "%s has no compatible architectures; add \"native\"",
				      bound->target->name);
	for (uint32_t i = 0; i < bound->arch_count; i++) {
		if (bound->arch[i] != bound->target)
			continue;
		memmove(&bound->arch[1], &bound->arch[0], i * sizeof(bound->arch[0]));
		bound->arch[0] = bound->target;
	}
	return true;
}

static bool has_capability(const struct sb_options *options, const char *name)
{
	for (size_t i = 0; i < options->cap_count; i++)
		if (!strcmp(options->caps[i], name))
			return true;
	return false;
}

static bool names_arch(const struct sb_binder *b, const struct sb_native_filter *filter,
		       const struct secbake_arch *arch)
{
	for (uint32_t i = 0; i < filter->arch_count; i++)
		if ((filter->arch[i] ? filter->arch[i] : b->bound->target) == arch)
			return true;
	return false;
}

/* All of when and none of unless, but for the kernel's version. */
static bool in_force_on(const struct sb_binder *b, const struct sb_native_rule *rule,
			const struct secbake_arch *arch)
{
	if (rule->when.arch_count && !names_arch(b, &rule->when, arch))
		return false;
	if (names_arch(b, &rule->unless, arch))
		return false;
	for (uint32_t i = 0; i < rule->when.cap_count; i++)
		if (!has_capability(b->options, rule->when.cap[i]))
			return false;
	for (uint32_t i = 0; i < rule->unless.cap_count; i++)
		if (has_capability(b->options, rule->unless.cap[i]))
			return false;
	return true;
}

static bool same_conditions(const struct sb_cond *a, const struct sb_cond *b)
{
	return a->arg == b->arg && a->mask == b->mask && a->interval_count == b->interval_count &&
	       (!a->interval_count ||
		!memcmp(a->interval, b->interval, a->interval_count * sizeof(*a->interval)));
}

static bool same_bound(const struct sb_bound_rule *a, const struct sb_bound_rule *b)
{
	if (a->action != b->action || a->arch != b->arch || a->never != b->never ||
	    a->clause_count != b->clause_count)
		return false;
	for (uint32_t i = 0; i < a->clause_count; i++) {
		if (a->clause[i].cond_count != b->clause[i].cond_count)
			return false;
		for (uint32_t j = 0; j < a->clause[i].cond_count; j++)
			if (!same_conditions(&a->clause[i].cond[j], &b->clause[i].cond[j]))
				return false;
	}
	return true;
}

/* The rule as bound, one that is there already if it is equal; first: of this rule. */
static bool add_bound(struct sb_binder *b, struct sb_bound_layer *layer, uint32_t first,
		      const struct sb_bound_rule *wanted, uint32_t *index)
{
	for (uint32_t i = first; i < layer->bound_count; i++) {
		if (same_bound(&layer->bound[i], wanted)) {
			*index = i;
			return true;
		}
	}
	if (layer->bound_count == layer->bound_room) {
		uint32_t room = layer->bound_room * 2 + 64;

		layer->bound = sb_grow(b->arena, layer->bound, layer->bound_count, room,
				       sizeof(*layer->bound));
		layer->bound_room = room;
		if (!layer->bound)
			return sb_native_memory(&b->native->main->reader);
	}
	layer->bound[layer->bound_count] = *wanted;
	*index = layer->bound_count++;
	return true;
}

/* Types that were met on one architecture, and what the rule became with them. */
struct known_types {
	struct sb_native_type *type;
	uint32_t bound;
	struct known_types *next;
};

/* What binding one rule carries along. */
struct rule_binder {
	struct sb_binder *b;
	struct sb_bound_layer *layer;
	const struct sb_native_rule *rule;
	uint32_t index, first;
	struct sb_native_args *args; /* NULL: no conditions */
	struct known_types *known;   /* on the current architecture */
	struct sb_native_type *type; /* scratch */
	bool wrong;
};

static bool bind_types(struct rule_binder *rb, uint32_t arch, uint32_t *bound)
{
	const struct secbake_arch *on = rb->b->bound->arch[arch];
	struct sb_bound_rule made = {.rule = rb->index,
				     .action = sb_native_raw(&rb->rule->action, on),
				     .arch = rb->b->by_arch ? arch : 0};
	size_t size = (rb->args ? sb_native_matcher_count(rb->args) : 0) * sizeof(*rb->type);
	struct known_types *entry;

	for (entry = rb->known; entry; entry = entry->next) {
		if (size && memcmp(entry->type, rb->type, size) != 0)
			continue;
		*bound = entry->bound;
		return true;
	}
	if (rb->args && !sb_native_clauses(rb->args, arch, rb->type, &made))
		return false;
	entry = sb_alloc(rb->b->arena, 1, sizeof(*entry));
	if (!entry || (size && !(entry->type = sb_alloc(rb->b->arena, 1, size))))
		return sb_native_memory(&rb->rule->spot.doc->reader);
	if (size)
		memcpy(entry->type, rb->type, size);
	if (!add_bound(rb->b, rb->layer, rb->first, &made, &entry->bound))
		return false;
	entry->next = rb->known;
	rb->known = entry;
	*bound = entry->bound;
	return true;
}

static bool claim(struct rule_binder *rb, uint32_t arch, uint32_t nr, uint32_t bound,
		  uint32_t *room)
{
	struct sb_bound_layer *layer = rb->layer;
	uint32_t count = layer->claim_count[arch];

	if (rb->b->claims == CLAIMS_MAX) {
		sb_json_fail(&rb->rule->spot.doc->reader, rb->rule->spot.node, SECBAKE_ERR_LIMIT,
			     "the rules name calls more than %u times; that is the limit",
			     CLAIMS_MAX);
		rb->b->native->main->reader.report.faults->over = true;
		return false;
	}
	if (count == room[arch]) {
		layer->claim[arch] = sb_grow(rb->b->arena, layer->claim[arch], count,
					     room[arch] * 2 + 256, sizeof(struct sb_bound_claim));
		room[arch] = room[arch] * 2 + 256;
		if (!layer->claim[arch])
			return sb_native_memory(&rb->rule->spot.doc->reader);
	}
	layer->claim[arch][count] = (struct sb_bound_claim){nr, bound};
	layer->claim_count[arch]++;
	rb->b->claims++;
	return true;
}

static void bind_call(struct rule_binder *rb, uint32_t arch, const struct sb_native_call *call,
		      uint32_t *room)
{
	uint32_t bound = SB_NONE;

	if (call->nr[arch] == SB_NONE)
		return;
	if ((rb->args && !sb_native_types(rb->args, arch, call, rb->type)) ||
	    !bind_types(rb, arch, &bound)) {
		rb->wrong = true;
		return;
	}
	claim(rb, arch, call->nr[arch], bound, room);
}

static bool bind_rule(struct sb_binder *b, struct sb_bound_layer *layer, uint32_t index,
		      uint32_t *room)
{
	const struct sb_native_rule *rule = &layer->native->rule[index];
	const struct sb_reader *reader = &rule->spot.doc->reader;
	struct sb_bound_force *force = &layer->force[index];
	struct rule_binder rb = {
		.b = b, .layer = layer, .rule = rule, .index = index, .first = layer->bound_count};
	bool on[SB_ARCHES_MAX], somewhere = false;
	const uint32_t *call;
	uint32_t count;

	force->from = rule->when.min_kernel;
	force->to = rule->unless.min_kernel ? rule->unless.min_kernel : SECBAKE_KERNEL_ANY;
	for (uint32_t a = 0; a < b->bound->arch_count; a++) {
		on[a] = in_force_on(b, rule, b->bound->arch[a]) && force->from < force->to;
		somewhere |= on[a];
	}
	if (!sb_native_rule_calls(b, rule, somewhere, &call, &count) || rule->broken)
		return false;
	if (!sb_native_place(&rule->spot, &force->place))
		return false;
	if (rule->set_count) {
		rb.args = sb_native_args_new(b, rule);
		if (!rb.args)
			return sb_native_memory(reader);
		rb.type = sb_alloc(b->arena, sb_native_matcher_count(rb.args), sizeof(*rb.type));
		if (!rb.type)
			return sb_native_memory(reader);
	}
	for (uint32_t a = 0; a < b->bound->arch_count; a++) {
		rb.known = NULL;
		for (uint32_t i = 0; on[a] && i < count && !sb_native_over(reader); i++)
			bind_call(&rb, a, sb_native_call_at(b, call[i]), room);
	}
	if (rb.args && !rb.wrong)
		sb_native_warn_never(rb.args);
	return !rb.wrong;
}

static int compare_claims(const void *a, const void *b)
{
	const struct sb_bound_claim *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	return (x->bound > y->bound) - (x->bound < y->bound);
}

static bool bind_layer(struct sb_binder *b, struct sb_bound_layer *layer)
{
	uint32_t room[SB_ARCHES_MAX] = {0};
	bool good = true;

	layer->force = sb_alloc(b->arena, layer->native->rule_count, sizeof(*layer->force));
	if (!layer->force)
		return sb_native_memory(&b->native->main->reader);
	for (uint32_t i = 0; i < layer->native->rule_count; i++) {
		if (sb_native_over(&b->native->main->reader))
			return false;
		good &= bind_rule(b, layer, i, room);
	}
	for (uint32_t a = 0; a < b->bound->arch_count; a++)
		if (layer->claim_count[a])
			qsort(layer->claim[a], layer->claim_count[a], sizeof(*layer->claim[a]),
			      compare_claims);
	return good;
}

/* The kernel gives a task one listener, and so one of its filters. */
static void check_listeners(const struct sb_binder *b)
{
	const struct sb_native_spot *foreign = &b->native->foreign_spot;
	const struct sb_native_layer *first = NULL;

	/* Each layer decides about foreign calls. */
	if (b->native->layer_count > 1 && b->native->foreign.ret == SECCOMP_RET_USER_NOTIF) {
		sb_json_fail(&foreign->doc->reader, foreign->node, SECBAKE_ERR_INPUT,
			     "\"notify\" here would be in each of %u layers: the kernel allows one "
			     "listener only; take another action, or have one layer",
			     b->native->layer_count);
		return;
	}
	for (uint32_t i = 0; i < b->native->layer_count; i++) {
		const struct sb_native_layer *layer = &b->native->layer[i];
		const struct sb_native_spot *spot = NULL;

		if (layer->default_action.ret == SECCOMP_RET_USER_NOTIF)
			spot = &layer->default_spot;
		for (uint32_t j = 0; j < layer->rule_count && !spot; j++)
			if (layer->rule[j].action.ret == SECCOMP_RET_USER_NOTIF)
				spot = &layer->rule[j].spot;
		if (spot && first)
			sb_json_fail(&spot->doc->reader, spot->node, SECBAKE_ERR_INPUT,
				     "a second layer with \"notify\": the kernel allows one "
				     "listener only; keep such rules in one layer");
		if (spot)
			first = layer;
	}
}

static bool bind(struct sb_binder *b)
{
	struct sb_bound *bound = b->bound;
	bool good, read = !b->native->faults.count;

	if (!bind_arches(b))
		return false;
	b->by_arch = b->native->no_log.action.errno_name ||
		     b->native->no_kill_process.action.errno_name ||
		     b->native->no_notify.action.errno_name;
	b->calls = sb_native_calls_new(b);
	bound->layer = sb_alloc(b->arena, b->native->layer_count, sizeof(*bound->layer));
	if (!b->calls || !bound->layer)
		return sb_native_memory(&b->native->main->reader);
	good = true;
	for (uint32_t i = 0; i < b->native->layer_count; i++) {
		bound->layer[i].native = &b->native->layer[i];
		bound->layer_count++;
		good &= bind_layer(b, &bound->layer[i]);
	}
	sb_native_check_groups(b);
	check_listeners(b);
	for (uint32_t i = 0; good && read && i < bound->layer_count; i++)
		sb_native_warn_rules(b, &bound->layer[i]);
	return good;
}

uint32_t sb_native_ask(struct sb_binder *b, const struct sb_clause *clause, uint32_t count)
{
	/* At worst 10 MiB and a tenth of a second: this is a courtesy. */
	static const struct sb_prove_limits limits = {.nodes = 1u << 18, .steps = 1u << 20};

	if (!b->dd) {
		b->dd = sb_alloc(b->arena, 1, sizeof(*b->dd));
		if (!b->dd)
			return SB_DD_NONE;
		sb_dd_init(b->dd, &limits);
	}
	return b->dd->status == SECBAKE_OK ? sb_prove_clauses(b->dd, clause, count) : SB_DD_NONE;
}

void sb_bind_native(struct sb_arena *arena, struct sb_native *native,
		    const struct sb_options *options, const struct sb_bound **bound)
{
	struct sb_bound *made = sb_alloc(arena, 1, sizeof(*made));
	struct sb_binder b = {.arena = arena, .native = native, .options = options, .bound = made};

	if (!made) {
		sb_native_memory(&native->main->reader);
		return;
	}
	made->native = native;
	made->target = options->target ? options->target : secbake_arch_native();
	bind(&b);
	/* What an answer that there was no memory for would have left out must not come to be in.
	 */
	if (b.dd && b.dd->status == SECBAKE_ERR_MEMORY)
		sb_native_memory(&native->main->reader);
	if (b.dd)
		sb_dd_free(b.dd);
	*bound = made;
}
