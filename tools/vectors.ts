import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { replay, type VectorCase } from '../packages/config-manager/test/replay.ts'

/**
 * Replays a folder of recorded Fledge cases (`*.jsonl`, `*.jsonl.gz`) on the configuration manager in strict mode:
 * `npm run vectors -- DIR`. Prints the count per file and each difference; ends with 1 if there is any.
 */
const [dir = 'packages/config-manager/test/vectors'] = process.argv.slice(2)
let failed = 0
for (const file of readdirSync(dir)
  .filter((name) => /\.jsonl(\.gz)?$/.test(name))
  .sort()) {
  const bytes = readFileSync(join(dir, file))
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
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
  console.log(`${file}: ${equal} of ${cases.length} cases equal`)
}
if (failed > 0) {
  console.log(`${failed} cases differ`)
  process.exitCode = 1
}
