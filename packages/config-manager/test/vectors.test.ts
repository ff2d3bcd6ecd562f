import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { replay, type VectorCase } from './replay.ts'

/** `vectors`: every group of operations; `vectors-random`: programs that a random grammar wrote. */
const folders = ['vectors', 'vectors-random'].map((name) => new URL(`./${name}/`, import.meta.url))
const files = folders.flatMap((folder) =>
  readdirSync(folder).map((file): [string, URL] => [file, new URL(file, folder)]),
)

describe.each(files)('recorded Fledge answers: %s', (_, url) => {
  const text = gunzipSync(readFileSync(url)).toString('utf8')
  const cases = text.split('\n').filter(Boolean)

  it(`replays ${cases.length} cases equal`, { timeout: 60_000 }, async () => {
    const differences: string[] = []
    for (const line of cases) differences.push(...(await replay(JSON.parse(line) as VectorCase)))
    expect(differences).toEqual([])
  })
})
