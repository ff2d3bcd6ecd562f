/**
 * Writes what follows from `packages/core/manifest.schema.json`: the TypeScript types and the standalone validator.
 * The schema file is the one source of a manifest's shape; `--check` fails when what was generated is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import { compile } from 'json-schema-to-typescript'

const folder = new URL('../packages/core/', import.meta.url)
const schema = JSON.parse(await readFile(new URL('manifest.schema.json', folder), 'utf8'))
const banner =
  '// Generated from manifest.schema.json by tools/generate-manifest.ts; change the schema and run `npm run generate`.'

async function types(): Promise<string> {
  const text = await compile(withSharedTypes(schema), 'Manifest', {
    bannerComment: banner,
    additionalProperties: true,
    unknownAny: true,
    style: { singleQuote: true, semi: false, printWidth: 120 },
    unreachableDefinitions: true,
  })
  // Manifests are read-only everywhere; the generator has no option for it.
  return text
    .replace(/^( +)(\[k: string\]|\$?\w+\??):/gm, '$1readonly $2:')
    .replace(/: (\w+)\[\]$/gm, ': readonly $1[]')
    .replace(/\n \*\n \* This interface was referenced by[\s\S]*?(?=\n \*\/)/g, '')
    .replace(/\| (\w+)\[\]$/gm, '| readonly $1[]')
    .replace(banner, `${banner}\nimport type { JsonSchema } from '../../contracts/values.ts'`)
}

/** A reference with a description beside it would come out as one more type: it names the contracts' own instead. */
function withSharedTypes(value: unknown): never {
  const visit = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) return node.map(visit)
    const { $ref, ...rest } = node as Record<string, unknown>
    if ($ref === '#/$defs/JsonSchema') return { ...rest, tsType: 'JsonSchema' }
    if (Object.keys(node).join() === 'description') return { ...node, tsType: 'unknown' }
    const entries = Object.entries(node).filter(([key]) => key !== 'JsonSchema')
    return Object.fromEntries(entries.map(([key, item]) => [key, visit(item)]))
  }
  return visit(value) as never
}

function validator(): string {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    code: { source: true, esm: true, lines: true },
  })
  const code = standalone.default(ajv, ajv.compile(withoutAnnotations(schema)))
  // What is inside a function is indented, and the one export has its name.
  const lines = code.replace(/^export default .*\n/m, '').replace(/^(let|var|if|else|for|return|\}(?! *$))/gm, '  $1')
  return `// @ts-nocheck\n${banner}\n${lines}\n`
}

/** What validates nothing stays out of the validator, which carries its schema along. */
function withoutAnnotations(value: unknown, key = ''): never {
  if (typeof value !== 'object' || value === null) return value as never
  if (Array.isArray(value)) return value.map((item) => withoutAnnotations(item)) as never
  const named = key === 'properties' || key === '$defs'
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => named || (name !== 'description' && name !== 'title'))
      .map(([name, item]) => [name, withoutAnnotations(item, name)]),
  ) as never
}

const outputs = { 'src/manifest/generated/types.ts': await types(), 'src/manifest/generated/validator.ts': validator() }
let stale = false
for (const [name, text] of Object.entries(outputs)) {
  const file = new URL(name, folder)
  if (!process.argv.includes('--check')) await writeFile(file, text)
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    stale = true
    console.error(`${name} is out of date: run \`npm run generate\`.`)
  }
}
process.exitCode = stale ? 1 : 0
