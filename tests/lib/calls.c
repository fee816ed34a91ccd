/* SPDX-License-Identifier: MIT */
/* Which calls are worth trying; see calls.h. */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 48u /* per argument; more are thinned out at random */
#define PRODUCT_MAX 1600u
#define RANDOM_CALLS 96u

struct values {
	uint64_t *value;
	size_t count, capacity;
};

void test_points_add(struct test_points *points, unsigned int arg, uint64_t value, uint64_t mask)
{
	if (points->count == points->capacity) {
		points->capacity = points->capacity ? points->capacity * 2 : 64;
		points->point = realloc(points->point, points->capacity * sizeof(*points->point));
		if (!points->point)
			test_die("out of memory");
	}
	points->point[points->count++] = (struct test_point){arg, points->groups, value, mask};
}

void test_points_clear(struct test_points *points)
{
	points->count = 0;
	points->groups = 0;
}

static void add(struct values *values, uint64_t value)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->value[i] == value)
			return;
	if (values->count == values->capacity) {
		values->capacity = values->capacity ? values->capacity * 2 : 64;
		values->value = realloc(values->value, values->capacity * sizeof(uint64_t));
		if (!values->value)
			test_die("out of memory");
	}
	values->value[values->count++] = value;
}

static void add_point(struct values *values, const struct test_point *point)
{
	const uint64_t upper = 0xffffffff00000000u;
	uint64_t v = point->value, m = point->mask;

	add(values, v);
	add(values, v - 1);
	add(values, v + 1);
	add(values, v | upper);
	add(values, v & ~upper);
	add(values, v ^ (uint64_t)1 << 32);
	add(values, v ^ (uint64_t)1 << 63);
	add(values, v ^ (uint64_t)1 << 31);
	add(values, ((v & ~upper) - 1) | (v & upper)); /* lower half wraps by itself */
	add(values, v << 32 | v >> 32);
	if (m != UINT64_MAX) {
		add(values, v | ~m);
		add(values, ~m);
		add(values, m);
		add(values, v ^ (m & -m)); /* lowest bit of the mask */
		for (uint64_t top = m; top; top &= top - 1)
			if (!(top & (top - 1)))
				add(values, v ^ top); /* highest */
	}
}

static void collect(struct values values[6], const struct test_points *points,
		    struct test_random *random)
{
	for (size_t i = 0; i < points->count; i++)
		add_point(&values[points->point[i].arg], &points->point[i]);
	for (unsigned int arg = 0; arg < 6; arg++) {
		struct values *v = &values[arg];

		while (v->count > VALUES_MAX) {
			uint32_t out = test_random_below(random, (uint32_t)v->count);

			v->value[out] = v->value[--v->count];
		}
		if (v->count) {
			add(v, 0);
			add(v, UINT64_MAX);
		}
	}
}

static void each_value(struct seccomp_data *data, const struct values values[6],
		       struct test_visitor *visitor)
{
	visitor->call(visitor, data);
	for (unsigned int arg = 0; arg < 6; arg++) {
		uint64_t kept = data->args[arg];

		for (size_t i = 0; i < values[arg].count; i++) {
			data->args[arg] = values[arg].value[i];
			visitor->call(visitor, data);
		}
		data->args[arg] = kept;
	}
}

static void all_pairs(struct seccomp_data *data, const struct values values[6],
		      struct test_visitor *visitor)
{
	unsigned int used[6], count = 0;

	for (unsigned int arg = 0; arg < 6; arg++)
		if (values[arg].count)
			used[count++] = arg;
	if (count != 2 || values[used[0]].count * values[used[1]].count > PRODUCT_MAX)
		return;
	for (size_t i = 0; i < values[used[0]].count; i++) {
		for (size_t k = 0; k < values[used[1]].count; k++) {
			data->args[used[0]] = values[used[0]].value[i];
			data->args[used[1]] = values[used[1]].value[k];
			visitor->call(visitor, data);
		}
	}
}

/* One start a group: all of its comparisons exactly met, or all just missed. */
static void from_groups(struct seccomp_data *data, const struct test_points *points,
			const struct values values[6], struct test_visitor *visitor)
{
	for (unsigned int group = 0; group <= points->groups; group++) {
		bool used = false;

		for (int step = -1; step <= 1; step++) {
			memset(data->args, step ? 0xff : 0, sizeof(data->args));
			for (size_t i = 0; i < points->count; i++) {
				const struct test_point *p = &points->point[i];

				if (p->group != group)
					continue;
				data->args[p->arg] = p->value + (uint64_t)(int64_t)step;
				used = true;
			}
			if (used)
				each_value(data, values, visitor);
		}
	}
}

