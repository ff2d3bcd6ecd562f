import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { replay, type VectorCase } from '../packages/config-manager/test/replay.ts'

/**
 * Replays folders of recorded Fledge cases (`*.jsonl`, `*.jsonl.gz`) on the configuration manager in strict mode:
 * `npm run vectors -- [DIR...]`, those of the package where none is named. Prints the count per file and each
 * difference; ends with 1 if there is any.
 */
const recorded = ['vectors', 'vectors-random'].map((name) => join('packages/config-manager/test', name))
const dirs = process.argv.length > 2 ? process.argv.slice(2) : recorded
const paths = dirs.flatMap((dir) =>
  readdirSync(dir)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(dir, name)),
)
let failed = 0
for (const path of paths) {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const cases = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as VectorCase)
  let equal = 0
  const differences: string[] = []
  for (const vector of cases) {
    const found = await replay(vector).catch((error) => [`${vector.id}: ${error.stack}`])
    if (found.length === 0) equal++
    differences.push(...found)
  }
  failed += cases.length - equal
  for (const difference of differences) console.log(difference)
  console.log(`${relative('.', path)}: ${equal} of ${cases.length} cases equal`)
}
if (failed > 0) {
  console.log(`${failed} cases differ`)
  process.exitCode = 1
}
