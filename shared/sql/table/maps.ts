import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { array, map, type SqlType, struct, T, typeText } from '../type.ts'
import type { Typed } from '../typed.ts'
import { type Rule, scalar, sharedOf, special } from './rule.ts'

type MapType = Extract<SqlType, { kind: 'map' }>
const asMap = (value: Typed | undefined, name: string, at: number): MapType => {
  if (value?.type.kind === 'map') return value.type
  throw new SqlProblem(`${name} takes a map; this is ${value ? typeText(value.type) : 'nothing'}`, 'write map(key, value)', value?.at ?? at)
}
const mapType = (value?: Typed) => value!.type as MapType

const literalMap: Rule = special((args, site) => {
  if (args.length % 2 === 1) throw new SqlProblem('map takes keys and values in turn', "write map('a', 1, 'b', 2)", site.at)
  if (args.length === 0) throw new Refusal('map of nothing', site.at)
  const keys = args.filter((_, i) => i % 2 === 0)
  const values = args.filter((_, i) => i % 2 === 1)
  const type = map(
    sharedOf(
      keys.map(k => k.type),
      'map',
      site.at,
    ),
    sharedOf(
      values.map(v => v.type),
      'map',
      site.at,
    ),
  ) as MapType
  const [k, v] = [keys.map(x => castTo(x, type.key).sql), values.map(x => castTo(x, type.value).sql)]
  return { type, sql: `map([${k.join(', ')}], [${v.join(', ')}])` }
})

const fromArrays: Rule = special((args, site) => {
  const [keys, values] = args
  if (!keys || !values || keys.type.kind !== 'array' || values.type.kind !== 'array')
    throw new SqlProblem('map_from_arrays takes two arrays', 'write map_from_arrays(array(…), array(…))', site.at)
  return { type: map(keys.type.element, values.type.element), sql: `map(${keys.sql}, ${values.sql})` }
})

const fromEntries: Rule = special((args, site) => {
  const type = args[0]?.type
  if (type?.kind !== 'array' || type.element.kind !== 'struct' || type.element.fields.length !== 2)
    throw new SqlProblem(
      'map_from_entries takes an array of structs of two fields',
      'write map_from_entries(array(struct(key, value)))',
      site.at,
    )
  const [key, value] = type.element.fields
  return { type: map(key!.type, value!.type), sql: `map_from_entries(${args[0]!.sql})` }
})

/** str_to_map(text, pairDelimiter, keyDelimiter): delimiters are taken as plain texts; Spark reads them as patterns. */
const strToMap: Rule = special((args, site) => {
  const [value, pairs, keys] = args
  if (!value || args.length > 3)
    throw new SqlProblem(`str_to_map takes 1 to 3 arguments; here are ${args.length}`, "write str_to_map(text, ',', ':')", site.at)
  const plain = (delimiter: Typed | undefined, otherwise: string): string => {
    const literal = delimiter ? delimiter.literal : otherwise
    if (typeof literal !== 'string' || !/^[^\\^$.*+?()[\]{}|']+$/.test(literal)) throw new Refusal('str_to_map by a pattern', site.at)
    return `'${literal}'`
  }
  const [p, k] = [plain(pairs, ','), plain(keys, ':')]
  const rest = `CASE WHEN contains(pair_of, ${k}) THEN substring(pair_of, instr(pair_of, ${k}) + length(${k})) END`
  return {
    type: map(T.string, T.string),
    sql: `map_from_entries(list_transform(string_split(${castTo(value, T.string).sql}, ${p}), lambda pair_of: struct_pack(key := split_part(pair_of, ${k}, 1), value := ${rest})))`,
  }
})

export const maps: Record<string, Rule> = {
  map: literalMap,
  map_from_arrays: fromArrays,
  map_from_entries: fromEntries,
  map_keys: scalar('map', m => array(mapType(m).key), 'map_keys($1)'),
  map_values: scalar('map', m => array(mapType(m).value), 'map_values($1)'),
  map_entries: scalar(
    'map',
    m =>
      array(
        struct([
          { name: 'key', type: mapType(m).key },
          { name: 'value', type: mapType(m).value },
        ]),
      ),
    'map_entries($1)',
  ),
  map_contains_key: special((args, site) => {
    const type = asMap(args[0], site.name, site.at)
    if (!args[1]) throw new SqlProblem('map_contains_key takes a map and a key', "write map_contains_key(tags, 'a')", site.at)
    return { type: T.boolean, sql: `list_contains(map_keys(${args[0]!.sql}), ${castTo(args[1], type.key).sql})` }
  }),
  map_concat: special((args, site) => {
    const types = args.map(a => asMap(a, site.name, site.at))
    const type = sharedOf(types, site.name, site.at)
    // A key in two of them is an error, as DuckDB's map makes it too.
    return {
      type,
      sql: `map_from_entries(${args.map(a => `map_entries(${castTo(a, type).sql})`).reduce((a, b) => `list_concat(${a}, ${b})`)})`,
    }
  }),
  str_to_map: strToMap,
}