void test_calls_of_number(uint32_t audit_arch, uint32_t nr, const struct test_points *points,
			  struct test_random *random, struct test_visitor *visitor)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = audit_arch};
	struct values values[6] = {0};

	collect(values, points, random);
	visitor->call(visitor, &data);
	data.instruction_pointer = test_random(random);
	memset(data.args, 0xff, sizeof(data.args));
	visitor->call(visitor, &data);
	if (points->count) {
		each_value(&data, values, visitor);
		memset(data.args, 0, sizeof(data.args));
		each_value(&data, values, visitor);
		from_groups(&data, points, values, visitor);
		memset(data.args, 0, sizeof(data.args));
		all_pairs(&data, values, visitor);
	}
	for (uint32_t i = 0; points->count && i < RANDOM_CALLS; i++) {
		for (unsigned int arg = 0; arg < 6; arg++) {
			const struct values *v = &values[arg];

			data.args[arg] =
				v->count ? v->value[test_random_below(random, (uint32_t)v->count)]
					 : test_random(random);
		}
		visitor->call(visitor, &data);
	}
	for (unsigned int arg = 0; arg < 6; arg++)
		free(values[arg].value);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t *test_numbers(const uint32_t *more, size_t more_count, size_t *count)
{
	static const uint32_t edges[] = {0x3fffffff, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001,
					 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff};
	const size_t edge_count = sizeof(edges) / sizeof(edges[0]);
	uint32_t *numbers = test_alloc(2 * 601 + edge_count + 3 * more_count, sizeof(*numbers));
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; i <= 600; i++) {
		numbers[n++] = i;
		numbers[n++] = SECBAKE_X32_BIT | i;
	}
	for (size_t i = 0; i < edge_count; i++)
		numbers[n++] = edges[i];
	for (size_t i = 0; i < more_count; i++) {
		numbers[n++] = more[i] - 1;
		numbers[n++] = more[i];
		numbers[n++] = more[i] + 1;
	}
	qsort(numbers, n, sizeof(*numbers), by_number);
	for (size_t i = 0; i < n; i++)
		if (!kept || numbers[kept - 1] != numbers[i])
			numbers[kept++] = numbers[i];
	*count = kept;
	return numbers;
}

static void points_of_entry(const struct sb_layer *layer, const struct sb_entry *entry,
			    struct test_points *points)
{
	for (uint32_t r = 0; r < entry->rule_count; r++) {
		const struct sb_rule *rule = &layer->rule[entry->rule[r]];

		for (uint32_t c = 0; c < rule->clause_count; c++, points->groups++) {
			const struct sb_clause *clause = &rule->clause[c];

			for (uint32_t i = 0; i < clause->cond_count; i++) {
				const struct sb_cond *cond = &clause->cond[i];

				for (uint32_t k = 0; k < cond->interval_count; k++) {
					test_points_add(points, cond->arg, cond->interval[k].lo,
							cond->mask);
					if (cond->interval[k].hi != cond->interval[k].lo)
						test_points_add(points, cond->arg,
								cond->interval[k].hi, cond->mask);
				}
			}
		}
	}
}

static void calls_of_map(const struct sb_layer *layer, const struct sb_map *map,
			 struct test_random *random, struct test_visitor *visitor)
{
	uint32_t *more = test_alloc(map->entry_count + map->span_count, sizeof(*more));
	struct test_points points = {0};
	size_t count, more_count = 0;
	uint32_t *numbers;

	for (uint32_t i = 0; i < map->entry_count; i++)
		more[more_count++] = map->entry[i].nr;
	for (uint32_t i = 0; i < map->span_count; i++)
		more[more_count++] = map->span[i].lo;
	numbers = test_numbers(more, more_count, &count);
	for (size_t i = 0; i < count; i++) {
		test_points_clear(&points);
		for (uint32_t e = 0; e < map->entry_count; e++)
			if (map->entry[e].nr == numbers[i])
				points_of_entry(layer, &map->entry[e], &points);
		test_calls_of_number(map->audit_arch, numbers[i], &points, random, visitor);
	}
	free(points.point);
	free(numbers);
	free(more);
}

void test_calls_of_layer(const struct sb_layer *layer, struct test_random *random,
			 struct test_visitor *visitor)
{
	static const uint32_t foreign[] = {0, 1, 0x40000028, 0x80000016, 0xc00000b7, 0xffffffff};
	const struct test_points none = {0};

	for (uint32_t i = 0; i < layer->map_count; i++)
		calls_of_map(layer, &layer->map[i], random, visitor);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		for (uint32_t nr = 0; nr <= 600; nr += 50)
			test_calls_of_number(foreign[i], nr, &none, random, visitor);
}
